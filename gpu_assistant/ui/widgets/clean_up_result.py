"""How a clean-up ended, thing by thing, with its proof."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence

from gpu_assistant.domain.billing import BillableResource
from gpu_assistant.i18n import tr
from gpu_assistant.ui import theme
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, px
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.wizard.receipt import cost_sentence, cost_words, verdict_words
from gpu_assistant.workflows.clean_up import CleanUpReport


class CleanUpResult(Frame):
    """What is proven gone and what is not, what was left on purpose, and the receipt. Tk thread only."""

    def __init__(self, parent: tk.Misc, *, on_portal: Callable[[str], None], on_save: Callable[[str], None]) -> None:
        """`on_portal` gets an address, `on_save` "html" or "json"."""
        super().__init__(parent)
        self._on_portal = on_portal
        self._on_save = on_save
        self._drawn: CleanUpReport | None = None
        self._inside: Frame | None = None
        self._receipt: Button | None = None
        self.columnconfigure(0, weight=1)

    def show(self, report: CleanUpReport, rows: Sequence[BillableResource]) -> None:
        """`rows` as the ledger has them after it."""
        if report is self._drawn:
            return
        self._drawn = report
        if self._inside is not None:
            self._inside.destroy()
        self._inside = inside = Frame(self)
        inside.columnconfigure(1, weight=1)
        inside.grid(row=0, column=0, sticky="nsew")
        self._draw_verdict(inside, report, practice=bool(rows) and all(row.practice for row in rows))
        line = 2
        for gone in report.gone:
            what = tr("{kind} {name}", kind=gone.kind.words, name=gone.name)
            self._draw_line(inside, line, "✓", "Good.TLabel", what, tr(gone.proof), cost_words(gone))
            line += 1
        for left in report.left:
            what = tr("{kind} {name}", kind=left.kind.words, name=left.name)
            frame = self._draw_line(inside, line, "×", "Danger.TLabel", what, tr(left.reason), "")
            button = Button(
                frame,
                text=tr("Open in the Azure portal"),
                bootstyle="secondary-outline",
                command=lambda url=left.portal_url: self._on_portal(url),
            )
            named(button, f"cleanup.portal.{left.name}").grid(row=2, column=0, sticky="w", pady=(px(self, 4), 0))
            line += 1
        for note in report.notes:
            self._draw_line(inside, line, "!", "Warning.TLabel", tr("Note"), tr(note), "")
            line += 1
        for kept in report.kept:
            title = tr("{name}, left on purpose", name=kept.name)
            self._draw_line(inside, line, "–", "Muted.TLabel", title, tr(kept.why), "")
            line += 1

    def focus_receipt(self) -> None:
        """Put the keyboard on the button that saves the receipt."""
        if self._receipt is not None:
            self._receipt.focus_set()

    def _draw_verdict(self, inside: Frame, report: CleanUpReport, *, practice: bool) -> None:
        symbol, style = ("×", "Danger.TLabel") if report.left else ("✓", "Good.TLabel")
        gap = px(self, 10)
        Label(inside, text=symbol, style=style, font=theme.TITLE).grid(row=0, column=0, rowspan=2, sticky="n")
        named(Prose(inside, text=verdict_words(report), style="Heading.TLabel"), "cleanup.verdict").grid(
            row=0, column=1, sticky="ew", padx=(gap, 0)
        )
        named(Prose(inside, text=cost_sentence(report, practice=practice), style="Muted.TLabel"), "cleanup.cost").grid(
            row=1, column=1, sticky="ew", padx=(gap, 0), pady=(0, gap)
        )
        saves = Frame(inside)
        saves.grid(row=0, column=2, rowspan=2, sticky="ne")
        for kind, label in (("html", tr("Save receipt…")), ("json", tr("Save as JSON…"))):
            button = Button(
                saves, text=label, bootstyle="secondary-outline", command=lambda chosen=kind: self._on_save(chosen)
            )
            named(button, f"cleanup.receipt.{kind}").pack(side="left", padx=(px(self, 6), 0))
            self._receipt = button if kind == "html" else self._receipt

    def _draw_line(self, inside: Frame, line: int, symbol: str, style: str, title: str, text: str, right: str) -> Frame:
        gap = px(self, 10)
        Label(inside, text=symbol, style=style, font=theme.BOLD, anchor="center").grid(row=line, column=0, sticky="n")
        frame = Frame(inside)
        frame.columnconfigure(0, weight=1)
        frame.grid(row=line, column=1, sticky="ew", padx=(gap, 0), pady=(0, px(self, 8)))
        Prose(frame, text=title, style="Bold.TLabel").grid(row=0, column=0, sticky="ew")
        Prose(frame, text=text, style="Muted.TLabel").grid(row=1, column=0, sticky="ew")
        if right:
            Label(inside, text=right).grid(row=line, column=2, sticky="ne")
        return frame
