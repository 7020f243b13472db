"""A page that is longer than the window."""

from __future__ import annotations

from gpu_assistant.ui.theme import Entry, Frame, Root
from gpu_assistant.ui.widgets.scroll_area import ScrollArea


def _area(root: Root) -> tuple[ScrollArea, Entry]:
    root.geometry("300x200")
    area = ScrollArea(root)
    area.pack(fill="both", expand=True)
    Frame(area.inside, height=600, width=10).pack()
    field = Entry(area.inside)
    field.pack()
    root.update()
    return area, field


def test_what_gets_the_keyboard_comes_into_view(root: Root) -> None:
    area, field = _area(root)
    assert field.winfo_rooty() > area.winfo_rooty() + area.winfo_height()
    field.focus_force()
    root.update()
    assert field.winfo_rooty() + field.winfo_height() <= area.winfo_rooty() + area.winfo_height()


def test_an_area_that_is_thrown_away_while_it_scrolls_makes_no_noise(root: Root) -> None:
    area, field = _area(root)
    root.after_idle(area.destroy)
    area.bring_into_view(field)  # which lets Tk do what is due
    assert not area.winfo_exists()
