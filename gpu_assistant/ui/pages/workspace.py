"""Page 1: practise on this computer, or open a workspace of Azure."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from gpu_assistant.domain.errors import Remedy
from gpu_assistant.domain.workspace import SignInMethod, WorkspaceRef
from gpu_assistant.i18n import mark, tr
from gpu_assistant.ui.desk import Mood
from gpu_assistant.ui.page import Page
from gpu_assistant.ui.remedies import carry_out
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, card, px
from gpu_assistant.ui.widgets.error_view import ErrorView
from gpu_assistant.ui.widgets.leftovers import Leftovers
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.ui.widgets.scroll_area import ScrollArea
from gpu_assistant.ui.widgets.ways_in import AzureCard, PracticeCard
from gpu_assistant.wizard.state import JobKind, Phase, Step, WizardState

if TYPE_CHECKING:
    from gpu_assistant.ui.widgets.open_workspace_card import OpenWorkspaceCard
    from gpu_assistant.ui.widgets.workspace_picker import WorkspacePicker

SDK_V1_NOTICE = mark(
    "Deploying to Azure goes through azureml-core (SDK v1), whose support ended on 2026-06-30. Existing clusters and "
    "services keep working, but Microsoft fixes nothing in it any more, security included."
)


class WorkspacePage(Page):
    """One of four faces: the ways in, opening, choosing a workspace, and the one that is open."""

    step = Step.WORKSPACE
    title: ClassVar[str] = mark("Choose a workspace")
    hint: ClassVar[str] = mark("Where your model will run. You can practise first; nothing is billed for that.")

    def build(self) -> None:
        self._failed_kind = JobKind.OPEN
        area = ScrollArea(self)
        area.pack(fill="both", expand=True)
        self._inside = inside = area.inside
        inside.columnconfigure(0, weight=1)
        self._leftovers = Leftovers(inside, on_open=self._open_to_clean_up)
        self._leftovers.grid(row=0, column=0, sticky="ew")
        self._error = ErrorView(inside, self._remedy, self._dismiss)
        self._error.grid(row=1, column=0, sticky="ew")
        self._ways = self._build_ways()
        self._shown: Frame | None = None
        self._warns_of_keyring = False
        self._notice = named(Prose(inside, text=tr(SDK_V1_NOTICE), style="Small.TLabel"), "workspace.sdk_v1")

    def _build_ways(self) -> Frame:
        frame = Frame(self._inside)
        frame.rowconfigure(0, weight=1)
        for column in (0, 1):
            frame.columnconfigure(column, weight=1, uniform="ways")
        self._practice = PracticeCard(frame, on_open=self.controller.open_practice, copy=self._copy)
        self._practice.grid(row=0, column=0, sticky="nsew", padx=(0, px(self, 8)))
        self._azure = AzureCard(
            frame, on_sign_in=self.controller.sign_in, on_config=self._open_config, on_recent=self._open
        )
        self._azure.grid(row=0, column=1, sticky="nsew", padx=(px(self, 8), 0))
        return frame

    # Made when they are first shown: the window is on screen sooner without.

    @cached_property
    def _picker(self) -> WorkspacePicker:
        from gpu_assistant.ui.widgets.workspace_picker import WorkspacePicker

        return WorkspacePicker(
            self._inside,
            on_subscription=self.controller.browse,
            on_workspace=self._open,
            on_sign_out=self.controller.sign_out,
        )

    @cached_property
    def _opened(self) -> OpenWorkspaceCard:
        from gpu_assistant.ui.widgets.open_workspace_card import OpenWorkspaceCard

        return OpenWorkspaceCard(
            self._inside,
            on_close=self.controller.close_workspace,
            on_sign_out=self.controller.sign_out,
            on_portal=self.desk.browse,
        )

    @cached_property
    def _opening(self) -> Frame:
        from gpu_assistant.ui.widgets.job_progress import JobProgress
        from gpu_assistant.ui.widgets.sign_in_card import SignInCard

        frame = Frame(self._inside)
        frame.columnconfigure(0, weight=1)
        self._prompt = SignInCard(frame, browse=self.desk.browse, copy=self._copy)
        steps = card(frame)
        steps.grid(row=1, column=0, sticky="ew")
        steps.columnconfigure(0, weight=1)
        self._opening_title = Label(steps, style="Heading.TLabel")
        self._opening_title.grid(row=0, column=0, sticky="w", pady=(0, px(self, 10)))
        self._progress = JobProgress(steps)
        self._progress.grid(row=1, column=0, sticky="ew")
        cancel = Button(steps, text=tr("Cancel"), bootstyle="secondary-outline", command=self._cancel)
        self._cancel_button = named(cancel, "workspace.cancel")
        self._cancel_button.grid(row=2, column=0, sticky="w", pady=(px(self, 6), 0))
        return frame

    @cached_property
    def _keyring(self) -> Frame:
        frame = card(self._inside)
        frame.columnconfigure(1, weight=1)
        Label(frame, text="!", style="Warning.TLabel", font="GpuHeading").grid(row=0, column=0, padx=(0, px(self, 10)))
        self._keyring_words = named(Prose(frame), "workspace.keyring")
        self._keyring_words.grid(row=0, column=1, sticky="ew")
        retry = Button(
            frame, text=tr("Try the keyring again"), bootstyle="secondary-outline", command=self._retry_keyring
        )
        self._keyring_button = named(retry, "workspace.keyring.retry")
        self._keyring_button.grid(row=0, column=2, padx=(px(self, 12), 0))
        return frame

    # The state

    def render(self, state: WizardState) -> None:
        opening = state.is_busy(JobKind.OPEN)
        self._leftovers.show(() if state.place is not None or opening else state.rows, self.controller.utc_now())
        self._show_error(state)
        if state.place is not None and not opening:
            self._face(self._opened)
            self._opened.show(state.place, why_not=_why_not_leave(state))
        elif opening:
            self._face(self._opening)
            self._draw_opening(state)
        elif state.account is not None:
            self._face(self._picker)
            reading = state.is_busy(JobKind.BROWSE)
            self._picker.show(state.account, state.subscriptions, state.workspaces, reading=reading)
        else:
            self._face(self._ways)
            self._practice.show(state.practice_missing)
            self._azure.show(state.recent)
        self._draw_notes(state, opening)

    def tick(self, state: WizardState) -> None:
        if state.is_busy(JobKind.OPEN):
            self._draw_opening(state)
        elif state.place is None:
            self._leftovers.show(state.rows, self.controller.utc_now())

    def _face(self, shown: Frame) -> None:
        if shown is self._shown:
            return
        if self._shown is not None:
            self._shown.grid_remove()
        self._shown = shown
        shown.grid(row=2, column=0, sticky="ew")

    def _show_error(self, state: WizardState) -> None:
        for kind in (JobKind.OPEN, JobKind.BROWSE):
            job = state.job(kind)
            if job is not None and job.phase is Phase.FAILED and job.error is not None:
                self._failed_kind = kind
                self._error.show(job.error)
                self._error.grid_configure(pady=(0, px(self, 12)))
                return
        self._error.show(None)
        self._error.grid_configure(pady=0)

    def _draw_opening(self, state: WizardState) -> None:
        job = state.job(JobKind.OPEN)
        subject = job.subject if job is not None else ""
        title = tr("Opening {name}", name=subject) if subject else tr("Opening a workspace")
        title = tr("Waiting for you to sign in") if state.prompt is not None else title
        self._opening_title.configure(text=title)
        self._progress.show(job, self.controller.now_s())
        stopping = job is not None and job.phase is Phase.CANCELLING
        self._cancel_button.configure(state="disabled" if stopping else "normal")
        if state.prompt is not None:
            self._prompt.show(state.prompt)
            self._prompt.grid(row=0, column=0, sticky="ew", pady=(0, px(self, 12)))
        elif self._prompt.winfo_manager():
            self._prompt.grid_remove()

    def _draw_notes(self, state: WizardState, opening: bool) -> None:
        place = None if opening else state.place
        problem = place.keystore_problem if place is not None else ""
        if problem:
            self._keyring.grid(row=3, column=0, sticky="ew", pady=(px(self, 12), 0))
            self._keyring_words.say(tr(problem))
            self._keyring_button.configure(state="disabled" if state.is_busy(JobKind.KEYS) else "normal")
        elif self._warns_of_keyring:
            self._keyring.grid_remove()
        self._warns_of_keyring = bool(problem)
        if opening or (place is not None and place.site.practice):
            self._notice.grid_remove()
        else:
            self._notice.grid(row=4, column=0, sticky="ew", pady=(px(self, 12), 0))

    # The person

    def _open(self, workspace: WorkspaceRef) -> None:
        self.controller.open_workspace(workspace, self._method())

    def _method(self) -> SignInMethod:
        account = self.controller.state.account
        return account.method if account is not None else SignInMethod.BROWSER

    def _open_config(self) -> None:
        files = self.desk.open_files(title=tr("Open config.json"), patterns=[(tr("Workspace configuration"), "*.json")])
        if files:
            reason = self.controller.open_config(files[0])
            if reason:
                self.desk.toast(tr(reason), Mood.WARNING)

    def _open_to_clean_up(self, workspace: WorkspaceRef, practice: bool) -> None:
        if practice:
            self.controller.open_practice(then=Step.CLEAN_UP)
        else:
            self.controller.open_workspace(workspace, self._method(), then=Step.CLEAN_UP)

    def _cancel(self) -> None:
        self.controller.cancel(JobKind.OPEN)

    def _copy(self, text: str) -> None:
        self.desk.copy(text)
        self.desk.toast(tr("Copied"), Mood.GOOD)

    def _retry_keyring(self) -> None:
        self.controller.retry_keyring()

    def _remedy(self, remedy: Remedy) -> None:
        carry_out(self, self.controller, self.desk, remedy, self._failed_kind)

    def _dismiss(self) -> None:
        self.controller.dismiss(self._failed_kind)


def _why_not_leave(state: WizardState) -> str:
    """Why the workspace cannot be left now. A second window may leave: that changes nothing in Azure."""
    if state.is_busy(JobKind.DEPLOY, JobKind.CLEAN_UP, JobKind.REGISTER):
        return tr("It cannot be left while something in it is being changed.")
    return ""
