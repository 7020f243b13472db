"""Leaving: one question with the money in it while something bills, and deleting everything first if that is wished."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gpu_assistant.i18n import tr, tr_count
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.ui.desk import Desk, Mood
from gpu_assistant.wizard.money import Money, money, price_text
from gpu_assistant.wizard.navigation import here
from gpu_assistant.wizard.state import JobKind, Phase, Step, WizardState

if TYPE_CHECKING:
    from gpu_assistant.domain.billing import BillableResource
    from gpu_assistant.wizard.controller import Controller

_CHANGES = (JobKind.DEPLOY, JobKind.CLEAN_UP)
_ROUNDS = 3
"""So often is everything deleted anew when Azure shows more after a round that ended well."""


class Closing:
    """Answers the wish to close the window. `leave` ends the program. Tk thread."""

    def __init__(self, controller: Controller, desk: Desk, *, leave: Callable[[], None]) -> None:
        self._controller = controller
        self._desk = desk
        self._leave = leave
        self._asking = False
        self._rounds_left = 0
        self._number_before = 0
        """Of the clean-up that ended before the one that is waited for."""

    @property
    def is_deleting(self) -> bool:
        """Whether the window closes once everything is gone."""
        return self._rounds_left > 0

    def ask(self) -> None:
        """The person wants to close. While the question is on screen, asking again changes nothing."""
        if self._asking:
            return
        state = self._controller.state
        sums = money(state, self._controller.utc_now())
        if state.first_window is not None or not (sums.running or sums.elsewhere or state.is_busy(*_CHANGES)):
            self._leave()
            return
        self._asking = True
        try:
            wish = self._ask(state, sums)
        finally:
            self._asking = False
        if wish == "delete":
            self._delete_first()
        elif wish == "leave":
            self._leave()

    def follow(self, state: WizardState) -> None:
        """The state has changed: close when the deletion that was wished for is through."""
        if not self.is_deleting or state.is_busy(*_CHANGES):
            return
        job = state.job(JobKind.CLEAN_UP)
        is_new = job is not None and job.number != self._number_before
        failed = is_new and job is not None and job.phase in (Phase.FAILED, Phase.CANCELLED)
        left = is_new and state.report is not None and bool(state.report.left)
        if not here(state):
            self._rounds_left = 0
            self._leave()
        elif failed or left or self._rounds_left == 1:
            self._rounds_left = 0
            self._desk.toast(tr("Not everything is gone, so the window stays open."), Mood.WARNING)
        else:
            self._rounds_left -= 1
            self._number_before = job.number if job is not None else 0
            self._controller.clean_up()

    def _delete_first(self) -> None:
        self._controller.go(Step.CLEAN_UP)
        job = self._controller.state.job(JobKind.CLEAN_UP)
        self._number_before = job.number if job is not None and not job.is_running else 0
        self._rounds_left = _ROUNDS + 1
        if self._controller.state.is_busy(JobKind.DEPLOY):
            self._controller.cancel(JobKind.DEPLOY, CancelMeaning.CLEAN_UP)
        else:
            self.follow(self._controller.state)

    def _ask(self, state: WizardState, sums: Money) -> str:
        busy = state.is_busy(*_CHANGES)
        can_delete = state.place is not None and (sums.running > 0 or busy)
        wishes = ["delete", "leave", "stay"] if can_delete else ["leave", "stay"]
        labels = {"delete": tr("Delete now"), "leave": tr("Keep running"), "stay": tr("Cancel")}
        answer = self._desk.ask(
            title=tr("Something still runs") if sums.running or not busy else tr("Something is under way"),
            text="\n\n".join(self._paragraphs(state, sums)),
            choices=[labels[wish] for wish in wishes],
            default=len(wishes) - 1,
            danger=0 if can_delete else None,
        )
        return "stay" if answer is None else wishes[answer]

    def _paragraphs(self, state: WizardState, sums: Money) -> list[str]:
        told = []
        if state.is_busy(JobKind.DEPLOY):
            told.append(tr("A deployment is under way. If you keep it running, Azure finishes it without this window."))
        if state.is_busy(JobKind.CLEAN_UP):
            told.append(tr("A clean-up is under way. What was not deleted yet stays if you close now."))
        if sums.running:
            rows = here(state) if state.place is not None else tuple(row for row in state.rows if not row.practice)
            told.append(what_bills(sums, rows))
        if sums.elsewhere:
            told.append(
                tr_count(
                    "{count} compute target bills in another workspace; open that workspace to delete it.",
                    "{count} compute targets bill in other workspaces; open those workspaces to delete them.",
                    sums.elsewhere,
                )
            )
        if state.place is None and sums.running:
            told.append(tr("To delete it, open its workspace and go to Clean up."))
        return told


def what_bills(sums: Money, rows: tuple[BillableResource, ...]) -> str:
    """What runs and what it costs, in one or two sentences."""
    names = ", ".join(row.name for row in rows if row.is_billable)
    price = (
        tr("price unknown")
        if sums.unpriced == sums.running
        else tr(
            "{price} per hour, {so_far} so far",
            price=price_text(sums.per_hour, sums.currency),
            so_far=price_text(sums.so_far, sums.currency),
        )
    )
    if sums.unpriced and sums.unpriced < sums.running:
        price = tr("{price}, and more whose price is unknown", price=price)
    if sums.practice:
        return tr("Practice: nothing is billed. In Azure, {names} would cost: {price}.", names=names, price=price)
    return tr_count(
        "{names} is billed: {price}.", "{names} are billed: {price}.", sums.running, names=names, price=price
    )
