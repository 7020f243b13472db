"""How far many images are."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from gpu_assistant.i18n import tr, tr_count
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Progressbar, px
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.wizard.state import Batch, JobKind, Phase, WizardState


class BatchBar(Frame):
    """A bar, a sentence, and Stop while it runs or Save afterwards. The page hides it when there is no batch."""

    def __init__(self, parent: tk.Misc, *, on_stop: Callable[[], None], on_save: Callable[[], None]) -> None:
        super().__init__(parent)
        self.columnconfigure(0, weight=1)
        gap = px(self, 10)
        self._words = named(Prose(self), "score.batch")
        self._words.grid(row=0, column=0, sticky="ew")
        self._bar = named(Progressbar(self, maximum=1.0), "score.progress")
        self._bar.grid(row=1, column=0, sticky="ew", pady=(px(self, 4), 0))
        self._stop = named(Button(self, text=tr("Stop"), bootstyle="secondary-outline", command=on_stop), "score.stop")
        self._save = named(
            Button(self, text=tr("Save answers (CSV)…"), bootstyle="primary-outline", command=on_save),
            "score.save_batch",
        )
        for button in (self._stop, self._save):
            button.grid(row=0, column=1, rowspan=2, sticky="e", padx=(gap, 0))
            button.grid_remove()
        self._shown: tuple[Batch | None, Phase | None] | None = None

    def show(self, state: WizardState) -> None:
        """Show the batch of the state."""
        job = state.job(JobKind.SCORE)
        phase = job.phase if job is not None else None
        batch = state.batch
        if (batch, phase) == self._shown:
            return
        self._shown = (batch, phase)
        self._words.say(_words(batch, phase))
        share = batch.done / batch.total if batch is not None and batch.total else 0.0
        self._bar.configure(value=share)
        # A batch that ended stays in sight while single images are scored after it.
        runs = phase in (Phase.RUNNING, Phase.CANCELLING) and (batch is None or batch.running)
        _place(self._stop, runs)
        self._stop.state(["disabled" if phase is Phase.CANCELLING else "!disabled"])
        _place(self._save, not runs and batch is not None and batch.done > 0)


def is_batch(state: WizardState) -> bool:
    """Whether many images are scored, or were last; also while a folder is being read."""
    job = state.job(JobKind.SCORE)
    reads_folder = job is not None and job.is_running and not any(one.is_pending for one in state.scored)
    return state.batch is not None or (reads_folder and not state.scored)


def _words(batch: Batch | None, phase: Phase | None) -> str:
    if batch is None:
        return tr("Looking for images…")
    if batch.total == 0:
        return tr("Looking for images…") if batch.running else tr("There are no images in it.")
    done = tr("{done} of {total} images", done=f"{batch.done:,}", total=f"{batch.total:,}")
    if phase is Phase.CANCELLING:
        said = tr("Stopping: {done}", done=done)
    elif batch.cancelled:
        said = tr("Stopped: {done}", done=done)
    elif batch.running:
        said = tr("Scoring: {done}", done=done)
    else:
        said = tr("✓ Done: {done}", done=done)
    if not batch.failed:
        return said
    failed = tr_count("{count} could not be scored", "{count} could not be scored", batch.failed)
    return f"{said}   ! {failed}"


def _place(button: Button, shown: bool) -> None:
    if shown:
        button.grid()
    else:
        button.grid_remove()
