"""The checklist before a deployment: it turns green, or names what helps."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence

from gpu_assistant.i18n import tr
from gpu_assistant.ui import theme
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, px
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.wizard.navigation import TITLES
from gpu_assistant.wizard.preflight import Check, Verdict
from gpu_assistant.wizard.state import Step

_SYMBOLS = {
    Verdict.OK: ("✓", "Good.TLabel"),
    Verdict.WARNING: ("!", "Warning.TLabel"),
    Verdict.PROBLEM: ("×", "Danger.TLabel"),
    Verdict.WAITING: ("…", "Muted.TLabel"),
}


class PreflightList(Frame):
    """One line for each check, its fix as a button. Tk thread only."""

    def __init__(self, parent: tk.Misc, on_fix: Callable[[Check], None]) -> None:
        super().__init__(parent)
        self._on_fix = on_fix
        self._lines: list[_Line] = []
        self.columnconfigure(0, weight=1)

    def show(self, checks: Sequence[Check]) -> None:
        """Draw them; what did not change is not touched."""
        while len(self._lines) < len(checks):
            self._lines.append(_Line(self, len(self._lines), self._on_fix))
        for number, line in enumerate(self._lines):
            line.show(checks[number] if number < len(checks) else None)


class _Line:
    def __init__(self, parent: PreflightList, number: int, on_fix: Callable[[Check], None]) -> None:
        self._frame = frame = Frame(parent)
        self._check: Check | None = None
        self._on_fix = on_fix
        frame.columnconfigure(1, weight=1)
        frame.grid(row=number, column=0, sticky="ew", pady=(0, px(parent, 4)))
        frame.grid_remove()
        self._symbol = Label(frame, font=theme.BOLD, width=2)
        self._symbol.grid(row=0, column=0, sticky="n")
        self._title = named(Prose(frame), f"deploy.check.{number + 1}")
        self._title.grid(row=0, column=1, sticky="ew")
        self._detail = named(Prose(frame, style="Muted.TLabel"), f"deploy.check.{number + 1}.why")
        self._fix = named(
            Button(frame, bootstyle="secondary-outline", command=self._mend),
            f"deploy.check.{number + 1}.fix",
        )

    def show(self, check: Check | None) -> None:
        if check is None:
            self._frame.grid_remove()
            return
        changed = self._check is None or not _looks_alike(check, self._check)
        self._check = check
        self._frame.grid()
        if not changed:
            return
        symbol, style = _SYMBOLS[check.verdict]
        self._symbol.configure(text=symbol, style=style)
        self._title.say(tr(check.title))
        detail = tr(check.detail)
        self._detail.say(detail)
        if detail:
            self._detail.grid(row=1, column=1, sticky="ew")
        else:
            self._detail.grid_remove()
        if check.verdict is Verdict.PROBLEM and check.fix is not None:
            self._fix.configure(text=_fix_label(check.fix))
            self._fix.grid(row=0, column=2, rowspan=2, sticky="ne", padx=(px(self._frame, 8), 0))
        else:
            self._fix.grid_remove()

    def _mend(self) -> None:
        if self._check is not None:
            self._on_fix(self._check)


def _looks_alike(one: Check, other: Check) -> bool:
    """The same to a person's eye: errors are made anew each time."""
    return (one.title, one.verdict, one.detail, one.fix) == (other.title, other.verdict, other.detail, other.fix)


def _fix_label(step: Step) -> str:
    if step is Step.DEPLOY:
        return tr("Show me")
    return tr("Go to {page}", page=tr(TITLES[step]))
