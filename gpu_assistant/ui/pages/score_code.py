"""The tab with programs that ask the web service from elsewhere."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from gpu_assistant.i18n import tr
from gpu_assistant.ui.desk import Desk, Mood
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Radiobutton, px
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.ui.widgets.read_only_text import ReadOnlyText
from gpu_assistant.wizard import snippets
from gpu_assistant.workflows.score_image import Endpoint

_LANGUAGES: tuple[tuple[str, str, Callable[[Endpoint], str]], ...] = (
    ("curl", "curl", snippets.curl),
    ("python", "Python", snippets.python),
    ("javascript", "JavaScript", snippets.javascript),
)


class CodeTab(Frame):
    """One snippet at a time, to be copied as it is; `on_copy_key` copies the key that it reads."""

    def __init__(self, parent: tk.Misc, desk: Desk, *, on_copy_key: Callable[[], None]) -> None:
        super().__init__(parent, padding=px(parent, 14))
        self._desk = desk
        self._endpoint: Endpoint | None = None
        self._code = ""
        self._language = tk.StringVar(self, value="curl")
        self.columnconfigure(0, weight=1)
        self.rowconfigure(1, weight=1)
        gap = px(self, 8)
        choices = Frame(self)
        choices.grid(row=0, column=0, sticky="w", pady=(0, gap))
        for value, label, _ in _LANGUAGES:
            button = Radiobutton(
                choices,
                text=label,
                value=value,
                variable=self._language,
                bootstyle="secondary-outline-toolbutton",
                command=self._draw,
            )
            named(button, f"score.code_{value}").pack(side="left", padx=(0, px(self, 4)))
        self._text = ReadOnlyText(self, height=8)
        named(self._text.text, "score.code")
        self._text.grid(row=1, column=0, sticky="nsew")
        buttons = Frame(self)
        buttons.grid(row=2, column=0, sticky="ew", pady=(gap, 0))
        buttons.columnconfigure(2, weight=1)
        copy = Button(buttons, text=tr("Copy the code"), bootstyle="secondary-outline", command=self._copy)
        key = Button(buttons, text=tr("Copy the primary key"), bootstyle="secondary-outline", command=on_copy_key)
        named(copy, "score.copy_code").grid(row=0, column=0)
        named(key, "score.copy_key").grid(row=0, column=1, padx=(px(self, 6), px(self, 12)))
        words = tr(
            "The key is not part of the code: it is read from the environment variable {variable}.",
            variable=snippets.KEY_VARIABLE,
        )
        Prose(buttons, text=words, style="Small.TLabel").grid(row=0, column=2, sticky="ew")

    def show(self, endpoint: Endpoint | None) -> None:
        """Programs for this web service."""
        if endpoint != self._endpoint:
            self._endpoint = endpoint
            self._draw()

    def _draw(self) -> None:
        wanted = self._language.get()
        make = next(make for value, _, make in _LANGUAGES if value == wanted)
        self._code = make(self._endpoint) if self._endpoint is not None else ""
        self._text.say(self._code)

    def _copy(self) -> None:
        if self._code:
            self._desk.copy(self._code)
            self._desk.toast(tr("The code is on the clipboard."), Mood.GOOD)
