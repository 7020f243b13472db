"""The tab that shows how long the answers of this session took."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence

from gpu_assistant.i18n import tr
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Frame, Label, px
from gpu_assistant.ui.widgets.histogram import Histogram
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.ui.widgets.sparkline import Sparkline


class TimingTab(Frame):
    """Request times as a line and as a histogram. Drawn only while the tab is in sight: see `ScorePage`."""

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent, padding=px(parent, 14))
        self.columnconfigure(0, weight=1)
        gap = px(self, 6)
        Label(self, text=tr("One request after the other"), style="Heading.TLabel").grid(row=0, column=0, sticky="w")
        self._line = named(Sparkline(self), "score.sparkline")
        self._line.grid(row=1, column=0, sticky="nsew", pady=(gap, 3 * gap))
        Label(self, text=tr("How they are spread"), style="Heading.TLabel").grid(row=2, column=0, sticky="w")
        self._spread = named(Histogram(self), "score.histogram")
        self._spread.grid(row=3, column=0, sticky="nsew", pady=(gap, gap))
        note = tr("Each time is a whole request, network and model together. The first one also opens the connection.")
        Prose(self, text=note, style="Small.TLabel").grid(row=4, column=0, sticky="ew")
        self.rowconfigure(1, weight=2)
        self.rowconfigure(3, weight=3)

    def show(self, latencies_ms: Sequence[float]) -> None:
        """Draw these, in the order of the answers."""
        self._line.show(latencies_ms)
        self._spread.show(latencies_ms)
