"""Two VM sizes side by side: the same facts on the same lines, what differs in bold with a sign."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gpu_assistant.domain.compute import VmSizeOffer
from gpu_assistant.i18n import tr
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, Separator, card, px
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.ui.widgets.vm_size_words import (
    free_vcpus,
    gpu_words,
    hourly_words,
    memory_words,
    monthly,
    short_name,
    why_not,
)
from gpu_assistant.wizard.money import price_text
from gpu_assistant.wizard.navigation import can_choose

LETTERS = ("A", "B")


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the comparison: a value for each size."""

    title: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether the sizes are unlike in this."""
        return len(set(self.values)) > 1


def facts(offers: Sequence[VmSizeOffer]) -> tuple[Fact, ...]:
    """What the sizes are compared by."""

    def fact(title: str, say: Callable[[VmSizeOffer], str]) -> Fact:
        return Fact(title, tuple(say(offer) for offer in offers))

    return (
        fact(tr("GPU"), lambda offer: gpu_words(offer.vm_size)),
        fact(tr("GPU RAM"), lambda offer: memory_words(offer.vm_size.gpu_memory_gb)),
        fact(tr("CUDA"), lambda offer: offer.vm_size.compute_capability or "–"),
        fact(tr("vCPUs"), lambda offer: str(offer.vm_size.vcpus)),
        fact(tr("RAM"), lambda offer: memory_words(offer.vm_size.memory_gb)),
        fact(tr("Per hour"), lambda offer: hourly_words(offer.price)),
        fact(tr("Per month"), _monthly_words),
        fact(tr("Usable"), _usable_words),
    )


def _monthly_words(offer: VmSizeOffer) -> str:
    return price_text(monthly(offer.price), offer.price.currency if offer.price else "", places=0)


def _usable_words(offer: VmSizeOffer) -> str:
    reason, free = why_not(offer), free_vcpus(offer)
    if reason:
        return f"× {reason}"
    return tr("? quota unknown") if free is None else tr("✓ {free} vCPUs free", free=free)


class SizeComparison(Frame):
    """The panel. `show` takes one or two offers; with one it asks for the second. Tk thread only."""

    def __init__(
        self, parent: tk.Misc, *, on_choose: Callable[[VmSizeOffer], object], on_close: Callable[[], object]
    ) -> None:
        super().__init__(parent)
        self._on_choose = on_choose
        self._shown: tuple[VmSizeOffer, ...] | None = None
        self._body = card(self)
        self._body.configure(padding=(px(self, 12), px(self, 8)))
        self._body.grid(row=0, column=0, sticky="nsew")
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self._on_close = on_close

    def show(self, offers: Sequence[VmSizeOffer]) -> None:
        """Compare these."""
        wanted = tuple(offers)
        if wanted == self._shown:
            return
        self._shown = wanted
        for child in self._body.winfo_children():
            child.destroy()
        self._draw(wanted)

    def _draw(self, offers: Sequence[VmSizeOffer]) -> None:
        body = self._body
        column_px = px(self, 156)
        close = Button(body, text=tr("× Close"), bootstyle="primary-link", padding=0, command=self._on_close)
        named(close, "machine.compare.close").grid(row=0, column=0, sticky="w")
        for number in range(1, len(LETTERS) + 1):
            body.columnconfigure(number, weight=1, uniform="size", minsize=column_px)
        for number, offer in enumerate(offers, start=1):
            title = f"{LETTERS[number - 1]} {short_name(offer.vm_size.name)}"
            self._cell(0, number, Prose(body, text=title, style="Bold.TLabel", wraplength=column_px))
        Separator(body).grid(row=1, column=0, columnspan=len(LETTERS) + 1, sticky="ew", pady=px(self, 3))
        all_facts = facts(offers)
        for line, fact in enumerate(all_facts, start=2):
            self._draw_fact(line, fact)
        for number, offer in enumerate(offers, start=1):
            button = Button(
                body,
                text=tr("Choose {letter}", letter=LETTERS[number - 1]),
                bootstyle="primary-outline",
                state="normal" if can_choose(offer) else "disabled",
                command=lambda chosen=offer: self._on_choose(chosen),
            )
            named(button, f"machine.compare.choose.{LETTERS[number - 1]}")
            self._cell(len(all_facts) + 2, number, button, above=4)
        if len(offers) < len(LETTERS):
            text = tr("Select a second size and press “Compare”, or Ctrl+click it.")
            hint = Prose(body, text=text, style="Muted.TLabel", wraplength=column_px)
            hint.grid(row=2, column=2, rowspan=len(all_facts), sticky="new", padx=(px(self, 10), 0))

    def _cell(self, line: int, column: int, widget: tk.Widget, *, above: float = 0) -> None:
        widget.grid(row=line, column=column, sticky="new", padx=(px(self, 10), 0), pady=(px(self, above), 0))

    def _draw_fact(self, line: int, fact: Fact) -> None:
        alone = len(fact.values) == 1
        title = f"{'≠' if fact.differs else '  '} {fact.title}"
        Label(self._body, text=fact.title if alone else title, style="Muted.TLabel").grid(
            row=line, column=0, sticky="nw", pady=(px(self, 1), 0)
        )
        for number, value in enumerate(fact.values, start=1):
            style = "Bold.TLabel" if fact.differs else "TLabel" if alone else "Muted.TLabel"
            self._cell(line, number, Prose(self._body, text=value, style=style, wraplength=px(self, 156)), above=1)
