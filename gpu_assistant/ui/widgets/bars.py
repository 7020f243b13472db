"""The best answers as bars, each with its label beside it."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence

from gpu_assistant.domain.scoring import Prediction
from gpu_assistant.i18n import tr
from gpu_assistant.ui.theme import BODY, BOLD, Colours
from gpu_assistant.ui.widgets.drawing import Drawing, mixed

SHOWN = 5
_ROW = 32
_SHORTEST_BAR = 3


class Bars(Drawing):
    """The first five predictions, the best one in bold; empty tracks while the answer is awaited.

    In a low window the rows are closer together, and the last ones are left out before they would overlap.
    """

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent, width=280, height=SHOWN * _ROW)
        self._predictions: tuple[Prediction, ...] = ()
        self._is_waiting = False

    def show(self, predictions: Sequence[Prediction], *, waiting: bool = False) -> None:
        """Show these, best first; with `waiting` the empty tracks of an answer that is on its way."""
        wanted = tuple(predictions[:SHOWN])
        if (wanted, waiting) != (self._predictions, self._is_waiting):
            self._predictions, self._is_waiting = wanted, waiting
            self.redraw()

    def draw(self, c: Colours, width: int, height: int) -> None:
        """Three columns: label, bar, percent."""
        gap, line = self.px(10), self.line(BOLD)
        fitting = max(min(height // line, SHOWN), 1)
        row = min(height / fitting, self.px(_ROW))
        percent_width = max(self.measure("100.0%", BOLD), self.px(44))
        label_width = self._label_width(width - percent_width - 2 * gap)
        bar_x = label_width + gap
        bar_width = max(width - bar_x - gap - percent_width, self.px(20))
        for rank in range(min(SHOWN if self._is_waiting else len(self._predictions), fitting)):
            top = rank * row
            middle = top + row / 2
            thick = self.px(12)
            track = (bar_x, middle - thick / 2, bar_x + bar_width, middle + thick / 2)
            self.create_rectangle(*track, fill=mixed(c.faint, c.page, 0.6), width=0)
            if self._is_waiting:
                short = label_width * (0.8, 0.6, 0.7, 0.5, 0.55)[rank]
                self.create_rectangle(0, track[1], short, track[3], fill=mixed(c.faint, c.page, 0.6), width=0)
                continue
            one = self._predictions[rank]
            font, colour = (BOLD, c.accent) if rank == 0 else (BODY, mixed(c.accent, c.page, 0.55))
            share = min(max(one.probability, 0.0), 1.0)
            filled = max(bar_width * share, self.px(_SHORTEST_BAR))
            self.create_rectangle(track[0], track[1], track[0] + filled, track[3], fill=colour, width=0)
            label, percent = label_words(one), percent_words(one.probability)
            shown = self.ellipsised(label, font, label_width)
            self.create_text(0, middle, text=shown, font=font, fill=c.text, anchor="w")
            self.create_text(width, middle, text=percent, font=font, fill=c.text, anchor="e")
            rect = (0.0, top, float(width), row)
            self.note(f"{label} {percent}", rect, role="bar", shown=shown, share=share)

    def _label_width(self, room: int) -> int:
        """As wide as the longest label, but the bars get a third at least."""
        widest = max((self.measure(label_words(one), BOLD) for one in self._predictions), default=self.px(120))
        return int(min(max(widest, self.px(80)), room * 0.56))


def label_words(one: Prediction) -> str:
    """The label, or the output's number where the model brings no labels."""
    return one.label if one.label else tr("class {index}", index=one.index)


def percent_words(probability: float) -> str:
    """A share as a person reads it: 94.2%, < 0.1%."""
    if 0 < probability < 0.0005:
        return "< 0.1%"
    return f"{probability * 100:.1f}%"
