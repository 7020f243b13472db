"""The choice and its price: what was chosen, how many nodes, what that costs per hour and per month."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from gpu_assistant.domain.compute import ComputeTarget, VmSizeOffer
from gpu_assistant.i18n import tr
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Checkbutton, Frame, Label, Spinbox, card, px
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.ui.widgets.vm_size_words import gpu_words, memory_words, monthly, most_nodes, node_words, short_name
from gpu_assistant.wizard.money import price_text
from gpu_assistant.wizard.state import MachineChoice


class MachineBill(Frame):
    """Shows a MachineChoice and lets nodes and TLS be changed: `on_change` gets the new choice. Tk thread only."""

    def __init__(self, parent: tk.Misc, *, on_change: Callable[[MachineChoice], object]) -> None:
        super().__init__(parent)
        self._on_change = on_change
        self._choice: MachineChoice | None = None
        self._most = 1
        self._nodes = tk.StringVar(self, "1")
        self._secure = tk.BooleanVar(self, True)
        frame = card(self)
        frame.pack(fill="both", expand=True)
        frame.columnconfigure(0, weight=1)
        self._build_words(frame)
        self._build_settings(frame)
        self._build_price(frame)

    def _build_words(self, parent: Frame) -> None:
        left = Frame(parent)
        left.grid(row=0, column=0, sticky="nsew")
        left.columnconfigure(0, weight=1)
        self._what = named(Prose(left, style="Heading.TLabel"), "machine.chosen")
        self._what.grid(row=0, column=0, sticky="ew")
        self._facts = Prose(left, style="Muted.TLabel")
        self._facts.grid(row=1, column=0, sticky="ew", pady=(px(self, 2), 0))
        self._note = named(Prose(left), "machine.note")
        self._note.grid(row=2, column=0, sticky="ew", pady=(px(self, 2), 0))

    def _build_settings(self, parent: Frame) -> None:
        self._settings = middle = Frame(parent)
        middle.grid(row=0, column=1, sticky="n", padx=(px(self, 20), 0))
        self._nodes_label = Label(middle, text=tr("Nodes"))
        self._nodes_label.grid(row=0, column=0, sticky="w", padx=(0, px(self, 8)))
        self._spinbox = named(
            Spinbox(
                middle,
                from_=1,
                to=1,
                width=5,
                textvariable=self._nodes,
                command=self._nodes_typed,
                validate="key",
                validatecommand=(self.register(_may_be_typed), "%P"),  # type: ignore[arg-type]
            ),
            "machine.nodes",
        )
        self._spinbox.grid(row=0, column=1, sticky="w")
        for event in ("<Return>", "<FocusOut>"):
            self._spinbox.bind(event, self._nodes_typed, add="+")
        self._secure_box = named(
            Checkbutton(middle, text=tr("HTTPS (TLS)"), variable=self._secure, command=self._secure_clicked),
            "machine.secure",
        )
        self._secure_box.grid(row=1, column=0, columnspan=2, sticky="w", pady=(px(self, 8), 0))

    def _build_price(self, parent: Frame) -> None:
        right = Frame(parent)
        right.grid(row=0, column=2, sticky="ne", padx=(px(self, 24), 0))
        right.columnconfigure(0, minsize=px(self, 150))
        self._hour = named(Label(right, style="Title.TLabel", anchor="e"), "machine.per_hour")
        self._hour.grid(row=0, column=0, sticky="e")
        self._month = named(Label(right, style="Muted.TLabel", anchor="e"), "machine.per_month")
        self._month.grid(row=1, column=0, sticky="e")
        self._free = named(Label(right, style="Good.TLabel", anchor="e"), "machine.free")
        self._free.grid(row=2, column=0, sticky="e")

    def show(
        self,
        choice: MachineChoice | None,
        offer: VmSizeOffer | None,
        *,
        target: ComputeTarget | None = None,
        practice: bool = False,
        note: str = "",
    ) -> None:
        """Draw the choice. `offer` is that of its VM size; `note` is said below in the warning colour."""
        self._choice = choice
        self._say_what(choice, offer, target, note)
        is_new = choice is not None and not choice.existing_compute
        _shown(self._settings, is_new)
        _shown(self._secure_box, not practice)
        if choice is not None and is_new:
            self._most = most_nodes(offer)
            self._spinbox.configure(to=self._most)
            if self._spinbox.instate(["!focus"]) or self._typed() not in (None, choice.node_count):
                self._nodes.set(str(choice.node_count))
            self._secure.set(choice.secure)
        self._say_price(choice, offer, practice)

    def _say_what(
        self, choice: MachineChoice | None, offer: VmSizeOffer | None, target: ComputeTarget | None, note: str
    ) -> None:
        if choice is None:
            self._what.say(tr("No machine chosen yet"))
            self._facts.say(tr("Click a row to choose it. The cheapest that you can use is at the top."))
        else:
            self._what.say(choice.existing_compute or choice.vm_size)
            self._facts.say(_facts_words(choice, offer, target))
        if not note and choice is not None and choice.existing_compute:
            note = tr("It exists already: using it costs nothing more, and it bills until it is deleted.")
            self._note.configure(style="Muted.TLabel")
        elif note:
            self._note.configure(style="Warning.TLabel")
        self._note.say(note)
        _shown(self._note, bool(note))

    def _say_price(self, choice: MachineChoice | None, offer: VmSizeOffer | None, practice: bool) -> None:
        price = offer.price if offer is not None else None
        nodes = max(choice.node_count, 1) if choice is not None else 1
        _shown(self._free, practice and choice is not None)
        if choice is None:
            self._hour.configure(text="")
            self._month.configure(text="")
            return
        self._free.configure(text=tr("✓ Practice: nothing is billed"))
        if price is None:
            self._hour.configure(text=tr("price unknown"), style="Heading.TLabel")
            self._month.configure(text=tr("Look it up before you deploy"))
            return
        hourly = price_text(price.times(nodes).amount, price.currency)
        self._hour.configure(text=tr("{price} per hour", price=hourly), style="Title.TLabel")
        total = price_text(monthly(price, nodes), price.currency, places=0)
        words = tr("{price} per month · {nodes}", price=total, nodes=node_words(nodes))
        self._month.configure(text=words)

    def _typed(self) -> int | None:
        text = self._nodes.get().strip()
        return int(text) if text.isdigit() else None

    def _nodes_typed(self, event: object = None) -> None:
        if self._choice is None:
            return
        nodes = min(max(self._typed() or self._choice.node_count, 1), self._most)
        self._nodes.set(str(nodes))
        if nodes != self._choice.node_count:
            self._on_change(self._choice._replace(node_count=nodes))

    def _secure_clicked(self) -> None:
        if self._choice is not None:
            self._on_change(self._choice._replace(secure=self._secure.get()))


def _facts_words(choice: MachineChoice, offer: VmSizeOffer | None, target: ComputeTarget | None) -> str:
    facts = ""
    if offer is not None:
        size = offer.vm_size
        facts = tr(
            "{gpu} · {gpu_memory} GPU memory · {vcpus} vCPUs · {memory} RAM",
            gpu=gpu_words(size),
            gpu_memory=memory_words(size.gpu_memory_gb),
            vcpus=size.vcpus,
            memory=memory_words(size.memory_gb),
        )
    if target is None:
        return facts
    return f"{node_words(target.node_count)} × {short_name(target.vm_size) or tr('unknown')}\n{facts}".rstrip()


def _shown(widget: tk.Widget, shown: bool) -> None:
    if shown != bool(widget.winfo_manager()):
        widget.grid() if shown else widget.grid_remove()


def _may_be_typed(text: str) -> bool:
    return text == "" or (text.isdigit() and len(text) <= 4)
