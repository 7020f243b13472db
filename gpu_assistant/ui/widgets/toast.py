"""Messages that pass by: bottom right over the page, gone by themselves."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from gpu_assistant.ui.desk import Mood
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, px

_SHOWN = 4
_LEAST_MS = 4000
_PER_LETTER_MS = 50
_SYMBOLS = {Mood.INFO: "i", Mood.GOOD: "✓", Mood.WARNING: "!"}
_STYLES = {Mood.INFO: "Info", Mood.GOOD: "Good", Mood.WARNING: "Warning"}


class Toasts:
    """The stack of messages over one window, the newest lowest. Tk thread.

    A message stays while the pointer is on it. The same text twice in a row is shown once, for longer.
    """

    def __init__(self, root: tk.Misc, *, above: int = 0) -> None:
        """`above` pixels are left free at the foot of the window, for its footer."""
        self._root = root
        self._above = above
        self._stack: list[_Toast] = []

    def show(self, text: str, mood: Mood = Mood.INFO) -> None:
        """Add a message; the oldest goes when there are too many."""
        for toast in self._stack:
            if toast.text == text:
                toast.stay()
                return
        self._stack.append(_Toast(self._root, text, mood, self._remove))
        while len(self._stack) > _SHOWN:
            self._stack[0].close()
        self._arrange()

    def close_newest(self) -> bool:
        """Close one; False when there is none."""
        if not self._stack:
            return False
        self._stack[-1].close()
        return True

    def close(self) -> None:
        """Close them all."""
        while self.close_newest():
            pass

    @property
    def texts(self) -> tuple[str, ...]:
        """What is shown now, oldest first."""
        return tuple(toast.text for toast in self._stack)

    def _remove(self, toast: _Toast) -> None:
        if toast in self._stack:
            self._stack.remove(toast)
            self._arrange()

    def _arrange(self) -> None:
        up = self._above + px(self._root, 12)
        for toast in reversed(self._stack):
            toast.place(relx=1.0, rely=1.0, x=-px(self._root, 16), y=-up, anchor="se")
            toast.lift()
            toast.update_idletasks()
            up += toast.winfo_reqheight() + px(self._root, 8)


class _Toast(Frame):
    def __init__(self, root: tk.Misc, text: str, mood: Mood, on_close: Callable[[_Toast], None]) -> None:
        super().__init__(root, style="Toast.TFrame", padding=px(root, 1))
        self.text = text
        self._on_close = on_close
        self._timer = ""
        kind = _STYLES[mood]
        Frame(self, style=f"Edge{kind}.TFrame", width=px(self, 4)).grid(row=0, column=0, sticky="ns")
        Label(self, text=_SYMBOLS[mood], style=f"Strip{kind}.TLabel").grid(
            row=0, column=1, sticky="n", padx=(px(self, 12), px(self, 8)), pady=px(self, 10)
        )
        body = Label(self, text=text, style="Strip.TLabel", wraplength=px(self, 320), justify="left")
        named(body, "toast").grid(row=0, column=2, sticky="w", pady=px(self, 10))
        close = Button(self, text="×", style="StripClose.TButton", command=self.close, takefocus=False)
        named(close, "toast.close").grid(row=0, column=3, sticky="ne", padx=px(self, 6), pady=px(self, 6))
        for widget in (self, body):
            widget.bind("<Button-1>", lambda event: self.close(), add="+")
        self.bind("<Enter>", lambda event: self._stop(), add="+")
        self.bind("<Leave>", lambda event: self.stay(), add="+")
        self.stay()

    def stay(self) -> None:
        """Count from the beginning."""
        self._stop()
        self._timer = self.after(_LEAST_MS + _PER_LETTER_MS * len(self.text), self.close)

    def close(self) -> None:
        self._stop()
        self.destroy()
        self._on_close(self)

    def _stop(self) -> None:
        if self._timer:
            self.after_cancel(self._timer)
            self._timer = ""
