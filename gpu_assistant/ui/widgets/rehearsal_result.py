"""How a rehearsal went: the answers, what it proves, and what only Azure will show."""

from __future__ import annotations

import tkinter as tk

from gpu_assistant.i18n import error_detail, tr
from gpu_assistant.ui import theme
from gpu_assistant.ui.desk import Desk
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Frame, Label, px
from gpu_assistant.ui.widgets.fold import Fold
from gpu_assistant.ui.widgets.latency_split import ms_words
from gpu_assistant.ui.widgets.log_view import LogView
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.workflows.rehearse import Rehearsal
from gpu_assistant.workflows.score_many import Answer

_MOST_ANSWERS = 12


class RehearsalResult(Frame):
    """One rehearsal. Takes no room while there is none; the same again changes nothing. Tk thread only."""

    def __init__(self, parent: tk.Misc, desk: Desk) -> None:
        super().__init__(parent)
        self.columnconfigure(0, weight=1)
        self._desk = desk
        self._shown: tuple[Rehearsal | None, bool] = (None, False)
        self._body: Frame | None = None
        Frame(self, height=1, width=1).grid(row=1, column=0)  # lets the frame shrink when it is empty

    def show(self, held: Rehearsal | None, *, is_outdated: bool = False) -> None:
        """Show this one; `is_outdated` when the choices have changed since. None hides the view."""
        if (held, is_outdated) == self._shown:
            return
        self._shown = (held, is_outdated)
        if self._body is not None:
            self._body.destroy()
            self._body = None
        if held is not None:
            self._body = self._draw(held, is_outdated)
            self._body.grid(row=0, column=0, sticky="ew")

    def _draw(self, held: Rehearsal, is_outdated: bool) -> Frame:
        body, gap = Frame(self), px(self, 4)
        body.columnconfigure(1, weight=1)
        lines = _Lines(body, gap)
        if held.went_well:
            lines.add("✓", "Good.TLabel", tr("It started in {seconds} s and answered.", seconds=f"{held.start_s:.0f}"))
        else:
            words = tr("It started in {seconds} s, but not every image was answered.", seconds=f"{held.start_s:.0f}")
            lines.add("!", "Warning.TLabel", words)
        if is_outdated:
            lines.add("!", "Warning.TLabel", tr("The choices have changed since; rehearse again."))
        for answer in held.answers[:_MOST_ANSWERS]:
            symbol, style = ("●", "Accent.TLabel") if answer.image is not None else ("×", "Danger.TLabel")
            lines.add(symbol, style, _answer_words(answer))
        if held.cause:
            lines.add("×", "Danger.TLabel", tr("The log says: {cause}", cause=held.cause))
        fold = Fold(body, tr("What this proves, and what it does not"), name="deploy.rehearsal.proves")
        fold.inside.columnconfigure(1, weight=1)
        proofs = _Lines(fold.inside, gap)
        for sentence in held.tried:
            proofs.add("✓", "Good.TLabel", tr(sentence))
        for sentence in held.not_tried:
            proofs.add("–", "Muted.TLabel", tr("Not rehearsed: {what}", what=sentence))
        fold.grid(row=lines.count, column=0, columnspan=2, sticky="ew", pady=(gap, 0))
        details = Fold(body, tr("Log of the server"), name="deploy.rehearsal.log")
        details.inside.columnconfigure(0, weight=1)
        log = LogView(details.inside, self._desk, height=8, file_name="rehearsal-log.txt")
        log.show(held.log.splitlines())
        log.grid(row=0, column=0, sticky="nsew")
        details.grid(row=lines.count + 1, column=0, columnspan=2, sticky="ew")
        return body


class _Lines:
    """Sentences below each other, each behind its symbol."""

    def __init__(self, parent: Frame, gap: int) -> None:
        self._parent = parent
        self._gap = gap
        self.count = 0

    def add(self, symbol: str, style: str, sentence: str) -> None:
        """One more."""
        Label(self._parent, text=symbol, style=style, font=theme.BOLD).grid(
            row=self.count, column=0, sticky="n", padx=(0, 2 * self._gap)
        )
        said = named(Prose(self._parent, text=sentence), f"deploy.rehearsal.{self.count + 1}")
        said.grid(row=self.count, column=1, sticky="ew", pady=(0, self._gap))
        self.count += 1


def _answer_words(answer: Answer) -> str:
    """ "coffee.jpg: espresso 95.4%, 27 ms" or why not."""
    if answer.image is None:
        assert answer.error is not None
        return error_detail(answer.error)
    best = answer.image.predictions[0] if answer.image.predictions else None
    time = ms_words(answer.image.latency_ms)
    if best is None:
        return tr("{file}: no class, {time}", file=answer.path.name, time=time)
    return tr(
        "{file}: {label} {probability}, {time}",
        file=answer.path.name,
        label=best.label or tr("class {number}", number=best.index),
        probability=f"{best.probability:.1%}",
        time=time,
    )
