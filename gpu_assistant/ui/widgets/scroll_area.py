"""Room for a page that may become longer than the window."""

from __future__ import annotations

import tkinter as tk
from typing import Any

from gpu_assistant.ui import theme


class ScrollArea(theme.Frame):
    """Put children into `inside`, which is as wide as the area and as high as they need. The scrollbar is there only
    when it is needed.

    A child that gets the keyboard focus is brought into view.
    """

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent)
        self._canvas = tk.Canvas(self, highlightthickness=0, borderwidth=0, yscrollincrement=theme.px(self, 24))
        self._bar = theme.Scrollbar(self, orient="vertical", command=self._canvas.yview)
        self.inside = theme.Frame(self._canvas)
        self._item = self._canvas.create_window(0, 0, window=self.inside, anchor="nw")
        self._canvas.grid(row=0, column=0, sticky="nsew")
        self._bar.grid(row=0, column=1, sticky="ns", padx=(theme.px(self, 6), 0))
        self._bar.grid_remove()
        self.rowconfigure(0, weight=1)
        self.columnconfigure(0, weight=1)
        self._canvas.configure(yscrollcommand=self._scrolled)
        self._canvas.bind("<Configure>", self._fit, add="+")
        self.inside.bind("<Configure>", self._fit, add="+")
        self.bind("<<ThemeChanged>>", self._paint, add="+")
        self._paint()
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

    def _paint(self, event: object = None) -> None:
        self._canvas.configure(background=theme.colours(self).page)

    def _fit(self, event: object = None) -> None:
        width = self._canvas.winfo_width()
        self._canvas.itemconfigure(self._item, width=width)
        self._canvas.configure(scrollregion=(0, 0, width, self.inside.winfo_reqheight()))

    def _scrolled(self, first: float, last: float) -> None:
        self._bar.set(first, last)
        if float(first) <= 0.0 and float(last) >= 1.0:
            self._bar.grid_remove()
        else:
            self._bar.grid()

    def _is_mine(self, widget: object) -> bool:
        return self.winfo_ismapped() and str(widget).startswith(f"{self.inside}.")

    def _wheel(self, event: tk.Event[Any]) -> None:
        if not self._is_mine(event.widget) or self._scrolls_itself(event.widget) or not self._bar.winfo_manager():
            return
        up = event.num == 4 or event.delta > 0
        self._canvas.yview_scroll(-2 if up else 2, "units")

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
        bottom, height = top + widget.winfo_height(), self._canvas.winfo_height()
        seen = self._canvas.canvasy(0)
        length = max(self.inside.winfo_height(), 1)
        margin = theme.px(self, 12)
        if top < seen:
            self._canvas.yview_moveto(max(top - margin, 0) / length)
        elif bottom > seen + height:
            self._canvas.yview_moveto((bottom - height + margin) / length)


def _unbind(widget: tk.Misc, sequence: str, funcid: str) -> None:
    """Take one binding back and leave the others; tkinter's own `unbind` takes all of the sequence before 3.12."""
    kept = [line for line in widget.bind(sequence).splitlines() if funcid not in line]
    widget.tk.call("bind", str(widget), sequence, "\n".join(kept))
    widget.deletecommand(funcid)
