"""A menu that comes up at a button."""

from __future__ import annotations

import tkinter as tk

from gpu_assistant.ui.theme import BODY, Menu, colours, px


class PopupMenu(Menu):
    """The toolkit's, with an entry pointed at and headings that can be read. Tk thread."""

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent, font=BODY, activeborderwidth=px(parent, 3))
        self.bind("<<ThemeChanged>>", lambda event: self._colour(), add="+")
        self._colour()

    def _colour(self) -> None:
        c = colours(self)
        self.configure(
            activebackground=c.accent,
            activeforeground=c.on_accent,
            disabledforeground=c.muted,
            selectcolor=c.text,
        )
