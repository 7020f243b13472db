"""The settings of a web service."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from typing import Any

from gpu_assistant.i18n import tr
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Checkbutton, Entry, Frame, Label, Spinbox, px
from gpu_assistant.ui.widgets.fold import Fold
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.wizard.state import DeployChoice

_WHOLE = ("replicas", "max_replicas", "target_utilization_percent", "refresh_period_s", "gpus_per_replica")


class DeploySettings(Frame):
    """A small form. Every change is told at once; what cannot be read as a number counts as 0, which the preflight
    list refuses in words, and stays in the field as it was typed. Tk thread only.
    """

    def __init__(self, parent: tk.Misc, on_change: Callable[[DeployChoice], None]) -> None:
        super().__init__(parent)
        self._on_change = on_change
        self._choice = DeployChoice()
        self._filling = False
        self.columnconfigure(1, weight=1)
        self._typed_name = tk.StringVar(self)
        self._name_entry = named(Entry(self, textvariable=self._typed_name, width=12), "deploy.service_name")
        self._row(self, 0, tr("Service name"), self._name_entry)
        self._name_hint = Label(self, style="Small.TLabel")
        self._name_hint.grid(row=1, column=1, sticky="w")
        self._numbers: dict[str, tk.StringVar] = {}
        self._labels: dict[str, Label] = {}
        self._replicas = self._number(self, 2, "replicas", tr("Replicas"), most=64)
        self.advanced = Fold(self, tr("Advanced"), name="deploy.advanced")
        self.advanced.grid(row=3, column=0, columnspan=2, sticky="ew", pady=(px(self, 6), 0))
        inside = self.advanced.inside
        inside.columnconfigure(1, weight=1)
        self._number(inside, 0, "gpus_per_replica", tr("GPUs per replica"), most=8)
        self._number(inside, 1, "cpu_cores", tr("CPU cores per replica"), most=96, step=0.5)
        self._number(inside, 2, "memory_gb", tr("Memory per replica (GB)"), most=900, step=0.5)
        self._number(inside, 3, "scoring_timeout_s", tr("Timeout of one request (s)"), most=300)
        self._expect_gpu = tk.BooleanVar(self)
        check = Checkbutton(
            inside, text=tr("Refuse to start without a GPU"), variable=self._expect_gpu, command=self._changed
        )
        named(check, "deploy.expect_gpu").grid(row=4, column=0, columnspan=2, sticky="w", pady=px(self, 4))
        self._autoscale = tk.BooleanVar(self)
        scale = Checkbutton(
            inside, text=tr("Add replicas while it is busy"), variable=self._autoscale, command=self._autoscale_turned
        )
        named(scale, "deploy.autoscale").grid(row=5, column=0, columnspan=2, sticky="w", pady=px(self, 4))
        self._scaling = self._build_scaling(inside, first_line=6)
        self._typed_name.trace_add("write", lambda *about: self._changed())

    def show(self, choice: DeployChoice, made_up_name: str) -> None:
        """Draw the choice. `made_up_name` is used while the person gives none. A field they type in is left alone."""
        self._choice = choice
        self._filling = True
        if self._typed_name.get() != choice.service_name:
            self._typed_name.set(choice.service_name)
        for field, variable in self._numbers.items():
            value = getattr(choice, field)
            if _number_of(variable.get()) != value:
                variable.set(f"{value:g}")
        for switch, is_on in ((self._expect_gpu, choice.expect_gpu), (self._autoscale, choice.autoscale)):
            if switch.get() != is_on:
                switch.set(is_on)
        self._filling = False
        self._show_scaling(choice.autoscale)
        hint = tr("Empty: {name}", name=made_up_name) if made_up_name and not choice.service_name else ""
        if str(self._name_hint.cget("text")) != hint:
            self._name_hint.configure(text=hint)

    def focus_name(self) -> None:
        """Put the cursor into the name."""
        self._name_entry.focus_set()
        self._name_entry.selection_range(0, "end")

    def focus_replicas(self) -> None:
        """Put the cursor into the number of replicas."""
        self._replicas.focus_set()

    def _build_scaling(self, parent: Frame, first_line: int) -> tuple[tk.Widget, ...]:
        """What is shown only while replicas are added by load."""
        shown: list[tk.Widget] = []
        for line, (field, label, most) in enumerate(
            (
                ("max_replicas", tr("Replicas at most"), 64),
                ("target_utilization_percent", tr("Target utilization (%)"), 100),
                ("refresh_period_s", tr("Look at the load every (s)"), 3600),
            ),
            start=first_line,
        ):
            spin = self._number(parent, line, field, label, most=most)
            self._labels[field].grid_configure(padx=(px(self, 24), px(self, 12)))
            shown += [self._labels[field], spin]
        note = tr("Each replica needs a free GPU. Nodes are never added, so the price stays the same.")
        words = Prose(parent, text=note, style="Small.TLabel")
        words.grid(
            row=first_line + 3, column=0, columnspan=2, sticky="ew", padx=(px(self, 24), 0), pady=(0, px(self, 4))
        )
        return (*shown, words)

    def _show_scaling(self, is_on: bool) -> None:
        label = tr("Replicas at least") if is_on else tr("Replicas")
        if str(self._labels["replicas"].cget("text")) != label:
            self._labels["replicas"].configure(text=label)
        for widget in self._scaling:
            if bool(widget.winfo_manager()) != is_on:
                widget.grid() if is_on else widget.grid_remove()

    def _autoscale_turned(self) -> None:
        most, least = self._numbers["max_replicas"], self._numbers["replicas"]
        if self._autoscale.get() and _number_of(most.get()) < _number_of(least.get()):
            most.set(least.get())
        self._changed()

    def _changed(self) -> None:
        if self._filling:
            return
        values: dict[str, Any] = {field: float(_number_of(variable.get())) for field, variable in self._numbers.items()}
        for field in _WHOLE:
            whole = int(values[field])
            values[field] = whole if whole == values[field] else 0  # half a replica is none
        self._on_change(
            self._choice._replace(
                service_name=self._typed_name.get().strip(),
                expect_gpu=self._expect_gpu.get(),
                autoscale=self._autoscale.get(),
                **values,
            )
        )

    def _number(self, parent: tk.Misc, line: int, field: str, label: str, *, most: float, step: float = 1.0) -> Spinbox:
        variable = tk.StringVar(self)
        variable.trace_add("write", lambda *about: self._changed())
        self._numbers[field] = variable
        spin = Spinbox(parent, textvariable=variable, from_=step, to=most, increment=step, width=7)
        named(spin, f"deploy.{field}")
        self._labels[field] = self._row(parent, line, label, spin, sticky="w")
        return spin

    def _row(self, parent: tk.Misc, line: int, label: str, widget: Entry | Spinbox, *, sticky: str = "ew") -> Label:
        title = Label(parent, text=label)
        title.grid(row=line, column=0, sticky="w", padx=(0, px(self, 12)), pady=px(self, 2))
        widget.grid(row=line, column=1, sticky=sticky, pady=px(self, 2))
        return title


def _number_of(typed: str) -> float:
    """What was typed as a number, 0 for anything else; infinity and the like are no numbers here."""
    try:
        number = float(typed.strip().replace(",", "."))
    except ValueError:
        return 0.0
    return number if 0 <= number < 1e9 else 0.0
