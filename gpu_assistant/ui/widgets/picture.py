"""The image that was scored, as large as its place allows."""

from __future__ import annotations

import tkinter as tk
from functools import partial
from pathlib import Path

from PIL import Image, ImageTk

from gpu_assistant.i18n import tr
from gpu_assistant.ui.background import Background
from gpu_assistant.ui.preview import decode_preview
from gpu_assistant.ui.theme import BODY, HEADING, Colours
from gpu_assistant.ui.widgets.drawing import Drawing, mixed

_RESIZE_SETTLES_MS = 150


class Picture(Drawing):
    """Shows a file; decoding happens on a thread, and only the latest request counts.

    The picture before stays until the next one is there, so that nothing flickers. What cannot be decoded gets a
    placeholder: why it cannot is said where the answer would be.
    """

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent, width=320, height=240)
        self._background: Background[Image.Image] = Background(self, "preview")
        self._path: Path | None = None
        self._asked: tuple[Path, tuple[int, int]] | None = None
        self._photo: ImageTk.PhotoImage | None = None
        self._is_broken = False
        self._is_hovering = False
        self._settling = ""
        self.bind("<Configure>", lambda event: self._resized(), add="+")

    def show(self, path: Path | None) -> None:
        """Show this file; None for nothing."""
        if path == self._path:
            return
        self._path = path
        if path is None:
            self._background.forget()
            self._photo, self._is_broken, self._asked = None, False, None
            self.redraw()
        else:
            self._ask()

    def hover(self, hovering: bool) -> None:
        """Something droppable is held over the page, or no longer."""
        if hovering != self._is_hovering:
            self._is_hovering = hovering
            self.redraw()

    @property
    def is_ready(self) -> bool:
        """Whether what is on screen is the file that was asked for last, or its placeholder."""
        return self._path is None or (self._asked is None and (self._photo is not None or self._is_broken))

    def draw(self, c: Colours, width: int, height: int) -> None:
        """The picture in the middle of a quiet field; while something is held over it, what letting go does."""
        self.create_rectangle(0, 0, width, height, fill=c.surface, width=0)
        if self._is_broken:
            self._draw_placeholder(c, width, height)
        elif self._photo is not None:
            self.create_image(width / 2, height / 2, image=self._photo)
            wide, tall = self._photo.width(), self._photo.height()
            name = self._path.name if self._path else ""
            self.note(name, ((width - wide) / 2, (height - tall) / 2, wide, tall), role="image", state="shown")
        elif self._path is not None:
            self.note(self._path.name, (0, 0, width, height), role="image", state="loading")
        if self._is_hovering:
            self._draw_hover(c, width, height)

    def _draw_placeholder(self, c: Colours, width: int, height: int) -> None:
        size, pen = self.px(64), self.px(3)
        x, y = width / 2, height / 2 - self.px(16)
        left, right, top, bottom = x - size * 0.6, x + size * 0.6, y - size / 2, y + size / 2
        self.create_rectangle(left, top, right, bottom, outline=c.muted, width=pen)
        arm = size * 0.2
        self.create_line(x - arm, y - arm, x + arm, y + arm, fill=c.muted, width=pen)
        self.create_line(x - arm, y + arm, x + arm, y - arm, fill=c.muted, width=pen)
        text = tr("No preview of this file")
        self.create_text(x, bottom + self.px(12), text=text, font=BODY, fill=c.muted, anchor="n")
        self.note(text, (left, top, right - left, bottom - top + self.px(40)), role="image", state="broken")

    def _draw_hover(self, c: Colours, width: int, height: int) -> None:
        edge = self.px(3)
        dash = (self.px(8), self.px(6))
        self.create_rectangle(
            edge, edge, width - edge, height - edge, dash=dash, width=self.px(3), outline=c.accent, fill=""
        )
        text = tr("Let go to score")
        wide, tall = self.measure(text, HEADING) + self.px(32), self.line(HEADING) + self.px(16)
        left, top = (width - wide) / 2, (height - tall) / 2
        self.create_rectangle(left, top, left + wide, top + tall, fill=c.accent, outline=mixed(c.accent, c.page, 0.5))
        self.create_text(width / 2, height / 2, text=text, font=HEADING, fill=c.on_accent)
        self.note(text, (left, top, wide, tall))

    def _resized(self) -> None:
        if self._settling:
            self.after_cancel(self._settling)
        # The first size is asked for at once; while a person drags the window's edge, only the last one.
        waits = _RESIZE_SETTLES_MS if self._photo is not None else 0
        self._settling = self.after(waits, self._settled)

    def _settled(self) -> None:
        self._settling = ""
        if self._path is not None:
            self._ask()

    def _ask(self) -> None:
        assert self._path is not None
        box = (self.winfo_width(), self.winfo_height())
        if box[0] <= 1 or box[1] <= 1 or self._asked == (self._path, box):
            return  # not on screen yet: <Configure> asks
        self._asked = (self._path, box)
        self._background.forget()
        self._background.run(partial(decode_preview, self._path, box), self._received)

    def _received(self, answer: Image.Image | Exception) -> None:
        self._asked = None
        self._is_broken = isinstance(answer, Exception)
        self._photo = None if isinstance(answer, Exception) else ImageTk.PhotoImage(answer, master=self)
        self.redraw()

    def _cancel(self) -> None:
        super()._cancel()
        if self._settling:
            self.after_cancel(self._settling)
            self._settling = ""
