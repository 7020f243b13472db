"""The first tab of the score page: where images are dropped, and their answers read."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gpu_assistant.domain.errors import Remedy
from gpu_assistant.i18n import tr
from gpu_assistant.ui.pages.score_answer import AnswerPanel
from gpu_assistant.ui.pages.score_batch import BatchBar, is_batch
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Menubutton, px
from gpu_assistant.ui.widgets.bars import label_words
from gpu_assistant.ui.widgets.drop_zone import DropZone
from gpu_assistant.ui.widgets.error_view import ErrorView
from gpu_assistant.ui.widgets.picture import Picture
from gpu_assistant.ui.widgets.popup_menu import PopupMenu
from gpu_assistant.ui.widgets.sample_buttons import SampleButtons
from gpu_assistant.ui.widgets.thumbnails import Mark, Thumb, Thumbnails
from gpu_assistant.wizard.state import JobKind, Phase, Scored, WizardState

_FOLLOW_EVERY_S = 1.0
"""While a batch runs, picture, answer and strip follow it no faster."""


@dataclass(frozen=True, slots=True)
class ImageActions:
    """What a person can do on this tab; the page carries it out."""

    open_files: Callable[[], None]
    open_folder: Callable[[], None]
    paste: Callable[[], None]
    score: Callable[[Path], None]
    stop: Callable[[], None]
    save: Callable[[], None]
    select: Callable[[int], None]
    remedy: Callable[[Remedy], None]
    dismiss: Callable[[], None]


class ImageTab(Frame):
    """Before the first image one large drop zone; then the picture, its answer, and the session's images below."""

    def __init__(self, parent: tk.Misc, actions: ImageActions, *, can_drop: bool, now_s: Callable[[], float]) -> None:
        super().__init__(parent, padding=px(parent, 12))
        self._actions = actions
        self._now_s = now_s
        self._drawn_s = 0.0
        self._large: int | None = None
        self._selected: int | None = None
        self._menu_of: Mapping[str, Path] = {}
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self._empty = self._build_empty(can_drop)
        self._work = self._build_work()
        self._batch = BatchBar(self, on_stop=actions.stop, on_save=actions.save)
        self._trouble = ErrorView(self, actions.remedy, actions.dismiss)
        self._empty.grid(row=0, column=0, sticky="nsew")

    def hover(self, hovering: bool) -> None:
        """Something droppable is held over the page, or no longer."""
        self._zone.hover(hovering)
        self._picture.hover(hovering)

    def show(self, state: WizardState) -> None:
        """Draw the state."""
        has_images = bool(state.scored)
        self._swap(has_images)
        if is_batch(state):
            self._batch.grid(row=1, column=0, sticky="ew", pady=(px(self, 8), 0))
            self._batch.show(state)
        else:
            self._batch.grid_remove()
        self._show_trouble(state)
        self._samples.show(state.samples)
        if has_images:
            self._show_tools(state)
            if self._is_due(state):
                chosen = next((one for one in state.scored if one.number == state.selected), None)
                self._show_images(chosen or state.scored[-1], state)

    def _build_empty(self, can_drop: bool) -> Frame:
        frame = Frame(self)
        frame.columnconfigure(0, weight=1)
        frame.rowconfigure(0, weight=1)
        self._zone = named(
            DropZone(frame, on_open=self._actions.open_files, can_drop=can_drop), "score.drop", role="button"
        )
        self._zone.grid(row=0, column=0, sticky="nsew")
        self._samples = SampleButtons(frame, on_choose=self._actions.score)
        self._samples.grid(row=1, column=0, pady=(px(self, 12), 0))
        return frame

    def _build_work(self) -> Frame:
        frame = Frame(self)
        frame.columnconfigure(0, weight=11, uniform="halves", minsize=px(self, 240))
        frame.columnconfigure(1, weight=9, uniform="halves", minsize=px(self, 300))
        frame.rowconfigure(0, weight=1)
        gap = px(self, 10)
        self._picture = named(Picture(frame), "score.picture")
        self._picture.grid(row=0, column=0, sticky="nsew")
        self._answer = AnswerPanel(
            frame,
            on_open=self._actions.open_files,
            on_remedy=self._actions.remedy,
        )
        self._answer.grid(row=0, column=1, sticky="nsew", padx=(2 * gap, 0))
        self._strip = named(Thumbnails(frame, on_select=self._actions.select), "score.history")
        self._strip.grid(row=1, column=0, columnspan=2, sticky="ew", pady=(gap, 0))
        self._tools = self._build_tools(frame)
        self._tools.grid(row=2, column=0, columnspan=2, sticky="ew", pady=(px(self, 6), 0))
        return frame

    def _build_tools(self, parent: Frame) -> Frame:
        bar = Frame(parent)
        tools = (
            ("score.open", tr("Open images…"), self._actions.open_files),
            ("score.open_folder", tr("Open a folder…"), self._actions.open_folder),
            ("score.paste", tr("Paste"), self._actions.paste),
        )
        for name, label, command in tools:
            button = Button(bar, text=label, bootstyle="secondary-outline", command=command)
            named(button, name).pack(side="left", padx=(0, px(self, 6)))
        self._sample_menu = named(
            Menubutton(bar, text=f"{tr('Sample images')}  ", bootstyle="secondary-outline", direction="above"),
            "score.samples",
        )
        self._menu = PopupMenu(self._sample_menu)
        self._sample_menu["menu"] = self._menu
        save = Button(bar, text=tr("Save answers (CSV)…"), bootstyle="secondary-outline", command=self._actions.save)
        self._save = named(save, "score.save")
        self._save.pack(side="right")
        return bar

    def _show_trouble(self, state: WizardState) -> None:
        """What ended the scoring as a whole; what is wrong with one image is told in its answer's place."""
        job = state.job(JobKind.SCORE)
        error = job.error if job is not None and job.phase is Phase.FAILED else None
        self._trouble.show(error)
        if error is None:
            self._trouble.grid_remove()
        else:
            self._trouble.grid(row=2, column=0, sticky="ew", pady=(px(self, 8), 0))

    def _swap(self, has_images: bool) -> None:
        shown, hidden = (self._work, self._empty) if has_images else (self._empty, self._work)
        if not shown.winfo_manager():
            hidden.grid_remove()
            shown.grid(row=0, column=0, sticky="nsew")

    def _show_tools(self, state: WizardState) -> None:
        self._show_menu(state.samples)
        can_save = any(not one.is_pending for one in state.scored)
        self._save.state(["!disabled" if can_save else "disabled"])
        if is_batch(state):  # which has its own
            self._save.pack_forget()
        elif not self._save.winfo_manager():
            self._save.pack(side="right")
        if state.batch is not None and state.batch.running:  # the place is needed, and Stop comes first
            self._tools.grid_remove()
        else:
            self._tools.grid()

    def _show_menu(self, samples: Mapping[str, Path]) -> None:
        if samples == self._menu_of:
            return
        self._menu_of = samples
        self._menu.delete(0, "end")
        for name, path in samples.items():
            self._menu.add_command(label=name, command=partial(self._actions.score, path))
        if samples:
            self._sample_menu.pack(side="left")
        else:
            self._sample_menu.pack_forget()

    def _is_due(self, state: WizardState) -> bool:
        """Whether to draw now: always, but while a batch runs only now and then, as nobody can look any faster."""
        runs = state.batch is not None and state.batch.running
        same_choice = state.selected == self._selected and any(one.number == self._large for one in state.scored)
        return not (runs and same_choice and self._now_s() - self._drawn_s < _FOLLOW_EVERY_S)

    def _show_images(self, large: Scored, state: WizardState) -> None:
        """`large` with its answer, and the strip of all."""
        self._drawn_s = self._now_s()
        self._large, self._selected = large.number, state.selected
        self._picture.show(large.path)
        self._answer.show(large, state)
        self._strip.show(tuple(map(_thumb, state.scored)), large.number)


def _thumb(scored: Scored) -> Thumb:
    if scored.image is not None:
        best = label_words(scored.image.predictions[0]) if scored.image.predictions else ""
        return Thumb(scored.number, scored.path, Mark.GOOD, best)
    if scored.is_pending:
        return Thumb(scored.number, scored.path, Mark.PENDING)
    return Thumb(scored.number, scored.path, Mark.BAD, tr("No answer"))
