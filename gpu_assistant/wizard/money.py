"""What runs now, what it costs per hour and has cost so far. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from gpu_assistant.i18n import tr
from gpu_assistant.wizard.navigation import here

if TYPE_CHECKING:
    from gpu_assistant.domain.billing import BillableResource
    from gpu_assistant.wizard.state import WizardState

HOURS_PER_MONTH = 730
"""As Azure's price calculator counts a month."""
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "KRW": "₩", "JPY": "¥"}


class Money(NamedTuple):
    """The sum over what is not proven gone.

    `running` counts what bills of its own, `unpriced` those without a known price. `practice` means that none of it
    costs anything. `elsewhere` counts what bills in real workspaces other than the one that is open.
    """

    per_hour: Decimal
    so_far: Decimal
    currency: str
    unpriced: int
    practice: bool
    running: int
    elsewhere: int


def money(state: WizardState, moment: datetime) -> Money:
    """For the opened workspace; while none is open, for all real ones together."""
    if state.place is not None:
        rows = here(state)
        practice = state.place.site.practice
    else:
        rows = tuple(row for row in state.rows if not row.practice)
        practice = False
    mine = {row.ledger_id for row in rows}
    elsewhere = sum(1 for row in state.rows if row.is_billable and not row.practice and row.ledger_id not in mine)
    return add_up(rows, moment, practice=practice, elsewhere=elsewhere)


def add_up(rows: Sequence[BillableResource], moment: datetime, *, practice: bool = False, elsewhere: int = 0) -> Money:
    """The sum over some rows."""
    billing = [row for row in rows if row.is_billable]
    prices = [row.price_per_hour for row in billing if row.price_per_hour is not None]
    costs = [row.cost_until(moment) for row in billing]
    return Money(
        per_hour=sum((price.amount for price in prices), Decimal(0)),
        so_far=sum((cost for cost in costs if cost is not None), Decimal(0)),
        currency=prices[0].currency if prices else "USD",
        unpriced=len(billing) - len(prices),
        practice=practice,
        running=len(billing),
        elsewhere=elsewhere,
    )


def price_text(amount: Decimal | None, currency: str, *, places: int | None = None) -> str:
    """An amount as a person reads it: "$0.53". Small amounts get the digits they need; None is "price unknown"."""
    if amount is None:
        return tr("price unknown")
    if places is None:
        places = 2 if amount == 0 or amount >= Decimal("0.095") else 4
    number = f"{amount:,.{places}f}"
    sign = _SIGNS.get(currency)
    return f"{sign}{number}" if sign else f"{number} {currency}"
