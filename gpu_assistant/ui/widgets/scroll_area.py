"""Room for a page that may become longer than the window."""

from __future__ import annotations

import tkinter as tk
from typing import Any

from gpu_assistant.ui import theme

_LEAST_PX = 100
_STEP_PX = 24
_TURN_STEPS = 2
"""Of a wheel that is turned by one notch."""


class ScrollArea(theme.Frame):
    """Put children into `inside`, which is as wide as the area and as high as they need. The scrollbar is there only
    when it is needed.

    A child that gets the keyboard focus is brought into view.
    """

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent)
        # A frame clips what is placed in it. Against a Canvas with a window in it: the width is settled by Tk itself,
        # also while the page is not on screen, so that its text is broken and drawn once.
        # (It asks for some room: of a grid that asks for one pixel, Tk lays out nothing.)
        least = theme.px(self, _LEAST_PX)
        self._hole = theme.Frame(self, width=least, height=least)
        self._bar = theme.Scrollbar(self, orient="vertical", command=self._pulled)
        self.inside = theme.Frame(self._hole)
        self._offset_px = 0
        """How much of `inside` is above what can be seen."""
        self._has_bar = False
        self.inside.place(x=0, y=0, relwidth=1)
        self._hole.grid(row=0, column=0, sticky="nsew")
        self._bar.grid(row=0, column=1, sticky="ns", padx=(theme.px(self, 6), 0))
        self._bar.grid_remove()
        self.rowconfigure(0, weight=1)
        self.columnconfigure(0, weight=1)
        self._hole.bind("<Configure>", self._fit, add="+")
        self.inside.bind("<Configure>", self._fit, add="+")
        # Wheel and focus events go to the child they happen in: listen on the window while this area is in it.
        top = self.winfo_toplevel()
        bound = [(name, top.bind(name, self._wheel, add="+")) for name in ("<MouseWheel>", "<Button-4>", "<Button-5>")]
        bound.append(("<FocusIn>", top.bind("<FocusIn>", self._focused, add="+")))
        self._bound = bound

    def destroy(self) -> None:
        top = self.winfo_toplevel()
        for name, funcid in self._bound:
            _unbind(top, name, funcid)
        super().destroy()

    def _fit(self, event: object = None) -> None:
        """Show the bar where it is needed, and no empty room below what is inside."""
        if self._hole.winfo_height() > 1:  # else it has no place yet
            self._move_to(self._offset_px)

    def _move_to(self, offset_px: float) -> None:
        length, seen = max(self.inside.winfo_reqheight(), 1), self._hole.winfo_height()
        offset = round(min(max(offset_px, 0), max(length - seen, 0)))
        if offset != self._offset_px:
            self._offset_px = offset
            self.inside.place_configure(y=-offset)
        self._bar.set(offset / length, min((offset + seen) / length, 1.0))
        if (length > seen) != self._has_bar:
            self._has_bar = length > seen
            self.after_idle(self._show_bar)  # Tk may just be laying out this very area: it would leave it half done

    def _show_bar(self) -> None:
        if self._has_bar:
            self._bar.grid()
        else:
            self._bar.grid_remove()

    def _pulled(self, action: str, amount: str, unit: str = "") -> None:
        """What a scrollbar says: "moveto" a share of all, or "scroll" a number of "units" or "pages"."""
        if action == "moveto":
            self._move_to(float(amount) * self.inside.winfo_reqheight())
        elif unit == "pages":
            self._move_to(self._offset_px + int(amount) * self._hole.winfo_height() * 0.9)
        else:
            self._move_by(int(amount))

    def _move_by(self, steps: int) -> None:
        self._move_to(self._offset_px + steps * theme.px(self, _STEP_PX))

    def _is_mine(self, widget: object) -> bool:
        return self.winfo_ismapped() and str(widget).startswith(f"{self.inside}.")

    def _wheel(self, event: tk.Event[Any]) -> None:
        if not self._is_mine(event.widget) or self._scrolls_itself(event.widget) or not self._has_bar:
            return
        up = event.num == 4 or event.delta > 0
        self._move_by(-_TURN_STEPS if up else _TURN_STEPS)

    @staticmethod
    def _scrolls_itself(widget: tk.Misc) -> bool:
        return widget.winfo_class() in ("Treeview", "Text", "Listbox", "TCombobox", "TSpinbox")

    def _focused(self, event: tk.Event[Any]) -> None:
        if self._is_mine(event.widget):
            self._scroll_to(event.widget)

    def bring_into_view(self, widget: tk.Misc) -> None:
        """Scroll as little as shows a widget that is somewhere inside, also one that has just grown; of a higher one
        than the area, its end."""
        self.update_idletasks()  # what has just grown has its place first
        if not self.winfo_exists():  # among what was due there was a change of language, which makes everything anew
            return
        self._fit()
        self.update_idletasks()
        if self.winfo_exists() and widget.winfo_exists():
            self._scroll_to(widget)

    def _scroll_to(self, widget: tk.Misc) -> None:
        top = widget.winfo_rooty() - self.inside.winfo_rooty()
        bottom, seen = top + widget.winfo_height(), self._hole.winfo_height()
        margin = theme.px(self, _STEP_PX / 2)
        if top < self._offset_px:
            self._move_to(top - margin)
        elif bottom > self._offset_px + seen:
            self._move_to(bottom - seen + margin)


def _unbind(widget: tk.Misc, sequence: str, funcid: str) -> None:
    """Take one binding back and leave the others; tkinter's own `unbind` takes all of the sequence before 3.12."""
    kept = [line for line in widget.bind(sequence).splitlines() if funcid not in line]
    widget.tk.call("bind", str(widget), sequence, "\n".join(kept))
    widget.deletecommand(funcid)
