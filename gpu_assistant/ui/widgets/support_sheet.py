"""Shows what a problem report holds before it is saved."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence

from gpu_assistant.i18n import tr
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, Treeview, px
from gpu_assistant.ui.widgets.dialog import Dialog
from gpu_assistant.ui.widgets.read_only_text import ReadOnlyText
from gpu_assistant.wizard.support import BundleFile

_SHOWN_LETTERS = 60_000
"""Tk gets slow with more; the end of a log says more than its beginning."""


class SupportSheet(Dialog):
    """Files on the left, the chosen one on the right. `on_save` is called when the person wants the file."""

    def __init__(self, parent: tk.Misc, files: Sequence[BundleFile], on_save: Callable[[], object]) -> None:
        super().__init__(parent, title=tr("Report a problem"), name="support")
        self._files = {file.name: file for file in files}
        gap = px(self, 8)
        self.inside.columnconfigure(1, weight=1)
        self.inside.rowconfigure(2, weight=1)
        Label(self.inside, text=tr("This is what the report holds"), style="Heading.TLabel").grid(
            row=0, column=0, columnspan=2, sticky="w"
        )
        Label(
            self.inside,
            text=tr(
                "Keys, tokens and e-mail addresses are blacked out. Names of workspaces, services and files are in it. "
                "Nothing is sent: you save a file, read it if you like, and send it yourself."
            ),
            style="Muted.TLabel",
            wraplength=px(self, 800),
            justify="left",
        ).grid(row=1, column=0, columnspan=2, sticky="w", pady=(gap // 2, 2 * gap))
        self._list = named(Treeview(self.inside, show="tree", height=14, selectmode="browse"), "support.files")
        self._list.column("#0", width=px(self, 230))
        for file in files:
            self._list.insert("", "end", iid=file.name, text=f"{file.name}   {_size(file.size_bytes)}")
        self._list.grid(row=2, column=0, sticky="ns", padx=(0, gap))
        self._view = ReadOnlyText(self.inside, height=18, width=78)
        named(self._view.text, "support.text")
        self._view.grid(row=2, column=1, sticky="nsew")
        self._list.bind("<<TreeviewSelect>>", lambda event: self._show())
        if files:
            self._list.selection_set(files[0].name)
            self._list.focus(files[0].name)
        row = Frame(self.inside)
        row.grid(row=3, column=0, columnspan=2, sticky="e", pady=(2 * gap, 0))
        close = Button(row, text=tr("Close"), bootstyle="secondary-outline", command=self.close)
        self.save = Button(row, text=tr("Save report…"), bootstyle="primary", command=on_save)
        named(close, "support.close").pack(side="left", padx=(0, gap))
        named(self.save, "support.save").pack(side="left")

    def _show(self) -> None:
        chosen = self._list.selection()
        if chosen:
            text = self._files[chosen[0]].text
            cut = tr("… (the beginning is left out here)") + "\n" if len(text) > _SHOWN_LETTERS else ""
            self._view.say(cut + text[-_SHOWN_LETTERS:])


def _size(size_bytes: int) -> str:
    return f"{size_bytes} B" if size_bytes < 1000 else f"{size_bytes / 1000:.0f} kB"
