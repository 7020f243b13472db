"""The Deploy page after it ended: what went wrong and what helps, or the address that answers."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from gpu_assistant.domain.errors import Remedy
from gpu_assistant.i18n import tr
from gpu_assistant.ui import theme
from gpu_assistant.ui.desk import Desk, Mood
from gpu_assistant.ui.pages.deploy_words import is_practice, log_lines, speed
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Entry, Frame, Label, px
from gpu_assistant.ui.widgets.error_view import ErrorView
from gpu_assistant.ui.widgets.fold import Fold
from gpu_assistant.ui.widgets.job_progress import JobProgress, clock_words
from gpu_assistant.ui.widgets.log_view import LogView
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.ui.widgets.scroll_area import ScrollArea
from gpu_assistant.wizard.controller import Controller
from gpu_assistant.wizard.navigation import endpoints
from gpu_assistant.wizard.state import JobKind, JobView, WizardState


class DeployFailed(ScrollArea):
    """The error with its remedies; below it what was done until then, and the service's log once it was asked for."""

    def __init__(
        self, parent: tk.Misc, controller: Controller, desk: Desk, on_remedy: Callable[[Remedy, JobKind], None]
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        inside, gap = self.inside, px(self, 12)
        inside.columnconfigure(0, weight=1)
        inside.rowconfigure(3, weight=1)
        self._failure = ErrorView(
            inside,
            lambda remedy: on_remedy(remedy, JobKind.DEPLOY),
            lambda: controller.dismiss(JobKind.DEPLOY),
        )
        self._failure.grid(row=0, column=0, sticky="ew", pady=(0, gap))
        self._log_error = ErrorView(
            inside,
            lambda remedy: on_remedy(remedy, JobKind.SERVICE_LOG),
            lambda: controller.dismiss(JobKind.SERVICE_LOG),
        )
        self._log_error.grid(row=1, column=0, sticky="ew")
        self._log_fold = Fold(inside, tr("Log of the web service"), name="deploy.service_log", unfolded=True)
        self._log_fold.inside.columnconfigure(0, weight=1)
        self._log_fold.inside.rowconfigure(1, weight=1)
        self._reading = JobProgress(self._log_fold.inside)
        self._reading.grid(row=0, column=0, sticky="ew")
        self._log = LogView(self._log_fold.inside, desk, height=10, file_name="service-log.txt")
        self._log.grid(row=1, column=0, sticky="nsew")
        self._log_fold.grid(row=2, column=0, sticky="ew", pady=(0, gap))
        story = Fold(inside, tr("What was done"), name="deploy.story", unfolded=True)
        story.inside.columnconfigure(0, weight=1)
        self._story = JobProgress(story.inside)
        self._story.grid(row=0, column=0, sticky="ew", padx=(gap, 0))
        story.grid(row=3, column=0, sticky="new")

    def render(self, state: WizardState) -> None:
        """Draw the state, whose deployment has failed."""
        job = state.job(JobKind.DEPLOY)
        if job is None:
            return
        now_s = self._controller.now_s()
        self._failure.show(job.error)
        self._story.show(job, now_s, speed(state))
        reading = state.job(JobKind.SERVICE_LOG)
        self._log_error.show(reading.error if reading is not None else None)
        is_reading = reading is not None and reading.is_running
        self._reading.show(reading if is_reading else None, now_s, speed(state))
        name = _service_of(job)
        text = state.service_logs.get(name)
        if is_reading or text is not None:
            self._log_fold.grid()
        else:
            self._log_fold.grid_remove()
        self._log.show(() if text is None else log_lines(text))

    def show_log(self) -> None:
        """The log was asked for: unfold where it will be."""
        self._log_fold.unfold()


def _service_of(job: JobView) -> str:
    """The web service whose log is of interest: the error's, else the one that was to be."""
    named_by_error = job.error.facts.get("name") if job.error is not None else None
    return str(named_by_error or job.subject)


class DeployDone(ScrollArea):
    """The scoring URI, and how long it took."""

    def __init__(self, parent: tk.Misc, controller: Controller, desk: Desk) -> None:
        super().__init__(parent)
        self._controller = controller
        self._desk = desk
        inside, gap = self.inside, px(self, 12)
        inside.columnconfigure(1, weight=1)
        Label(inside, text="✓", style="Good.TLabel", font=theme.TITLE).grid(row=0, column=0, sticky="n", padx=(0, gap))
        self._title = named(Prose(inside, style="Title.TLabel"), "deploy.done")
        self._title.grid(row=0, column=1, sticky="ew")
        self._note = Prose(inside, style="Muted.TLabel")
        self._note.grid(row=1, column=1, sticky="ew", pady=(0, gap))
        Label(inside, text=tr("Scoring URI"), style="Bold.TLabel").grid(row=2, column=1, sticky="w")
        row = Frame(inside)
        row.columnconfigure(0, weight=1)
        row.grid(row=3, column=1, sticky="ew", pady=(px(self, 4), gap))
        self._uri = named(Entry(row, state="readonly"), "deploy.uri")
        self._uri.grid(row=0, column=0, sticky="ew")
        copy = Button(row, text=tr("Copy"), bootstyle="secondary-outline", command=self._copy)
        named(copy, "deploy.uri.copy").grid(row=0, column=1, padx=(px(self, 6), 0))
        again = Button(
            inside,
            text=tr("Deploy another model"),
            bootstyle="secondary-outline",
            command=lambda: controller.dismiss(JobKind.DEPLOY),
        )
        named(again, "deploy.another").grid(row=4, column=1, sticky="w", pady=(0, gap))
        story = Fold(inside, tr("What was done"), name="deploy.done.story", unfolded=True)
        story.inside.columnconfigure(0, weight=1)
        self._story = JobProgress(story.inside)
        self._story.grid(row=0, column=0, sticky="ew", padx=(gap, 0))
        story.grid(row=5, column=1, sticky="ew", pady=(gap, 0))

    def render(self, state: WizardState) -> None:
        """Draw the state, whose deployment has succeeded."""
        job = state.job(JobKind.DEPLOY)
        if job is None:
            return
        self._title.say(tr("{name} answers", name=job.subject))
        took = tr("Deployed in {time}.", time=clock_words((job.ended_s or job.started_s) - job.started_s))
        if is_practice(state):
            money = tr("Practice: nothing is billed. Clean up deletes everything with one click.")
        else:
            money = tr("It bills until it is deleted: Clean up does that with one click.")
        self._note.say(f"{took} {money}")
        uri = next((one.scoring_uri for one in endpoints(state) if one.name == job.subject), "")
        if self._uri.get() != uri:
            self._uri.configure(state="normal")
            self._uri.delete(0, "end")
            self._uri.insert(0, uri)
            self._uri.configure(state="readonly")
        self._story.show(job, self._controller.now_s(), speed(state))

    def _copy(self) -> None:
        self._desk.copy(self._uri.get())
        self._desk.toast(tr("The scoring URI is on the clipboard."), Mood.GOOD)
