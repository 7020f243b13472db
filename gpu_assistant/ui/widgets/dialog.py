"""What every window in front of the main one has in common."""

from __future__ import annotations

import tkinter as tk
from typing import Any

from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Frame, Toplevel, px


class Dialog(Toplevel):
    """A window over `parent`, in its middle, that Escape closes and that gives the focus back. Fill `inside`, then
    `show`. While a modal one is open the other windows do not take input. Tk thread.
    """

    def __init__(self, parent: tk.Misc, *, title: str, name: str, modal: bool = True) -> None:
        """`name` is for the screen map."""
        super().__init__(title=title, master=parent)
        self.withdraw()
        self._parent = parent.winfo_toplevel()
        self._modal = modal
        self._grab_before = parent.grab_current() if _can_tell_focus(parent) else None
        self._focus_before = parent.focus_get() if _can_tell_focus(parent) else None
        self.transient(self._parent)
        self.protocol("WM_DELETE_WINDOW", self.escape)
        self.bind("<Escape>", lambda event: self.escape())
        self.inside = named(Frame(self, padding=px(self, 20)), name)
        self.inside.pack(fill="both", expand=True)

    def escape(self) -> None:
        """The person wants it gone without an answer."""
        self.close()

    def show(self, focus: tk.Misc | None = None, *, resizable: bool = False) -> None:
        """Show it, with the keyboard on `focus`."""
        self.resizable(resizable, resizable)
        self.update_idletasks()
        self.geometry(self._place())
        if resizable:
            self.minsize(self.winfo_reqwidth(), self.winfo_reqheight())
        self.deiconify()
        self.lift()
        self.wait_visibility()
        if self._modal:
            self.grab_set()
        (focus or self).focus_force()

    def wait(self) -> None:
        """Return when it is closed; the window lives on meanwhile."""
        self._parent.wait_window(self)

    def close(self) -> None:
        """Close it. The keyboard goes back to where it was."""
        if not self.winfo_exists():
            return
        self.grab_release()
        self.destroy()
        if self._grab_before is not None and self._grab_before.winfo_exists():
            self._grab_before.grab_set()
        before: Any = self._focus_before
        if before is not None and before.winfo_exists():
            before.focus_set()

    def _place(self) -> str:
        width, height = self.winfo_reqwidth(), self.winfo_reqheight()
        owner = self._parent
        if owner.winfo_viewable():
            left = owner.winfo_rootx() + (owner.winfo_width() - width) // 2
            top = owner.winfo_rooty() + (owner.winfo_height() - height) // 3
        else:
            left, top = (self.winfo_screenwidth() - width) // 2, (self.winfo_screenheight() - height) // 3
        left = min(max(left, 0), max(self.winfo_screenwidth() - width, 0))
        top = min(max(top, 0), max(self.winfo_screenheight() - height, 0))
        return f"+{left}+{top}"


def _can_tell_focus(widget: tk.Misc) -> bool:
    """Tk names a combobox's own list, which tkinter does not know, and then raises KeyError."""
    try:
        widget.focus_get()
    except KeyError:
        return False
    return True
