"""The part of the Deploy page that runs what would be deployed on this computer first."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from pathlib import Path

from gpu_assistant.domain.errors import AssistantError, Remedy
from gpu_assistant.i18n import tr
from gpu_assistant.ui.desk import Desk
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, px
from gpu_assistant.ui.widgets.error_view import ErrorView
from gpu_assistant.ui.widgets.job_progress import JobProgress
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.ui.widgets.rehearsal_result import RehearsalResult
from gpu_assistant.wizard.controller import Controller
from gpu_assistant.wizard.preflight import deploy_request
from gpu_assistant.wizard.state import JobKind, WizardState
from gpu_assistant.workflows.score_many import IMAGE_SUFFIXES


class RehearsalPanel(Frame):
    """A button with what it means, the progress with Stop, and the result or the error. Tk thread only.

    Hidden, heading and all, where this computer cannot rehearse or the model is not one that can be deployed.
    """

    def __init__(
        self,
        parent: tk.Misc,
        controller: Controller,
        desk: Desk,
        on_remedy: Callable[[Remedy, JobKind], None],
        on_outcome: Callable[[tk.Misc], None],
    ) -> None:
        """`on_outcome` gets the part of the panel that has just changed: it may be out of sight."""
        super().__init__(parent)
        self._on_outcome = on_outcome
        self._outcome: tuple[object, ...] = ()
        self._controller = controller
        self._desk = desk
        self._samples: tuple[Path, ...] = ()
        self.columnconfigure(0, weight=1)
        gap = px(self, 6)
        Label(self, text=tr("Rehearsal"), style="Heading.TLabel").grid(row=0, column=0, sticky="w")
        self._note = named(Prose(self, style="Muted.TLabel"), "deploy.rehearsal.note")
        self._note.grid(row=1, column=0, sticky="ew", pady=(gap, gap))
        self._buttons = Frame(self)
        self._buttons.grid(row=2, column=0, sticky="w")
        start = Button(
            self._buttons, text=tr("Rehearse on this computer"), bootstyle="secondary-outline", command=self._start
        )
        named(start, "deploy.rehearse").pack(anchor="w")
        own = Button(
            self._buttons, text=tr("With images of my own…"), bootstyle="link", padding=0, command=self._start_with_own
        )
        named(own, "deploy.rehearse.own").pack(anchor="w", pady=(gap, 0))
        self._running = Frame(self)
        self._running.columnconfigure(0, weight=1)
        self._progress = JobProgress(self._running)
        self._progress.grid(row=0, column=0, sticky="ew")
        stop = Button(
            self._running,
            text=tr("Stop"),
            bootstyle="secondary-outline",
            command=lambda: controller.cancel(JobKind.REHEARSE),
        )
        named(stop, "deploy.rehearse.stop").grid(row=1, column=0, sticky="w", pady=(gap, 0))
        self._running.grid(row=3, column=0, sticky="ew", pady=(gap, 0))
        self._running.grid_remove()
        self._error = ErrorView(
            self,
            lambda remedy: on_remedy(remedy, JobKind.REHEARSE),
            lambda: controller.dismiss(JobKind.REHEARSE),
        )
        self._error.grid(row=4, column=0, sticky="ew", pady=(gap, 0))
        self._result = RehearsalResult(self, desk)
        self._result.grid(row=5, column=0, sticky="ew", pady=(gap, 0))

    def show(self, state: WizardState) -> None:
        """Draw the state."""
        if not can_rehearse(state):
            self.grid_remove()
            return
        self.grid()
        self._samples = tuple(state.samples.values())
        self._note.say(_note(state))
        self.tick(state)
        job = state.job(JobKind.REHEARSE)
        runs = job is not None and job.is_running
        is_mine = job is not None and job.subject == state.deployment.model_id
        self._error.show(job.error if job is not None and is_mine else None)
        _place(self._buttons, not runs)
        rehearsed = state.rehearsed
        if rehearsed is None or runs or rehearsed.model_id != state.deployment.model_id:
            self._result.show(None)
        else:
            self._result.show(rehearsed.held, is_outdated=rehearsed.request != deploy_request(state))
        self._tell_outcome(runs, self._error.error, rehearsed.held if rehearsed is not None else None)

    def _tell_outcome(self, *outcome: object) -> None:
        """Only a change is told, and only while the person waits for it: not when the page is made anew."""
        before, self._outcome = self._outcome, outcome
        if before and before[0] != outcome[0]:
            self.after_idle(lambda: self._on_outcome(self) if self.winfo_ismapped() else None)

    def tick(self, state: WizardState) -> None:
        """The elapsed time."""
        job = state.job(JobKind.REHEARSE)
        runs = job is not None and job.is_running
        self._progress.show(job if runs else None, self._controller.now_s())
        _place(self._running, runs)

    def _start(self) -> None:
        if self._samples:
            self._controller.rehearse(self._samples)
        else:
            self._start_with_own()

    def _start_with_own(self) -> None:
        pictures = " ".join(f"*{suffix}" for suffix in sorted(IMAGE_SUFFIXES))
        patterns = ((tr("Images"), pictures), (tr("All files"), "*"))
        chosen: Sequence[Path] = self._desk.open_files(title=tr("Images to rehearse with"), patterns=patterns)
        if chosen:
            self._controller.rehearse(tuple(chosen))


def can_rehearse(state: WizardState) -> bool:
    """Whether what would be deployed can be run here: everything chosen, the model usable, the software installed."""
    found = state.inspections.get(state.deployment.model_id)
    is_usable = found is not None and not isinstance(found, AssistantError)
    return state.can_rehearse and is_usable and deploy_request(state) is not None


def _note(state: WizardState) -> str:
    note = tr("Runs what would be deployed on this computer first. Nothing is created, nothing bills.")
    model_id = state.deployment.model_id
    if model_id in state.model_folders:
        return note
    found = state.inspections.get(model_id)
    size_bytes = getattr(found, "size_bytes", None)
    if not isinstance(size_bytes, int):
        return f"{note} {tr('The model is copied here first.')}"
    copied = tr("The model is copied here first ({megabytes} MB).", megabytes=f"{size_bytes / 1e6:,.1f}")
    return f"{note} {copied}"


def _place(frame: Frame, shown: bool) -> None:
    if shown:
        frame.grid()
    else:
        frame.grid_remove()
