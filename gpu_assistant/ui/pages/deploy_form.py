"""The Deploy page before it starts: models and their signature at the left, settings and checklist at the right."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from gpu_assistant.domain.billing import ResourceKind
from gpu_assistant.domain.errors import Action, AssistantError, BadFeeding, BadSetting, NotSchedulable, Remedy
from gpu_assistant.i18n import tr
from gpu_assistant.ui import theme
from gpu_assistant.ui.desk import Desk
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, px
from gpu_assistant.ui.widgets.deploy_settings import DeploySettings
from gpu_assistant.ui.widgets.error_view import ErrorView
from gpu_assistant.ui.widgets.feeding_form import FeedingForm
from gpu_assistant.ui.widgets.file_viewer import FileViewer
from gpu_assistant.ui.widgets.job_progress import JobProgress
from gpu_assistant.ui.widgets.model_list import ModelList
from gpu_assistant.ui.widgets.preflight_list import PreflightList
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.ui.widgets.rehearsal_panel import RehearsalPanel
from gpu_assistant.ui.widgets.scroll_area import ScrollArea
from gpu_assistant.ui.widgets.signature_view import SignatureView
from gpu_assistant.wizard.controller import Controller
from gpu_assistant.wizard.feeding import feeding
from gpu_assistant.wizard.navigation import can_change, endpoints, here
from gpu_assistant.wizard.preflight import Check, deploy_request, preflight
from gpu_assistant.wizard.state import JobKind, Step, WizardState

_ERRORS_OF = (JobKind.REGISTER, JobKind.MODELS, JobKind.MACHINES, JobKind.CLEAN_UP)
"""The jobs whose errors are shown above the form; an inspection's is shown where the signature would be."""


class DeployForm(ScrollArea):
    """Everything a person decides before a deployment. Tk thread only."""

    def __init__(
        self, parent: tk.Misc, controller: Controller, desk: Desk, on_remedy: Callable[[Remedy, JobKind], None]
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._desk = desk
        self._on_remedy = on_remedy
        self._error_kind = JobKind.MODELS
        gap = px(self, 12)
        inside = self.inside
        inside.columnconfigure(0, weight=11, uniform="halves")
        inside.columnconfigure(1, weight=9, uniform="halves")
        self._build_resume(inside)
        self._error = ErrorView(
            inside,
            lambda remedy: on_remedy(remedy, self._error_kind),
            lambda: controller.dismiss(self._error_kind),
        )
        self._error.grid(row=1, column=0, columnspan=2, sticky="ew")
        self._build_left(inside).grid(row=2, column=0, sticky="nsew", padx=(0, gap))
        self._build_right(inside).grid(row=2, column=1, sticky="nsew", padx=(gap, 0))

    def render(self, state: WizardState) -> None:
        """Draw the state."""
        self._render_resume(state)
        failed = next((job for kind in _ERRORS_OF if (job := state.job(kind)) is not None and job.error), None)
        if failed is not None:
            self._error_kind = failed.kind
        self._error.show(failed.error if failed is not None else None)
        choice = state.deployment
        self._models.show(
            state.models,
            choice.model_id,
            can_register=can_change(state),
            is_reading=state.is_busy(JobKind.MODELS),
        )
        self.tick(state)
        self._render_model(state)
        request = deploy_request(state)
        self._settings.show(choice, request.service_name if request is not None else "")
        self._preflight.show(preflight(state))
        self._rehearsal.show(state)

    def tick(self, state: WizardState) -> None:
        """The elapsed time of a registration."""
        job = state.job(JobKind.REGISTER)
        if job is not None and job.is_running:
            self._register_progress.show(job, self._controller.now_s())
            self._registering.grid()
        else:
            self._register_progress.show(None, 0.0)
            self._registering.grid_remove()
        self._rehearsal.tick(state)

    def focus_after(self, action: Action) -> None:
        """Put the keyboard where an error's remedy can be carried out."""
        if action is Action.CHOOSE_NAME:
            self._settings.focus_name()
        elif action is Action.EDIT_DEPLOYMENT:
            self._settings.advanced.unfold()
            self._settings.focus_replicas()
        elif action is Action.CHOOSE_MODEL:
            self._models.focus_table()

    # --- what exists already ----------------------------------------------------------------------------------

    def _build_resume(self, parent: Frame) -> None:
        card = self._resume = theme.card(parent)
        card.columnconfigure(1, weight=1)
        self._resume_symbol = Label(card, font=theme.BOLD)
        self._resume_symbol.grid(row=0, column=0, padx=(0, px(self, 10)))
        self._resume_text = named(Prose(card), "deploy.resume")
        self._resume_text.grid(row=0, column=1, sticky="ew")
        self._resume_button = named(Button(card, bootstyle="primary-outline", command=self._go_on), "deploy.resume.go")
        self._resume_button.grid(row=0, column=2, padx=(px(self, 12), 0))
        self._resume_step = Step.SCORE
        card.grid(row=0, column=0, columnspan=2, sticky="ew", pady=(0, px(self, 12)))
        card.grid_remove()

    def _render_resume(self, state: WizardState) -> None:
        running = [one.name for one in endpoints(state)]
        clusters = [row for row in here(state) if row.kind is ResourceKind.COMPUTE_TARGET]
        if not running and not clusters:
            self._resume.grid_remove()
            return
        if running:
            symbol, style, self._resume_step = "✓", "Good.TLabel", Step.SCORE
            text = tr("{names} runs already and answers.", names=", ".join(running))
            label = tr("Score an image")
        else:
            symbol, style, self._resume_step = "●", "Warning.TLabel", Step.CLEAN_UP
            names = ", ".join(row.name for row in clusters)
            if all(row.practice for row in clusters):
                text = tr("{names} exists already. Deploying on the same machine goes on from there.", names=names)
            else:
                text = tr(
                    "{names} exists already and bills. Deploying on the same machine goes on from there.", names=names
                )
            label = tr("Clean up")
        self._resume_symbol.configure(text=symbol, style=style)
        self._resume_text.say(text)
        self._resume_button.configure(text=label)
        self._resume.grid()

    def _go_on(self) -> None:
        self._controller.go(self._resume_step)

    # --- left: model and signature ----------------------------------------------------------------------------

    def _build_left(self, parent: Frame) -> Frame:
        left, gap = Frame(parent), px(self, 12)
        left.columnconfigure(0, weight=1)
        self._models = ModelList(
            left, self._desk, on_choose=self._controller.choose_model, on_register=self._controller.register_model
        )
        self._models.grid(row=0, column=0, sticky="ew")
        self._registering = Frame(left)
        self._registering.columnconfigure(0, weight=1)
        self._register_progress = JobProgress(self._registering)
        self._register_progress.grid(row=0, column=0, sticky="ew")
        stop = Button(
            self._registering,
            text=tr("Stop"),
            bootstyle="secondary-outline",
            command=lambda: self._controller.cancel(JobKind.REGISTER),
        )
        named(stop, "deploy.register.stop").grid(row=0, column=1, sticky="ne", padx=(gap, 0))
        self._registering.grid(row=1, column=0, sticky="ew", pady=(gap, 0))
        self._registering.grid_remove()
        self._signature = SignatureView(left, self._inspect_again)
        self._signature.grid(row=2, column=0, sticky="ew", pady=(gap, 0))
        self._feeding = FeedingForm(
            left,
            self._desk,
            on_change=self._controller.edit_deployment,
            on_labels=self._controller.choose_labels,
        )
        self._feeding.grid(row=3, column=0, sticky="ew", pady=(gap, 0))
        self._feeding.grid_remove()
        return left

    def _render_model(self, state: WizardState) -> None:
        model_id = state.deployment.model_id
        found, how = state.inspections.get(model_id), feeding(state)
        self._signature.show(model_id, found, how.signature if how is not None else None)
        if how is None or found is None or isinstance(found, AssistantError):
            self._feeding.grid_remove()
            return
        self._feeding.show(state.deployment, found, how)
        self._feeding.grid()

    def _inspect_again(self) -> None:
        self._controller.choose_model(self._controller.state.deployment.model_id)

    # --- right: settings and checklist ------------------------------------------------------------------------

    def _build_right(self, parent: Frame) -> Frame:
        right, gap = Frame(parent), px(self, 12)
        right.columnconfigure(0, weight=1)
        Label(right, text=tr("Settings"), style="Heading.TLabel").grid(row=0, column=0, sticky="w")
        self._settings = DeploySettings(right, self._controller.edit_deployment)
        self._settings.grid(row=1, column=0, sticky="ew", pady=(px(self, 4), gap))
        Label(right, text=tr("Before it starts"), style="Heading.TLabel").grid(row=2, column=0, sticky="w")
        self._preflight = PreflightList(right, self._fix)
        self._preflight.grid(row=3, column=0, sticky="ew", pady=(px(self, 4), px(self, 6)))
        uploaded = Button(
            right, text=tr("What is uploaded…"), bootstyle="secondary-outline", command=self._show_shipped
        )
        named(uploaded, "deploy.shipped").grid(row=4, column=0, sticky="w")
        self._rehearsal = RehearsalPanel(
            right, self._controller, self._desk, self._on_remedy, on_outcome=self.bring_into_view
        )
        self._rehearsal.grid(row=5, column=0, sticky="ew", pady=(2 * gap, 0))
        return right

    def _show_shipped(self) -> None:
        files = self._controller.shipped_files()
        if files:
            note = tr("These files and the registered model become the web service. Nothing else leaves this computer.")
            FileViewer(self, self._desk, title=tr("What is uploaded"), note=note, files=files)

    def _fix(self, check: Check) -> None:
        if check.fix is not None and check.fix is not Step.DEPLOY:
            self._controller.go(check.fix)
        else:
            self._focus_on(check.error)

    def _focus_on(self, error: AssistantError | None) -> None:
        """Where on this page it can be mended."""
        if isinstance(error, BadFeeding):
            self._feeding.focus_first()
        elif isinstance(error, NotSchedulable):
            self._settings.advanced.unfold()
            self._settings.focus_replicas()
        elif isinstance(error, BadSetting):
            self._settings.advanced.unfold()
            self._settings.focus_name()
        else:
            self._models.focus_table()
