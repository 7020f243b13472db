"""Screens, windows and a person, for tests of the window."""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from gpu_assistant.ui.theme import Root
from tests.ui.demo import Demo
from tests.ui.file_manager import FileManager
from tests.ui.in_process import open_root
from tests.ui.person import Person
from tests.ui.screen import Screen, ScreenSize, open_screen
from tests.ui.stage import Stage


@pytest.fixture(scope="package", autouse=True)
def collect_on_this_thread_only() -> Iterator[None]:
    """As the window does: see `gpu_assistant.ui.housekeeping`."""
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture(scope="session")
def screen() -> Iterator[Screen]:
    """1280×800 at 96 dpi, shared by all tests."""
    with open_screen(ScreenSize.PLAIN) as opened:
        yield opened


@pytest.fixture(scope="session")
def sharp_screen() -> Iterator[Screen]:
    """2560×1600 at 192 dpi, shared by all tests."""
    with open_screen(ScreenSize.SHARP) as opened:
        yield opened


@pytest.fixture
def stage(screen: Screen, tmp_path: Path) -> Iterator[Stage]:
    """Starts programs and file managers, ends them after the test, and fails if a program spoke of an exception."""
    opened = Stage(screen, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def start_window(stage: Stage) -> Callable[..., Person]:
    """`start_window("--practice", …)`: gpu-assistant on screen, and the person in front of it."""
    return stage.start_window


@pytest.fixture
def file_manager(stage: Stage) -> Callable[..., FileManager]:
    """`file_manager(folder)`: a real file manager to drag out of."""
    return stage.open_file_manager


@pytest.fixture
def demo(stage: Stage, tmp_path: Path) -> Demo:
    """The demonstration window on screen."""
    started = Demo(stage, tmp_path)
    started.person.see("demo.name")
    return started


@pytest.fixture
def root(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> Iterator[Root]:
    """The program's own kind of root window, empty and on screen, in this process. The test fails on an exception in
    a callback of Tk, and on a call of Tk from another thread."""
    monkeypatch.setenv("DISPLAY", screen.display)
    with open_root() as window:
        yield window


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds to a failure what was on screen and what the programs said."""
    report = yield
    stage = getattr(item, "funcargs", {}).get("stage")
    if report.failed and report.when != "teardown" and isinstance(stage, Stage):
        report.sections.append(("what was on screen", stage.explain()))
    return report
