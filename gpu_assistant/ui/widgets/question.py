"""One question, one button for each answer."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from functools import partial

from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, px
from gpu_assistant.ui.widgets.dialog import Dialog
from gpu_assistant.ui.widgets.mnemonic import letters, underlined

_TEXT_PX = 430


class Question(Dialog):
    """`answer` is the index of the choice; None until one was made, and for Escape.

    Alt and the underlined letter press a button, the arrow keys move between them, Return presses the one that has
    the focus: the `default` one at first. The `danger` choice is drawn as one.
    """

    def __init__(
        self,
        parent: tk.Misc,
        *,
        title: str,
        text: str,
        choices: Sequence[str],
        default: int = 0,
        danger: int | None = None,
    ) -> None:
        super().__init__(parent, title=title, name="question")
        self.answer: int | None = None
        self._default = default
        symbol, style = ("!", "Warning.TLabel") if danger is not None else ("?", "Accent.TLabel")
        Label(self.inside, text=symbol, style=style, font="GpuTitle").grid(
            row=0, column=0, rowspan=2, sticky="n", padx=(0, px(self, 16))
        )
        named(
            Label(self.inside, text=title, style="Heading.TLabel", wraplength=px(self, _TEXT_PX)), "question.title"
        ).grid(row=0, column=1, sticky="w")
        named(Label(self.inside, text=text, wraplength=px(self, _TEXT_PX), justify="left"), "question.text").grid(
            row=1, column=1, sticky="w", pady=(px(self, 8), 0)
        )
        self._buttons = self._make_buttons(choices, danger)

    def _make_buttons(self, choices: Sequence[str], danger: int | None) -> list[Button]:
        row = Frame(self.inside)
        row.grid(row=2, column=0, columnspan=2, sticky="e", pady=(px(self, 20), 0))
        buttons = []
        for number, (choice, letter) in enumerate(zip(choices, letters(choices), strict=True)):
            label, place = underlined(choice, letter)
            if number == danger:
                style = "danger" if number == self._default else "danger-outline"
            else:
                style = "primary" if number == self._default else "secondary-outline"
            button = Button(row, text=label, underline=place, bootstyle=style, command=partial(self.choose, number))
            named(button, f"question.{number}").pack(side="left", padx=(px(self, 8), 0))
            self.bind(f"<Alt-Key-{letter}>", self._calling(self.choose, number))
            button.bind("<Left>", self._calling(self._focus, number - 1))
            button.bind("<Right>", self._calling(self._focus, number + 1))
            buttons.append(button)
        return buttons

    def _calling(self, method: Callable[[int], object], number: int) -> Callable[[object], str]:
        """A key that calls `method`, and is not looked at by anybody else."""

        def on_key(event: object) -> str:
            method(number)
            return "break"

        return on_key

    def _focus(self, number: int) -> None:
        self._buttons[number % len(self._buttons)].focus_set()

    def choose(self, number: int) -> None:
        """The person's answer."""
        self.answer = number
        self.close()

    def ask(self) -> int | None:
        """Show it and wait for the answer."""
        self.show(self._buttons[self._default])
        self.wait()
        return self.answer
