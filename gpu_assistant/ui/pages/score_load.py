"""The tab with the load test: how much the web service takes, and what a million images cost."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from pathlib import Path

from gpu_assistant.domain.errors import BadSetting, Remedy
from gpu_assistant.i18n import error_detail, tr
from gpu_assistant.ui.desk import Desk, Mood
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, px
from gpu_assistant.ui.widgets.error_view import ErrorView
from gpu_assistant.ui.widgets.load_plot import LoadPlot
from gpu_assistant.ui.widgets.load_result import EarlierRuns, LoadFigures, LoadMeaning, cost_words
from gpu_assistant.ui.widgets.load_settings import LoadSettings
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.ui.widgets.scroll_area import ScrollArea
from gpu_assistant.wizard.controller import Controller
from gpu_assistant.wizard.load_view import load_advice
from gpu_assistant.wizard.navigation import endpoint
from gpu_assistant.wizard.state import JobKind, JobView, Phase, WizardState
from gpu_assistant.workflows.load.results import LoadRun, StopReason


class LoadTab(ScrollArea):
    """A form, a live plot, the figures, and what they mean. Drawn only while the tab is in sight: see `ScorePage`."""

    def __init__(
        self,
        parent: tk.Misc,
        controller: Controller,
        desk: Desk,
        *,
        choose_images: Callable[[], tuple[Path, ...]],
        on_remedy: Callable[[Remedy], None],
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._desk = desk
        self._choose_images = choose_images
        self._chosen: tuple[Path, ...] = ()
        self._state = controller.state
        gap = px(self, 10)
        inside = self.inside
        inside.configure(padding=px(self, 14))
        inside.columnconfigure(0, weight=1)
        self._build_form(inside).grid(row=0, column=0, sticky="ew")
        self._error = ErrorView(inside, on_remedy, lambda: controller.dismiss(JobKind.LOAD))
        self._error.grid(row=1, column=0, sticky="ew", pady=(gap, 0))
        self._status = named(Prose(inside, style="Muted.TLabel"), "load.status")
        self._status.grid(row=2, column=0, sticky="ew", pady=(gap, 0))
        self._figures = LoadFigures(inside)
        self._figures.grid(row=3, column=0, sticky="ew", pady=(gap, gap))
        self._plot = named(LoadPlot(inside), "load.plot")
        self._plot.grid(row=4, column=0, sticky="ew", pady=(0, gap))
        self._meaning = LoadMeaning(inside, on_try=self._try)
        self._meaning.grid(row=5, column=0, sticky="ew")
        self._earlier = EarlierRuns(inside)
        self._earlier.grid(row=6, column=0, sticky="w", pady=(gap, 0))

    def show(self, state: WizardState) -> None:
        """Draw the state."""
        self._state = state
        job = state.job(JobKind.LOAD)
        asked = endpoint(state)
        numbers = [at for at, one in enumerate(state.load_runs) if asked is not None and one.name == asked.name]
        runs = [state.load_runs[at] for at in numbers]
        run = runs[-1] if runs else None
        self._draw_buttons(job, run)
        self._settings.show_images(self._images, are_samples=not self._chosen)
        self._error.show(job.error if job is not None else None)
        self._status.say(_status(job, run))
        self._plot.show(run)
        advices = [load_advice(state, at) for at in numbers]
        if run is None:
            self._figures.grid_remove()
            self._plot.grid_remove()
            self._meaning.show(None, None)
        else:
            self._figures.grid()
            self._plot.grid()
            self._figures.show(run.totals, cost_words(advices[-1]))
            over = run.stopped is not None
            self._meaning.show(run if over else None, advices[-1] if over else None)
        self._earlier.show(runs[:-1], [cost_words(advice) for advice in advices[:-1]])

    # --- inside -------------------------------------------------------------------------------------------------------

    @property
    def _images(self) -> tuple[Path, ...]:
        return self._chosen or tuple(self._state.samples.values())

    def _build_form(self, parent: Frame) -> Frame:
        form, gap = Frame(parent), px(self, 6)
        form.columnconfigure(0, weight=1)
        self._settings = LoadSettings(form, on_choose_images=self._choose)
        self._settings.grid(row=0, column=0, sticky="w")
        self._start = named(
            Button(form, text=tr("Start"), bootstyle="primary-outline", command=self._begin), "load.start"
        )
        self._stop = named(Button(form, text=tr("Stop"), bootstyle="secondary-outline", command=self._end), "load.stop")
        self._save = named(
            Button(form, text=tr("Save as CSV…"), bootstyle="secondary-outline", command=self._save_table), "load.save"
        )
        for column, button in enumerate((self._save, self._start, self._stop), start=1):
            button.grid(row=0, column=column, sticky="ne", padx=(gap, 0))
        self._save.grid_remove()
        self._stop.grid_remove()
        return form

    def _draw_buttons(self, job: JobView | None, run: LoadRun | None) -> None:
        runs = job is not None and job.is_running
        _place(self._start, not runs)
        _place(self._stop, runs)
        _place(self._save, run is not None and not runs)
        cancelling = job is not None and job.phase is Phase.CANCELLING
        self._stop.state(["disabled" if cancelling else "!disabled"])

    def _choose(self) -> None:
        chosen = self._choose_images()
        if chosen:
            self._chosen = chosen
            self._settings.show_images(self._images, are_samples=False)

    def _try(self, count: int) -> None:
        self._settings.use_concurrency(count)
        self._begin()

    def _begin(self) -> None:
        setting = self._settings.setting()
        try:
            setting.check()
        except BadSetting as exc:
            self._desk.toast(error_detail(exc), Mood.WARNING)
            return
        if not self._images:
            self._choose()
        if self._images:
            self._controller.start_load_test(setting, self._images)

    def _end(self) -> None:
        self._controller.cancel(JobKind.LOAD)

    def _save_table(self) -> None:
        target = self._desk.save_file(title=tr("Save the load test"), name="load-test.csv", pattern="*.csv")
        if target is None:
            return
        problem = self._controller.save_load_table(target)
        if problem:
            self._desk.toast(tr(problem), Mood.WARNING)
        else:
            self._desk.toast(tr("Saved: {file}", file=target.name), Mood.GOOD)


def _status(job: JobView | None, run: LoadRun | None) -> str:
    """One sentence: what it does now, or how it ended."""
    if job is not None and job.is_running:
        if job.phase is Phase.CANCELLING:
            return tr("Stopping…")
        step = job.steps[-1] if job.steps else None
        if step is None:
            return tr("Starting…")
        return f"● {tr(step.name)}   {tr(step.doing)}" if step.doing else f"● {tr(step.name)}"
    if run is None:
        return tr(
            "Sends images again and again, and finds out how many a second the web service answers, how long people "
            "wait, and what a million images cost. Nothing extra is billed; but while it runs, others wait."
        )
    if run.stopped is None:
        return tr("It ended early.")
    symbol = "✓" if run.stopped in (StopReason.STABLE, StopReason.TIME_LIMIT) else "!"
    return tr(
        "{symbol} {count} answers in {seconds} s of measuring; {ended}.",
        symbol=symbol,
        count=f"{run.totals.answered:,}",
        seconds=f"{run.totals.seconds:.0f}",
        ended=run.stopped.value,
    )


def _place(button: Button, shown: bool) -> None:
    if shown:
        button.grid()
    else:
        button.grid_remove()
