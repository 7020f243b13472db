"""Page 3: which model to deploy, how, and the deployment as it runs."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

from gpu_assistant.domain.errors import Action, Remedy
from gpu_assistant.i18n import mark, tr
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.ui.page import Page, Primary
from gpu_assistant.ui.pages.deploy_form import DeployForm
from gpu_assistant.ui.pages.deploy_outcome import DeployDone, DeployFailed
from gpu_assistant.ui.pages.deploy_words import Scene, deploy_label, scene_of, speed, why_not
from gpu_assistant.ui.remedies import carry_out
from gpu_assistant.ui.widgets.deploy_watch import DeployWatch
from gpu_assistant.ui.widgets.error_view import ordered_remedies
from gpu_assistant.ui.widgets.scroll_area import ScrollArea
from gpu_assistant.wizard.money import money
from gpu_assistant.wizard.preflight import can_deploy
from gpu_assistant.wizard.state import JobKind, Step, WizardState


class DeployPage(Page):
    """Model, settings and checklist; then the progress; then the address of the web service, or what went wrong."""

    step = Step.DEPLOY
    title: ClassVar[str] = mark("Deploy a model")
    hint: ClassVar[str] = mark("A registered SavedModel becomes a web service that answers images on the GPU.")

    def build(self) -> None:
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self._form = DeployForm(self, self.controller, self.desk, self._carry_out)
        self._shown: ScrollArea | None = None

    # Made when they are first shown: who comes to the page sees the form.

    @cached_property
    def _running(self) -> ScrollArea:
        area = ScrollArea(self)
        area.inside.columnconfigure(0, weight=1)
        area.inside.rowconfigure(0, weight=1)
        self._watch = DeployWatch(area.inside, self.desk, self._cancel)
        self._watch.grid(row=0, column=0, sticky="nsew")
        return area

    @cached_property
    def _failed(self) -> DeployFailed:
        return DeployFailed(self, self.controller, self.desk, self._carry_out)

    @cached_property
    def _done(self) -> DeployDone:
        return DeployDone(self, self.controller, self.desk)

    def enter(self) -> None:
        self.controller.load_models()
        self.controller.load_machines()

    def render(self, state: WizardState) -> None:
        match scene_of(state):
            case Scene.FORM:
                self._form.render(state)
                self._show(self._form)
            case Scene.WORKING | Scene.CLEANING:
                self._show(self._running)
                self._render_watch(state)
            case Scene.FAILED:
                self._failed.render(state)
                self._show(self._failed)
            case Scene.DONE:
                self._done.render(state)
                self._show(self._done)

    def tick(self, state: WizardState) -> None:
        match scene_of(state):
            case Scene.FORM:
                self._form.tick(state)
            case Scene.WORKING | Scene.CLEANING:
                self._render_watch(state)
            case Scene.FAILED:
                self._failed.render(state)

    def primary(self, state: WizardState) -> Primary | None:
        match scene_of(state):
            case Scene.FORM:
                ready = can_deploy(state)
                reason = "" if ready else why_not(state)
                return Primary(deploy_label(state), self.controller.deploy, enabled=ready, why_not=reason)
            case Scene.WORKING:
                reason = tr("The web service is still being deployed")
                return Primary(tr("Score an image"), self._score, enabled=False, why_not=reason)
            case Scene.CLEANING:
                reason = tr("What was created is being deleted")
                return Primary(tr("Deploy"), self.controller.deploy, enabled=False, why_not=reason)
            case Scene.FAILED:
                return self._first_remedy(state)
            case Scene.DONE:
                return Primary(tr("Score an image"), self._score)

    def _first_remedy(self, state: WizardState) -> Primary | None:
        """What helps most, which the error's first button offers as well: the footer never competes with it."""
        job = state.job(JobKind.DEPLOY)
        if job is None or job.error is None:
            return None
        first = ordered_remedies(job.error)[0]
        return Primary(
            tr(first.label),
            lambda: self._carry_out(first, JobKind.DEPLOY),
            danger=first.action is Action.CLEAN_UP,
        )

    def _show(self, area: ScrollArea) -> None:
        if area is self._shown:
            return
        if self._shown is not None:
            self._shown.grid_remove()
        self._shown = area
        area.grid(row=0, column=0, sticky="nsew")

    def _render_watch(self, state: WizardState) -> None:
        is_deploying = scene_of(state) is Scene.WORKING
        job = state.job(JobKind.DEPLOY if is_deploying else JobKind.CLEAN_UP)
        if is_deploying:
            title = tr("Deploying {name}", name=job.subject if job is not None else "")
        else:
            title = tr("Deleting what was created")
        self._watch.show(
            title,
            job,
            self.controller.now_s(),
            speed(state),
            money(state, self.controller.utc_now()),
            can_stop=is_deploying,
        )

    def _cancel(self, meaning: CancelMeaning) -> None:
        self.controller.cancel(JobKind.DEPLOY, meaning)

    def _score(self) -> None:
        self.controller.go(Step.SCORE)

    def _carry_out(self, remedy: Remedy, kind: JobKind) -> None:
        carry_out(self, self.controller, self.desk, remedy, kind)
        if remedy.action is Action.SHOW_LOG:
            self._failed.show_log()
        else:
            # the error is gone now, and the form is drawn before its fields can take the keyboard
            self.after_idle(self._form.focus_after, remedy.action)
