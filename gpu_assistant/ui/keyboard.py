"""The keys that work anywhere in the window."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from typing import NamedTuple

from gpu_assistant.wizard.state import Step

# Return means something of its own here.
_OWN_RETURN = frozenset(
    (
        "TButton",
        "Button",
        "TMenubutton",
        "TCombobox",
        "Treeview",
        "Text",
        "Listbox",
        "Menu",
        "TCheckbutton",
        "TRadiobutton",
    )
)


class Keys(NamedTuple):
    """What the keys do."""

    go: Callable[[Step], object]
    next: Callable[[], object]
    back: Callable[[], object]
    primary: Callable[[], object]
    """Return and Ctrl+Return."""
    escape: Callable[[], object]
    help: Callable[[], object]
    menu: Callable[[], object]
    quit: Callable[[], object]


def bind_keys(root: tk.Misc, keys: Keys) -> None:
    """Bind them to the window. Dialogs are windows of their own, where none of this applies."""

    def only_here(action: Callable[[], object]) -> Callable[[tk.Event[tk.Misc]], str | None]:
        # a Toplevel hands its keys on to the window it belongs to in no case, but a posted menu does
        def run(event: tk.Event[tk.Misc]) -> str | None:
            if _toplevel(event.widget) is not root:
                return None
            action()
            return "break"

        return run

    def on_return(event: tk.Event[tk.Misc]) -> str | None:
        if _toplevel(event.widget) is not root or _has_own_return(event.widget):
            return None
        keys.primary()
        return "break"

    for step in Step:
        root.bind(f"<Alt-Key-{int(step)}>", only_here(lambda step=step: keys.go(step)))  # type: ignore[misc]
    for sequences, action in (
        (("<Alt-Key-n>", "<Alt-Key-N>"), keys.next),
        (("<Alt-Key-b>", "<Alt-Key-B>"), keys.back),
        (("<Alt-Key-m>", "<Alt-Key-M>", "<F10>"), keys.menu),
        (("<Control-Return>", "<Control-KP_Enter>"), keys.primary),
        (("<Escape>",), keys.escape),
        (("<F1>",), keys.help),
        (("<Control-q>", "<Control-Q>", "<Control-w>", "<Control-W>"), keys.quit),
    ):
        for sequence in sequences:
            root.bind(sequence, only_here(action))
    for sequence in ("<Return>", "<KP_Enter>"):
        root.bind(sequence, on_return)


def _toplevel(widget: object) -> tk.Misc | None:
    return widget.winfo_toplevel() if isinstance(widget, tk.Misc) else None


def _has_own_return(widget: tk.Misc) -> bool:
    if widget.winfo_class() in _OWN_RETURN:
        return True
    return widget is not widget.winfo_toplevel() and bool(widget.bind("<Return>"))
