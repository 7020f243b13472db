"""The best answer in large letters, with the file it is about above it."""

from __future__ import annotations

import tkinter as tk

from gpu_assistant.ui.theme import HEADING, SMALL, TITLE, Colours
from gpu_assistant.ui.widgets.drawing import Drawing


class Headline(Drawing):
    """Two lines, each cut with … where it is too long for the place. What is no answer is said in a smaller font."""

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent, width=280)
        self._caption, self._title, self._is_answer = "", "", True
        self._gap = self.px(2)
        self.configure(height=self.line(SMALL) + self._gap + self.line(TITLE))

    def show(self, caption: str, title: str, *, is_answer: bool = True) -> None:
        """Show these two lines."""
        if (caption, title, is_answer) != (self._caption, self._title, self._is_answer):
            self._caption, self._title, self._is_answer = caption, title, is_answer
            self.redraw()

    def draw(self, c: Colours, width: int, height: int) -> None:
        """Small above large."""
        y = 0
        for text, font, colour in (
            (self._caption, SMALL, c.muted),
            (self._title, TITLE if self._is_answer else HEADING, c.text),
        ):
            shown = self.ellipsised(text, font, width)
            self.create_text(0, y, text=shown, font=font, fill=colour, anchor="nw")
            self.note(text, (0, y, width, self.line(font)), shown=shown)
            y += self.line(font) + self._gap
