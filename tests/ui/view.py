"""The screen map as a person reads it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CAN_BE_ACTED_ON = frozenset({"button", "link", "entry", "checkbox", "radio", "combobox", "row", "tab", "menuitem"})


@dataclass(frozen=True)
class Item:
    """Something on screen. `rect` is x, y, width, height of the part that can be seen, in screen pixels."""

    name: str
    role: str
    text: str
    enabled: bool
    focused: bool
    rect: tuple[int, int, int, int]
    window: str
    """Name of the window it is in."""
    checked: bool = False
    selected: bool = False
    within: str = ""
    """For a row, heading or tab, the name of its table or tabs."""
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        marks = [mark for mark in ("focused", "checked", "selected") if getattr(self, mark)]
        marks += [] if self.enabled else ["disabled"]
        return f"{self.role} {self.name} {self.text!r} {list(self.rect)} {' '.join(marks)}".rstrip()


@dataclass(frozen=True)
class Window:
    """A window or dialog."""

    name: str
    title: str
    rect: tuple[int, int, int, int]
    items: tuple[Item, ...]


@dataclass(frozen=True)
class View:
    """All that the program shows; topmost window first."""

    windows: tuple[Window, ...]
    focus: str | None
    looked_at_ns: int

    @property
    def items(self) -> tuple[Item, ...]:
        """Everything in all windows."""
        return tuple(item for window in self.windows for item in window.items)

    def find(self, what: str) -> Item | None:
        """What has this name, or else this text, or else this in its text. The topmost window counts first, and what
        can be acted on before what can only be read. AssertionError when two buttons have that very text."""
        named = next((item for item in self.items if item.name == what), None)
        if named is not None:
            return named
        for window in self.windows:
            same = [item for item in window.items if item.text == what]
            found = same or [item for item in window.items if what in item.text]
            active = [item for item in found if item.role in _CAN_BE_ACTED_ON]
            unclear = bool(same) and len(active) > 1 and active[0].role != "row"
            assert not unclear, f"{what!r} may be any of {[item.name for item in active]}: say a name"
            if found:
                return (active or found)[0]
        return None

    def named(self, start: str) -> tuple[Item, ...]:
        """All items whose name starts so."""
        return tuple(item for item in self.items if item.name.startswith(start))

    def rows(self, table: str) -> tuple[Item, ...]:
        """The visible rows of the table of this name."""
        return tuple(item for item in self.items if item.within == table and item.role == "row")

    def free_point(self, item: Item) -> tuple[int, int] | None:
        """A point of `item`, the middle if possible, that no higher window of the program covers."""
        x, y, width, height = item.rect
        higher: list[Window] = []
        for window in self.windows:
            if window.name == item.window:
                break
            higher.append(window)
        points = [(x + width * column // 8, y + height * row // 4) for row in (2, 1, 3) for column in (4, 2, 6, 1, 7)]
        return next((point for point in points if not any(_is_in(point, window.rect) for window in higher)), None)

    def __str__(self) -> str:
        lines = [f"focus: {self.focus}"]
        for window in self.windows:
            lines += [
                f"window {window.name} {window.title!r} {list(window.rect)}",
                *(f"  {item}" for item in window.items),
            ]
        return "\n".join(lines)


def read_view(file: Path) -> View | None:
    """The newest outline; None before there is one."""
    try:
        looked_at_ns = file.stat().st_mtime_ns  # before reading: rather older than it is than younger
        told = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return to_view(told, looked_at_ns=looked_at_ns)


def to_view(told: dict[str, Any], *, looked_at_ns: int) -> View:
    """The outline as it was written in JSON."""
    windows = tuple(
        Window(
            name=window["name"],
            title=window["title"],
            rect=tuple(window["rect"]),
            items=tuple(
                Item(
                    **{field: entry[field] for field in ("name", "role", "text", "enabled", "focused")},
                    rect=tuple(entry["rect"]),
                    window=window["name"],
                    checked=entry.get("checked", False),
                    selected=entry.get("selected", False),
                    within=entry.get("within", ""),
                    values=tuple(entry.get("values", ())),
                )
                for entry in window["widgets"]
            ),
        )
        for window in told["windows"]
    )
    return View(windows, told["focus"], looked_at_ns)


def _is_in(point: tuple[int, int], rect: Sequence[int]) -> bool:
    return rect[0] <= point[0] < rect[0] + rect[2] and rect[1] <= point[1] < rect[1] + rect[3]
