"""Page 5: what exists, what it costs, and one click that deletes all of it and proves it."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import ClassVar

from gpu_assistant.domain.billing import BillableResource
from gpu_assistant.domain.errors import Remedy
from gpu_assistant.domain.workspace import WorkspaceRef
from gpu_assistant.i18n import mark, tr
from gpu_assistant.ui import theme
from gpu_assistant.ui.desk import Mood
from gpu_assistant.ui.page import Page, Primary
from gpu_assistant.ui.remedies import carry_out
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, px
from gpu_assistant.ui.widgets.clean_up_result import CleanUpResult
from gpu_assistant.ui.widgets.data_table import Column, DataTable
from gpu_assistant.ui.widgets.elsewhere import Elsewhere
from gpu_assistant.ui.widgets.error_view import ErrorView
from gpu_assistant.ui.widgets.job_progress import JobProgress
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.ui.widgets.scroll_area import ScrollArea
from gpu_assistant.wizard.money import money, price_text
from gpu_assistant.wizard.navigation import can_change, here
from gpu_assistant.wizard.receipt import age_words, receipt_html, receipt_json
from gpu_assistant.wizard.state import JobKind, Phase, Step, WizardState
from gpu_assistant.workflows.reconcile import ResourceView, overview

_LEAST_ROWS, _MOST_ROWS = 2, 8


class CleanUpPage(Page):
    """What exists; while it is being deleted how far that is; then the proof of each thing and the receipt."""

    step = Step.CLEAN_UP
    title: ClassVar[str] = mark("Clean up")
    hint: ClassVar[str] = mark("Everything made here is deleted, and Azure is asked again until it is proven gone.")

    def build(self) -> None:
        self._now = self.controller.utc_now()
        self._error_kind = JobKind.CLEAN_UP
        self._was_cleaning = False
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        area = ScrollArea(self)
        area.grid(row=0, column=0, sticky="nsew")
        inside, gap = area.inside, px(self, 12)
        inside.columnconfigure(0, weight=1)
        self._error = ErrorView(inside, self._carry_out, lambda: self.controller.dismiss(self._error_kind))
        self._error.grid(row=0, column=0, sticky="ew")
        self._progress = self._build_progress(inside)
        self._progress.grid(row=1, column=0, sticky="ew", pady=(0, gap))
        self._result = CleanUpResult(inside, on_portal=self.desk.browse, on_save=self._save)
        self._result.grid(row=2, column=0, sticky="ew", pady=(0, gap))
        self._nothing = self._build_nothing(inside)
        self._nothing.grid(row=3, column=0, sticky="ew", pady=(0, gap))
        self._table_part = self._build_table(inside)
        self._table_part.grid(row=4, column=0, sticky="ew")
        self._checked = self._build_checked(inside)
        self._checked.grid(row=5, column=0, sticky="ew", pady=(px(self, 6), 0))
        self._elsewhere = Elsewhere(inside, self._open)
        self._elsewhere.grid(row=7, column=0, sticky="ew")

    def enter(self) -> None:
        self.controller.refresh()

    def render(self, state: WizardState) -> None:
        self._now = self.controller.utc_now()
        cleaning = state.job(JobKind.CLEAN_UP)
        is_cleaning = state.is_busy(JobKind.CLEAN_UP)
        views = self._views(state)
        self._render_error(state)
        _show(self._progress, is_cleaning)
        self._steps.show(cleaning if is_cleaning else None, self.controller.now_s(), _speed(state))
        self._stop.configure(
            state="disabled" if cleaning is not None and cleaning.phase is Phase.CANCELLING else "normal"
        )
        has_result = state.report is not None and not is_cleaning
        if state.report is not None and has_result:
            self._result.show(state.report, state.cleaned_rows)
            # what was deployed after that clean-up comes before its report
            is_old = bool(views) and not state.report.left
            self._result.grid(row=6 if is_old else 2)
        _show(self._result, has_result)
        if self._was_cleaning and has_result:
            self.after_idle(self._free_the_keyboard)
        self._was_cleaning = is_cleaning
        _show(self._nothing, not views and not has_result and not is_cleaning)
        self._table.show(views)
        height = min(max(len(views), _LEAST_ROWS), _MOST_ROWS)
        if self._table.tree.cget("height") != height:
            self._table.tree.configure(height=height)
        _show(self._table_part, bool(views) and not is_cleaning)
        self._render_total(state)
        self._render_checked(state)
        _show(self._checked, bool(views) or not has_result)
        ours = {row.ledger_id for row in here(state)}
        self._elsewhere.show([row for row in state.rows if row.ledger_id not in ours])

    def tick(self, state: WizardState) -> None:
        self.render(state)

    def primary(self, state: WizardState) -> Primary | None:
        if state.is_busy(JobKind.CLEAN_UP):
            return Primary(
                tr("Delete everything"),
                self.controller.clean_up,
                enabled=False,
                danger=True,
                why_not=tr("It is being deleted"),
            )
        reason = ""
        if state.first_window is not None:
            reason = tr("Another window works with this data folder; this one only looks.")
        elif not can_change(state):
            reason = tr("Stop the deployment first; then everything can be deleted.")
        elif not any(view.row.owned for view in self._views(state)):
            reason = tr("There is nothing to delete")
        return Primary(
            tr("Delete everything"), self.controller.clean_up, enabled=not reason, danger=True, why_not=reason
        )

    def _free_the_keyboard(self) -> None:
        """The button that was pressed cannot be pressed any more: from here the receipt is what a person wants."""
        holder = self.winfo_toplevel().focus_lastfor()
        is_stuck = isinstance(holder, Button) and (holder.instate(["disabled"]) or not holder.winfo_viewable())
        if holder is None or is_stuck:
            self._result.focus_receipt()

    # --- parts ------------------------------------------------------------------------------------------------

    def _build_progress(self, parent: Frame) -> Frame:
        frame = Frame(parent)
        frame.columnconfigure(0, weight=1)
        self._steps = JobProgress(frame)
        self._steps.grid(row=0, column=0, sticky="ew")
        self._stop = Button(
            frame,
            text=tr("Stop"),
            bootstyle="secondary-outline",
            command=lambda: self.controller.cancel(JobKind.CLEAN_UP),
        )
        named(self._stop, "cleanup.stop").grid(row=1, column=0, sticky="w")
        note = tr("What Azure was already asked to delete is deleted all the same; the rest stays and goes on billing.")
        Prose(frame, text=note, style="Muted.TLabel").grid(row=2, column=0, sticky="ew", pady=(px(self, 4), 0))
        return frame

    def _build_nothing(self, parent: Frame) -> Frame:
        frame = Frame(parent)
        frame.columnconfigure(1, weight=1)
        Label(frame, text="✓", style="Good.TLabel", font=theme.TITLE).grid(row=0, column=0, rowspan=2, sticky="n")
        gap = px(self, 12)
        named(Prose(frame, text=tr("Nothing that bills is left."), style="Heading.TLabel"), "cleanup.nothing").grid(
            row=0, column=1, sticky="ew", padx=(gap, 0)
        )
        text = tr("Whatever you deploy from here appears on this page until it is proven gone.")
        Prose(frame, text=text, style="Muted.TLabel").grid(row=1, column=1, sticky="ew", padx=(gap, 0))
        return frame

    def _build_table(self, parent: Frame) -> Frame:
        frame = Frame(parent)
        frame.columnconfigure(0, weight=1)
        Label(frame, text=tr("What exists now"), style="Heading.TLabel").grid(row=0, column=0, sticky="w")
        self._table: DataTable[ResourceView] = DataTable(
            frame,
            (
                Column("kind", tr("Kind"), lambda view: tr(view.row.kind.words), width=120),
                Column("name", tr("Name"), lambda view: view.row.name, width=170, stretch=True),
                Column("state", tr("State"), lambda view: tr(view.said), width=100),
                Column("age", tr("Age"), self._age, width=100, order=lambda view: view.row.created),
                Column("per_hour", tr("Per hour"), _per_hour, width=110, anchor="e", sorts=False),
                Column("so_far", tr("So far"), self._so_far, width=110, anchor="e", sorts=False),
            ),
            key=lambda view: view.row.ledger_id,
            on_choose=lambda view: None,
            rows_shown=_LEAST_ROWS,
        )
        named(self._table.tree, "cleanup.table")
        self._table.grid(row=1, column=0, sticky="ew", pady=(px(self, 4), px(self, 6)))
        self._total = named(Prose(frame, style="Bold.TLabel", anchor="e", justify="right"), "cleanup.total")
        self._total.grid(row=2, column=0, sticky="ew")
        return frame

    def _build_checked(self, parent: Frame) -> Frame:
        frame = Frame(parent)
        frame.columnconfigure(0, weight=1)
        self._checked_text = Prose(frame, style="Muted.TLabel")
        self._checked_text.grid(row=0, column=0, sticky="ew")
        self._again = Button(
            frame, text=tr("Ask Azure again"), bootstyle="secondary-outline", command=self.controller.refresh
        )
        named(self._again, "cleanup.refresh").grid(row=0, column=1, sticky="e")
        return frame

    # --- drawing ----------------------------------------------------------------------------------------------

    def _views(self, state: WizardState) -> tuple[ResourceView, ...]:
        """What Azure said of each row when last asked; the ledger's own word for those it was not asked about."""
        known = {view.row.ledger_id: view.said for view in state.overview.resources} if state.overview else {}
        return overview(here(state), known, self._now).resources

    def _render_error(self, state: WizardState) -> None:
        shown = None
        for kind in (JobKind.CLEAN_UP, JobKind.REFRESH):
            job = state.job(kind)
            if job is not None and job.error is not None and shown is None:
                shown, self._error_kind = job.error, kind
        if shown is None and state.overview is not None and state.overview.problem is not None:
            shown, self._error_kind = state.overview.problem, JobKind.REFRESH
        self._error.show(shown)

    def _render_total(self, state: WizardState) -> None:
        cost = money(state, self._now)
        unknown = tr("price unknown ({count})", count=cost.unpriced) if cost.unpriced else ""
        hourly = price_text(cost.per_hour, cost.currency)
        so_far = price_text(cost.so_far, cost.currency)
        words = tr("{hourly} per hour · {so_far} so far", hourly=hourly, so_far=so_far)
        if cost.practice:
            words = tr("Practice: nothing is billed. In Azure: {cost}", cost=words)
        self._total.say(" · ".join(part for part in (words, unknown) if part))

    def _render_checked(self, state: WizardState) -> None:
        asking = state.is_busy(JobKind.REFRESH)
        if asking:
            words = tr("Asking Azure what exists…")
        elif state.checked_at is not None:
            words = tr("Azure was asked {age} ago.", age=age_words(self._now - state.checked_at))
        else:
            words = tr("Azure was not asked yet; this is what the record on this computer says.")
        self._checked_text.say(words)
        wanted = "disabled" if asking or state.is_busy(JobKind.CLEAN_UP) else "normal"
        if str(self._again.cget("state")) != wanted:
            self._again.configure(state=wanted)

    def _age(self, view: ResourceView) -> str:
        return age_words(self._now - view.row.created)

    def _so_far(self, view: ResourceView) -> str:
        return _price_of(view.row, view.row.cost_until(self._now))

    # --- acting -----------------------------------------------------------------------------------------------

    def _carry_out(self, remedy: Remedy) -> None:
        carry_out(self, self.controller, self.desk, remedy, self._error_kind)

    def _open(self, workspace: WorkspaceRef, practice: bool) -> None:
        if practice:
            self.controller.open_practice()
        else:
            self.controller.open_workspace(workspace)

    def _save(self, kind: str) -> None:
        state, moment = self.controller.state, self.controller.utc_now()
        if state.report is None:
            return
        make = receipt_html if kind == "html" else receipt_json
        name = f"gpu-assistant-receipt-{_stamp(moment)}.{kind}"
        target = self.desk.save_file(title=tr("Save the receipt"), name=name, pattern=f"*.{kind}")
        if target is None:
            return
        try:
            target.write_text(make(state.report, state.cleaned_rows, moment), encoding="utf-8")
        except OSError as exc:
            reason = exc.strerror or str(exc)
            self.desk.toast(tr("The receipt could not be saved: {reason}", reason=reason), Mood.WARNING)
        else:
            self.desk.toast(tr("Saved as {path}", path=target), Mood.GOOD)


def _per_hour(view: ResourceView) -> str:
    price = view.row.price_per_hour
    return _price_of(view.row, price.amount if price is not None else None)


def _price_of(row: BillableResource, amount: Decimal | None) -> str:
    if not row.is_billable:
        return "–"
    currency = row.price_per_hour.currency if row.price_per_hour is not None else ""
    return price_text(amount, currency)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y%m%d-%H%M%S")


def _speed(state: WizardState) -> float:
    return state.place.speed if state.place is not None else 1.0


def _show(widget: Frame, shown: bool) -> None:
    if shown:
        widget.grid()
    else:
        widget.grid_remove()
