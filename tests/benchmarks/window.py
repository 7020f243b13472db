"""What the window's benchmarks share: conditions, tables, and a window in this process that a script drives.

A script is a generator: it acts through the window's controller, as the pages do, and yields what to wait for.
"""

from __future__ import annotations

import compileall
import os
import platform
import tempfile
import time
import tkinter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gpu_assistant.choices import Choices
from gpu_assistant.domain.errors import AssistantError
from gpu_assistant.practice import lifecycle, sample
from gpu_assistant.practice.constants import DEFAULT_SPEED
from gpu_assistant.ui.main_window import MainWindow
from gpu_assistant.ui.run import WindowOptions, run_window
from gpu_assistant.ui.theme import Root
from gpu_assistant.window import LocalWorkplaces
from gpu_assistant.wizard.controller import Controller
from gpu_assistant.wizard.state import JobKind, MachineChoice, Phase, Scored, Step
from tests.conftest import ROOT
from tests.ui.screen import ScreenSize, open_screen

VM_SIZE = "Standard_NC4as_T4_v3"
_LOOK_EVERY_MS = 1
_LOOKS_S = 0.7
"""Somebody who knows the way takes longer from a new page to the next click."""
_READING = (JobKind.MACHINES, JobKind.MODELS, JobKind.INSPECT, JobKind.REFRESH, JobKind.DISK)

Condition = Callable[[], object]


# --- tables -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One line of a table. With a `bar` the value must not be larger."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    spread: tuple[float, float] | None = None
    """The smallest and the largest of what `value` is the median of."""
    digits: int = 1

    @property
    def is_over(self) -> bool:
        """Whether the bar is missed."""
        return self.bar is not None and self.value > self.bar

    def __str__(self) -> str:
        text = f"  {self.name:<34} {self.value:8.{self.digits}f} {self.unit}"
        if self.spread is not None:
            text += f"   ({self.spread[0]:.{self.digits}f} to {self.spread[1]:.{self.digits}f})"
        if self.bar is not None:
            text += f"   bar {self.bar:g} {self.unit}" + ("   MISSED" if self.is_over else "")
        return text


def conditions(how: str) -> str:
    """The first line of a table: the machine, and how it was measured."""
    load = f"load {os.getloadavg()[0]:.1f} at the end"
    return f"{os.cpu_count()} cores, {load}, Python {platform.python_version()}, {how}"


def print_table(heading: str, rows: Sequence[Row]) -> int:
    """Print it; 1 when a bar is missed, else 0."""
    print(heading)
    for row in rows:
        print(row)
    return 1 if any(row.is_over for row in rows) else 0


# --- the window -------------------------------------------------------------------------------------------------------


class Driven:
    """The window that a script drives. Tk thread."""

    def __init__(self, window: MainWindow, controller: Controller) -> None:
        self.window = window
        self.controller = controller

    @property
    def root(self) -> Root:
        """The Tk window."""
        return self.window.root

    def where(self) -> str:
        """The page that is shown, and what is being done."""
        state = self.controller.state
        busy = [job.kind.value for job in state.jobs.values() if job.is_running]
        return f"{state.step.name.lower()} page" + (f" during {', '.join(busy)}" if busy else "")

    def find(self, name: str) -> tkinter.Misc:
        """The widget of this name. LookupError when its page has not been made."""
        waiting: list[tkinter.Misc] = [self.root]
        while waiting:
            widget = waiting.pop()
            if getattr(widget, "screen_name", "") == name:
                return widget
            waiting += widget.winfo_children()
        raise LookupError(name)

    def finish_drawing(self) -> None:
        """Let Tk draw what is due, and wait until the X server has drawn it."""
        self.root.update_idletasks()
        self.root.winfo_pointerx()  # an answer to this comes after all that was asked for before

    def go(self, step: Step) -> Iterator[Condition]:
        """Open a page, wait until it has read what it shows, and look at it for the moment that any person needs."""
        self.window.go(step)
        yield lambda: self.controller.state.step is step
        yield lambda: not self.controller.state.is_busy(*_READING)
        yield from self.look()

    def look(self) -> Iterator[Condition]:
        """Wait as long as a person looks before the next click."""
        until_s = time.perf_counter() + _LOOKS_S
        yield lambda: time.perf_counter() > until_s

    def see_through(self, kind: JobKind, begin: Callable[[], None]) -> Iterator[Condition]:
        """Begin a job and wait for its end. Raises the job's error."""
        before = self.controller.state.job(kind)
        begin()
        yield lambda: self.controller.state.job(kind) is not before
        yield lambda: not self.controller.state.is_busy(kind)
        job = self.controller.state.job(kind)
        if job is not None and job.phase is Phase.FAILED and job.error is not None:
            raise job.error

    def deploy(self) -> Iterator[Condition]:
        """From the open window to a deployed model: practice, machine, model, web service, score page."""
        yield from self.see_through(JobKind.OPEN, self.controller.open_practice)
        yield from self.look()
        yield from self.go(Step.MACHINE)
        self.controller.choose_machine(MachineChoice(vm_size=VM_SIZE))
        yield from self.go(Step.DEPLOY)
        yield lambda: self.controller.state.inspections
        yield lambda: not self.controller.state.is_busy(*_READING)
        yield from self.see_through(JobKind.DEPLOY, self.controller.deploy)
        yield from self.go(Step.SCORE)

    def clean_up(self) -> Iterator[Condition]:
        """Delete all of it, on the page for it."""
        yield from self.go(Step.CLEAN_UP)
        yield from self.see_through(JobKind.CLEAN_UP, self.controller.clean_up)

    def drop(self, path: Path) -> Iterator[Condition]:
        """Drop one image and wait for its answer. Raises what was wrong with it."""
        yield from self.see_through(JobKind.SCORE, lambda: self.controller.drop((path,)))
        error = self.latest.error
        if error is not None:
            raise error

    @property
    def latest(self) -> Scored:
        """The image that was dropped last."""
        return self.controller.state.scored[-1]


Script = Callable[[Driven], Iterator[Condition]]


class _Player:
    """Plays a script, then closes the window. `error` is what ended it early."""

    def __init__(self, driven: Driven, script: Script) -> None:
        self._driven = driven
        self._waits = script(driven)
        self._condition: Condition = lambda: True
        self.error: BaseException | None = None

    def play(self) -> None:
        try:
            while self._condition():
                self._condition = next(self._waits)
        except StopIteration:
            self._driven.window.close()
        except (AssistantError, AssertionError, LookupError, OSError) as error:
            self.error = error
            self._driven.window.close()
        else:
            self._driven.root.after(_LOOK_EVERY_MS, self.play)


def play(script: Script, data_dir: Path, *, speed: float = DEFAULT_SPEED) -> None:
    """Show the real window on the display of this process, play the script in it, close it, and end what it started.

    Raises what ended the script early.
    """
    workplaces = LocalWorkplaces(Choices(data_dir=data_dir, speed=speed))
    controller = Controller(workplaces)
    players: list[_Player] = []

    def shown(window: MainWindow) -> None:
        players.append(_Player(Driven(window, controller), script))
        players[0].play()

    try:
        run_window(lambda: controller, WindowOptions(data_dir, theme="light", language="en"), when_shown=shown)
    finally:
        workplaces.close()
        lifecycle.stop(data_dir)
    if players[0].error is not None:
        raise players[0].error


@contextmanager
def benchmark_place() -> Iterator[Path]:
    """A screen for this process, a data folder, compiled modules as in an installation, and the sample model."""
    compile_program()
    sample.ensure_saved_model(cache_folder(), lambda text, fraction: None)
    with open_screen(ScreenSize.PLAIN) as screen, tempfile.TemporaryDirectory(prefix="gpa-") as folder:
        os.environ.clear()
        os.environ.update(screen.environment)
        yield Path(folder)


def compile_program() -> None:
    """Leave compiled modules beside the sources: a program that compiles itself measures the compiler."""
    compileall.compile_dir(str(ROOT / "gpu_assistant"), quiet=1)


def sample_photo(driven: Driven, number: int) -> Path:
    """One of the photos that come with practice; with higher numbers they come round again."""
    photos = sorted(driven.controller.state.samples.values())
    return photos[number % len(photos)]


def cache_folder() -> Path:
    """Where the converted sample model and the photos are."""
    from gpu_assistant.paths import user_folders

    return Path(user_folders().cache)
