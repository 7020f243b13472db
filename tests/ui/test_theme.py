"""What the toolkit layer promises to all widgets."""

from __future__ import annotations

from tkinter import ttk

import pytest

from gpu_assistant.ui.theme import Progressbar, Root, colours, use_dark
from tests.ui.in_process import pump_until


@pytest.mark.parametrize("dark", [False, True])
def test_a_progress_bar_is_flat_and_has_no_pictures_in_either_theme(root: Root, dark: bool) -> None:
    use_dark(root, dark)
    bar = Progressbar(root, maximum=1.0, value=0.5)
    bar.pack(fill="x")
    style, name = ttk.Style(root), f"Horizontal.{bar.cget('style')}"
    pump_until(root, lambda: style.lookup(name, "background") == colours(root).accent, what="the theme has not come")
    assert style.lookup(name, "troughcolor") == colours(root).faint
    assert [part for part, _ in style.layout(name)] == ["Flat.trough"]
    assert bar.winfo_height() < 20


def test_the_toolkit_does_not_listen_to_every_widget_that_is_laid_out(root: Root) -> None:
    assert not root.bind_all("<Map>")
    assert not root.bind("<Map>")
    assert not root.bind("<Visibility>")
