"""The program's own kind of window inside the test's process."""

from __future__ import annotations

import contextlib
import gc
import json
import time
import tkinter
import traceback
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TypeVar

from gpu_assistant.ui.screen_map import outline
from gpu_assistant.ui.theme import Root, create_root
from gpu_assistant.ui.thread_guard import guard
from tests.ui.view import View, to_view

T = TypeVar("T")


def pump_until(root: tkinter.Misc, condition: Callable[[], T | None], timeout_s: float = 10.0, what: str = "") -> T:
    """Let Tk work until `condition` is true and return its answer; AssertionError after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while True:
        root.update()
        if answer := condition():
            return answer
        assert time.monotonic() < deadline, f"after {timeout_s:.0f} s: {what or 'the condition is still not true'}"
        time.sleep(0.005)


def view_of(root: tkinter.Misc) -> View:
    """What the windows of this process show now, as a person sees it."""
    root.update_idletasks()
    return to_view(json.loads(json.dumps(outline(root))), looked_at_ns=time.time_ns())


@contextlib.contextmanager
def open_root() -> Iterator[Root]:
    """An empty root window on the display of this process, destroyed afterwards. AssertionError at the end for every
    exception in a callback of Tk and every call of Tk from another thread, also those that nobody saw."""
    gc.collect()  # what is left of earlier windows: no worker's collection may come upon their interpreters
    window = create_root()
    failures: list[str] = []

    def fail(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        failures.append("".join(traceback.format_exception(kind, error, trace)))

    window.report_callback_exception = fail
    guarded = guard(window)
    try:
        window.deiconify()
        window.update()
        yield window
    finally:
        window.destroy()
    assert not failures, "\n".join(failures)
    assert not guarded.violations, "\n".join(guarded.violations)
