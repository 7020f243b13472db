"""What the button of a remedy does, the same on every page. Tk thread only."""

from __future__ import annotations

import tkinter as tk

from gpu_assistant.domain.errors import Action, Remedy
from gpu_assistant.i18n import tr
from gpu_assistant.ui.desk import Desk, Mood
from gpu_assistant.wizard.controller import Controller
from gpu_assistant.wizard.state import JobKind

INSTALL_PRACTICE = 'pip install "gpu-assistant[practice]"'
REPORT_EVENT = "<<ReportProblem>>"
"""Generated on the window by whoever wants a report; the window answers."""


def carry_out(widget: tk.Misc, controller: Controller, desk: Desk, remedy: Remedy, kind: JobKind) -> None:
    """Carry out a remedy of the error of a job of this kind; `widget` is any in the window."""
    if remedy.action is Action.REPORT:
        widget.winfo_toplevel().event_generate(REPORT_EVENT)
        return
    if remedy.action is Action.INSTALL:
        desk.copy(INSTALL_PRACTICE)
        desk.toast(tr("Copied"), Mood.GOOD)
        return
    address = controller.act(remedy, kind)
    if address:
        desk.browse(address)
