"""The receipt of a clean-up: what was deleted, how that was proven, what it cost. Pure.

JSON for programs (stable English keys and values, numbers as decimal strings), HTML for people: one file without any
link to a style or picture elsewhere, in the language of the window, that prints well. Keys are in neither: they are
never in a report, and what looks like one in Azure's own words is blackened.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from html import escape
from typing import Any

from gpu_assistant.domain.billing import BillableResource, ResourceKind
from gpu_assistant.i18n import language, tr
from gpu_assistant.logs import redact
from gpu_assistant.wizard.money import price_text
from gpu_assistant.workflows.clean_up import CleanUpReport, Gone, Left

_SECOND = "%Y-%m-%d %H:%M:%S UTC"
_CENTS = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Total:
    """What the proven gone cost: the known costs by currency, and how many are unknown."""

    by_currency: tuple[tuple[str, Decimal], ...]
    unpriced: int


def total(report: CleanUpReport) -> Total:
    """Adds up, and never takes an unknown cost for nothing."""
    sums: dict[str, Decimal] = {}
    unpriced = 0
    for one in report.gone:
        if one.cost is None:
            unpriced += 1
        elif one.currency:
            sums[one.currency] = sums.get(one.currency, Decimal(0)) + one.cost
    return Total(tuple(sorted(sums.items())), unpriced)


def total_words(found: Total) -> str:
    """ "$0.79", "$0.79 + price unknown (1)", "$0.00" when nothing had a price of its own."""
    parts = [price_text(amount, currency) for currency, amount in found.by_currency]
    if found.unpriced:
        parts.append(tr("price unknown ({count})", count=found.unpriced))
    return " + ".join(parts) or price_text(Decimal(0), "USD")


def row_of(one: Gone | Left, rows: Sequence[BillableResource]) -> BillableResource | None:
    """The ledger's row of what a report names: the newest of that kind and name."""
    found = [row for row in rows if row.kind is one.kind and row.name == one.name]
    return max(found, key=lambda row: row.created, default=None)


def receipt_json(report: CleanUpReport, rows: Sequence[BillableResource], moment: datetime) -> str:
    """`rows` are the rows as they stand after the clean-up, `moment` when the receipt is written."""
    found = total(report)
    receipt = {
        "receipt": "gpu-assistant clean-up",
        "written": moment.astimezone(timezone.utc).isoformat(),
        "practice": _is_practice(rows),
        "workspaces": sorted({row.workspace.azure_id for row in rows}),
        "gone": [
            {
                **_identity_json(one, rows),
                "proof": redact(str(one.proof)),
                "cost": _amount(one.cost),
                "currency": one.currency or None,
            }
            for one in report.gone
        ],
        "left": [
            {
                **_identity_json(one, rows),
                "reason": redact(str(one.reason)),
                "portal_url": one.portal_url,
            }
            for one in report.left
        ],
        "kept": [{"name": str(one.name), "why": str(one.why)} for one in report.kept],
        "notes": [redact(str(note)) for note in report.notes],
        "total": {
            "cost": [{"amount": _amount(amount), "currency": currency} for currency, amount in found.by_currency],
            "unpriced": found.unpriced,
        },
    }
    return json.dumps(receipt, ensure_ascii=False, indent=2) + "\n"


def receipt_html(report: CleanUpReport, rows: Sequence[BillableResource], moment: datetime) -> str:
    """The same for people, in the language in use."""
    practice = _is_practice(rows)
    title = tr("Receipt of a clean-up")
    workspaces = ", ".join(sorted({row.workspace.name for row in rows}))
    written = tr("Written {moment}", moment=moment.astimezone(timezone.utc).strftime(_SECOND))
    body = [
        f"<h1>{_e(title)}</h1>",
        f"<p class=muted>{_e(workspaces)}{' · ' if workspaces else ''}{_e(written)}</p>",
        f"<p class=big>{_e(verdict_words(report))}</p>",
        f"<p>{_e(cost_sentence(report, practice=practice))}</p>",
    ]
    if report.gone:
        body += [f"<h2>{_e(tr('Proven gone'))}</h2>", _gone_table(report, rows)]
    if report.left:
        body += [f"<h2>{_e(tr('Still there'))}</h2>", _left_table(report)]
    if report.kept:
        items = (f"{tr(one.name)}: {tr(one.why)}" for one in report.kept)
        body += [f"<h2>{_e(tr('Left on purpose'))}</h2>", _list(items)]
    if report.notes:
        body += [f"<h2>{_e(tr('Notes'))}</h2>", _list(redact(tr(note)) for note in report.notes)]
    body.append(f"<p class=muted>{_e(tr('Estimated from list prices; the bill from Azure is what counts.'))}</p>")
    return _PAGE.format(language=_e(language()), title=_e(title), body="\n".join(body))


def verdict_words(report: CleanUpReport) -> str:
    """The outcome in one sentence."""
    if report.left:
        return tr("Not everything could be proven gone.")
    if report.gone:
        return tr("Nothing that bills is left. Azure was asked again and said so.")
    return tr("There was nothing to delete.")


def cost_sentence(report: CleanUpReport, *, practice: bool) -> str:
    """What it cost, or would have cost."""
    words = total_words(total(report))
    if practice:
        return tr("Practice: nothing was billed. In Azure it would have cost {cost}.", cost=words)
    if report.left:
        return tr("What is gone cost {cost} until its proven end.", cost=words)
    return tr("It cost {cost} from creation to the proven end.", cost=words)


def age_words(age: timedelta) -> str:
    """ "1 h 30 min", "2 d 3 h", "40 s"."""
    seconds = max(int(age.total_seconds()), 0)
    days, left = divmod(seconds, 86400)
    hours, left = divmod(left, 3600)
    minutes, left = divmod(left, 60)
    if days:
        return tr("{days} d {hours} h", days=days, hours=hours)
    if hours:
        return tr("{hours} h {minutes} min", hours=hours, minutes=minutes)
    return tr("{count} min", count=minutes) if minutes else tr("{count} s", count=left)


def cost_words(one: Gone) -> str:
    """What one thing cost; a web service runs on a cluster and has no price of its own."""
    if one.kind is ResourceKind.WEB_SERVICE:
        return "–"
    return price_text(one.cost, one.currency or "USD")


# --- inside -----------------------------------------------------------------------------------------------------


def _is_practice(rows: Sequence[BillableResource]) -> bool:
    return bool(rows) and all(row.practice for row in rows)


def _identity_json(one: Gone | Left, rows: Sequence[BillableResource]) -> dict[str, Any]:
    row = row_of(one, rows)
    price = row.price_per_hour if row is not None else None
    return {
        "kind": one.kind.value,
        "name": one.name,
        "azure_id": row.azure_id or None if row is not None else None,
        "vm_size": row.vm_size or None if row is not None else None,
        "node_count": row.node_count or None if row is not None else None,
        "created": row.created.isoformat() if row is not None else None,
        "gone_at": row.gone.isoformat() if row is not None and row.gone is not None else None,
        "price_per_hour": str(price.amount) if price is not None else None,
    }


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount.quantize(_CENTS))


def _gone_table(report: CleanUpReport, rows: Sequence[BillableResource]) -> str:
    lines = []
    for one in report.gone:
        row = row_of(one, rows)
        lived = age_words(row.gone - row.created) if row is not None and row.gone is not None else ""
        since = row.created.astimezone(timezone.utc).strftime(_SECOND) if row is not None else ""
        lines.append((tr(one.kind.words), one.name, since, lived, cost_words(one), redact(tr(one.proof))))
    headings = (tr("Kind"), tr("Name"), tr("Since"), tr("Lived"), tr("Cost"), tr("Proof"))
    return _table(headings, lines)


def _left_table(report: CleanUpReport) -> str:
    lines = []
    for one in report.left:
        price = one.price_per_hour
        hourly = price_text(price.amount, price.currency) if price is not None else price_text(None, "")
        if one.kind is ResourceKind.WEB_SERVICE:
            hourly = "–"
        lines.append((tr(one.kind.words), one.name, hourly, redact(tr(one.reason)), one.portal_url))
    return _table((tr("Kind"), tr("Name"), tr("Per hour"), tr("Reason"), tr("Azure portal")), lines)


def _table(headings: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{_e(one)}</th>" for one in headings)
    rows = "".join("<tr>" + "".join(f"<td>{_cell(one)}</td>" for one in line) + "</tr>\n" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{rows}</tbody></table>"


def _cell(text: str) -> str:
    if text.startswith("https://portal.azure.com/"):
        return f'<a href="{_e(text)}">{_e(text)}</a>'
    return _e(text)


def _list(items: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{_e(one)}</li>" for one in items) + "</ul>"


def _e(text: str) -> str:
    return escape(text, quote=True)


_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; color: #1f2328; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ margin-bottom: 0; }}
h2 {{ margin-top: 2rem; font-size: 1.1rem; }}
.muted {{ color: #59616b; }}
.big {{ font-size: 1.15rem; font-weight: 600; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid #d8dce1; }}
td {{ overflow-wrap: anywhere; }}
tr {{ break-inside: avoid; }}
@media print {{ body {{ margin: 0; max-width: none; font-size: 11px; }} a {{ color: inherit; }} }}
</style>
</head>
<body>
{body}
</body>
</html>
"""
