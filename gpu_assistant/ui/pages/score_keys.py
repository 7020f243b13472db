"""The tab with the keys of the web service: never shown, only copied or replaced."""

from __future__ import annotations

import tkinter as tk
from functools import partial

from gpu_assistant.domain.errors import Remedy
from gpu_assistant.domain.service import ServiceKeys, WhichKey
from gpu_assistant.i18n import mark, tr
from gpu_assistant.ui.desk import Desk, Mood
from gpu_assistant.ui.remedies import carry_out
from gpu_assistant.ui.screen_map import named, secret
from gpu_assistant.ui.theme import MONO, Button, Frame, Label, card, px
from gpu_assistant.ui.widgets.error_view import ErrorView
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.wizard.controller import Controller
from gpu_assistant.wizard.navigation import endpoint
from gpu_assistant.wizard.state import JobKind, Phase, WizardState

FORGET_AFTER_S = 30.0
_MASK = "••••••••••••••••••••"
_NAMES = {WhichKey.PRIMARY: mark("Primary key"), WhichKey.SECONDARY: mark("Secondary key")}


class KeysTab(Frame):
    """Both keys masked, with Copy and New key; and where they are kept."""

    def __init__(self, parent: tk.Misc, controller: Controller, desk: Desk) -> None:
        super().__init__(parent, padding=px(parent, 14))
        self._controller = controller
        self._desk = desk
        self._making: int | None = None
        self._buttons: list[Button] = []
        self._new_buttons: list[Button] = []
        self.columnconfigure(0, weight=1)
        gap = px(self, 12)
        self._heading = named(Prose(self, style="Heading.TLabel"), "score.keys_of")
        self._heading.grid(row=0, column=0, sticky="ew")
        words = tr(
            "Either key opens the service. Before you replace one, give the other one to the programs that use it."
        )
        Prose(self, text=words, style="Muted.TLabel").grid(row=1, column=0, sticky="ew", pady=(px(self, 4), gap))
        self._build_rows().grid(row=2, column=0, sticky="ew")
        self._busy = named(Label(self, style="Muted.TLabel"), "score.keys_busy")
        self._busy.grid(row=4, column=0, sticky="w", pady=(gap, 0))
        self._error = ErrorView(self, self._act, lambda: controller.dismiss(JobKind.KEYS))
        self._error.grid(row=5, column=0, sticky="ew", pady=(px(self, 6), 0))
        kept = Frame(self)
        kept.columnconfigure(0, weight=1)
        kept.grid(row=3, column=0, sticky="ew", pady=(gap, 0))
        self._kept = named(Prose(kept), "score.keys_kept")
        self._kept.grid(row=0, column=0, sticky="ew")
        self._retry = named(
            Button(
                kept, text=tr("Try the keyring again"), bootstyle="secondary-outline", command=controller.retry_keyring
            ),
            "score.keyring_retry",
        )

    def show(self, state: WizardState) -> None:
        """Draw the state."""
        asked = endpoint(state)
        name = asked.name if asked is not None else ""
        self._heading.say(tr("Keys of {name}", name=name) if name else tr("There is no web service"))
        job = state.job(JobKind.KEYS)
        is_busy = job is not None and job.is_running
        for button in self._buttons:
            button.state(["disabled" if is_busy or not name else "!disabled"])
        if state.first_window is not None:  # this window only looks
            for button in self._new_buttons:
                button.state(["disabled"])
        self._busy.configure(text=tr("One moment…") if is_busy else "")
        self._error.show(job.error if job is not None and job.phase is Phase.FAILED else None)
        if job is not None and not is_busy and self._making == job.number:
            self._making = None
            if job.phase is Phase.DONE:
                self._desk.toast(tr("The new key is in use. Give it to the programs that had the old one."), Mood.GOOD)
        problem = state.place.keystore_problem if state.place is not None else ""
        self._kept.configure(style="Warning.TLabel" if problem else "Muted.TLabel")
        if problem:
            self._kept.say(f"! {tr(problem)}")
            self._retry.state(["disabled" if is_busy else "!disabled"])
            self._retry.grid(row=0, column=1, padx=(px(self, 10), 0))
        else:
            self._kept.say(tr("✓ Kept in the keyring of this computer, never in a file. Clean-up removes them there."))
            self._retry.grid_remove()

    def _build_rows(self) -> Frame:
        rows = card(self)
        rows.columnconfigure(1, weight=1)
        for at, (which, label) in enumerate(_NAMES.items()):
            pad = px(self, 4)
            Label(rows, text=tr(label), style="Bold.TLabel").grid(row=at, column=0, sticky="w", pady=pad)
            masked = secret(Label(rows, text=_MASK, font=MONO, style="Muted.TLabel"))
            masked.grid(row=at, column=1, sticky="w", padx=px(self, 18), pady=pad)
            part = which.value.lower()
            copy = Button(rows, text=tr("Copy"), bootstyle="secondary-outline", command=partial(self.copy, which))
            new = Button(
                rows, text=tr("New key…"), bootstyle="secondary-outline", command=partial(self._ask_for_new, which)
            )
            named(copy, f"score.copy_{part}").grid(row=at, column=2, pady=pad)
            named(new, f"score.new_{part}").grid(row=at, column=3, padx=(px(self, 6), 0), pady=pad)
            self._buttons += [copy, new]
            self._new_buttons.append(new)
        return rows

    def copy(self, which: WhichKey) -> None:
        """Put a key on the clipboard for a short time."""

        def take(keys: ServiceKeys) -> None:
            key = keys.primary if which is WhichKey.PRIMARY else keys.secondary
            self._desk.copy(key.reveal(), forget_after_s=FORGET_AFTER_S)
            self._desk.toast(
                tr("The key is on the clipboard for {seconds} seconds.", seconds=round(FORGET_AFTER_S)), Mood.GOOD
            )

        self._controller.with_keys(take)

    def _ask_for_new(self, which: WhichKey) -> None:
        asked = endpoint(self._controller.state)
        if asked is None:
            return
        if which is WhichKey.PRIMARY:
            title = tr("New primary key")
            text = tr(
                "Every program that asks {name} with its primary key is shut out at once. Programs with the secondary "
                "key go on, and this window takes the new key by itself.",
                name=asked.name,
            )
        else:
            title = tr("New secondary key")
            text = tr(
                "Every program that asks {name} with its secondary key is shut out at once. Programs with the primary "
                "key go on, and so does this window.",
                name=asked.name,
            )
        choice = self._desk.ask(
            title=title, text=text, choices=(tr("Make a new key"), tr("Keep the key")), default=1, danger=0
        )
        if choice == 0:
            self._controller.new_key(which)
            job = self._controller.state.job(JobKind.KEYS)
            self._making = job.number if job is not None else None

    def _act(self, remedy: Remedy) -> None:
        carry_out(self, self._controller, self._desk, remedy, JobKind.KEYS)
