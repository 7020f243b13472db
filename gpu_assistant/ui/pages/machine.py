"""Page 2: which GPU machine to run on, and what that costs."""

from __future__ import annotations

import tkinter as tk
from typing import Any, ClassVar

from gpu_assistant.domain.compute import ComputeTarget, VmSizeOffer
from gpu_assistant.domain.errors import Remedy
from gpu_assistant.i18n import mark, tr, tr_count
from gpu_assistant.ui.page import Page
from gpu_assistant.ui.pages.machine_columns import (
    cluster_columns,
    cluster_obstacle,
    gpu_choices,
    gpu_name,
    size_columns,
)
from gpu_assistant.ui.remedies import carry_out
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Checkbutton, Combobox, Entry, Frame, Label, Radiobutton, px
from gpu_assistant.ui.widgets.data_table import DataTable, Sorting
from gpu_assistant.ui.widgets.error_view import ErrorView
from gpu_assistant.ui.widgets.job_progress import JobProgress
from gpu_assistant.ui.widgets.machine_bill import MachineBill
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.ui.widgets.size_comparison import LETTERS, SizeComparison
from gpu_assistant.ui.widgets.vm_size_words import (
    matches,
    most_nodes,
    obstacle,
    short_name,
    why_not,
)
from gpu_assistant.wizard.navigation import can_choose, offer
from gpu_assistant.wizard.state import JobKind, MachineChoice, Step, WizardState

_NEW, _EXISTING = "new", "existing"
_WHILE_COMPARING = ("mark", "letter", "size", "price")
_WHILE_COMPARING_ROOMY = ("mark", "letter", "size", "gpu", "price", "verdict")
"""The columns that stay when the comparison takes its room."""
_ROOMY = 1000
"""From this width on the reason has room beside the comparison, in pixels of a 96-dpi screen."""


class MachinePage(Page):
    """Every N-series size, those that cannot be used with the reason; or a cluster that exists already."""

    step = Step.MACHINE
    title: ClassVar[str] = mark("Choose a machine")
    hint: ClassVar[str] = mark("The GPU that your model will run on. It bills by the hour while it exists.")

    def build(self) -> None:
        self._state = WizardState()
        self._compared: tuple[str, ...] = ()
        self._kind = tk.StringVar(self, _NEW)
        self._search = tk.StringVar(self)
        self._gpu = tk.StringVar(self)
        self._usable_only = tk.BooleanVar(self, False)
        self._drawn: tuple[object, ...] = ()
        self.columnconfigure(0, weight=1)
        self.rowconfigure(3, weight=1)
        gap = px(self, 8)
        self._build_kind().grid(row=0, column=0, sticky="ew")
        self._error = ErrorView(self, self._remedy)
        self._error.grid(row=1, column=0, sticky="ew")
        self._filters = self._build_filters()
        self._filters.grid(row=2, column=0, sticky="ew", pady=(gap, 0))
        self._middle = Frame(self)
        self._middle.grid(row=3, column=0, sticky="nsew", pady=(gap, 0))
        self._middle.rowconfigure(0, weight=1)
        self._middle.columnconfigure(0, weight=1)
        self._build_sizes()
        self._build_clusters()
        self._comparison = SizeComparison(self._middle, on_choose=self._choose_size, on_close=self._stop_comparing)
        empty = Prose(self._middle, style="Muted.TLabel", anchor="center", justify="center")
        self._empty = named(empty, "machine.empty")
        self._progress = JobProgress(self._middle)
        self._bill = MachineBill(self, on_change=self.controller.choose_machine)
        self._bill.grid(row=4, column=0, sticky="ew", pady=(px(self, 10), 0))

    def _build_kind(self) -> Frame:
        row = Frame(self)
        for value, text in ((_NEW, tr("New cluster")), (_EXISTING, tr("A cluster that exists"))):
            button = Radiobutton(row, text=text, value=value, variable=self._kind, command=self._redraw)
            named(button, f"machine.kind.{value}").pack(side="left", padx=(0, px(self, 18)))
            if value == _EXISTING:
                self._existing_button = button
        again = Button(row, text=tr("Read again"), bootstyle="secondary-outline", command=self._read_again)
        self._again = named(again, "machine.refresh")
        self._again.pack(side="right")
        self._age = named(Label(row, style="Small.TLabel"), "machine.age")
        self._age.pack(side="right", padx=(0, px(self, 10)))
        return row

    def _build_filters(self) -> Frame:
        row = Frame(self)
        row.columnconfigure(1, weight=1)
        space = px(self, 10)
        Label(row, text=tr("Search")).grid(row=0, column=0, padx=(0, px(self, 6)))
        search = named(Entry(row, textvariable=self._search, width=12), "machine.search")
        search.grid(row=0, column=1, sticky="ew", padx=(0, space))
        search.bind("<Escape>", self._clear_search)
        search.bind("<Down>", lambda event: self._sizes.tree.focus_set())
        self._gpus = named(
            Combobox(row, textvariable=self._gpu, state="readonly", width=20, values=[tr("All GPUs")]), "machine.gpu"
        )
        self._gpu.set(tr("All GPUs"))
        self._gpus.grid(row=0, column=2, padx=(0, space))
        usable = Checkbutton(row, text=tr("Only those I can use"), variable=self._usable_only)
        named(usable, "machine.usable").grid(row=0, column=3, padx=(0, space))
        compare = Button(row, text=tr("Compare"), bootstyle="secondary-outline", command=self._compare_selected)
        self._compare = named(compare, "machine.compare")
        self._compare.grid(row=0, column=4)
        for variable in (self._search, self._gpu, self._usable_only):
            variable.trace_add("write", lambda *change: self._redraw())
        return row

    def _build_sizes(self) -> None:
        columns = size_columns(self._mark_words, self._letter)
        self._sizes: DataTable[VmSizeOffer] = DataTable(
            self._middle,
            columns,
            key=lambda one: one.vm_size.name,
            why_not=why_not,
            is_chosen=self._is_chosen,
            on_choose=self._choose_size,
            on_select=lambda one: self._redraw(),
            on_mark=self._mark,
            sorting=Sorting("price"),
            typed_column="size",
            rows_shown=5,
            dense=True,
        )
        named(self._sizes.tree, "machine.table")
        self._all_columns = tuple(column.name for column in columns if column.name != "letter")
        self._sizes.show_columns(self._all_columns)

    def _build_clusters(self) -> None:
        columns = cluster_columns(self._cluster_mark)
        self._clusters: DataTable[ComputeTarget] = DataTable(
            self._middle,
            columns,
            key=lambda one: one.name,
            why_not=cluster_obstacle,
            is_chosen=self._is_chosen_cluster,
            on_choose=self._choose_cluster,
            sorting=Sorting("name"),
            rows_shown=5,
        )
        named(self._clusters.tree, "machine.clusters")

    # The state

    def enter(self) -> None:
        self.controller.load_machines()
        machine = self.controller.state.machine
        if machine is not None:
            self._kind.set(_EXISTING if machine.existing_compute else _NEW)

    def render(self, state: WizardState) -> None:
        self._state = state
        job = state.job(JobKind.MACHINES)
        drawn = (state.offers, state.targets, state.machine, job, state.place)
        if len(drawn) == len(self._drawn) and all(new is old for new, old in zip(drawn, self._drawn, strict=True)):
            return
        if not self._drawn or self._drawn[0] is not state.offers:
            self._gpus.configure(values=gpu_choices(state.offers or ()))
        first = state.offers is not None and (not self._drawn or self._drawn[0] is None)
        self._drawn = drawn
        self._redraw()
        if first and state.machine is not None:
            self._sizes.select(state.machine.vm_size)
            self._clusters.select(state.machine.existing_compute)

    def tick(self, state: WizardState) -> None:
        self._state = state
        self._say_age()
        if state.offers is None:
            self._progress.show(state.job(JobKind.MACHINES), self.controller.now_s(), _speed(state))

    def _redraw(self) -> None:
        state = self._state
        job = state.job(JobKind.MACHINES)
        self._error.show(job.error if job is not None else None)
        self._again.configure(state="disabled" if state.is_busy(JobKind.MACHINES) else "normal")
        count = len(state.targets or ())
        words = tr("A cluster that exists") if not count else tr("A cluster that exists ({count})", count=count)
        self._existing_button.configure(text=words)
        self._say_age()
        if self._kind.get() == _EXISTING:
            self._draw_clusters(state)
        else:
            self._draw_sizes(state)
        self._draw_bill(state)

    def _draw_sizes(self, state: WizardState) -> None:
        _grid(self._filters, state.offers is not None)
        found = [one for one in state.offers or () if self._is_wanted(one)]
        self._sizes.show(found)
        self._compared = tuple(name for name in self._compared if offer(state, name) is not None)
        compared = [one for name in self._compared if (one := offer(state, name)) is not None]
        selected = self._sizes.selected
        is_in = selected is not None and selected.vm_size.name in self._compared
        self._compare.configure(
            text=tr("Leave out") if is_in else tr("Compare"), state="disabled" if selected is None else "normal"
        )
        if compared:
            self._comparison.show(compared)
        roomy = self._middle.winfo_width() >= px(self, _ROOMY)
        columns = _WHILE_COMPARING_ROOMY if roomy else _WHILE_COMPARING
        self._sizes.show_columns(columns if compared else self._all_columns)
        empty = ""
        if state.offers is not None and not found:
            empty = tr("No size fits the search and the filters.")
        self._show_middle(self._sizes if found else None, empty, comparing=bool(compared))

    def _draw_clusters(self, state: WizardState) -> None:
        _grid(self._filters, False)
        targets = state.targets or ()
        self._clusters.show(targets)
        empty = ""
        if state.targets is not None and not targets:
            empty = tr("This workspace has no cluster yet. Choose “New cluster”: one is created when you deploy.")
        self._show_middle(self._clusters if targets else None, empty)

    def _show_middle(self, table: tk.Widget | None, empty: str, *, comparing: bool = False) -> None:
        """One thing in the middle: a table, why there is none, or that it is being read."""
        pad = px(self, 12)
        for one in (self._sizes, self._clusters):
            _place(one, one is table, row=0, column=0, sticky="nsew")
        _place(self._comparison, comparing and table is not None, row=0, column=1, sticky="nsew", padx=(pad, 0))
        self._middle.columnconfigure(1, minsize=px(self, 474) if comparing and table is not None else 0)
        self._empty.say(empty)
        _place(self._empty, bool(empty), row=0, column=0, sticky="ew", padx=pad)
        reading = table is None and not empty
        job = self._state.job(JobKind.MACHINES)
        self._progress.show(job if reading else None, self.controller.now_s(), _speed(self._state))
        _place(self._progress, reading, row=0, column=0, sticky="new", padx=pad, pady=pad)

    def _draw_bill(self, state: WizardState) -> None:
        choice = state.machine
        practice = state.place is not None and state.place.site.practice
        target = None
        if choice is not None and choice.existing_compute:
            target = next((one for one in state.targets or () if one.name == choice.existing_compute), None)
        size = offer(state, choice.vm_size) if choice is not None else None
        self._bill.show(choice, size, target=target, practice=practice, note=self._note(state, choice, size))

    def _note(self, state: WizardState, choice: MachineChoice | None, size: VmSizeOffer | None) -> str:
        """What the person should know about the row they stand on, or about their choice."""
        selected = self._sizes.selected
        if self._kind.get() == _NEW and selected is not None and not can_choose(selected):
            return f"{short_name(selected.vm_size.name)}: {obstacle(selected)}"
        if choice is None or choice.existing_compute or size is None:
            return ""
        if not can_choose(size):
            return tr("This can no longer be chosen. {reason}", reason=obstacle(size))
        if choice.node_count > most_nodes(size):
            return tr_count("The quota allows {count} node.", "The quota allows {count} nodes.", most_nodes(size))
        return ""

    def _say_age(self) -> None:
        job = self._state.job(JobKind.MACHINES)
        text = ""
        if self._state.is_busy(JobKind.MACHINES):
            text = tr("Reading…")
        elif self._state.offers is not None and job is not None and job.ended_s is not None:
            minutes = int((self.controller.now_s() - job.ended_s) // 60)
            text = tr_count("read {count} minute ago", "read {count} minutes ago", minutes)
            text = text if minutes else tr("read just now")
        if str(self._age.cget("text")) != text:
            self._age.configure(text=text)

    # The person

    def _is_wanted(self, one: VmSizeOffer) -> bool:
        if self._usable_only.get() and not can_choose(one):
            return False
        if self._gpus.current() > 0 and self._gpu.get() not in (one.vm_size.gpu_vendor, gpu_name(one)):
            return False
        return matches(one, self._search.get())

    def _clear_search(self, event: object) -> str | None:
        if not self._search.get():
            return None
        self._search.set("")
        return "break"

    def _choose_size(self, one: VmSizeOffer) -> None:
        before = self._state.machine
        nodes = min(before.node_count if before and not before.existing_compute else 1, most_nodes(one))
        secure = before.secure if before is not None else True
        self.controller.choose_machine(MachineChoice(one.vm_size.name, max(nodes, 1), secure=secure))

    def _choose_cluster(self, one: ComputeTarget) -> None:
        secure = self._state.machine.secure if self._state.machine is not None else True
        self.controller.choose_machine(MachineChoice(one.vm_size, one.node_count, one.name, secure))

    def _compare_selected(self) -> None:
        if self._sizes.selected is not None:
            self._mark(self._sizes.selected)

    def _mark(self, one: VmSizeOffer) -> None:
        """In or out of the comparison; a third takes the place of the second."""
        name = one.vm_size.name
        others = tuple(other for other in self._compared if other != name)
        self._compared = others if name in self._compared else (*others[: len(LETTERS) - 1], name)
        self._redraw()
        self._sizes.select(name)

    def _stop_comparing(self) -> None:
        self._compared = ()
        self._redraw()

    def _mark_words(self, one: VmSizeOffer) -> str:
        return "●" if self._is_chosen(one) else "○" if can_choose(one) else ""

    def _letter(self, one: VmSizeOffer) -> str:
        name = one.vm_size.name
        return LETTERS[self._compared.index(name)] if name in self._compared else ""

    def _cluster_mark(self, one: ComputeTarget) -> str:
        if self._is_chosen_cluster(one):
            return "●"
        return "" if cluster_obstacle(one) else "○"

    def _is_chosen(self, one: VmSizeOffer) -> bool:
        choice = self._state.machine
        name = one.vm_size.name.lower()
        return choice is not None and not choice.existing_compute and choice.vm_size.lower() == name

    def _is_chosen_cluster(self, one: ComputeTarget) -> bool:
        return self._state.machine is not None and self._state.machine.existing_compute == one.name

    def _read_again(self) -> None:
        self.controller.load_machines(again=True)

    def _remedy(self, remedy: Remedy) -> None:
        carry_out(self, self.controller, self.desk, remedy, JobKind.MACHINES)


def _speed(state: WizardState) -> float:
    return state.place.speed if state.place is not None else 1.0


def _grid(widget: tk.Widget, shown: bool) -> None:
    if shown != bool(widget.winfo_manager()):
        widget.grid() if shown else widget.grid_remove()


def _place(widget: tk.Widget, shown: bool, **where: Any) -> None:
    if shown and not widget.winfo_manager():
        widget.grid(**where)
    elif not shown and widget.winfo_manager():
        widget.grid_remove()
