"""What every page of the wizard is."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from typing import ClassVar, NamedTuple

from gpu_assistant.ui.desk import Desk
from gpu_assistant.ui.theme import Frame
from gpu_assistant.wizard.controller import Controller
from gpu_assistant.wizard.state import Step, WizardState


class Primary(NamedTuple):
    """The one clear next action of a page, drawn in the window's footer at the right."""

    label: str
    command: Callable[[], object]
    enabled: bool = True
    danger: bool = False
    why_not: str = ""
    """Shown beside the button when it is not enabled."""


class Page(Frame):
    """One step. `build` makes the widgets once; `render` is idempotent and is called whenever the state changed
    while the page is shown; `tick` once a second while it is shown, for elapsed times. Tk thread only.

    A language switch makes all pages anew, so texts need not be changed by `render`. The frame is inside a padded
    area of the window, at least 760×500 at 96 dpi; a page that may need more scrolls by itself.
    """

    step: ClassVar[Step]
    title: ClassVar[str]
    """Marked English; the window shows it as the page's heading, with `hint` below."""
    hint: ClassVar[str] = ""

    def __init__(self, parent: tk.Misc, controller: Controller, desk: Desk) -> None:
        super().__init__(parent)
        self.controller = controller
        self.desk = desk
        self.build()

    def build(self) -> None:
        """Make the widgets."""
        raise NotImplementedError

    def render(self, state: WizardState) -> None:
        """Draw the state."""
        raise NotImplementedError

    def enter(self) -> None:
        """The page is shown now: ask for what it needs."""

    def tick(self, state: WizardState) -> None:
        """A second has passed."""

    def primary(self, state: WizardState) -> Primary | None:
        """What the footer's main button does; None leaves it as *Next*."""
        return None
