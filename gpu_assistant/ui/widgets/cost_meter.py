"""What runs now, per hour and so far: on every page."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterator
from decimal import Decimal

from gpu_assistant.i18n import tr, tr_count
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Frame, Label, px
from gpu_assistant.wizard.money import Money, price_text

_LINES = 6
_Line = tuple[str, str]
"""Text and style."""


class CostMeter(Frame):
    """A few lines at the foot of the side bar. Give it the sums once a second; it draws only what changed."""

    def __init__(self, parent: tk.Misc, *, width: int) -> None:
        """`width` is the room for its lines, in pixels of this screen."""
        super().__init__(parent, style="Side.TFrame")
        self._shown: list[_Line] = []
        self._labels: list[Label] = []
        names = ("cost", "cost.per_hour", "cost.so_far", "cost.line4", "cost.line5", "cost.line6")
        for name in names[:_LINES]:
            label = named(Label(self, style="SideSmall.TLabel", wraplength=width, justify="left"), name)
            self._labels.append(label)

    def show(self, money: Money) -> None:
        """Draw these sums."""
        lines = list(meter_lines(money))
        for number, label in enumerate(self._labels):
            before = self._shown[number] if number < len(self._shown) else None
            now = lines[number] if number < len(lines) else None
            if now == before:
                continue
            if now is None:
                label.grid_remove()
            else:
                label.configure(text=now[0], style=now[1])
                label.grid(row=number, column=0, sticky="w", pady=(0, px(self, 2)))
        self._shown = lines


def meter_lines(money: Money) -> Iterator[_Line]:
    """What the meter says, line by line: (text, style)."""
    if money.practice:
        yield tr("Practice: nothing is billed"), "SideGood.TLabel"
        if money.running:
            yield tr("In Azure: {price}", price=_per_hour(money)), "SideSmall.TLabel"
            yield _so_far(money), "SideSmall.TLabel"
        else:
            yield tr("○ Nothing runs"), "SideMuted.TLabel"
    elif money.running:
        yield tr_count("● {count} billing now", "● {count} billing now", money.running), "SideWarning.TLabel"
        yield _per_hour(money), "SideSmall.TLabel"
        yield _so_far(money), "SideSmall.TLabel"
    elif money.elsewhere:
        yield tr("○ Nothing is billed here"), "SideTitle.TLabel"
    else:
        yield tr("○ Nothing is billed"), "SideTitle.TLabel"
    if money.unpriced and money.unpriced < money.running:
        yield (
            tr_count("! {count} without a known price", "! {count} without a known price", money.unpriced),
            "SideSmall.TLabel",
        )
    if money.elsewhere:
        yield (
            tr_count("! {count} bills in another workspace", "! {count} bill in other workspaces", money.elsewhere),
            "SideWarning.TLabel",
        )


def _per_hour(money: Money) -> str:
    if money.unpriced == money.running:
        return tr("price unknown")
    return tr("{price} per hour", price=price_text(money.per_hour, money.currency))


def _so_far(money: Money) -> str:
    if money.unpriced == money.running:
        return tr("so far: unknown")
    # four digits while it is little, so that a person sees it tick
    places = 4 if money.so_far < Decimal(1) else 2
    return tr("{price} so far", price=price_text(money.so_far, money.currency, places=places))
