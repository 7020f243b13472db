"""The place to drop an image before there is one: large, and made for the keyboard as well."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from gpu_assistant.i18n import tr
from gpu_assistant.ui.theme import BODY, TITLE, Colours
from gpu_assistant.ui.widgets.drawing import Drawing, mixed


class DropZone(Drawing):
    """A dashed frame with a symbol, a sentence and a line on the other ways. A click, Return or Space asks for files.

    Dropping itself is made by the page (`DropTarget`), which calls `hover`.
    """

    def __init__(self, parent: tk.Misc, *, on_open: Callable[[], None], can_drop: bool) -> None:
        super().__init__(parent, width=480, height=240, focusable=True)
        self._can_drop = can_drop
        self._is_hovering = False
        self._is_under_pointer = False
        self.configure(cursor="hand2")
        for sequence in ("<Button-1>", "<Key-Return>", "<Key-KP_Enter>", "<Key-space>"):
            self.bind(sequence, lambda event: on_open(), add="+")
        self.bind("<Enter>", lambda event: self._point(True), add="+")
        self.bind("<Leave>", lambda event: self._point(False), add="+")

    def hover(self, hovering: bool) -> None:
        """Something droppable is held over the page, or no longer."""
        if hovering != self._is_hovering:
            self._is_hovering = hovering
            self.redraw()

    def draw(self, c: Colours, width: int, height: int) -> None:
        """Frame, symbol, sentence, hint."""
        edge = self.px(3)
        strong = self._is_hovering or self._is_under_pointer
        self.create_rectangle(
            edge,
            edge,
            width - edge,
            height - edge,
            dash=(self.px(8), self.px(6)),
            width=self.px(2),
            outline=c.accent if strong else mixed(c.muted, c.page, 0.6),
            fill=mixed(c.accent, c.page, 0.10) if self._is_hovering else c.surface,
        )
        symbol, gap = self.px(72), self.px(18)
        sentence = self._sentence()
        hint = tr("Or click, press Ctrl+O for files, Ctrl+V to paste")
        tall = symbol + gap + self.line(TITLE) + self.px(8) + self.line(BODY)
        top = (height - tall) / 2
        self._draw_symbol(c, width / 2, top, symbol)
        y = top + symbol + gap
        for text, font, colour in ((sentence, TITLE, c.text), (hint, BODY, c.muted)):
            shown = self.ellipsised(text, font, width - self.px(40))
            self.create_text(width / 2, y, text=shown, font=font, fill=colour, anchor="n")
            text_width = self.measure(shown, font)
            self.note(text, ((width - text_width) / 2, y, text_width, self.line(font)), shown=shown)
            y += self.line(font) + self.px(8)

    def _sentence(self) -> str:
        if self._is_hovering:
            return tr("Let go to score")
        return tr("Drop an image here") if self._can_drop else tr("Choose an image")

    def _draw_symbol(self, c: Colours, x: float, top: float, size: float) -> None:
        """A picture frame with hills and a sun: drawn, so that it is sharp at any size."""
        pen, colour = self.px(3), c.accent
        left, right, bottom = x - size * 0.6, x + size * 0.6, top + size
        self.create_rectangle(left, top, right, bottom, outline=colour, width=pen)
        sun = size * 0.09
        sun_x, sun_y = left + size * 0.32, top + size * 0.3
        self.create_oval(sun_x - sun, sun_y - sun, sun_x + sun, sun_y + sun, outline=colour, width=pen)
        hills = [
            (left, bottom - size * 0.18),
            (left + size * 0.36, top + size * 0.55),
            (left + size * 0.60, bottom - size * 0.2),
            (left + size * 0.82, top + size * 0.42),
            (right, top + size * 0.68),
        ]
        self.create_line(hills, fill=colour, width=pen, joinstyle="round")

    def _point(self, under: bool) -> None:
        self._is_under_pointer = under
        self.redraw()
