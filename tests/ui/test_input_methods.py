"""Dead keys and the like, which need an input method, where text is typed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from gpu_assistant.ui.theme import Button, Entry, Root
from tests.ui.screen import Screen, wait_until


@pytest.fixture
def dead_accents(screen: Screen) -> Iterator[None]:
    """A keyboard that has them."""
    _set_keyboard(screen, "us", "intl")
    yield
    _set_keyboard(screen, "us")


def _set_keyboard(screen: Screen, *layout: str) -> None:
    subprocess.run(["setxkbmap", *layout], env=screen.environment, check=True, timeout=10)


def _in_use(root: Root) -> bool:
    return root.tk.getboolean(root.tk.call("tk", "useinputmethods"))


def test_accents_can_be_typed_into_every_field_that_is_entered(dead_accents: None, root: Root, screen: Screen) -> None:
    button, fields = Button(root, text="Go"), (Entry(root), Entry(root))
    for widget in (button, *fields):
        widget.pack()
    button.focus_force()
    root.update()
    for field, accent, letter, composed in (
        (fields[0], "dead_acute", "e", "é"),
        (fields[1], "dead_diaeresis", "u", "ü"),
        (fields[0], "dead_grave", "a", "éà"),
    ):
        field.focus_set()
        root.update()
        screen.xdotool("key", accent, letter)

        def typed(field: Entry = field, composed: str = composed) -> bool:
            root.update()
            return bool(field.get() == composed)

        wait_until(typed, 10, lambda field=field: f"the field says {field.get()!r}")  # type: ignore[misc]
        button.focus_set()
        root.update()


def test_input_methods_are_asked_for_by_fields_only(root: Root) -> None:
    button, field = Button(root, text="Go"), Entry(root)
    button.pack()
    field.pack()
    button.focus_force()
    root.update()
    assert not _in_use(root)
    field.focus_set()
    root.update()
    assert _in_use(root)
    button.focus_set()
    root.update()
    assert not _in_use(root)
