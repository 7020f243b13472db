"""What the drawn widgets have in common: a Canvas that draws itself anew, and can say what it drew."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence
from typing import Any

from gpu_assistant.ui.theme import Colours, colours, px

Rect = tuple[float, float, float, float]
"""x, y, width, height in the widget's own pixels."""


class Drawing(tk.Canvas):
    """Give `draw`; it is called after changes of size and theme and after `redraw()`, once for several. Tk thread only.

    Sizes given to it are pixels of a 96-dpi screen.
    """

    def __init__(self, parent: tk.Misc, *, width: float = 10, height: float = 10, focusable: bool = False) -> None:
        super().__init__(
            parent,
            width=px(parent, width),
            height=px(parent, height),
            borderwidth=0,
            highlightthickness=px(parent, 2) if focusable else 0,
            takefocus=focusable,
        )
        self._entries: list[dict[str, Any]] = []
        self._due = ""
        self.bind("<Configure>", lambda event: self.redraw(), add="+")
        self.bind("<<ThemeChanged>>", lambda event: self.redraw(), add="+")
        self.bind("<Destroy>", lambda event: self._cancel(), add="+")
        if focusable:
            self.bind("<Button-1>", lambda event: self.focus_set(), add="+")

    def draw(self, c: Colours, width: int, height: int) -> None:
        """Draw on the empty canvas, which is that large inside its focus ring, with (0, 0) its inner corner."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw when Tk is idle."""
        if not self._due:
            self._due = self.after_idle(self._draw_now)

    def describe(self) -> Sequence[dict[str, Any]]:
        """What was last drawn, as entries with `text`, `role` and `rect`."""
        return self._entries

    def note(self, text: str, rect: Rect, *, role: str = "label", **more: Any) -> None:
        """Remember that this was drawn; `rect` is where, inside the focus ring."""
        ring = self._ring
        self._entries.append(
            {"text": text, "role": role, "rect": (rect[0] + ring, rect[1] + ring, rect[2], rect[3]), **more}
        )

    def px(self, pixels: float) -> int:
        """`pixels` of a 96-dpi screen in pixels of this one."""
        return px(self, pixels)

    def measure(self, text: str, font: str) -> int:
        """How wide a text is in one of the theme's named fonts."""
        return int(self.tk.call("font", "measure", font, "-displayof", self, text))

    def line(self, font: str) -> int:
        """The height of a line in this font."""
        return int(self.tk.call("font", "metrics", font, "-displayof", self, "-linespace"))

    def ellipsised(self, text: str, font: str, width: float) -> str:
        """`text`, cut with … where it would be wider than `width` pixels."""
        if self.measure(text, font) <= width:
            return text
        fits, too_long = 0, len(text)
        while fits + 1 < too_long:
            middle = (fits + too_long) // 2
            if self.measure(f"{text[:middle].rstrip()}…", font) <= width:
                fits = middle
            else:
                too_long = middle
        return f"{text[:fits].rstrip()}…"

    @property
    def _ring(self) -> int:
        return int(str(self.cget("highlightthickness")))

    def _draw_now(self) -> None:
        self._due = ""
        c = colours(self)
        ring = self._ring
        self.configure(background=c.page, highlightbackground=c.page, highlightcolor=c.accent)
        self.delete("all")
        self._entries = []
        width, height = self.winfo_width() - 2 * ring, self.winfo_height() - 2 * ring
        if width > 1 and height > 1:
            self.draw(c, width, height)
            if ring:
                self.move("all", ring, ring)

    def _cancel(self) -> None:
        if self._due:
            self.after_cancel(self._due)
            self._due = ""


def mixed(one: str, other: str, share: float) -> str:
    """The colour that is `share` (0 to 1) of `one` and the rest of `other`; both as #rrggbb."""
    parts = (round(int(one[at : at + 2], 16) * share + int(other[at : at + 2], 16) * (1 - share)) for at in (1, 3, 5))
    return "#" + "".join(f"{part:02x}" for part in parts)
