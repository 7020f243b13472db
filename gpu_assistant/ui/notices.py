"""What the strips above the page say: another window, a damaged record, something that still bills since before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from gpu_assistant.i18n import tr
from gpu_assistant.ui.banners import Banner
from gpu_assistant.ui.closing import what_bills
from gpu_assistant.wizard.money import add_up
from gpu_assistant.wizard.navigation import here
from gpu_assistant.wizard.state import FirstWindow, JobKind, Step, WizardState

if TYPE_CHECKING:
    from gpu_assistant.domain.billing import BillableResource
    from gpu_assistant.wizard.controller import Controller

FIRST_WINDOW, LEDGER_DAMAGED, STILL_BILLS = "first_window", "ledger_damaged", "still_bills"
_AT_ONCE = 2
"""More would leave too little for the page; the next one comes when one is dismissed."""


class Notices:
    """Decides which strips are shown. Knows no widgets."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._started = controller.utc_now()
        self._dismissed: set[str] = set()

    def now(self, state: WizardState) -> tuple[Banner, ...]:
        """The strips for this state."""
        return tuple(banner for banner in self._all(state) if banner.key not in self._dismissed)[:_AT_ONCE]

    def dismiss(self, key: str) -> None:
        """The person has seen it."""
        self._dismissed.add(key)

    def help_with(self, key: str) -> None:
        """The person pressed the strip's button: go to Clean up, opening the workspace first."""
        state = self._controller.state
        old = self._from_before(state)
        if key != STILL_BILLS or not old:
            return
        if state.place is not None and _is_here(state, old[0]):
            self._controller.go(Step.CLEAN_UP)
            return
        self._controller.open_workspace(old[0].workspace, then=Step.CLEAN_UP)

    def _all(self, state: WizardState) -> Iterator[Banner]:
        if state.first_window is not None:
            yield Banner(
                FIRST_WINDOW,
                self._who_is_first(state.first_window),
                can_dismiss=False,
                is_warning=False,
            )
        if state.ledger_damaged is not None:
            yield Banner(
                LEDGER_DAMAGED,
                tr(
                    "The record of what bills was damaged and is kept as {file}. What Azure shows with this "
                    "program's tag is taken in again when its workspace is opened.",
                    file=state.ledger_damaged.name,
                ),
            )
        old = self._from_before(state)
        # the first page tells it itself until a workspace is open
        is_told = state.step is Step.CLEAN_UP or (state.step is Step.WORKSPACE and state.place is None)
        is_dealt_with = is_told or state.is_busy(JobKind.OPEN, JobKind.CLEAN_UP)
        if old and not is_dealt_with and state.first_window is None:
            yield self._reminder(state, old)

    def _who_is_first(self, first: FirstWindow) -> str:
        since = _local_time(first.since, self._controller.utc_now())
        if not first.pid:
            return tr(
                "Another window was opened first, at {time}. This one only shows; "
                "close the other one to change something here.",
                time=since,
            )
        return tr(
            "Another window was opened first, at {time} (process {pid}). This one only shows; "
            "close the other one to change something here.",
            time=since,
            pid=first.pid,
        )

    def _reminder(self, state: WizardState, old: tuple[BillableResource, ...]) -> Banner:
        sums = add_up(old, self._controller.utc_now(), practice=old[0].practice)
        since = _local_time(min(row.created for row in old), self._controller.utc_now())
        action = tr("Go to Clean up")
        if not _is_here(state, old[0]):
            action = tr("Open {workspace}", workspace=old[0].workspace.name)
        text = tr("Still there since {time}. {what}", time=since, what=what_bills(sums, old))
        return Banner(STILL_BILLS, text, action, is_warning=not sums.practice)

    def _from_before(self, state: WizardState) -> tuple[BillableResource, ...]:
        """What bills since before this window was opened, of one workspace: the open one, else the oldest.

        Rows of practice are no debt: they are spoken of only while practice is open.
        """
        mine = {row.ledger_id for row in here(state)}
        old = [
            row
            for row in state.rows
            if row.is_billable and row.created < self._started and (not row.practice or row.ledger_id in mine)
        ]
        old.sort(key=lambda row: (row.ledger_id not in mine, row.created))
        return tuple(row for row in old if row.workspace.azure_id.lower() == old[0].workspace.azure_id.lower())


def _is_here(state: WizardState, row: BillableResource) -> bool:
    return any(one.ledger_id == row.ledger_id for one in here(state))


def _local_time(moment: datetime, now: datetime) -> str:
    """As a clock on the wall shows it; with the day when that is another one."""
    local, today = moment.astimezone(), now.astimezone()
    return f"{local:%H:%M}" if local.date() == today.date() else f"{local:%Y-%m-%d %H:%M}"
