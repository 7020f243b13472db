"""F1: what to do on each page, and the keys."""

from __future__ import annotations

import tkinter as tk

from gpu_assistant.i18n import mark, tr
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, px
from gpu_assistant.ui.widgets.dialog import Dialog
from gpu_assistant.wizard.navigation import TITLES
from gpu_assistant.wizard.state import Step

ADVICE = {
    Step.WORKSPACE: mark(
        "Open the practice workspace to try everything on this computer; it needs no account and bills nothing. "
        "Or sign in to Azure and choose your subscription and workspace. "
        "A workspace that was open before is one click away."
    ),
    Step.MACHINE: mark(
        "Pick the VM size that your model is to run on; what cannot be chosen says why. "
        "Set how many nodes you need, and look at the price per hour and per month. "
        "You may also use a cluster that exists already."
    ),
    Step.DEPLOY: mark(
        "Choose a registered model and look at what it takes and answers. "
        "When every point of the checklist is fine, deploy; it usually takes some minutes and you can watch. "
        "You can stop at any time, and choose whether what was made is deleted."
    ),
    Step.SCORE: mark(
        "Drop a picture on the page, open one, paste one, or take a sample. "
        "The answer shows the five most likely labels, and how long the network and the model took. "
        "Keys and code to call the service from your own programs are here too."
    ),
    Step.CLEAN_UP: mark(
        "See everything that exists and what it has cost. "
        "Delete it with one click; a line is done only when Azure confirms that the thing is gone. "
        "Save the receipt if you need one."
    ),
}
KEYS = (
    ("Alt+1 … Alt+5", mark("Go to a page")),
    ("Alt+N, Alt+B", mark("Next page, page before")),
    ("Return", mark("Do what the main button says")),
    ("Ctrl+Return", mark("The same, from any field")),
    ("Tab, Shift+Tab", mark("Next control, control before")),
    (mark("Space"), mark("Press the button that has the focus")),
    ("↑ ↓ ← →", mark("Move inside a list, a table, the steps")),
    ("Esc", mark("Close a dialog or a message")),
    ("Alt+M", mark("Menu: theme, language, problem report")),
    ("F1", mark("This help")),
    ("Ctrl+O, Ctrl+V", mark("Open or paste images, on the page Score")),
    ("Ctrl+Q", mark("Quit")),
)


class HelpSheet(Dialog):
    """Closed by Escape, F1 or its button."""

    def __init__(self, parent: tk.Misc, step: Step) -> None:
        """`step` is the page the person is on; it comes out stronger than the others."""
        super().__init__(parent, title=tr("Help"), name="help")
        self.bind("<F1>", lambda event: self.close())
        gap = px(self, 8)
        pages = Frame(self.inside)
        pages.grid(row=0, column=0, sticky="n", padx=(0, 4 * gap))
        for number, one in enumerate(Step):
            here = one is step
            Label(pages, text="▸" if here else " ", style="Accent.TLabel", width=2).grid(
                row=2 * number, column=0, sticky="nw"
            )
            title = tr("{number}  {page}", number=int(one), page=tr(TITLES[one]))
            Label(pages, text=title, style="Heading.TLabel").grid(row=2 * number, column=1, sticky="w")
            advice = Label(
                pages,
                text=tr(ADVICE[one]),
                style="TLabel" if here else "Muted.TLabel",
                wraplength=px(self, 430),
                justify="left",
            )
            advice.grid(row=2 * number + 1, column=1, sticky="w", pady=(gap // 4, gap + gap // 2))
        keys = Frame(self.inside)
        keys.grid(row=0, column=1, sticky="n")
        Label(keys, text=tr("Keys"), style="Heading.TLabel").grid(row=0, column=0, columnspan=2, sticky="w")
        for number, (key, does) in enumerate(KEYS, start=1):
            Label(keys, text=tr(key), style="Bold.TLabel").grid(
                row=number, column=0, sticky="nw", padx=(0, 2 * gap), pady=(gap // 2, 0)
            )
            Label(keys, text=tr(does), wraplength=px(self, 230), justify="left").grid(
                row=number, column=1, sticky="w", pady=(gap // 2, 0)
            )
        self.done = named(Button(self.inside, text=tr("Close"), bootstyle="primary", command=self.close), "help.close")
        self.done.grid(row=1, column=0, columnspan=2, sticky="e", pady=(gap, 0))
