"""How long the requests of the session took, one after the other."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence

from gpu_assistant.i18n import tr, tr_count
from gpu_assistant.ui.theme import SMALL, Colours
from gpu_assistant.ui.widgets.drawing import Drawing, mixed
from gpu_assistant.ui.widgets.latency_split import ms_words

LATEST = 120
"""So many requests are drawn; more would be a band of ink."""
_HEIGHT = 110


class Sparkline(Drawing):
    """A line through the latest latencies, from zero up to the slowest, with the latest one named."""

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent, width=320, height=_HEIGHT)
        self._values_ms: tuple[float, ...] = ()

    def show(self, values_ms: Sequence[float]) -> None:
        """Show these, in the order of the answers."""
        wanted = tuple(values_ms[-LATEST:])
        if wanted != self._values_ms:
            self._values_ms = wanted
            self.redraw()

    def draw(self, c: Colours, width: int, height: int) -> None:
        """The slowest named at the top left, the latest at the right."""
        values, line = self._values_ms, self.line(SMALL)
        if not values:
            self.create_text(0, height / 2, text=tr("No answers yet"), font=SMALL, fill=c.muted, anchor="w")
            self.note(tr("No answers yet"), (0, 0, width, height))
            return
        latest = tr("latest {time}", time=ms_words(values[-1]))
        slowest = tr("slowest {time}", time=ms_words(max(values)))
        right = width - self.measure(latest, SMALL) - self.px(12)
        top, bottom, dot = line + self.px(6), height - self.px(6), self.px(4)
        ceiling = max(max(values), 1e-9)
        step = (right - dot) / max(len(values) - 1, 1)
        points = [
            (right if len(values) == 1 else dot + at * step, bottom - (bottom - top) * value / ceiling)
            for at, value in enumerate(values)
        ]
        self.create_line(0, bottom, right, bottom, fill=c.faint)
        self.create_line(0, top, right, top, fill=c.faint, dash=(self.px(2), self.px(4)))
        self.create_text(0, 0, text=slowest, font=SMALL, fill=c.muted, anchor="nw")
        if len(points) > 1:
            area = [(points[0][0], bottom), *points, (points[-1][0], bottom)]
            self.create_polygon(area, fill=mixed(c.accent, c.page, 0.12), width=0)
            self.create_line(points, fill=c.accent, width=self.px(2), joinstyle="round")
        x, y = points[-1]
        self.create_oval(x - dot, y - dot, x + dot, y + dot, fill=c.accent, outline=c.page)
        y = min(max(y, line / 2), height - line / 2)
        self.create_text(width, y, text=latest, font=SMALL, fill=c.text, anchor="e")
        words = tr_count("{count} request, {slowest}, {latest}", "{count} requests, {slowest}, {latest}", len(values),
                         slowest=slowest, latest=latest)  # fmt: skip
        self.note(words, (0, 0, width, height), role="chart", count=len(values))
