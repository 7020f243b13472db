"""The table widget, on a real screen: order, keyboard, mouse, and what stays when it is shown again."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from gpu_assistant.ui import theme
from gpu_assistant.ui.theme import Root, use_dark
from gpu_assistant.ui.widgets.data_table import Column, DataTable, Sorting
from tests.ui.in_process import pump_until


@dataclass(frozen=True)
class Fruit:
    name: str
    price: float | None
    gone: str = ""


APPLE, BANANA, CHERRY = Fruit("apple", 3.0), Fruit("banana", 1.0), Fruit("cherry", None)
DATE, FIG = Fruit("date", 0.5, "sold out"), Fruit("fig", None, "not in season")
ALL = (APPLE, FIG, CHERRY, DATE, BANANA)


class Stall:
    """A table of fruit, and what it said."""

    def __init__(self, root: Root, rows_shown: int = 6) -> None:
        self.root = root
        self.chosen: list[str] = []
        self.moved: list[str] = []
        self.marked: list[str] = []
        columns: tuple[Column[Fruit], ...] = (
            Column("name", "Name", lambda fruit: fruit.name, width=120),
            Column("price", "Price", lambda fruit: f"{fruit.price}", width=90, anchor="e", order=lambda f: f.price),
            Column("why", "Why not", lambda fruit: fruit.gone, width=150, stretch=True),
        )
        self.table: DataTable[Fruit] = DataTable(
            root,
            columns,
            key=lambda fruit: fruit.name,
            why_not=lambda fruit: fruit.gone,
            on_choose=lambda fruit: self.chosen.append(fruit.name),
            on_select=lambda fruit: self.moved.append(fruit.name),
            on_mark=lambda fruit: self.marked.append(fruit.name),
            sorting=Sorting("price"),
            rows_shown=rows_shown,
        )
        self.table.pack(fill="both", expand=True)
        self.table.show(ALL)
        root.geometry("500x300")
        root.update()
        self.tree = self.table.tree

    def press(self, *keys: str) -> None:
        self.tree.focus_force()
        pump_until(self.root, lambda: self.root.focus_get() is self.tree, what="the table has no focus")
        for key in keys:
            self.tree.event_generate(f"<{key}>")
        self.root.update()

    def click(self, name: str, button: str = "1", state: int = 0) -> None:
        self.tree.see(name)
        self.root.update()
        x, y, width, height = self.tree.bbox(name, "name")
        for event in ("ButtonPress", "ButtonRelease"):
            self.tree.event_generate(f"<{event}-{button}>", x=x + width // 2, y=y + height // 2, state=state)
        self.root.update()

    def heading(self, name: str) -> str:
        return str(self.tree.heading(name, "text"))


@pytest.fixture
def stall(root: Root) -> Stall:
    return Stall(root)


def test_usable_rows_come_first_and_unknown_values_last(stall: Stall) -> None:
    assert stall.table.shown_keys == ("banana", "apple", "cherry", "date", "fig")


def test_a_heading_sorts_and_again_reverses_with_unknown_still_last(stall: Stall) -> None:
    stall.table.sort("price")
    assert stall.table.shown_keys == ("apple", "banana", "cherry", "date", "fig")
    assert stall.heading("price") == "Price ▼"
    stall.table.sort("name")
    assert stall.table.shown_keys == ("apple", "banana", "cherry", "date", "fig")
    assert (stall.heading("price"), stall.heading("name")) == ("Price", "Name ▲")


def test_a_click_on_the_heading_does_the_same(stall: Stall) -> None:
    x = int(stall.tree.column("name", "width")) + 20
    stall.tree.event_generate("<ButtonPress-1>", x=x, y=10)
    stall.tree.event_generate("<ButtonRelease-1>", x=x, y=10)
    stall.root.update()
    assert stall.heading("price") == "Price ▼"
    assert not stall.chosen


def test_a_click_chooses_what_can_be_chosen(stall: Stall) -> None:
    stall.click("apple")
    stall.click("date")
    assert stall.chosen == ["apple"]
    assert stall.moved == ["apple", "date"]


def test_keyboard_moves_and_chooses(stall: Stall) -> None:
    stall.press("Down", "Return")
    assert stall.chosen == ["apple"]
    stall.press("Home", "space")
    assert stall.chosen == ["apple", "banana"]
    stall.press("End", "Return")
    assert stall.table.selected is FIG
    assert stall.chosen == ["apple", "banana"]


def test_typed_letters_find_a_row(stall: Stall) -> None:
    stall.press("c", "h")
    assert stall.table.selected is CHERRY
    stall.press("Control-space")
    assert stall.marked == ["cherry"]


def test_control_click_marks_without_choosing(stall: Stall) -> None:
    stall.click("fig", state=0x4)
    assert stall.marked == ["fig"]
    assert not stall.chosen


def test_showing_the_same_again_touches_nothing(stall: Stall, monkeypatch: pytest.MonkeyPatch) -> None:
    touched: list[str] = []
    for name in ("insert", "item", "set_children", "delete"):
        monkeypatch.setattr(stall.tree, name, lambda *args, name=name, **options: touched.append(name))
    stall.table.show(ALL)
    assert not touched


def test_selection_and_scroll_stay_when_a_row_changes(root: Root) -> None:
    stall = Stall(root, rows_shown=2)
    many = tuple(Fruit(f"fruit{number:03}", float(number)) for number in range(100))
    stall.table.show(many)
    stall.table.select("fruit050")
    root.update()
    top = stall.tree.yview()[0]
    assert top > 0
    stall.table.show((*many[:99], Fruit("fruit099", 1000.0)))
    root.update()
    assert stall.tree.yview()[0] == top
    assert stall.tree.set("fruit099", "price") == "1000.0"
    assert stall.table.selected is not None
    assert stall.table.selected.name == "fruit050"


def test_a_row_that_is_gone_takes_its_selection_with_it(stall: Stall) -> None:
    stall.table.select("apple")
    stall.table.show((BANANA,))
    assert stall.table.selected is None
    assert stall.table.shown_keys == ("banana",)


def test_the_scrollbar_shows_only_when_needed(stall: Stall) -> None:
    def bar_is_shown() -> bool:
        stall.root.update()
        return any(
            child.winfo_ismapped() for child in stall.table.winfo_children() if "scrollbar" in str(child).lower()
        )

    assert not bar_is_shown()
    stall.table.show(tuple(Fruit(f"fruit{number}", float(number)) for number in range(100)))
    assert bar_is_shown()


def test_muted_rows_follow_the_theme(stall: Stall) -> None:
    light = str(stall.tree.tag_configure("refused", "foreground"))
    use_dark(stall.root, True)
    pump_until(stall.root, lambda: str(stall.tree.tag_configure("refused", "foreground")) != light)
    assert str(stall.tree.tag_configure("refused", "foreground")) == theme.colours(stall.root).muted


def test_the_tooltip_tells_what_is_cut_off(stall: Stall) -> None:
    long_name = "a fruit with a name that no column of this width can show"
    stall.table.show((Fruit(long_name, 1.0), APPLE))
    stall.root.update()
    for name, expected in ((long_name, long_name), ("apple", "")):
        x, y, width, height = stall.tree.bbox(name, "name")
        stall.table.tooltip.show(x + width // 2, y + height // 2)
        assert stall.table.tooltip.text == expected


def test_a_long_heading_makes_its_column_wider(root: Root) -> None:
    title = "Eine sehr lange Überschrift"
    table: DataTable[Fruit] = DataTable(
        root, [Column("name", title, lambda fruit: fruit.name, width=30)], key=lambda f: f.name, on_choose=print
    )
    assert int(table.tree.column("name", "width")) > theme.px(root, 150)
