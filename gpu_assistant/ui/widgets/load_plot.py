"""A load test as it goes: how many images a second, and how long answers took, over time."""

from __future__ import annotations

import math
import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gpu_assistant.i18n import tr
from gpu_assistant.ui.theme import SMALL, Colours
from gpu_assistant.ui.widgets.drawing import Drawing, mixed
from gpu_assistant.ui.widgets.latency_split import ms_words
from gpu_assistant.workflows.load.results import LoadRun
from gpu_assistant.workflows.load.statistics import Window

_HEIGHT = 210
_SPANS_S = (10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
_STEPS = (1, 1.5, 2, 3, 5, 7.5)
_MOST_POINTS = 240
"""More would be less than two pixels apart."""


@dataclass(frozen=True, slots=True)
class Scale:
    """What the edges of the picture mean. It grows by steps, so that the picture stands still in between."""

    span_s: float
    most_per_s: float
    most_ms: float
    warm_up_s: float


def scale_of(windows: Sequence[Window], warm_up_s: float) -> Scale:
    """The least scale that holds these windows."""
    at_s = windows[-1].at_s if windows else 0.0
    return Scale(
        span_s=next((span for span in _SPANS_S if span >= at_s), at_s),
        most_per_s=_round_up(max((window.per_s for window in windows), default=1.0)),
        most_ms=_round_up(max((window.p95_ms or 0.0 for window in windows), default=1.0)),
        warm_up_s=warm_up_s,
    )


def thinned(windows: Sequence[Window]) -> Sequence[Window]:
    """At most as many as can be told apart. Of a group the one with the slowest answers stays."""
    size = math.ceil(len(windows) / _MOST_POINTS)
    if size <= 1:
        return windows
    groups = (windows[at : at + size] for at in range(0, len(windows), size))
    return [max(group, key=lambda window: window.p95_ms or 0.0) for group in groups]


class LoadPlot(Drawing):
    """Two panels above each other. While the scale stays, a new window moves the lines and draws nothing anew."""

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent, width=320, height=_HEIGHT)
        self._run: LoadRun | None = None
        self._scale: Scale | None = None
        self._panels: tuple[_Panel, ...] = ()
        self.drawn_anew = 0
        """How often the whole picture was drawn: for tests of what is left untouched."""

    def show(self, run: LoadRun | None) -> None:
        """Show this test; None for none."""
        if run is self._run:
            return
        self._run = run
        if run is not None and self._panels and scale_of(run.windows, run.setting.warm_up_s) == self._scale:
            for panel in self._panels:
                panel.move(thinned(run.windows))
        else:
            self.redraw()

    def describe(self) -> Sequence[dict[str, Any]]:
        """The panels' words as they are now."""
        return [*super().describe(), *(entry for panel in self._panels for entry in panel.describe())]

    def draw(self, c: Colours, width: int, height: int) -> None:
        """Everything, from nothing."""
        self.drawn_anew += 1
        self._panels = ()
        run = self._run
        if run is None or not run.windows:
            words = tr("Starting…")
            self.create_text(0, height / 2, text=words, font=SMALL, fill=c.muted, anchor="w")
            self.note(words, (0, 0, width, height))
            self._scale = None
            return
        scale = self._scale = scale_of(run.windows, run.setting.warm_up_s)
        line, gap = self.line(SMALL), self.px(14)
        panel_height = (height - gap - line) // 2
        latest_width = max(
            self.measure(words, SMALL)
            for words in (tr("latest {time}", time=ms_words(8888)), tr("{count} a second", count="8,888.8"))
        )
        right = max(width - latest_width - self.px(10), self.px(80))
        upper = _Panel(
            self,
            c,
            (0, 0, right, panel_height),
            scale,
            tr("Images a second, up to {most}", most=f"{scale.most_per_s:,g}"),
            scale.most_per_s,
            (_Series(lambda window: window.per_s, c.accent, filled=True),),
            lambda window: tr("{count} a second", count=f"{window.per_s:,.1f}"),
        )
        lower = _Panel(
            self,
            c,
            (0, panel_height + gap, right, panel_height),
            scale,
            tr(
                "Time of an answer, up to {most}: median, and dashed what 95% stay within", most=ms_words(scale.most_ms)
            ),
            scale.most_ms,
            (
                _Series(lambda window: window.p50_ms, c.accent),
                _Series(lambda window: window.p95_ms, c.warning, dashed=True),
            ),
            lambda window: "" if window.p95_ms is None else tr("95% {time}", time=ms_words(window.p95_ms)),
        )
        self._panels = (upper, lower)
        for panel in self._panels:
            panel.move(thinned(run.windows))
        bottom = height - line
        self.create_text(0, bottom, text=tr("{count} s", count=0), font=SMALL, fill=c.muted, anchor="nw")
        end = tr("{count} s", count=f"{scale.span_s:g}")
        self.create_text(right, bottom, text=end, font=SMALL, fill=c.muted, anchor="ne")
        if scale.warm_up_s > 0:
            edge = right * min(scale.warm_up_s / scale.span_s, 1.0)
            words = tr("warm-up, not counted")
            if edge > self.px(8):
                x = max(edge / 2, self.measure(tr("{count} s", count=0), SMALL) + self.px(8))
                self.create_text(x, bottom, text=words, font=SMALL, fill=c.muted, anchor="nw")


@dataclass(frozen=True, slots=True)
class _Series:
    """One line: its value in a window, None where there is none."""

    value: Callable[[Window], float | None]
    colour: str
    filled: bool = False
    dashed: bool = False


class _Panel:
    """A caption, a frame of two lines, the series, and the latest value beside them. Items are made once."""

    def __init__(
        self,
        canvas: LoadPlot,
        c: Colours,
        rect: tuple[int, int, int, int],
        scale: Scale,
        caption: str,
        most: float,
        series: Sequence[_Series],
        latest: Callable[[Window], str],
    ) -> None:
        self._canvas = canvas
        self._series = series
        self._latest = latest
        self._caption = caption
        self._most = most
        self._span_s = scale.span_s
        x, y, width, height = self._rect = rect
        line = canvas.line(SMALL)
        self._top, self._bottom, self._right = y + line + canvas.px(4), y + height, x + width
        warm = width * min(scale.warm_up_s / scale.span_s, 1.0)
        canvas.create_rectangle(x, self._top, x + warm, self._bottom, fill=c.surface, width=0)
        canvas.create_line(x, self._bottom, self._right, self._bottom, fill=c.faint)
        canvas.create_line(x, self._top, self._right, self._top, fill=c.faint, dash=(canvas.px(2), canvas.px(4)))
        fitting = canvas.ellipsised(caption, SMALL, canvas.winfo_width())
        canvas.create_text(x, y, text=fitting, font=SMALL, fill=c.muted, anchor="nw")
        self._areas = [
            canvas.create_polygon(0, 0, 0, 0, 0, 0, fill=mixed(one.colour, c.page, 0.14), width=0) if one.filled else 0
            for one in series
        ]
        dash = (canvas.px(4), canvas.px(3))
        self._lines = [
            canvas.create_line(
                *(-9, -9, -9, -9),
                fill=one.colour,
                width=canvas.px(2),
                joinstyle="round",
                dash=dash if one.dashed else (),
            )
            for one in series
        ]
        self._trouble = canvas.create_polygon(-9, -9, -9, -9, -9, -9, fill=c.danger, width=0)
        self._words = canvas.create_text(
            self._right + canvas.px(8), (self._top + self._bottom) / 2, font=SMALL, fill=c.text, anchor="w", text=""
        )
        self._said = ""
        self._count = 0

    def move(self, windows: Sequence[Window]) -> None:
        """Put the lines where these windows are."""
        canvas = self._canvas
        self._count = len(windows)
        for one, area, line in zip(self._series, self._areas, self._lines, strict=True):
            points = [
                (self._x(window.at_s), self._y(value)) for window in windows if (value := one.value(window)) is not None
            ]
            if not points:
                continue
            flat = [number for point in points for number in point]
            if len(points) == 1:  # a line needs two ends
                flat += [points[0][0] + 1, points[0][1]]
            canvas.coords(line, *flat)
            if area:
                canvas.coords(area, points[0][0], self._bottom, *flat, points[-1][0], self._bottom)
        self._mark_trouble(windows)
        self._said = self._latest(windows[-1]) if windows else ""
        canvas.itemconfigure(self._words, text=self._said)

    def describe(self) -> list[dict[str, Any]]:
        """What it shows, in words."""
        return [{"text": f"{self._caption}: {self._said}", "role": "chart", "rect": self._rect, "count": self._count}]

    def _mark_trouble(self, windows: Sequence[Window]) -> None:
        """A red band at the foot of every window with refusals or errors; elsewhere it has no height."""
        points: list[float] = []
        for window in windows:
            top = self._bottom - (self._canvas.px(4) if window.failed or window.refused else 0)
            points += [self._x(window.at_s - window.seconds), top, self._x(window.at_s), top]
        if points:
            self._canvas.coords(self._trouble, points[0], self._bottom, *points, points[-2], self._bottom)

    def _x(self, at_s: float) -> float:
        return self._rect[0] + self._rect[2] * min(max(at_s / self._span_s, 0.0), 1.0)

    def _y(self, value: float) -> float:
        return self._bottom - (self._bottom - self._top) * min(value / self._most, 1.0)


def _round_up(value: float) -> float:
    """The next round number: 1, 1.5, 2, 3, 5, 7.5, 10, 15…"""
    if value <= 1:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in _STEPS if step * power >= value), 10 * power)
