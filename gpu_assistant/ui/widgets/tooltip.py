"""A small text beside the pointer for what has no room on the page. Nothing is told in a tooltip alone."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from typing import Any

from gpu_assistant.ui import theme

_DELAY_MS = 500
_WIDTH = 360
"""The widest line, in pixels of a 96-dpi screen."""


class Tooltip:
    """Shows what `text_at(x, y)` says about the place under the resting pointer; empty shows nothing.

    `text_at` gets the widget's own coordinates and is called only once the pointer rests. Tk thread only.
    """

    def __init__(self, widget: tk.Misc, text_at: Callable[[int, int], str]) -> None:
        self._widget = widget
        self._text_at = text_at
        self._window: tk.Toplevel | None = None
        self._waiting: str | None = None
        self.text = ""
        """What is shown now."""
        widget.bind("<Motion>", self._moved, add="+")
        for event in ("<Leave>", "<ButtonPress>", "<KeyPress>", "<MouseWheel>", "<Unmap>", "<Destroy>"):
            widget.bind(event, self._hide, add="+")

    def show(self, x: int, y: int) -> None:
        """Show the text of that place now, or nothing where there is none."""
        self._hide()
        text = self._text_at(x, y)
        if not text:
            return
        colours = theme.colours(self._widget)
        self.text = text
        self._window = window = tk.Toplevel(self._widget, background=colours.muted)
        window.withdraw()
        window.wm_overrideredirect(True)
        tk.Label(
            window,
            text=text,
            font=theme.SMALL,
            justify="left",
            background=colours.surface,
            foreground=colours.text,
            wraplength=theme.px(window, _WIDTH),
            padx=theme.px(window, 8),
            pady=theme.px(window, 5),
        ).pack(padx=1, pady=1)
        window.update_idletasks()
        window.wm_geometry("+{}+{}".format(*self._place(window, x, y)))
        window.deiconify()
        window.lift()

    def _place(self, window: tk.Toplevel, x: int, y: int) -> tuple[int, int]:
        """Below and right of the pointer, moved so far that all of it is on the screen."""
        gap = theme.px(window, 16)
        width, height = window.winfo_reqwidth(), window.winfo_reqheight()
        left = min(self._widget.winfo_rootx() + x + gap // 2, window.winfo_screenwidth() - width)
        top = self._widget.winfo_rooty() + y + gap
        if top + height > window.winfo_screenheight():
            top = self._widget.winfo_rooty() + y - gap // 2 - height
        return max(left, 0), max(top, 0)

    def _moved(self, event: tk.Event[Any]) -> None:
        self._hide()
        self._waiting = self._widget.after(_DELAY_MS, self._rested, event.x, event.y)

    def _rested(self, x: int, y: int) -> None:
        self._waiting = None
        self.show(x, y)

    def _hide(self, event: object = None) -> None:
        self.text = ""
        if self._waiting is not None:
            self._widget.after_cancel(self._waiting)
            self._waiting = None
        if self._window is not None:
            window, self._window = self._window, None
            window.destroy()
