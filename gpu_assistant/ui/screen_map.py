"""What is on screen, in words: an outline of the window for support, and for tests that act as a person does.

`ScreenMap` keeps a JSON file true to the screen while the window lives (program option `--screen-map FILE`). Pages give
their widgets stable names with `named(widget, "deploy.start")`, and mark what must never be described with
`secret(widget)`. A Canvas that draws something to be read gets a method `describe()` (see `Describes`).

The file: `screen` [width, height], `focus` (name of the focused widget or null), `windows`, topmost first, each with
`name`, `title`, `rect`, and `widgets`, each with `name`, `role`, `text`, `enabled`, `focused` and `rect` [x, y, width,
height]: the part of it that can be seen, in screen pixels. Parts of a widget (rows of a table) follow their widget as
entries of their own with `within`, `selected` and, for rows, `values`. Checkboxes and radio buttons have `checked`. The
file's modification time says when Tk was last looked at, also when nothing had changed.

Everything here runs on the UI thread.
"""

from __future__ import annotations

import json
import logging
import os
import time
import tkinter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gpu_assistant.ui.screen_outline import Describes, Outline, named, secret
from gpu_assistant.ui.screen_walk import WALK

__all__ = ["Describes", "ScreenMap", "named", "outline", "secret"]

log = logging.getLogger(__name__)

_INTERVAL_MS = 200
_SHARE_OF_TIME = 0.02  # looking may take this much of the UI thread; a costlier window is looked at less often
_SLICE_S = 0.002  # one slice of turning a look into words
_PAUSE_MS = 1


def outline(root: tkinter.Misc) -> dict[str, Any]:
    """What `root` and its dialogs show at this moment, as the file has it."""
    root.tk.eval(WALK)
    made = Outline(root, root.tk.eval("::screen_map::look"))
    for _ in made.steps():
        pass
    return made.result


class ScreenMap:
    """Keeps `file` an outline of what `root` and its dialogs show, from now until the window ends or `close()`."""

    def __init__(self, root: tkinter.Misc, file: Path, *, interval_ms: int = _INTERVAL_MS) -> None:
        self._root = root
        self._file = file
        self._interval_ms = interval_ms
        self._seen: tuple[str, Any] | None = None
        self._drawings: list[Describes] = []
        self._failing = False
        root.tk.eval(WALK)
        self._timer = root.after_idle(self._look)

    def close(self) -> None:
        """Stop looking; the file stays as it is."""
        self._root.after_cancel(self._timer)

    def _look(self) -> None:
        began = time.perf_counter()
        looked_at_ns = time.time_ns()
        raw = self._root.tk.eval("::screen_map::look")
        if (raw, self._drawn()) == self._seen:
            self._stamp(looked_at_ns)
            took_ms = (time.perf_counter() - began) * 1000
            self._timer = self._root.after(max(self._interval_ms, round(took_ms / _SHARE_OF_TIME)), self._look)
            return
        made = Outline(self._root, raw)
        self._timer = self._root.after(_PAUSE_MS, self._describe, made, made.steps(), looked_at_ns, raw)

    def _describe(self, made: Outline, steps: Iterator[None], looked_at_ns: int, raw: str) -> None:
        """Go on turning one look into words, a little at a time so that the window never waits for it."""
        until = time.perf_counter() + _SLICE_S
        for _ in steps:
            if time.perf_counter() > until:
                self._timer = self._root.after(_PAUSE_MS, self._describe, made, steps, looked_at_ns, raw)
                return
        self._drawings = made.drawings
        self._seen = (raw, self._drawn())
        self._write(json.dumps(made.result, ensure_ascii=False))
        self._stamp(looked_at_ns)
        self._timer = self._root.after(self._interval_ms, self._look)

    def _drawn(self) -> list[Any]:
        """What the canvases say now; one that is gone makes a difference in the walk already."""
        return [list(drawing.describe()) for drawing in self._drawings]

    def _write(self, text: str) -> None:
        fresh = self._file.with_name(self._file.name + ".new")
        try:
            # for its owner alone: names of workspaces and models are nobody else's business
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
                out.write(text)
            os.replace(fresh, self._file)
        except OSError as error:
            self._seen = None  # try again at the next look
            if not self._failing:
                log.warning("cannot write the screen map %s: %s", self._file, error)
            self._failing = True
        else:
            self._failing = False

    def _stamp(self, looked_at_ns: int) -> None:
        try:
            os.utime(self._file, ns=(looked_at_ns, looked_at_ns))
        except OSError:
            pass  # a file that is not there was complained about in _write
