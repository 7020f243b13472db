"""Menus follow the theme, also one that is chosen while they exist."""

from __future__ import annotations

from gpu_assistant.ui.theme import Root, colours, use_dark
from gpu_assistant.ui.widgets.popup_menu import PopupMenu

_PARTS = ("background", "activebackground", "disabledforeground")


def test_a_menu_is_dark_in_a_dark_window(root: Root) -> None:
    use_dark(root, True)
    root.update()
    c = colours(root)
    assert look(PopupMenu(root)) == (c.page, c.accent, c.muted)


def test_a_menu_follows_the_theme(root: Root) -> None:
    menu = PopupMenu(root)
    for dark in (True, False):
        use_dark(root, dark)
        root.update()
        c = colours(root)
        assert look(menu) == (c.page, c.accent, c.muted)


def look(menu: PopupMenu) -> tuple[str, ...]:
    return tuple(str(menu.cget(part)) for part in _PARTS)
