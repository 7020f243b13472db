"""A worker that touches Tk is found out, and nobody else is."""

from __future__ import annotations

import subprocess
import sys
import threading
import tkinter
from collections.abc import Callable
from typing import Any, cast

import pytest

from gpu_assistant.ui.theme import Root
from gpu_assistant.ui.thread_guard import TkCallFromWorker
from tests.conftest import ROOT
from tests.ui.screen import Screen


def _in_worker(work: Callable[[], object]) -> BaseException | None:
    """Run `work` in a thread to its end; what it raised."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, name="a worker")
    thread.start()
    thread.join(10)
    assert not thread.is_alive(), "the worker hangs in Tk"
    return raised[0] if raised else None


GUARDED = """
import sys, threading, tkinter
from tkinter import ttk
from gpu_assistant.ui.thread_guard import {names}
root = tkinter.Tk()
before = ttk.Label(root, text="made before the guard")
variable = tkinter.StringVar(root, "x")
style = ttk.Style(root)
guarded = guard(root{more})
after = ttk.Label(root, text="made after the guard")
root.bind("<<Done>>", lambda event: None)
"""
WORKER_CALLS = [
    "before.configure(text='x')",
    "after.configure(text='x')",
    "root.event_generate('<<Done>>')",
    "root.after(0, print)",
    "variable.get()",
    "style.configure('TLabel')",
    "ttk.Label(root)",
    "root.update()",
]


def _run_guarded(screen: Screen, more: str, code: str, names: str = "guard") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", GUARDED.format(more=more, names=names) + code],
        env={**screen.environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("call", WORKER_CALLS)
def test_a_tk_call_from_a_worker_ends_a_strict_program(screen: Screen, call: str) -> None:
    code = f"""
def work():
    try:
        {call}
    except Exception:
        pass  # a worker that hides it
threading.Thread(target=work, name="scoring").start()
root.after(5000, root.destroy)
root.mainloop()
"""
    ran = _run_guarded(screen, ", on_violation=end_program", code, "guard, end_program")
    assert ran.returncode == 70, ran.stderr
    assert "from the worker thread 'scoring'" in ran.stderr
    assert "in work" in ran.stderr


def test_without_the_guard_a_worker_gets_away_with_it(screen: Screen) -> None:
    """What makes the guard necessary; if Tk ever refuses by itself, it can go."""
    code = """
root.tk = before.tk = guarded._tcl
threading.Thread(target=lambda: (before.configure(text="worker was here"), root.after(0, root.quit))).start()
root.after(5000, root.quit)
root.mainloop()
print(before.cget("text"))
"""
    assert "worker was here" in _run_guarded(screen, "", code).stdout


def test_calls_of_the_ui_thread_pass_the_guard(screen: Screen) -> None:
    calls = "\n".join(call for call in WORKER_CALLS)
    code = f"""
{calls}
picture = tkinter.PhotoImage(master=root, width=2, height=2)
after.configure(image=picture)
root.after(10, root.destroy)
root.mainloop()
print(guarded.violations)
"""
    ran = _run_guarded(screen, "", code)
    assert ran.stdout.splitlines()[-1:] == ["[]"], ran.stderr
    assert not ran.stderr


def test_the_guard_of_the_root_fixture(screen: Screen, request: pytest.FixtureRequest) -> None:
    """A worker's call fails the test that uses the fixture, even when the worker hides the exception."""
    label_made: list[tkinter.Label] = []
    window: Any = request.getfixturevalue("root")
    label_made.append(tkinter.Label(window))
    error = _in_worker(lambda: label_made[0].configure(text="x"))
    assert isinstance(error, TkCallFromWorker)
    assert isinstance(_in_worker(lambda: window.event_generate("<<Done>>")), TkCallFromWorker)
    assert len(window.tk.violations) == 2
    window.tk.violations.clear()  # they were wanted


def test_a_variable_that_dies_in_a_worker_is_no_violation(root: Root) -> None:
    held = [tkinter.StringVar(root, "x"), tkinter.PhotoImage(master=root, width=1, height=1)]
    assert _in_worker(held.clear) is None
    assert not cast(Any, root.tk).violations
