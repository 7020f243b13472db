"""Input methods (dead keys, Korean) where text is typed, and nowhere else."""

from __future__ import annotations

import tkinter as tk

_TAKE_TEXT = ("TEntry", "TCombobox", "TSpinbox", "Entry", "Spinbox", "Text")


def keep_input_methods_to_text(root: tk.Tk) -> None:
    """Switch them on while the keyboard is in a field, off while it is not. Before the first widget is made.

    While they are on, Tk opens a connection to them for each widget that gets an event, be it only its place: four
    questions to the X server a widget, some hundreds for a page, during which the window stands still.
    """
    if root.tk.call("tk", "windowingsystem") != "x11" or not root.tk.getboolean(root.tk.call("tk", "useinputmethods")):
        return
    root.tk.call("tk", "useinputmethods", False)
    # On between leaving one widget and entering the next: a field has to enter with them. In Tcl, for it happens with
    # every move of the keyboard; the last one comes when the window is gone.
    takes_text = f"[winfo class %W] in {{{' '.join(_TAKE_TEXT)}}}"
    root.tk.call("bind", "all", "<FocusOut>", "+catch {tk useinputmethods 1}")
    root.tk.call("bind", "all", "<FocusIn>", f"+catch {{tk useinputmethods [expr {{{takes_text}}}]}}")
