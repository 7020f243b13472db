"""Where the time of one request went: a bar in two parts, network and model."""

from __future__ import annotations

import tkinter as tk

from gpu_assistant.i18n import tr
from gpu_assistant.ui.theme import SMALL, Colours
from gpu_assistant.ui.widgets.drawing import Drawing, mixed

_HEIGHT = 40


class LatencySplit(Drawing):
    """Network beside model, in milliseconds; nothing when there is no answer."""

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent, width=280, height=_HEIGHT)
        self._times: tuple[float, float] | None = None

    def show(self, network_ms: float | None, model_ms: float | None) -> None:
        """Show these times; None for nothing."""
        wanted = None if network_ms is None or model_ms is None else (max(network_ms, 0.0), max(model_ms, 0.0))
        if wanted != self._times:
            self._times = wanted
            self.redraw()

    def draw(self, c: Colours, width: int, height: int) -> None:
        """The bar, and below it what its two parts are: hatched by shade and named, not by colour alone."""
        if self._times is None:
            return
        network_ms, model_ms = self._times
        whole = network_ms + model_ms
        thick = self.px(8)
        edge = round(width * (network_ms / whole if whole else 0.5))
        edge = min(max(edge, self.px(3)), width - self.px(3))
        pale = mixed(c.muted, c.page, 0.6)
        self.create_rectangle(0, 0, edge, thick, fill=pale, width=0)
        self.create_rectangle(edge + self.px(1), 0, width, thick, fill=c.accent, width=0)
        network = tr("Network {time}", time=ms_words(network_ms))
        model = tr("Model {time}", time=ms_words(model_ms))
        top, line = thick + self.px(6), self.line(SMALL)
        box = self.px(8)
        for text, colour, x, anchor in ((network, pale, 0, "w"), (model, c.accent, width, "e")):
            middle = top + line / 2
            text_width = self.measure(text, SMALL)
            left = x if anchor == "w" else x - text_width - box - self.px(5)
            self.create_rectangle(left, middle - box / 2, left + box, middle + box / 2, fill=colour, width=0)
            self.create_text(left + box + self.px(5), middle, text=text, font=SMALL, fill=c.muted, anchor="w")
            self.note(text, (left, top, text_width + box + self.px(5), line))


def ms_words(time_ms: float) -> str:
    """A time as a person reads it: 4.2 ms, 84 ms, 1.25 s."""
    if time_ms >= 1000:
        return tr("{seconds} s", seconds=f"{time_ms / 1000:.2f}")
    return tr("{milliseconds} ms", milliseconds=f"{time_ms:.1f}" if time_ms < 10 else f"{time_ms:.0f}")
