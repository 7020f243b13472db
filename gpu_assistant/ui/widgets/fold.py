"""Something that is folded away until the person wants to see it."""

from __future__ import annotations

import tkinter as tk

from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame


class Fold(Frame):
    """A button "▸ Details" with `inside` below it, shown only while unfolded. Fill `inside`; Tk thread only."""

    def __init__(self, parent: tk.Misc, label: str, *, name: str, unfolded: bool = False) -> None:
        """`label` is translated already; `name` is the button's name on the screen map."""
        super().__init__(parent)
        self._label = label
        self._button = named(Button(self, bootstyle="link", command=self.toggle, padding=0), name)
        self._button.grid(row=0, column=0, sticky="w")
        self.inside = Frame(self)
        self.columnconfigure(0, weight=1)
        self._unfolded = False
        self.unfold(unfolded)

    @property
    def is_unfolded(self) -> bool:
        """Whether `inside` can be seen."""
        return self._unfolded

    def toggle(self) -> None:
        """The other way round."""
        self.unfold(not self._unfolded)

    def unfold(self, unfolded: bool = True) -> None:
        """Show or hide `inside`."""
        self._unfolded = unfolded
        self._button.configure(text=f"{'▾' if unfolded else '▸'} {self._label}")
        if unfolded:
            self.inside.grid(row=1, column=0, sticky="nsew", pady=(4, 0))
            self.rowconfigure(1, weight=1)
        else:
            self.inside.grid_remove()
            self.rowconfigure(1, weight=0)
