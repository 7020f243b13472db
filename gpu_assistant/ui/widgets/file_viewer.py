"""What is uploaded with a deployment, to read and to save."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Mapping

from gpu_assistant.i18n import tr
from gpu_assistant.ui.desk import Desk, Mood
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, px
from gpu_assistant.ui.widgets.dialog import Dialog
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.ui.widgets.read_only_text import ReadOnlyText


class FileViewer(Dialog):
    """File names at the left, the text of the one that is chosen at the right. Tk thread only."""

    def __init__(self, parent: tk.Misc, desk: Desk, *, title: str, note: str, files: Mapping[str, str]) -> None:
        """`title` and `note` are translated; `files` is name → text, at least one."""
        super().__init__(parent, title=title, name="files")
        self._desk = desk
        self._files = dict(files)
        self._shown = next(iter(self._files))
        gap = px(self, 8)
        inside = self.inside
        inside.columnconfigure(1, weight=1)
        inside.rowconfigure(1, weight=1)
        Prose(inside, text=note, style="Muted.TLabel", wraplength=px(self, 600)).grid(
            row=0, column=0, columnspan=2, sticky="ew", pady=(0, gap)
        )
        names = Frame(inside)
        names.grid(row=1, column=0, sticky="n", padx=(0, gap))
        self._buttons: dict[str, Button] = {}
        for name in self._files:
            button = Button(names, text=name, command=lambda chosen=name: self._choose(chosen))
            self._buttons[name] = named(button, f"files.{name}")
            button.pack(fill="x", pady=(0, px(self, 4)))
        self._view = ReadOnlyText(inside, height=18, width=64)
        named(self._view.text, "files.text")
        self._view.grid(row=1, column=1, sticky="nsew")
        self._build_buttons().grid(row=2, column=0, columnspan=2, sticky="e", pady=(px(self, 12), 0))
        self._choose(self._shown)
        self.show(self._buttons[self._shown], resizable=True)

    def _build_buttons(self) -> Frame:
        buttons = Frame(self.inside)
        for name, label, command in (
            ("files.copy", tr("Copy"), self._copy),
            ("files.save", tr("Save this file…"), self._save),
            ("files.close", tr("Close"), self.close),
        ):
            button = Button(buttons, text=label, bootstyle="secondary-outline", command=command)
            named(button, name).pack(side="left", padx=(px(self, 6), 0))
        return buttons

    def _choose(self, name: str) -> None:
        self._shown = name
        for other, button in self._buttons.items():
            button.configure(bootstyle="primary" if other == name else "secondary-outline")
        self._view.say(self._files[name])

    def _copy(self) -> None:
        self._desk.copy(self._files[self._shown])
        self._desk.toast(tr("{name} is on the clipboard.", name=self._shown), Mood.GOOD)

    def _save(self) -> None:
        target = self._desk.save_file(title=tr("Save {name}", name=self._shown), name=self._shown)
        if target is None:
            return
        try:
            target.write_text(self._files[self._shown], encoding="utf-8")
        except OSError as exc:
            self._desk.toast(tr("It could not be saved: {reason}", reason=exc.strerror or str(exc)), Mood.WARNING)
        else:
            self._desk.toast(tr("Saved as {path}", path=target), Mood.GOOD)
