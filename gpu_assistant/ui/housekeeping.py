"""Python's rubbish is taken away on the Tk thread, and nowhere else.

A collection runs on whatever thread happens to make an object. When a worker comes upon an image or a variable of Tk
that way, it calls Tk, which belongs to another thread; when it comes upon an interpreter, Tcl ends the program.
"""

from __future__ import annotations

import gc
import tkinter as tk

_LOOK_EVERY_MS = 250
_WORTH_COLLECTING = 700
_ROUNDS = 10
"""Python's own thresholds: so many objects, so many collections of the young before one of the older."""


class Housekeeping:
    """Collects while `root` lives. What exists already is taken to be for good. Tk thread."""

    def __init__(self, root: tk.Misc) -> None:
        self._collected_by_itself = gc.isenabled()
        gc.disable()
        gc.freeze()
        self._root = root
        self._timer = root.after(_LOOK_EVERY_MS, self._look)

    def stop(self) -> None:
        """Leave it as it was."""
        self._root.after_cancel(self._timer)
        if self._collected_by_itself:
            gc.enable()

    def _look(self) -> None:
        self._timer = self._root.after(_LOOK_EVERY_MS, self._look)
        generation = due(*gc.get_count())
        if generation is not None:
            gc.collect(generation)


def due(objects: int, young_rounds: int, middle_rounds: int) -> int | None:
    """The generation whose turn it is, by the counts of `gc.get_count()`; None when nothing is worth it."""
    if objects <= _WORTH_COLLECTING:
        return None
    if young_rounds <= _ROUNDS:
        return 0
    return 1 if middle_rounds <= _ROUNDS else 2
