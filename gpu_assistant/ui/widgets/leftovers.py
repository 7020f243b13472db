"""What still bills from an earlier time, said before anything else on the first page."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from gpu_assistant.i18n import tr, tr_count
from gpu_assistant.ui import theme
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, card, px
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.wizard.money import Money, add_up, price_text

if TYPE_CHECKING:
    from gpu_assistant.domain.billing import BillableResource
    from gpu_assistant.domain.workspace import WorkspaceRef

_WORKSPACES_SHOWN = 3


class Leftovers(Frame):
    """One line with a button for each workspace that holds something. `on_open` gets the workspace and whether it is
    a practice one. Takes no room when there is nothing. Tk thread only."""

    def __init__(self, parent: tk.Misc, *, on_open: Callable[[WorkspaceRef, bool], object]) -> None:
        super().__init__(parent)
        self._on_open = on_open
        self._shown: tuple[BillableResource, ...] | None = None
        self._sums: list[tuple[Label, tuple[BillableResource, ...]]] = []
        self._card: Frame | None = None
        Frame(self, height=1, width=1).grid(row=1, column=0)  # lets the frame shrink when it is empty
        self.columnconfigure(0, weight=1)

    def show(self, rows: Sequence[BillableResource], moment: datetime) -> None:
        """Draw what is open of these rows; the sums are those of `moment`."""
        bills = tuple(row for row in rows if row.is_billable)
        if bills != self._shown:
            self._shown = bills
            self._draw(bills)
        for label, group in self._sums:
            text = _sum_words(group, moment)
            if str(label.cget("text")) != text:
                label.configure(text=text)

    def _draw(self, rows: tuple[BillableResource, ...]) -> None:
        self._sums = []
        if self._card is not None:
            self._card.destroy()
            self._card = None
        if not rows:
            return
        groups = _by_workspace(rows)
        real = any(not row.practice for row in rows)
        self._card = frame = card(self)
        frame.grid(row=0, column=0, sticky="ew", pady=(0, px(self, 12)))
        frame.columnconfigure(1, weight=1)
        style = "Warning.TLabel" if real else "Muted.TLabel"
        Label(frame, text="!" if real else "●", style=style, font=theme.HEADING).grid(
            row=0, column=0, sticky="n", padx=(0, px(self, 10))
        )
        title = (
            tr("Something from an earlier time still bills") if real else tr("Something is left from earlier practice")
        )
        named(Prose(frame, text=title, style="Heading.TLabel"), "workspace.leftovers").grid(
            row=0, column=1, columnspan=2, sticky="ew"
        )
        for line, group in enumerate(groups[:_WORKSPACES_SHOWN], start=1):
            self._draw_group(frame, line, group)
        if len(groups) > _WORKSPACES_SHOWN:
            more = ", ".join(group[0].workspace.name for group in groups[_WORKSPACES_SHOWN:])
            Prose(frame, text=tr("Also in: {names}", names=more), style="Muted.TLabel").grid(
                row=_WORKSPACES_SHOWN + 1, column=1, columnspan=2, sticky="ew"
            )

    def _draw_group(self, frame: Frame, line: int, group: tuple[BillableResource, ...]) -> None:
        first = group[0]
        label = Prose(frame)
        label.grid(row=line, column=1, sticky="ew", pady=(px(self, 6), 0))
        self._sums.append((label, group))
        button = Button(
            frame,
            text=tr("Open it and clean up"),
            bootstyle="secondary-outline" if first.practice else "warning",
            command=lambda: self._on_open(first.workspace, first.practice),
        )
        named(button, f"workspace.clean_up.{line}").grid(
            row=line, column=2, sticky="e", padx=(px(self, 12), 0), pady=(px(self, 6), 0)
        )


def _by_workspace(rows: Sequence[BillableResource]) -> list[tuple[BillableResource, ...]]:
    """Real ones before practice, otherwise in the order of the ledger."""
    groups: dict[str, list[BillableResource]] = {}
    for row in sorted(rows, key=lambda row: row.practice):
        groups.setdefault(row.workspace.azure_id.lower(), []).append(row)
    return [tuple(group) for group in groups.values()]


def _sum_words(group: Sequence[BillableResource], moment: datetime) -> str:
    first = group[0]
    names = ", ".join(row.name for row in group)
    if first.practice:
        return tr("{names} in the practice workspace: nothing is billed", names=names)
    where = tr("{names} in the workspace {workspace}", names=names, workspace=first.workspace.name)
    return f"{where}: {money_words(add_up(group, moment))}"


def money_words(total: Money) -> str:
    """ "$0.53 per hour, about $37.87 so far"; what has no known price is said to have none."""
    if total.unpriced == total.running:
        return tr("price unknown")
    words = tr(
        "{hourly} per hour, about {so_far} so far",
        hourly=price_text(total.per_hour, total.currency),
        so_far=price_text(total.so_far, total.currency, places=2),
    )
    if not total.unpriced:
        return words
    unpriced = tr_count("{count} more has no known price", "{count} more have no known price", total.unpriced)
    return f"{words}; {unpriced}"
