"""The styles of all widgets that the pages use, made before the pages are."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Iterator

from gpu_assistant.ui.theme import (
    Button,
    Checkbutton,
    Combobox,
    Entry,
    Menubutton,
    Notebook,
    Radiobutton,
    Root,
    Scrollbar,
    Separator,
    Spinbox,
    Treeview,
)

_KINDS: tuple[Callable[[tk.Misc], tk.Widget], ...] = (
    lambda parent: Button(parent, bootstyle="primary"),
    lambda parent: Button(parent, bootstyle="secondary-outline"),
    lambda parent: Button(parent, bootstyle="primary-outline"),
    lambda parent: Button(parent, bootstyle="danger-outline"),
    lambda parent: Button(parent, bootstyle="danger"),
    lambda parent: Button(parent, bootstyle="link"),
    lambda parent: Button(parent, bootstyle="primary-link"),
    lambda parent: Scrollbar(parent, orient="vertical"),
    lambda parent: Scrollbar(parent, orient="horizontal"),
    Separator,
    Entry,
    Radiobutton,
    lambda parent: Radiobutton(parent, bootstyle="secondary-outline-toolbutton"),
    Checkbutton,
    Combobox,
    Spinbox,
    Treeview,
    Notebook,
    lambda parent: Menubutton(parent, bootstyle="secondary-outline"),
)


def make_styles_ahead(root: Root) -> Iterator[None]:
    """Make one style a step, and last what dropping takes. Tk thread.

    The toolkit makes a style with the first widget of its kind, and with each new style Tk lays out and draws every
    widget anew: 15 ms while only the first page exists, 60 ms when all do.
    """
    for kind in _KINDS:
        kind(root).destroy()
        yield
    _ = root.can_drop  # loads what dropping takes
    yield
