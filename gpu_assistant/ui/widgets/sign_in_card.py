"""What Azure wants the person to do now: open an address and, for a device code, type the code there."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from gpu_assistant.domain.workspace import SignInPrompt
from gpu_assistant.i18n import tr
from gpu_assistant.ui import theme
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, card, px
from gpu_assistant.ui.widgets.prose import Prose

_ADDRESS_SHOWN = 60
"""A sign-in address carries a long query that nobody reads."""


class SignInCard(Frame):
    """Shows a SignInPrompt; `browse` opens an address, `copy` puts text on the clipboard. Tk thread only."""

    def __init__(self, parent: tk.Misc, *, browse: Callable[[str], object], copy: Callable[[str], object]) -> None:
        super().__init__(parent)
        self._browse, self._copy = browse, copy
        self._prompt: SignInPrompt | None = None
        frame = card(self)
        frame.pack(fill="both", expand=True)
        frame.columnconfigure(0, weight=1)
        self._title = Label(frame, style="Heading.TLabel")
        self._title.grid(row=0, column=0, sticky="w")
        self._words = Prose(frame)
        self._words.grid(row=1, column=0, sticky="ew", pady=(px(self, 4), px(self, 8)))
        self._address = named(
            Button(frame, bootstyle="primary-link", padding=0, command=self._open), "workspace.prompt.url"
        )
        self._address.grid(row=2, column=0, sticky="w")
        self._code_row = Frame(frame)
        self._code_row.grid(row=3, column=0, sticky="w", pady=(px(self, 12), 0))
        self._code = tk.StringVar(self)
        # An entry, so that the code can be selected with the mouse as well.
        code = theme.Entry(
            self._code_row, textvariable=self._code, state="readonly", font=theme.TITLE, width=12, justify="center"
        )
        named(code, "workspace.prompt.code").pack(side="left")
        copy_button = Button(self._code_row, text=tr("Copy the code"), bootstyle="primary", command=self._copy_code)
        named(copy_button, "workspace.prompt.copy").pack(side="left", padx=(px(self, 12), 0), fill="y")

    def show(self, prompt: SignInPrompt) -> None:
        """Ask for this."""
        if prompt == self._prompt:
            return
        self._prompt = prompt
        by_code = bool(prompt.user_code)
        self._title.configure(text=tr("Sign in with a code") if by_code else tr("Sign in in the browser"))
        if by_code:
            words = tr("On any device, open this address and type the code. This page goes on by itself.")
        else:
            words = tr("A browser window should be open now. If not, open this address. This page goes on by itself.")
        self._words.say(words)
        shown = prompt.url if len(prompt.url) <= _ADDRESS_SHOWN else f"{prompt.url[:_ADDRESS_SHOWN]}…"
        self._address.configure(text=shown)
        self._code.set(prompt.user_code)
        self._code_row.grid() if by_code else self._code_row.grid_remove()

    def _open(self) -> None:
        if self._prompt is not None:
            self._browse(self._prompt.url)

    def _copy_code(self) -> None:
        if self._prompt is not None:
            self._copy(self._prompt.user_code)
