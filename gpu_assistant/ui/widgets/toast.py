"""Messages that pass by: at the foot of the window, gone by themselves."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from gpu_assistant.ui.desk import Mood
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Frame, Label, PlainButton, px

_LEFT = 324
"""Right of the side bar and of the footer's Back, in pixels of a 96-dpi screen."""
_LEAST_MS = 4000
_PER_LETTER_MS = 50
_SYMBOLS = {Mood.INFO: "i", Mood.GOOD: "✓", Mood.WARNING: "!"}
_STYLES = {Mood.INFO: "Info", Mood.GOOD: "Good", Mood.WARNING: "Warning"}


class Toasts:
    """The message over one window: the newest, for two would cover buttons. Tk thread.

    It stays while the pointer is on it. The same text again is shown for longer.
    """

    def __init__(self, root: tk.Misc, *, above: int = 0) -> None:
        """`above` pixels at the foot of the window are its footer's. A message stands in the footer's free middle, so
        that it covers no button: neither the one that was just pressed nor the one to press next. One of many lines
        grows upwards."""
        self._root = root
        self._above = above
        self._shown: _Toast | None = None

    def show(self, text: str, mood: Mood = Mood.INFO) -> None:
        """Show a message in place of the one before."""
        if self._shown is not None and self._shown.text == text:
            self._shown.stay()
            return
        self.close_newest()
        toast = self._shown = _Toast(self._root, text, mood, self._forget)
        toast.update_idletasks()
        up = max((self._above - toast.winfo_reqheight()) // 2, px(self._root, 8))
        toast.place(x=px(self._root, _LEFT), rely=1.0, y=-up, anchor="sw")
        toast.lift()

    def close_newest(self) -> bool:
        """Close what is shown; False when there is nothing."""
        if self._shown is None:
            return False
        self._shown.close()
        return True

    def close(self) -> None:
        """Show nothing any more."""
        self.close_newest()

    @property
    def texts(self) -> tuple[str, ...]:
        """What is shown now."""
        return (self._shown.text,) if self._shown is not None else ()

    def _forget(self, toast: _Toast) -> None:
        if toast is self._shown:
            self._shown = None


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
        close = PlainButton(self, text="×", style="StripClose.TButton", command=self.close, takefocus=False)
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
