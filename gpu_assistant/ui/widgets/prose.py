"""Text that breaks its lines where its place ends, however wide that is. Tk's own label must be told a width."""

from __future__ import annotations

import tkinter as tk
from typing import Any

from gpu_assistant.ui.theme import Label, px

_LEAST_PX = 80
_STEADY_PX = 2
"""Less than the room that is kept at the edges."""


class Prose(Label):
    """A label whose lines wrap at its own width. Lay it out so that it is stretched: `fill="x"` or `sticky="ew"`."""

    def __init__(self, parent: tk.Misc, **options: Any) -> None:
        super().__init__(parent, **{"justify": "left", "anchor": "w", "wraplength": px(parent, 300), **options})
        self._least = px(self, _LEAST_PX)
        self._width = 0
        self.bind("<Configure>", self._wrap, add="+")

    def say(self, text: str) -> None:
        """Show this text; nothing is drawn when it is the same as before."""
        if str(self.cget("text")) != text:
            self.configure(text=text)

    def _wrap(self, event: tk.Event[tk.Misc]) -> None:
        if event.width <= 1:
            return  # it has no place yet: text of a word a line would make all around it as high as a tower
        width = max(event.width - px(self, 6), self._least)  # a label keeps a little room at its edges
        # Where the lines break decides how much width two columns ask for: if a pixel more or less broke them anew, the
        # columns could push that pixel to and fro for ever.
        if abs(width - self._width) > _STEADY_PX:
            self._width = width
            self.configure(wraplength=width)
