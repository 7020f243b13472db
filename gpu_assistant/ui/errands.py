"""Small things that may have to wait for the disk or the desktop, off the Tk thread."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from gpu_assistant.ui.background import Background

T = TypeVar("T")


class Errands:
    """One after the other, while `owner` lives; what is not done by then is lost, and must be harmless to lose.

    Tk thread. What an errand raises is raised in the Tk thread, so that it is reported as any error of the window is.
    """

    def __init__(self, owner: tk.Misc) -> None:
        self._owner = owner
        self._background: Background[Any] = Background(owner, "errands")

    def run(self, work: Callable[[], T], then: Callable[[T], object] = lambda answer: None) -> None:
        """Do `work` on the worker thread; hand its answer to `then`."""

        def receive(answer: T | Exception) -> None:
            if isinstance(answer, Exception):
                # in a callback of its own: the answers that come after this one must not be lost
                self._owner.after_idle(_raise, answer)
            else:
                then(answer)

        self._background.run(work, receive)


def _raise(error: Exception) -> NoReturn:
    raise error
