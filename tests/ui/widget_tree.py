"""Look into a tree of widgets as a test does: by the names of the screen map, and by what can be read."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterator
from typing import Any


def walk(widget: tk.Misc) -> Iterator[tk.Misc]:
    """The widget and everything in it."""
    yield widget
    for child in widget.winfo_children():
        yield from walk(child)


def names(widget: tk.Misc) -> set[str]:
    """The names of all that is in it."""
    return {name for one in walk(widget) if (name := getattr(one, "screen_name", ""))}


def find(widget: tk.Misc, name: str) -> Any:
    """The widget of that name; AssertionError with the names there are."""
    for one in walk(widget):
        if getattr(one, "screen_name", "") == name:
            return one
    raise AssertionError(f"no {name!r} among {sorted(names(widget))}")


def texts(widget: tk.Misc) -> list[str]:
    """What can be read on labels and buttons that are on screen."""
    found = []
    for one in walk(widget):
        if one.winfo_class() in ("TLabel", "TButton", "TCheckbutton") and one.winfo_viewable():
            found.append(str(one.cget("text")))
    return found
