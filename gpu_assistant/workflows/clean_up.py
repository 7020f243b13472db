"""Delete everything this program made, and believe it only when Azure was asked again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal

from gpu_assistant.backends.base import Phase, ResourceStatus, WorkspaceBackend
from gpu_assistant.domain.billing import BillableResource, HourlyPrice, ResourceKind, ResourceState
from gpu_assistant.domain.clock import utc_now
from gpu_assistant.domain.errors import AssistantError, Cancelled, CleanUpError
from gpu_assistant.domain.text import Text, joined
from gpu_assistant.jobs.job import Job
from gpu_assistant.keystore import Keystore
from gpu_assistant.ledger import Ledger
from gpu_assistant.workflows.reconcile import adopt_unknown, settle_gone
from gpu_assistant.workflows.site import Site

log = logging.getLogger(__name__)

_ATTEMPTS = 3
_IDLE_READS = 4
"""Reads that show a resource unchanged after an accepted delete, before the delete is asked for again."""

_USUAL_DELETE_S = {ResourceKind.WEB_SERVICE: 60.0, ResourceKind.COMPUTE_TARGET: 5 * 60.0}


@dataclass(frozen=True, slots=True)
class Gone:
    """A resource proven gone. `cost` is the estimate for its whole life; None when the price is unknown."""

    kind: ResourceKind
    name: str
    proof: str
    cost: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class Left:
    """A resource that may still exist, why, what it costs, and where a person can delete it by hand."""

    kind: ResourceKind
    name: str
    reason: str
    price_per_hour: HourlyPrice | None
    portal_url: str


@dataclass(frozen=True, slots=True)
class Kept:
    """Something left on purpose."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class CleanUpReport:
    """Success is a list of things confirmed gone and an empty `left`. `notes` name what bills nothing: a stored key."""

    gone: tuple[Gone, ...]
    left: tuple[Left, ...]
    kept: tuple[Kept, ...]
    notes: tuple[str, ...] = ()

    def raise_if_left(self) -> None:
        """Raises CleanUpError when something could not be proven gone."""
        if self.left:
            names = joined(Text("{kind} {name}", kind=one.kind.words, name=one.name) for one in self.left)
            raise CleanUpError(left=names, reason=self.left[0].reason)


def clean_up(
    *,
    site: Site,
    backend: WorkspaceBackend,
    ledger: Ledger,
    keystore: Keystore,
    job: Job,
    only: Collection[str] | None = None,
    now: Callable[[], datetime] = utc_now,
) -> CleanUpReport:
    """Delete what the ledger or a tag says is ours: web services first, then their clusters.

    `only` limits it to these ledger ids: what one stopped job created.

    Carries on past a failure. Raises only when nothing can be known (Azure cannot be asked at all, or the ledger
    cannot be read) or when the person stops it.
    """
    with job.step(Text("Find what exists")):
        if only is None:
            found = backend.resources_tagged_ours()
            adopt_unknown(found, site=site, backend=backend, ledger=ledger, now=now)
        rows = [row for row in ledger.open_rows(site.workspace) if only is None or row.ledger_id in only]
    cleaner = _Cleaner(site, backend, ledger, keystore, job, now)
    results = [
        cleaner.delete(row)
        for kind in (ResourceKind.WEB_SERVICE, ResourceKind.COMPUTE_TARGET)
        for row in rows
        if row.kind is kind and row.owned
    ]
    return CleanUpReport(
        gone=tuple(one for one in results if isinstance(one, Gone)),
        left=tuple(one for one in results if isinstance(one, Left)),
        kept=_kept(site, rows),
        notes=tuple(cleaner.notes),
    )


def _kept(site: Site, rows: Sequence[BillableResource]) -> tuple[Kept, ...]:
    kept = [
        Kept(Text("workspace {name}", name=site.workspace.name), Text("it is yours and holds your models")),
        Kept(Text("registered models"), Text("they are yours; storing them costs cents")),
        Kept(
            Text("container images"),
            Text("the workspace's registry keeps them, so the next deployment is quicker"),
        ),
    ]
    kept += [
        Kept(Text("{kind} {name}", kind=row.kind.words, name=row.name), Text("it was not made here"))
        for row in rows
        if not row.owned
    ]
    return tuple(kept)


class _Cleaner:
    """Deletes one resource after another."""

    def __init__(
        self,
        site: Site,
        backend: WorkspaceBackend,
        ledger: Ledger,
        keystore: Keystore,
        job: Job,
        now: Callable[[], datetime],
    ) -> None:
        self._site = site
        self._backend = backend
        self._ledger = ledger
        self._keystore = keystore
        self._job = job
        self._now = now
        self.notes: list[str] = []

    def delete(self, row: BillableResource) -> Gone | Left:
        """Delete one resource, or say why it may still be there."""
        words = row.kind.words
        step = Text("Delete {kind} {name}", kind=words, name=row.name)
        with self._job.step(step, usually_s=_USUAL_DELETE_S[row.kind]):
            try:
                reason = self._delete_and_prove(row)
            except Cancelled:
                raise
            except AssistantError as exc:
                reason = exc.detail
        if reason:
            log.warning("%s %s is left: %s", words, row.name, reason)
            portal = f"https://portal.azure.com/#resource{row.underlying_id or row.azure_id or row.workspace.azure_id}"
            return Left(row.kind, row.name, reason, row.price_per_hour, portal)
        moment = self._now()
        currency = row.price_per_hour.currency if row.price_per_hour else ""
        proof = Text(
            "Azure does not know it any more ({moment:%Y-%m-%d %H:%M:%S} UTC)", moment=moment.astimezone(timezone.utc)
        )
        key_left = settle_gone(row, proof, site=self._site, ledger=self._ledger, keystore=self._keystore)
        if key_left:
            self.notes.append(key_left)
        return Gone(row.kind, row.name, proof, row.cost_until(moment), currency)

    def _delete_and_prove(self, row: BillableResource) -> str:
        """Ask, watch, ask again if nothing comes of it. Returns "" when proven gone, else the reason."""
        if row.ledger_id not in {one.ledger_id for one in self._ledger.open_rows(self._site.workspace)}:
            return ""  # another reader proved it gone since the list was made
        row = self._with_what_bills(row)
        reason = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._job.doing(Text("Asking again: {reason}", reason=reason))
            self._ledger.record(row.ledger_id, ResourceState.DELETING, note=f"delete asked for ({attempt + 1})")
            try:
                self._backend.start_delete(row.handle)
            except Cancelled:
                raise
            except AssistantError as exc:
                # It may have been accepted all the same, so look before asking again.
                reason = exc.detail
            status = self._watch(row)
            if status.phase is Phase.ABSENT:
                return "" if self._is_still_gone(row) else Text("it was gone for a moment and exists again")
            if status.phase is Phase.DELETING:
                minutes = self._job.pace.delete_timeout_s / 60
                return Text("Azure was still deleting it after {minutes:.0f} minutes", minutes=minutes)
            reason = (
                status.error
                or reason
                or Text("Azure accepted the deletion but still reports {state}", state=status.said)
            )
        return reason

    def _with_what_bills(self, row: BillableResource) -> BillableResource:
        """The row with the id of its AKS cluster, which only a compute target that still exists can tell."""
        if row.kind is not ResourceKind.COMPUTE_TARGET or row.underlying_id:
            return row
        target = self._backend.compute_target(row.name)
        if target is None or not target.underlying_id:
            return row
        return self._ledger.record(row.ledger_id, row.state, underlying_id=target.underlying_id)

    def _watch(self, row: BillableResource) -> ResourceStatus:
        """Read until it is absent, or stays as it is although it should be going."""
        idle = 0

        def over(status: ResourceStatus) -> bool:
            nonlocal idle
            # While Azure is still creating it, it may refuse to delete it: then it is asked again afterwards.
            idle = 0 if status.phase in (Phase.DELETING, Phase.PROVISIONING) else idle + 1
            return status.phase is Phase.ABSENT or idle > _IDLE_READS

        last: list[ResourceStatus] = []

        def read() -> ResourceStatus:
            status = self._backend.status(row.handle)
            if status.phase is Phase.ABSENT and self._backend.exists(row.billing_handle):
                # The workspace has let go of it; the list, or the AKS cluster behind it, has not yet.
                status = ResourceStatus(Phase.DELETING, Text("gone from the workspace, but it still exists"))
            last[:] = [status]
            return status

        try:
            return self._job.wait(
                read,
                until=over,
                describe=lambda status: Text("Azure reports {state}", state=status.said or status.phase.value),
                timeout_s=self._job.pace.delete_timeout_s,
                on_timeout=lambda status, minutes: _StillThere(),
            )
        except _StillThere:
            return last[-1]

    def _is_still_gone(self, row: BillableResource) -> bool:
        """A second look a moment later; a create whose end nobody saw gets time to show itself."""
        uncertain = row.state is ResourceState.INTENDED
        age_s = (self._now() - row.created).total_seconds()
        pause_s = min(self._job.pace.poll_s, 1.0)
        if uncertain and age_s < self._job.pace.settle_s:
            pause_s = self._job.pace.settle_s - age_s
            self._job.doing(Text("Waiting in case Azure is still creating it"))
        self._job.cancelled.wait(pause_s)
        self._job.raise_if_cancelled()
        return not self._backend.exists(row.billing_handle)


class _StillThere(AssistantError):
    """Only used to leave the wait."""

    template = ""
