"""Makes a Tk call from a worker thread fail loudly (program option `--strict-threads`; every in-process window test).

Without this, such a call often works: Tcl hands it to the UI thread and the worker waits, until one day the window
closes in between, or the UI thread waits for that worker, and the program hangs.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import tkinter
import traceback
from collections.abc import Callable
from typing import Any, cast

_EXIT_CODE = 70
"""The exit code for an internal error by the convention of sysexits.h."""


class TkCallFromWorker(RuntimeError):
    """A thread other than the one that made the window touched Tk."""


def end_program(violation: str) -> None:
    """Write the violation to stderr and end the process at once with exit code 70, whatever else is running."""
    sys.stderr.write(violation)
    sys.stderr.flush()
    os._exit(_EXIT_CODE)


class ThreadGuard:
    """Stands between the widgets of one root and Tcl. `violations` keeps what happened, also when a worker hid it."""

    def __init__(self, tcl: Any, on_violation: Callable[[str], None]) -> None:
        self._tcl = tcl
        self._owner = threading.get_ident()
        self._on_violation = on_violation
        self.violations: list[str] = []

    def __getattr__(self, name: str) -> Any:
        """Whatever the real interpreter has, for the UI thread alone. Raises TkCallFromWorker in any other."""
        if threading.get_ident() != self._owner:
            if sys._getframe(1).f_code.co_name == "__del__":
                return _nothing
            self._refuse(name)
        return getattr(self._tcl, name)

    def _refuse(self, name: str) -> None:
        stack = "".join(traceback.format_stack(sys._getframe(2)))
        violation = f"Tk was called ({name}) from the worker thread {threading.current_thread().name!r}:\n{stack}"
        self.violations.append(violation)
        self._on_violation(violation)
        raise TkCallFromWorker(violation)


def guard(root: tkinter.Misc, on_violation: Callable[[str], None] = lambda violation: None) -> ThreadGuard:
    """From now on, Tk calls through `root` and all that belongs to it raise TkCallFromWorker outside this thread.

    Call it on the UI thread, right after the root was made. `on_violation` is told first, in the offending thread:
    pass `end_program` where a raised exception could be swallowed. Calls by tkinter's own `__del__` methods, which the
    garbage collector runs in any thread it likes, are dropped: their variable or picture stays until the window ends.
    """
    tcl = root.tk
    checked = ThreadGuard(tcl, on_violation)
    # Every widget, variable, font and style keeps its own reference, so those made before now are changed too.
    for holder in gc.get_referrers(tcl):
        attributes = holder if isinstance(holder, dict) else getattr(holder, "__dict__", None)
        if attributes is None:
            continue
        for name in ("tk", "_tk"):
            if attributes.get(name) is tcl:
                attributes[name] = checked
    cast(Any, root).tk = checked
    return checked


def _nothing(*arguments: object) -> None:
    """Answers a `__del__`; tkinter takes it for "does not exist any more"."""
