"""What came of one image: the answer, or why there is none."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from gpu_assistant.domain.errors import BadImage, Remedy
from gpu_assistant.domain.scoring import ScoredImage
from gpu_assistant.i18n import error_detail, error_title, tr
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import TITLE, Button, Frame, Label, px
from gpu_assistant.ui.widgets.bars import Bars, label_words
from gpu_assistant.ui.widgets.error_view import ErrorView
from gpu_assistant.ui.widgets.headline import Headline
from gpu_assistant.ui.widgets.latency_split import LatencySplit
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.wizard.state import JobKind, Scored, WizardState


class AnswerPanel(Frame):
    """One image's answer. Made of drawings that are given data, so that a new answer costs no new widgets."""

    def __init__(
        self,
        parent: tk.Misc,
        *,
        on_open: Callable[[], None],
        on_remedy: Callable[[Remedy], None],
    ) -> None:
        super().__init__(parent)
        self.columnconfigure(0, weight=1)
        self.rowconfigure(1, weight=1)
        gap = px(self, 12)
        self._headline = named(Headline(self), "score.headline")
        self._headline.grid(row=0, column=0, sticky="ew", pady=(0, gap))
        self._answer = Frame(self)
        self._answer.columnconfigure(0, weight=1)
        self._answer.rowconfigure(0, weight=1)
        self._bars = named(Bars(self._answer), "score.bars")
        self._bars.grid(row=0, column=0, sticky="nsew")
        self._split = named(LatencySplit(self._answer), "score.latency")
        self._split.grid(row=1, column=0, sticky="ew", pady=(gap, px(self, 4)))
        self._device = named(Prose(self._answer), "score.device")
        self._device.grid(row=2, column=0, sticky="ew")
        self._refusal = Frame(self)
        self._refusal.columnconfigure(1, weight=1)
        Label(self._refusal, text="!", style="Danger.TLabel", font=TITLE).grid(
            row=0, column=0, sticky="n", padx=(0, gap)
        )
        self._reason = named(Prose(self._refusal), "score.reason")
        self._reason.grid(row=0, column=1, sticky="ew", pady=px(self, 4))
        named(
            Button(self._refusal, text=tr("Choose another image…"), bootstyle="primary", command=on_open),
            "score.another",
        ).grid(row=1, column=1, sticky="w", pady=(gap, 0))
        self._error = ErrorView(self, on_remedy)
        self._parts = (self._answer, self._refusal, self._error)
        self._part: Frame | None = None

    def show(self, scored: Scored | None, state: WizardState) -> None:
        """Show what is known of `scored`; None when no image was taken yet."""
        name = scored.path.name if scored is not None else ""
        error = scored.error if scored is not None else None
        if isinstance(error, BadImage):
            self._headline.show(name, error_title(error), is_answer=False)
            self._reason.say(error_detail(error))
            self._put(self._refusal)
        elif error is not None:
            self._headline.show(name, tr("No answer"), is_answer=False)
            self._error.show(error)
            self._put(self._error)
        else:
            self._error.show(None)
            self._show_answer(name, scored, state)
            self._put(self._answer)

    def _show_answer(self, name: str, scored: Scored | None, state: WizardState) -> None:
        image = scored.image if scored is not None else None
        if image is None:
            waits = state.is_busy(JobKind.SCORE)
            title = tr("Waiting for the answer…") if waits else tr("Stopped before the answer came")
            self._headline.show(name, title, is_answer=False)
            self._bars.show((), waiting=waits)
            self._split.show(None, None)
            self._device.configure(style="Muted.TLabel")
            self._device.say(tr(scored.waits_for) if scored is not None and waits else "")
            return
        best = label_words(image.predictions[0]) if image.predictions else tr("No class at all")
        self._headline.show(name, best)
        self._bars.show(image.predictions)
        self._split.show(image.latency_ms - image.model_ms, image.model_ms)
        words, style = device_words(image, state)
        self._device.configure(style=style)
        self._device.say(words)

    def _put(self, part: Frame) -> None:
        if part is not self._part:
            if self._part is not None:
                self._part.grid_remove()
            self._part = part
            part.grid(row=1, column=0, sticky="new")


def device_words(image: ScoredImage, state: WizardState) -> tuple[str, str]:
    """Who answered, and the style that says whether it is as promised: on a GPU, unless this is practice."""
    if "GPU" in image.device.upper():
        return tr("✓ Answered by the GPU ({device})", device=image.device), "Good.TLabel"
    if state.place is not None and state.place.site.practice:
        return tr("○ Answered by the CPU of this computer ({device})", device=image.device), "Muted.TLabel"
    return tr("! Answered without a GPU ({device})", device=image.device), "Warning.TLabel"
