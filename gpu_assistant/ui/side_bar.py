"""The left side of the window: where one is, what runs, and the menu."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from gpu_assistant.i18n import tr
from gpu_assistant.ui.appearance import Appearance
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Frame, Label, px
from gpu_assistant.ui.view_menu import MenuActions, ViewMenu
from gpu_assistant.ui.widgets.cost_meter import CostMeter
from gpu_assistant.ui.widgets.step_list import Mark, StepList, StepRow
from gpu_assistant.wizard.money import Money
from gpu_assistant.wizard.navigation import TITLES, blocked, is_done
from gpu_assistant.wizard.state import Step, WizardState

_WIDTH_PX = 212
_EDGE_PX = 16


class SideBar(Frame):
    """Steps, cost meter, menu. `on_go` gets the step the person wants. Tk thread."""

    def __init__(
        self, parent: tk.Misc, *, on_go: Callable[[Step], object], appearance: Appearance, actions: MenuActions
    ) -> None:
        super().__init__(parent, style="Side.TFrame", width=px(parent, _WIDTH_PX))
        self.grid_propagate(False)
        edge, gap = px(self, _EDGE_PX), px(self, 8)
        room = px(self, _WIDTH_PX) - 2 * edge
        self.columnconfigure(0, weight=1)
        self.rowconfigure(3, weight=1)
        Label(self, text="gpu-assistant", style="SideTitle.TLabel").grid(
            row=0, column=0, sticky="w", padx=edge, pady=(2 * gap + gap // 2, 0)
        )
        self._workspace = named(Label(self, style="SideMuted.TLabel", wraplength=room), "workspace.name")
        self._workspace.grid(row=1, column=0, sticky="w", padx=edge, pady=(0, 2 * gap))
        self._steps = StepList(self, lambda number: on_go(Step(number)))
        self._steps.grid(row=2, column=0, sticky="ew", padx=(0, gap))
        Frame(self, style="SideLine.TFrame", height=px(self, 1)).grid(row=4, column=0, sticky="ew", padx=edge)
        self._meter = CostMeter(self, width=room)
        self._meter.grid(row=5, column=0, sticky="ew", padx=edge, pady=gap + gap // 2)
        self.menu = ViewMenu(self, appearance, actions)
        self.menu.grid(row=6, column=0, sticky="w", padx=edge, pady=(0, 2 * gap))

    def show(self, state: WizardState) -> None:
        """Draw the steps."""
        place = state.place
        name = place.site.workspace.name if place is not None else tr("no workspace open")
        if str(self._workspace.cget("text")) != name:
            self._workspace.configure(text=name)
        self._steps.show(step_rows(state))

    def show_money(self, money: Money) -> None:
        """Draw the meter."""
        self._meter.show(money)


def step_rows(state: WizardState) -> tuple[StepRow, ...]:
    """The steps as they are shown. A reason that holds for several in a row is said once."""
    rows: list[StepRow] = []
    said = ""
    for step in Step:
        reason = blocked(state, step)
        mark = Mark.DONE if is_done(state, step) else Mark.OPEN
        if reason and step is not state.step:
            mark = Mark.BLOCKED
        note = tr(reason) if mark is Mark.BLOCKED and reason != said else ""
        said = reason
        rows.append(StepRow(int(step), tr(TITLES[step]), mark, step is state.step, note))
    return tuple(rows)
