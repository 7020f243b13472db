"""The registered models of a workspace, and the way to register one more."""

from __future__ import annotations

import re
import tkinter as tk
from collections.abc import Callable, Sequence
from pathlib import Path

from gpu_assistant.domain.model import RegisteredModel
from gpu_assistant.i18n import tr
from gpu_assistant.ui.desk import Desk
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Entry, Frame, Label, px
from gpu_assistant.ui.widgets.data_table import Column, DataTable, Sorting
from gpu_assistant.ui.widgets.dialog import Dialog
from gpu_assistant.ui.widgets.prose import Prose

_MANY = 8
"""From so many models on there is a search field."""
_ROWS = 4
_MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")


class ModelList(Frame):
    """Name, version, date; a row is chosen by standing on it. Tk thread only."""

    def __init__(
        self,
        parent: tk.Misc,
        desk: Desk,
        *,
        on_choose: Callable[[str], None],
        on_register: Callable[[str, Path], None],
    ) -> None:
        """`on_choose` gets the id of a model, `on_register` a name and the folder of a SavedModel."""
        super().__init__(parent)
        self._desk = desk
        self._on_choose = on_choose
        self._on_register = on_register
        self._models: tuple[RegisteredModel, ...] = ()
        self._chosen = ""
        self._search = tk.StringVar(self)
        self._search.trace_add("write", lambda *about: self._draw())
        self.columnconfigure(0, weight=1)
        self.rowconfigure(1, weight=1)
        gap = px(self, 6)
        self._search_row = Frame(self)
        self._search_row.columnconfigure(1, weight=1)
        Label(self._search_row, text=tr("Search")).grid(row=0, column=0, padx=(0, gap))
        named(Entry(self._search_row, textvariable=self._search), "deploy.search").grid(row=0, column=1, sticky="ew")
        self._table: DataTable[RegisteredModel] = DataTable(
            self,
            (
                Column("name", tr("Model"), lambda model: model.name, width=170, stretch=True),
                Column(
                    "version",
                    tr("Version"),
                    lambda model: str(model.version),
                    width=64,
                    anchor="e",
                    order=lambda model: model.version,
                ),
                Column("created", tr("Registered"), _day, width=96, order=lambda model: model.created),
            ),
            key=lambda model: model.model_id,
            on_choose=self._choose,
            on_select=self._choose,
            sorting=Sorting("created", descending=True),
            rows_shown=_ROWS,
        )
        named(self._table.tree, "deploy.models")
        self._table.grid(row=1, column=0, sticky="nsew", pady=gap)
        self._note = Prose(self, style="Muted.TLabel")
        register = Button(
            self,
            text=tr("Register a SavedModel from this computer…"),
            bootstyle="secondary-outline",
            command=self._register,
        )
        self._register_button = named(register, "deploy.register")
        self._register_button.grid(row=3, column=0, sticky="w")

    def show(
        self, models: Sequence[RegisteredModel] | None, chosen: str, *, can_register: bool, is_reading: bool
    ) -> None:
        """`models` is None when they are not known (yet)."""
        if is_reading and not models:
            self._say(tr("Reading the registered models…"))
        elif models is not None and not models:
            self._say(tr("No model is registered in this workspace yet. Register one from this computer."))
        else:
            self._say("")
        self._register_button.configure(state="normal" if can_register else "disabled")
        models = tuple(models or ())
        if models != self._models:
            self._models = models
            if len(models) >= _MANY:
                self._search_row.grid(row=0, column=0, sticky="ew")
            else:
                self._search_row.grid_remove()
            self._draw()
        if chosen != self._chosen or self._table.selected is None:
            self._chosen = chosen
            self._table.select(chosen)

    def focus_table(self) -> None:
        """Put the keyboard on the list."""
        self._table.tree.focus_set()

    def _draw(self) -> None:
        wanted = self._search.get().strip().casefold()
        found = [model for model in self._models if wanted in model.name.casefold()]
        self._table.show(found)
        self._table.select(self._chosen)

    def _choose(self, model: RegisteredModel) -> None:
        if model.model_id != self._chosen:
            self._chosen = model.model_id
            self._on_choose(self._chosen)

    def _say(self, text: str) -> None:
        self._note.say(text)
        if text:
            self._note.grid(row=2, column=0, sticky="ew", pady=(0, px(self, 6)))
        else:
            self._note.grid_remove()

    def _register(self) -> None:
        folder = self._desk.open_folder(title=tr("The folder with saved_model.pb"))
        if folder is not None:
            NameModel(self, folder, self._on_register).show_it()


class NameModel(Dialog):
    """Under which name a folder is registered."""

    def __init__(self, parent: tk.Misc, folder: Path, on_register: Callable[[str, Path], None]) -> None:
        super().__init__(parent, title=tr("Register a model"), name="register")
        self._folder = folder
        self._on_register = on_register
        self._typed_name = tk.StringVar(self, proposed_name(folder))
        gap = px(self, 8)
        inside = self.inside
        inside.columnconfigure(0, weight=1)
        Prose(inside, text=tr("Folder: {path}", path=folder), wraplength=px(self, 420)).grid(
            row=0, column=0, sticky="ew"
        )
        Label(inside, text=tr("Name of the model in the workspace")).grid(row=1, column=0, sticky="w", pady=(gap, 2))
        self._entry = named(Entry(inside, textvariable=self._typed_name, width=42), "register.name")
        self._entry.grid(row=2, column=0, sticky="ew")
        rule = tr("Letters, digits, dashes, dots and underscores. A name that exists gets a new version.")
        Prose(inside, text=rule, style="Small.TLabel", wraplength=px(self, 420)).grid(row=3, column=0, sticky="ew")
        buttons = Frame(inside)
        buttons.grid(row=4, column=0, sticky="e", pady=(px(self, 16), 0))
        cancel = Button(buttons, text=tr("Cancel"), bootstyle="secondary-outline", command=self.close)
        named(cancel, "register.cancel").pack(side="left", padx=(0, gap))
        self._start = named(
            Button(buttons, text=tr("Register"), bootstyle="primary", command=self._finish), "register.start"
        )
        self._start.pack(side="left")
        self._entry.bind("<Return>", lambda event: self._finish())
        self._typed_name.trace_add("write", lambda *about: self._look())
        self._look()

    def show_it(self) -> None:
        """Show it with the cursor in the name."""
        self.show(self._entry)
        self._entry.selection_range(0, "end")

    def _look(self) -> None:
        self._start.configure(state="normal" if _MODEL_NAME.fullmatch(self._typed_name.get().strip()) else "disabled")

    def _finish(self) -> None:
        name = self._typed_name.get().strip()
        if _MODEL_NAME.fullmatch(name):
            self.close()
            self._on_register(name, self._folder)


def proposed_name(folder: Path) -> str:
    """A name out of the folder's own, or its parent's where the folder is a mere version number."""
    source = folder.parent.name if folder.name.isdigit() and folder.parent.name else folder.name
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", source).strip("-_.")
    return name[:64] or "model"


def _day(model: RegisteredModel) -> str:
    return model.created.astimezone().strftime("%Y-%m-%d") if model.created else ""
