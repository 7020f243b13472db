"""How far a job is: its steps, what each is doing, how long it took and how long it usually takes."""

from __future__ import annotations

import tkinter as tk
from typing import Literal

from gpu_assistant.i18n import mark, tr
from gpu_assistant.ui import theme
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Frame, Label, Progressbar, px
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.wizard.state import JobView, Phase, StepView

_SYMBOLS = {
    Phase.RUNNING: ("●", "Accent.TLabel"),
    Phase.CANCELLING: ("●", "Warning.TLabel"),
    Phase.DONE: ("✓", "Good.TLabel"),
    Phase.SKIPPED: ("–", "Muted.TLabel"),
    Phase.FAILED: ("×", "Danger.TLabel"),
    Phase.CANCELLED: ("–", "Muted.TLabel"),
}
_WORDS = {
    Phase.CANCELLING: mark("stopping…"),
    Phase.SKIPPED: mark("not needed"),
    Phase.CANCELLED: mark("stopped"),
}
_PULSE_MS = 40


class JobProgress(Frame):
    """The steps of one job, a line each. Call `show` whenever the job changed and once a second. Tk thread only."""

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent)
        self._lines: list[_Line] = []
        self._waiting = Label(self, style="Muted.TLabel")
        self._waiting_shown = False
        Frame(self, height=1, width=1).grid(row=1000, column=0)  # lets the frame shrink when it is empty
        self.columnconfigure(0, weight=1)

    def show(self, job: JobView | None, now_s: float, speed: float = 1.0) -> None:
        """Draw the job as it is at `now_s` (the clock of `started_s`); None shows nothing.

        `speed` is how much faster than Azure the workspace goes: practice says both times.
        """
        steps = job.steps if job is not None else ()
        for number, step in enumerate(steps):
            if number == len(self._lines):
                self._lines.append(_Line(self, number))
            self._lines[number].show(step, _phase(step, job), now_s, speed)
        for line in self._lines[len(steps) :]:
            line.hide()
        self._wait(job is not None and job.is_running and not steps)

    def _wait(self, shown: bool) -> None:
        if shown != self._waiting_shown:
            self._waiting_shown = shown
            if shown:
                self._waiting.configure(text=tr("Starting…"))
                self._waiting.grid(row=0, column=0, sticky="w")
            else:
                self._waiting.grid_remove()


def _phase(step: StepView, job: JobView | None) -> Phase:
    """A step that runs in a job that is being stopped is being stopped too."""
    if step.phase is Phase.RUNNING and job is not None and job.phase is Phase.CANCELLING:
        return Phase.CANCELLING
    return step.phase


class _Line:
    """One step: symbol, name and time on the first line, what it is doing and the bar below."""

    def __init__(self, parent: JobProgress, number: int) -> None:
        self._frame = frame = Frame(parent)
        self._number = number
        self._shown = False
        self._phase: Phase | None = None
        self._bar_mode = ""
        frame.columnconfigure(1, weight=1)
        self._symbol = Label(frame, font=theme.BOLD, width=2, anchor="center")
        self._symbol.grid(row=0, column=0, sticky="n", padx=(0, px(parent, 6)))
        self._name = named(Prose(frame, style="Bold.TLabel"), f"job.step.{number + 1}")
        self._name.grid(row=0, column=1, sticky="ew")
        self._time = named(Label(frame, style="Muted.TLabel", anchor="e"), f"job.time.{number + 1}")
        self._time.grid(row=0, column=2, sticky="ne", padx=(px(parent, 12), 0))
        self._doing = named(Prose(frame, style="Muted.TLabel"), f"job.doing.{number + 1}")
        self._bar = Progressbar(frame, maximum=1.0)
        named(self._bar, f"job.bar.{number + 1}")

    def show(self, step: StepView, phase: Phase, now_s: float, speed: float) -> None:
        if phase is not self._phase:
            self._phase = phase
            symbol, style = _SYMBOLS[phase]
            self._symbol.configure(text=symbol, style=style)
        self._name.say(tr(step.name))
        _say(self._time, time_words(step, now_s, speed))
        doing = tr(_WORDS[phase]) if phase in _WORDS else tr(step.doing)
        if phase is Phase.DONE:
            doing = ""  # what it did last is of no interest any more, and said as if it still went on
        self._doing.say(doing)
        if doing:
            self._doing.grid(row=1, column=1, columnspan=2, sticky="ew")
        else:
            self._doing.grid_remove()
        self._draw_bar(phase, step.fraction)
        if not self._shown:
            self._shown = True
            self._frame.grid(row=self._number, column=0, sticky="ew", pady=(0, px(self._frame, 10)))

    def hide(self) -> None:
        if self._shown:
            self._shown = False
            self._set_mode("")
            self._frame.grid_remove()

    def _draw_bar(self, phase: Phase, fraction: float | None) -> None:
        if phase.is_over:
            self._set_mode("")
        elif fraction is None:
            self._set_mode("indeterminate")
        else:
            self._set_mode("determinate")
            self._bar.configure(value=min(max(fraction, 0.0), 1.0))

    def _set_mode(self, mode: Literal["determinate", "indeterminate", ""]) -> None:
        """ "" takes the bar away. Only a change is told to Tk, so that a moving bar does not jump."""
        if mode == self._bar_mode:
            return
        if self._bar_mode == "indeterminate":
            self._bar.stop()
        self._bar_mode = mode
        if not mode:
            self._bar.grid_remove()
            return
        self._bar.configure(mode=mode, value=0)
        self._bar.grid(row=2, column=1, columnspan=2, sticky="ew", pady=(px(self._bar, 4), 0))
        if mode == "indeterminate":
            self._bar.configure(maximum=100)
            self._bar.start(_PULSE_MS)
        else:
            self._bar.configure(maximum=1.0)


def _say(label: Label, text: str) -> None:
    if str(label.cget("text")) != text:
        label.configure(text=text)


def time_words(step: StepView, now_s: float, speed: float = 1.0) -> str:
    """ "3:12 · usually about 10 min"; nothing for a step that took no time worth telling."""
    elapsed_s = step.elapsed_s if step.phase.is_over else max(now_s - step.started_s, 0.0)
    if step.phase is Phase.SKIPPED:
        return ""
    elapsed = clock_words(elapsed_s)
    if step.usually_s <= 0 or step.phase.is_over:
        return elapsed
    if speed == 1:
        return tr("{elapsed} · usually {time}", elapsed=elapsed, time=about_words(step.usually_s))
    return tr(
        "{elapsed} · usually {time} here ({azure_time} in Azure)",
        elapsed=elapsed,
        time=about_words(step.usually_s / speed),
        azure_time=round_words(step.usually_s),
    )


def clock_words(seconds: float) -> str:
    """3:12, or 1:03:12."""
    minutes, left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def about_words(seconds: float) -> str:
    """A time that is only roughly known: "about 10 min"."""
    return tr("about {time}", time=round_words(seconds))


def round_words(seconds: float) -> str:
    """Seconds up to a minute and a half, then minutes."""
    if seconds < 90:
        return tr("{count} s", count=max(round(seconds), 1))
    return tr("{count} min", count=round(seconds / 60))
