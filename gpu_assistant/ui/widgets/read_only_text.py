"""Text to read, select and copy, and not to change: logs, files."""

from __future__ import annotations

import tkinter as tk
from typing import Any

from gpu_assistant.ui import theme
from gpu_assistant.ui.theme import Frame, Scrollbar, colours, px


class ReadOnlyText(Frame):
    """A monospaced text with its scroll bars. `text` is the Tk widget itself, normally disabled: see `editing`.

    The tags "error" and "warning" carry the theme's colours. Tk thread only.
    """

    def __init__(self, parent: tk.Misc, *, height: int = 10, width: int = 40, wrap: str = "none") -> None:
        super().__init__(parent)
        self.text = tk.Text(
            self,
            height=height,
            width=width,
            wrap=wrap,  # type: ignore[arg-type]
            font=theme.MONO,
            state="disabled",
            takefocus=True,  # a disabled text is passed over by Tab otherwise
            borderwidth=0,
            highlightthickness=px(self, 1),
            padx=px(self, 8),
            pady=px(self, 6),
            undo=False,
        )
        down = Scrollbar(self, orient="vertical", command=self.text.yview)
        self.text.configure(yscrollcommand=lambda first, last: _set(down, first, last, row=0, column=1, sticky="ns"))
        self.text.grid(row=0, column=0, sticky="nsew")
        if wrap == "none":
            across = Scrollbar(self, orient="horizontal", command=self.text.xview)
            self.text.configure(
                xscrollcommand=lambda first, last: _set(across, first, last, row=1, column=0, sticky="ew")
            )
        self.rowconfigure(0, weight=1)
        self.columnconfigure(0, weight=1)
        # On X11 a disabled text does not take the focus when clicked, and then Ctrl+C has nothing to copy.
        self.text.bind("<Button-1>", lambda event: self.text.focus_set(), add="+")
        self.text.bind("<Control-a>", self._select_all)
        self.text.bind("<<ThemeChanged>>", lambda event: self._colour(), add="+")
        self._colour()

    def editing(self) -> _Editing:
        """`with view.editing(): view.text.insert(…)`."""
        return _Editing(self.text)

    def say(self, content: str) -> None:
        """Show this and nothing else, from its beginning."""
        with self.editing():
            self.text.delete("1.0", "end")
            self.text.insert("1.0", content)
        self.text.see("1.0")

    def _select_all(self, event: tk.Event[tk.Misc]) -> str:
        self.text.tag_add("sel", "1.0", "end-1c")
        return "break"

    def _colour(self) -> None:
        c = colours(self)
        self.text.configure(
            background=c.surface,
            foreground=c.text,
            insertbackground=c.text,
            selectbackground=c.accent,
            selectforeground=c.on_accent,
            inactiveselectbackground=c.accent,
            highlightbackground=c.faint,
            highlightcolor=c.accent,
        )
        self.text.tag_configure("error", foreground=c.danger)
        self.text.tag_configure("warning", foreground=c.warning)
        self.text.tag_raise("sel")


class _Editing:
    """Unlocks a text for the program's own changes."""

    def __init__(self, text: tk.Text) -> None:
        self._text = text

    def __enter__(self) -> None:
        self._text.configure(state="normal")

    def __exit__(self, *about: Any) -> None:
        self._text.configure(state="disabled")


def _set(bar: Scrollbar, first: float, last: float, **where: Any) -> None:
    """Tell a scroll bar what can be seen; it is there only while that is not everything."""
    bar.set(first, last)
    if float(first) <= 0.0 and float(last) >= 1.0:
        bar.grid_remove()
    else:
        bar.grid(**where)
