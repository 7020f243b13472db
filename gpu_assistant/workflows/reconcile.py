"""Compare the ledger with Azure and correct the ledger. Deletes nothing."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from gpu_assistant.backends.base import Phase, ResourceStatus, WorkspaceBackend
from gpu_assistant.domain.billing import (
    BillableResource,
    FoundResource,
    HourlyPrice,
    ResourceKind,
    ResourceState,
)
from gpu_assistant.domain.clock import utc_now
from gpu_assistant.domain.compute import ComputeState, VmSizeOffer
from gpu_assistant.domain.errors import AssistantError, KeystoreError
from gpu_assistant.domain.service import ServiceState
from gpu_assistant.domain.text import Text
from gpu_assistant.keystore import Keystore
from gpu_assistant.ledger import Ledger
from gpu_assistant.workflows.site import Site

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ResourceView:
    """One resource as ledger and Azure see it together. `said` is what Azure says of it, in the domain's words."""

    row: BillableResource
    said: str
    cost_so_far: Decimal | None


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything of a workspace that is not proven gone, and what it costs.

    `per_hour` and `so_far` add up the known prices; `unpriced` counts the billable resources without one.
    `problem` says why Azure could not be asked: then this is the ledger's memory alone.
    """

    resources: tuple[ResourceView, ...]
    per_hour: Decimal
    so_far: Decimal
    currency: str
    unpriced: int
    problem: AssistantError | None = None


def reconcile(
    *,
    site: Site,
    backend: WorkspaceBackend,
    ledger: Ledger,
    keystore: Keystore,
    settle_s: float,
    now: Callable[[], datetime] = utc_now,
) -> Overview:
    """Read Azure, correct the ledger, and say what exists.

    A row becomes GONE only when Azure was asked and does not know it; one younger than `settle_s` seconds may
    just not be listed yet and stays. Tagged resources the ledger does not know are taken in. When Azure cannot be
    asked, the overview is the ledger's alone and carries the problem.
    """
    said: dict[str, str] = {}
    problem: AssistantError | None = None
    try:
        adopt_unknown(backend.resources_tagged_ours(), site=site, backend=backend, ledger=ledger, now=now)
        for row in ledger.open_rows(site.workspace):
            status = backend.status(row.handle)
            said[row.ledger_id] = _state_word(row.kind, status)
            _correct(row, status, site, backend, ledger, keystore, settle_s, now)
    except AssistantError as exc:
        problem = exc
    return overview(ledger.open_rows(site.workspace), said, now(), problem)


def overview(
    rows: Sequence[BillableResource], said: dict[str, str], moment: datetime, problem: AssistantError | None = None
) -> Overview:
    """Add up rows; `said` maps ledger ids to Azure's words where it was asked."""
    views = tuple(ResourceView(row, said.get(row.ledger_id, row.state.value), row.cost_until(moment)) for row in rows)
    prices = [row.price_per_hour for row in rows if row.is_billable and row.price_per_hour]
    return Overview(
        resources=views,
        per_hour=sum((price.amount for price in prices), Decimal(0)),
        so_far=sum((view.cost_so_far for view in views if view.cost_so_far is not None), Decimal(0)),
        currency=prices[0].currency if prices else "USD",
        unpriced=sum(1 for row in rows if row.is_billable and row.price_per_hour is None),
        problem=problem,
    )


def adopt_unknown(
    found: Sequence[FoundResource],
    *,
    site: Site,
    backend: WorkspaceBackend,
    ledger: Ledger,
    now: Callable[[], datetime] = utc_now,
) -> None:
    """Take tagged resources into the ledger that it does not know, or that it believed gone."""
    rows = {row.ledger_id: row for row in ledger.rows(site.workspace)}
    known = {(row.kind, row.name) for row in ledger.open_rows(site.workspace)}
    unknown = [one for one in found if (one.handle.kind, one.handle.name) not in known]
    if not unknown:
        return
    prices = _prices(backend) if any(one.vm_size for one in unknown) else {}
    for one in unknown:
        row = rows.get(one.ledger_id)
        if row is not None and row.kind is one.handle.kind and row.name == one.handle.name:
            ledger.record(row.ledger_id, ResourceState.LIVE, note="Azure shows it again")
            continue
        price = prices.get(one.vm_size.lower())
        ledger.adopt(
            BillableResource(
                ledger_id=one.ledger_id if one.ledger_id and row is None else uuid.uuid4().hex,
                kind=one.handle.kind,
                name=one.handle.name,
                workspace=site.workspace,
                state=ResourceState.LIVE,
                created=one.created or now(),
                azure_id=one.handle.azure_id,
                region=site.workspace.region,
                vm_size=one.vm_size,
                node_count=one.node_count,
                price_per_hour=price.times(one.node_count) if price else None,
                owned=one.owned,
                practice=site.practice,
            ),
            "found in Azure by its tag",
        )


def settle_gone(row: BillableResource, proof: str, *, site: Site, ledger: Ledger, keystore: Keystore) -> str:
    """Write GONE with its proof and forget the key. Returns what is left of the key, empty when nothing is."""
    left = ""
    if row.kind is ResourceKind.WEB_SERVICE:
        try:
            keystore.forget(site.key_entry(row.name))
        except KeystoreError as exc:
            left = exc.detail
    ledger.record(row.ledger_id, ResourceState.GONE, note=proof)
    return left


_STATE_WORDS = {
    (ResourceKind.COMPUTE_TARGET, Phase.PROVISIONING): ComputeState.CREATING.value,
    (ResourceKind.COMPUTE_TARGET, Phase.READY): ComputeState.READY.value,
    (ResourceKind.WEB_SERVICE, Phase.PROVISIONING): ServiceState.TRANSITIONING.value,
    (ResourceKind.WEB_SERVICE, Phase.READY): ServiceState.HEALTHY.value,
}


def _state_word(kind: ResourceKind, status: ResourceStatus) -> str:
    """The word that `deploy` uses for the same state; Azure's own where there is no other."""
    return _STATE_WORDS.get((kind, status.phase)) or status.said.lower() or status.phase.value


def _correct(
    row: BillableResource,
    status: ResourceStatus,
    site: Site,
    backend: WorkspaceBackend,
    ledger: Ledger,
    keystore: Keystore,
    settle_s: float,
    now: Callable[[], datetime],
) -> None:
    if status.phase is Phase.ABSENT:
        is_young = (now() - row.created).total_seconds() < settle_s
        if not is_young and not backend.exists(row.billing_handle):
            settle_gone(row, Text("Azure does not know it any more"), site=site, ledger=ledger, keystore=keystore)
    elif status.phase is Phase.DELETING and row.state is not ResourceState.DELETING:
        ledger.record(row.ledger_id, ResourceState.DELETING, note="Azure is deleting it", if_still=row.state)
    elif status.phase in (Phase.PROVISIONING, Phase.READY, Phase.FAILED) and row.state is ResourceState.INTENDED:
        ledger.record(row.ledger_id, ResourceState.LIVE, note="found in Azure", if_still=row.state)


def _prices(backend: WorkspaceBackend) -> dict[str, HourlyPrice]:
    offers: Sequence[VmSizeOffer] = ()
    try:
        offers = backend.vm_size_offers()
    except AssistantError as exc:
        log.info("no prices for what was found: %s", exc.code)
    return {offer.vm_size.name.lower(): offer.price for offer in offers if offer.price}
