"""What a load test came to: the figures, what they mean, what to try, and what they cannot tell."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence

from gpu_assistant.i18n import tr
from gpu_assistant.ui import theme
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, px
from gpu_assistant.ui.widgets.fold import Fold
from gpu_assistant.ui.widgets.latency_split import ms_words
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.wizard.money import price_text
from gpu_assistant.workflows.load.advice import LoadAdvice
from gpu_assistant.workflows.load.results import LoadRun
from gpu_assistant.workflows.load.statistics import Outcome, Totals

_QUANTILES = (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99))


class LoadFigures(Frame):
    """The figures in a row, each under its name. They move while the test runs."""

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent)
        self._values: dict[str, Label] = {}
        captions = {
            "per_s": tr("Images a second"),
            "p50": tr("Median"),
            "p90": tr("90% within"),
            "p95": tr("95% within"),
            "p99": tr("99% within"),
            "refused": tr("Refused"),
            "failed": tr("Errors"),
            "cost": tr("A million images"),
        }
        for column, (key, caption) in enumerate(captions.items()):
            self.columnconfigure(column, weight=1)
            Label(self, text=caption, style="Small.TLabel").grid(row=0, column=column, sticky="w")
            self._values[key] = named(Label(self, style="TLabel", font=theme.HEADING), f"load.{key}")
            self._values[key].grid(row=1, column=column, sticky="w", padx=(0, px(self, 10)))

    def show(self, totals: Totals, cost: str) -> None:
        """`cost` is translated."""
        times = {name: totals.latencies.quantile(share) for name, share in _QUANTILES}
        words = {
            "per_s": f"{totals.per_s:,.1f}" if totals.seconds else "–",
            **{name: "–" if time is None else ms_words(time) for name, time in times.items()},
            "refused": f"{totals.refused:,}",
            "failed": f"{totals.failed:,}",
            "cost": cost,
        }
        for key, text in words.items():
            label = self._values[key]
            if str(label.cget("text")) != text:
                label.configure(text=text)
        style = "Danger.TLabel" if totals.failed else "TLabel"
        if str(self._values["failed"].cget("style")) != style:
            self._values["failed"].configure(style=style)


class LoadMeaning(Frame):
    """The sentences of an advice, drawn once for each. `on_try` gets the concurrency that is worth a try."""

    def __init__(self, parent: tk.Misc, *, on_try: Callable[[int], None]) -> None:
        super().__init__(parent)
        self.columnconfigure(0, weight=1)
        self._on_try = on_try
        self._shown: tuple[LoadRun, LoadAdvice] | None = None
        self._body: Frame | None = None
        Frame(self, height=1, width=1).grid(row=1, column=0)  # lets the frame shrink when it is empty

    def show(self, run: LoadRun | None, advice: LoadAdvice | None) -> None:
        """Show what this run means; None shows nothing."""
        wanted = (run, advice) if run is not None and advice is not None else None
        if wanted == self._shown:
            return
        self._shown = wanted
        if self._body is not None:
            self._body.destroy()
            self._body = None
        if wanted is not None:
            self._body = self._draw(*wanted)
            self._body.grid(row=0, column=0, sticky="ew")

    def _draw(self, run: LoadRun, advice: LoadAdvice) -> Frame:
        body, gap = Frame(self), px(self, 4)
        body.columnconfigure(1, weight=1)
        lines: list[tuple[str, str, str]] = [("●", "Muted.TLabel", sentence) for sentence in _errors(run)]
        lines += [("▸", "Accent.TLabel", tr(sentence)) for sentence in advice.suggestions]
        lines += [("●", "Muted.TLabel", tr(sentence)) for sentence in advice.meaning]
        for number, (symbol, style, sentence) in enumerate(lines):
            Label(body, text=symbol, style=style, font=theme.BOLD).grid(
                row=number, column=0, sticky="n", padx=(0, 2 * gap)
            )
            said = named(Prose(body, text=sentence), f"load.says.{number + 1}")
            said.grid(row=number, column=1, sticky="ew", pady=(0, gap))
        if advice.next_concurrency is not None:
            count = advice.next_concurrency
            label = tr("Try {count} at once", count=count)
            button = Button(body, text=label, bootstyle="primary-outline", command=lambda: self._on_try(count))
            named(button, "load.try").grid(row=len(lines), column=1, sticky="w", pady=(gap, 2 * gap))
        fold = Fold(body, tr("What this does not tell"), name="load.caveats", unfolded=True)
        fold.inside.columnconfigure(0, weight=1)
        for number, sentence in enumerate(advice.caveats):
            caveat = named(
                Prose(fold.inside, text=f"!  {tr(sentence)}", style="Muted.TLabel"), f"load.but.{number + 1}"
            )
            caveat.grid(row=number, column=0, sticky="ew", pady=(0, gap))
        fold.grid(row=len(lines) + 1, column=0, columnspan=2, sticky="ew", pady=(gap, 0))
        return body


class EarlierRuns(Frame):
    """The tests of the session, one line each, the newest first."""

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent)
        self._shown: tuple[tuple[str, ...], ...] = ()

    def show(self, runs: Sequence[LoadRun], costs: Sequence[str]) -> None:
        """`costs` are translated, one for each run."""
        rows = tuple(_row(run, cost) for run, cost in zip(runs, costs, strict=True) if run.is_measured)[::-1]
        if rows == self._shown:
            return
        self._shown = rows
        for child in self.winfo_children():
            child.destroy()
        heading = (tr("Load"), tr("Images a second"), tr("Median"), tr("95% within"), tr("99% within"),
                   tr("Refused"), tr("Errors"), tr("A million images"))  # fmt: skip
        for line, row in enumerate((heading, *rows) if rows else ()):
            for column, text in enumerate(row):
                label = Label(self, text=text, style="Small.TLabel" if line == 0 else "TLabel")
                if line:
                    named(label, f"load.earlier.{line}.{column + 1}")
                label.grid(row=line, column=column, sticky="w", padx=(0, px(self, 18)), pady=px(self, 1))


def cost_words(advice: LoadAdvice) -> str:
    """What a million images cost."""
    return price_text(advice.per_million, advice.currency)


def _errors(run: LoadRun) -> list[str]:
    return [
        tr("{count} × {what}", count=f"{many:,}", what=outcome.value)
        for outcome, many in sorted(run.totals.outcomes.items(), key=lambda one: -one[1])
        if outcome is not Outcome.ANSWERED
    ]


def _row(run: LoadRun, cost: str) -> tuple[str, ...]:
    totals, rate = run.totals, run.setting.rate_per_s
    load = (
        tr("{count} at once", count=run.setting.concurrency)
        if rate is None
        else tr("{count} a second", count=f"{rate:g}")
    )
    times = [totals.latencies.quantile(share) for share in (0.5, 0.95, 0.99)]
    return (
        load,
        f"{totals.per_s:,.1f}",
        *("–" if time is None else ms_words(time) for time in times),
        f"{totals.refused:,}",
        f"{totals.failed:,}",
        cost,
    )
