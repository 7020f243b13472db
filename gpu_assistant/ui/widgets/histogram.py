"""How the latencies of the session are spread."""

from __future__ import annotations

import math
import tkinter as tk
from collections.abc import Sequence
from dataclasses import dataclass

from gpu_assistant.i18n import tr
from gpu_assistant.ui.theme import SMALL, Colours
from gpu_assistant.ui.widgets.drawing import Drawing, mixed
from gpu_assistant.ui.widgets.latency_split import ms_words

_HEIGHT = 170
_MOST_BINS = 24
_STEPS = (1, 2, 5)
_FAR = 4.0
"""What lies more than so many times the middle half's width above it is far."""
_FEW = 10


@dataclass(frozen=True, slots=True)
class Spread:
    """Latencies counted in bins of equal width. With `is_open` the last bin also holds whatever is slower."""

    start_ms: float
    bin_ms: float
    counts: tuple[int, ...]
    is_open: bool
    median_ms: float
    p95_ms: float


def spread_of(values_ms: Sequence[float]) -> Spread | None:
    """The bins for these values, at edges that are round numbers; None for no values.

    A few slow ones do not stretch the picture: what is far above most of the others is counted in the last bin.
    """
    if not values_ms:
        return None
    ordered = sorted(values_ms)
    low, quarter, three_quarters = ordered[0], _quantile(ordered, 0.25), _quantile(ordered, 0.75)
    high = min(ordered[-1], three_quarters + _FAR * (three_quarters - quarter)) if len(ordered) > _FEW else ordered[-1]
    bin_ms = _round_up((high - low) / _MOST_BINS)
    start_ms = math.floor(low / bin_ms) * bin_ms
    counts = [0] * (min(int((high - start_ms) / bin_ms), _MOST_BINS) + 1)
    for value in ordered:
        counts[min(int((value - start_ms) / bin_ms), len(counts) - 1)] += 1
    return Spread(
        start_ms, bin_ms, tuple(counts), ordered[-1] > high, _quantile(ordered, 0.5), _quantile(ordered, 0.95)
    )


class Histogram(Drawing):
    """Bars over milliseconds, with the median and the 95th percentile marked and named."""

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent, width=320, height=_HEIGHT)
        self._values_ms: tuple[float, ...] = ()

    def show(self, values_ms: Sequence[float]) -> None:
        """Show how these are spread."""
        wanted = tuple(values_ms)
        if wanted != self._values_ms:
            self._values_ms = wanted
            self.redraw()

    def draw(self, c: Colours, width: int, height: int) -> None:
        """Bars on a base line; the edges' times below, the two marks above."""
        spread = spread_of(self._values_ms)
        if spread is None:
            return
        line = self.line(SMALL)
        top, bottom = 2 * line + self.px(6), height - line - self.px(4)
        bins = len(spread.counts)
        step = min(width / bins, self.px(48))
        most = max(spread.counts)
        for at, count in enumerate(spread.counts):
            if count:
                tall = max((bottom - top) * count / most, self.px(2))
                left = at * step
                self.create_rectangle(
                    left,
                    bottom - tall,
                    left + max(step - self.px(2), 1),
                    bottom,
                    fill=mixed(c.accent, c.page, 0.6),
                    width=0,
                )
        end = step * bins
        self.create_line(0, bottom, max(end, self.px(120)), bottom, fill=c.muted)
        first, last = ms_words(spread.start_ms), ms_words(spread.start_ms + spread.bin_ms * bins)
        if spread.is_open:
            last = tr("{time} and more", time=ms_words(spread.start_ms + spread.bin_ms * (bins - 1)))
        self.create_text(0, bottom + self.px(3), text=first, font=SMALL, fill=c.muted, anchor="nw")
        # two labels must not run into each other when all the bars are few
        last_x = max(end, self.measure(first, SMALL) + self.measure(last, SMALL) + self.px(16))
        self.create_text(last_x, bottom + self.px(3), text=last, font=SMALL, fill=c.muted, anchor="ne")
        marks = (
            (tr("median {time}", time=ms_words(spread.median_ms)), spread.median_ms, 0),
            (tr("95% within {time}", time=ms_words(spread.p95_ms)), spread.p95_ms, line),
        )
        for text, time_ms, y in marks:
            x = min((time_ms - spread.start_ms) / spread.bin_ms * step, end)
            self.create_line(x, y + line / 2, x, bottom, fill=c.text, dash=(self.px(3), self.px(3)))
            text_width = self.measure(text, SMALL)
            before = x + self.px(5) + text_width > width
            at_x = x - self.px(5) - text_width if before else x + self.px(5)
            self.create_text(at_x, y, text=text, font=SMALL, fill=c.text, anchor="nw")
            self.note(text, (at_x, y, text_width, line))
        self.note(tr("{first} to {last}", first=first, last=last), (0, top, end, bottom - top), role="chart")


def _quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all values do not exceed."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def _round_up(width: float) -> float:
    """The next of 0.1, 0.2, 0.5, 1, 2, 5, 10…"""
    if width <= 0.1:
        return 0.1
    power = 10.0 ** math.floor(math.log10(width))
    return next((step * power for step in _STEPS if step * power >= width), 10 * power)
