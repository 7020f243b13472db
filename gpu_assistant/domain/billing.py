"""What costs money, how much, and how sure we are that it exists."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from gpu_assistant.domain.text import Text
from gpu_assistant.domain.workspace import WorkspaceRef

CREATED_BY_TAG = "created-by"
CREATED_BY = "gpu-assistant"
LEDGER_ID_TAG = "ledger-id"
MODEL_TAG = "model-id"
"""On a web service: the `name:version` it was deployed with."""


class ResourceKind(enum.Enum):
    """The kinds of resource that this program creates in Azure."""

    COMPUTE_TARGET = "compute_target"
    WEB_SERVICE = "web_service"

    @property
    def words(self) -> Text:
        """As a person reads it."""
        return Text("compute target") if self is ResourceKind.COMPUTE_TARGET else Text("web service")


class ResourceState(enum.Enum):
    """What the ledger knows. `INTENDED` may be live or not: it was written before Azure was asked."""

    INTENDED = Text("intended")
    LIVE = Text("live")
    DELETING = Text("deleting")
    GONE = Text("gone")


@dataclass(frozen=True, slots=True)
class HourlyPrice:
    """A price for one hour, with the day and the place it was read. An unknown price is None, never zero."""

    amount: Decimal
    currency: str
    as_of: date | None = None
    source: str = ""

    def times(self, count: int) -> HourlyPrice:
        """The price of `count` of the same thing."""
        return HourlyPrice(self.amount * count, self.currency, self.as_of, self.source)


@dataclass(frozen=True, slots=True)
class ResourceHandle:
    """Enough to find one resource again after a restart: what adapters return and accept."""

    kind: ResourceKind
    name: str
    azure_id: str = ""


@dataclass(frozen=True, slots=True)
class FoundResource:
    """A resource that Azure itself reports; `ledger_id` comes from its tag, `owned` is False when attached."""

    handle: ResourceHandle
    state: str
    owned: bool
    ledger_id: str = ""
    vm_size: str = ""
    node_count: int = 0
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class BillableResource:
    """One row of the ledger.

    `price_per_hour` is for the whole resource (all nodes); a web service runs on nodes that are billed already
    and has none of its own. `created` is the moment before Azure was asked, so the estimate never flatters.
    `owned` is False for something only attached: it is never deleted. `practice` rows cost nothing.
    """

    ledger_id: str
    kind: ResourceKind
    name: str
    workspace: WorkspaceRef
    state: ResourceState
    created: datetime
    azure_id: str = ""
    region: str = ""
    vm_size: str = ""
    node_count: int = 0
    price_per_hour: HourlyPrice | None = None
    owned: bool = True
    practice: bool = False
    gone: datetime | None = None
    scoring_uri: str = ""
    underlying_id: str = ""
    """ARM id of the AKS cluster behind a compute target, when Azure told it: the thing that really bills."""
    note: str = ""

    @property
    def handle(self) -> ResourceHandle:
        """What a backend needs to find it."""
        return ResourceHandle(self.kind, self.name, self.azure_id)

    @property
    def billing_handle(self) -> ResourceHandle:
        """What to ask for to prove it gone: the AKS cluster itself where its id is known, for that is what bills."""
        return ResourceHandle(self.kind, self.name, self.underlying_id or self.azure_id)

    @property
    def is_billable(self) -> bool:
        """Whether it costs money of its own while it exists."""
        return self.kind is ResourceKind.COMPUTE_TARGET

    def cost_until(self, moment: datetime) -> Decimal | None:
        """Estimated cost from creation to `moment` or to its proven end; None when the price is unknown."""
        if not self.is_billable:
            return Decimal(0)
        if self.price_per_hour is None:
            return None
        end = min(self.gone, moment) if self.gone else moment
        hours = max((end - self.created).total_seconds(), 0.0) / 3600
        return self.price_per_hour.amount * Decimal(repr(hours))
