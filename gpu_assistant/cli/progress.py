"""Progress on a terminal: one line that changes, and nothing at all when nobody watches."""

from __future__ import annotations

import shutil
import threading
import time
from typing import TextIO

from gpu_assistant.jobs.events import JobEvent, LogLine, StepFinished, StepProgress, StepStarted
from gpu_assistant.logs import redact

_BAR_CELLS = 16
_TICK_S = 0.5


class TerminalProgress:
    """Draws job events on `stream` when it is a terminal. Safe to call from the job's thread.

    `speed` is how many times faster than Azure the work goes: the usual time of a step is shortened by it.
    """

    def __init__(self, stream: TextIO, *, speed: float = 1.0) -> None:
        self._stream = stream
        self._speed = speed
        self._is_terminal = stream.isatty()
        self._lock = threading.Lock()
        self._step: StepStarted | None = None
        self._since = 0.0
        self._doing = ""
        self._fraction: float | None = None
        self._stop = threading.Event()
        if self._is_terminal:
            threading.Thread(target=self._tick, name="progress", daemon=True).start()

    def __call__(self, event: JobEvent) -> None:
        """Take one event."""
        if not self._is_terminal:
            return
        with self._lock:
            match event:
                case StepStarted():
                    self._step, self._since, self._doing, self._fraction = event, time.monotonic(), "", None
                    self._draw()
                case StepProgress(doing=doing, fraction=fraction):
                    self._doing, self._fraction = doing, fraction
                    self._draw()
                case StepFinished(step=step, elapsed_s=elapsed_s, skipped=skipped):
                    self._step = None
                    self._line(f"✓ {step}" + ("  (not needed)" if skipped else f"  {_clock(elapsed_s)}"))
                case LogLine(text=text):
                    self._line(f"  {redact(text)}")
                    self._draw()
                case _:
                    pass

    def preparing(self, stage: str, done: float) -> None:
        """Show something that has no job yet: the practice workspace and its model being made ready."""
        if self._step is None or self._step.step != stage:
            self(StepStarted(stage, 0.0))
        self(StepProgress(stage, "", done, 0.0))

    def close(self) -> None:
        """Clear the changing line; later messages start on a clean one."""
        self._stop.set()
        if self._is_terminal:
            with self._lock:
                self._step = None
                self._stream.write("\r\x1b[K")
                self._stream.flush()

    def _tick(self) -> None:
        while not self._stop.wait(_TICK_S):
            with self._lock:
                self._draw()

    def _draw(self) -> None:
        if self._step is None:
            return
        elapsed_s = time.monotonic() - self._since
        fraction = self._fraction
        if fraction is None and self._step.usually_s:
            fraction = min(elapsed_s * self._speed / self._step.usually_s, 0.95)
        bar = ""
        if fraction is not None:
            full = round(fraction * _BAR_CELLS)
            bar = f" [{'█' * full}{'·' * (_BAR_CELLS - full)}]"
        text = f"… {self._step.step}{bar}  {_clock(elapsed_s)}"
        if self._doing:
            text += f"  {self._doing}"
        width = shutil.get_terminal_size().columns - 1
        self._stream.write(f"\r\x1b[K{text[:width]}")
        self._stream.flush()

    def _line(self, text: str) -> None:
        self._stream.write(f"\r\x1b[K{text}\n")
        self._stream.flush()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"
