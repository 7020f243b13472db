"""How long it takes from starting the process until page 1 can be used, against a bare Tk window.

    python -m tests.benchmarks.window_start [ROUNDS]

All are watched from outside, through the X server: the bare window is there when its whole face is drawn, ours when
the button that opens the practice workspace looks as it does at rest: drawn, and not greyed out. What that is like is
learnt before, in a run of each that is not measured. They start in turn. The bar of the design is the ratio of our
median to the bare window's: 4.5. A window of the toolkit with a single button in it, and nothing of ours, shows how
much of that the toolkit takes.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from tests.benchmarks.eyes import Eyes, Patch, Rect
from tests.benchmarks.window import Row, compile_program, conditions, print_table
from tests.conftest import ROOT
from tests.ui.screen import Screen, ScreenSize, end, open_screen, wait_until
from tests.ui.view import read_view

BAR = 4.5
BARE, TOOLKIT, OURS = "bare Tk window", "ttkbootstrap, one button", "gpu-assistant"
_BARE_PROGRAM = "import tkinter; tkinter.Tk().mainloop()"
_TOOLKIT_PROGRAM = """
import ttkbootstrap
window = ttkbootstrap.App(title="tk", theme="bootstrap-light")
ttkbootstrap.Button(window, text="Start", bootstyle="primary").pack()
window.mainloop()
"""
_TITLE = "tk"
_BUTTON = "workspace.practice"
_PATIENCE_S = 60.0
_STILL_S = 2.0


class Starts:
    """Starts programs on a screen and says when they can be used."""

    def __init__(self, screen: Screen, eyes: Eyes) -> None:
        self._screen = screen
        self._eyes = eyes
        width, height, _ = screen.size.value
        screen.xdotool("mousemove", "0", str(height - 1))  # nothing is to look hovered over
        self._empty = eyes.wait_until_still((0, 0, width, height), _STILL_S, _PATIENCE_S)

    def learn(self, words: Sequence[str], find: Callable[[], Rect | None]) -> Patch:
        """What the part of the screen that `find` finds looks like when the program is at rest."""
        with self._running(words):
            rect = wait_until(find, _PATIENCE_S, f"{words} shows nothing")
            self._eyes.wait_until_still(self._empty.rect, _STILL_S, _PATIENCE_S)
            rect = find() or rect
            return self._eyes.read(rect)

    def measure(self, words: Sequence[str], usable: Patch) -> float:
        """Milliseconds from starting the program until the screen shows that."""
        started_s = time.perf_counter()
        with self._running(words):
            return (self._eyes.wait_for(usable, _PATIENCE_S) - started_s) * 1000

    @contextmanager
    def _running(self, words: Sequence[str]) -> Iterator[None]:
        command = [sys.executable, *words]
        process = subprocess.Popen(command, env=self._screen.environment, cwd=ROOT, stdin=subprocess.DEVNULL)
        try:
            yield
        finally:
            end(process)
            self._eyes.wait_for(self._empty, _PATIENCE_S, look_every_s=0.05)


def measure(rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each start, by program."""
    compile_program()
    with tempfile.TemporaryDirectory(prefix="gpa-") as name:
        folder = Path(name)
        with open_screen(ScreenSize.PLAIN) as screen, closing(Eyes(screen.display)) as eyes:
            starts = Starts(screen, eyes)
            bare, toolkit = ("-c", _BARE_PROGRAM), ("-c", _TOOLKIT_PROGRAM)
            ours = ("-m", "gpu_assistant", "--data-dir", str(folder / "data"))
            screen_map = folder / "screen.json"
            usable = {
                BARE: starts.learn(bare, lambda: _window_rect(screen)),
                TOOLKIT: starts.learn(toolkit, lambda: _window_rect(screen)),
                OURS: starts.learn((*ours, "--screen-map", str(screen_map)), lambda: _button_rect(screen_map)),
            }
            programs = {BARE: bare, TOOLKIT: toolkit, OURS: ours}
            times: dict[str, list[float]] = {name: [] for name in programs}
            for _ in range(rounds):
                for name, words in programs.items():
                    times[name].append(starts.measure(words, usable[name]))
            return times


def _window_rect(screen: Screen) -> Rect | None:
    found = screen.xdotool("search", "--onlyvisible", "--name", f"^{_TITLE}$", check=False).split()
    if not found:
        return None
    told = dict(line.split("=") for line in screen.xdotool("getwindowgeometry", "--shell", found[0]).splitlines())
    return int(told["X"]), int(told["Y"]), int(told["WIDTH"]), int(told["HEIGHT"])


def _button_rect(screen_map: Path) -> Rect | None:
    view = read_view(screen_map)
    item = view.find(_BUTTON) if view is not None else None
    return item.rect if item is not None and item.enabled else None


def table(times: dict[str, list[float]]) -> tuple[Row, ...]:
    """The medians, and the ratio that is held to the bar."""
    rows = [Row(name, statistics.median(taken), "ms", spread=(min(taken), max(taken))) for name, taken in times.items()]
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    return (
        *rows,
        Row("toolkit alone / bare", medians[TOOLKIT] / medians[BARE], "×", digits=2),
        Row("gpu-assistant / bare", medians[OURS] / medians[BARE], "×", bar=BAR, digits=2),
    )


def main() -> int:
    """Print the table; 1 when the bar is missed."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    return print_table(conditions(f"{rounds} starts each, in turn, medians"), table(measure(rounds)))


if __name__ == "__main__":
    sys.exit(main())
