from __future__ import annotations

import tkinter
from collections.abc import Callable
from typing import Any, cast

import pytest

from gpu_assistant.ui.theme import Root
from gpu_assistant.ui.widgets.mnemonic import letters, underlined
from gpu_assistant.ui.widgets.question import Question
from tests.ui.in_process import pump_until, view_of

_PATIENCE_MS = 5000
CHOICES = ("Delete now", "Keep running", "Cancel")


def answer_to(root: Root, act: Callable[[Question], object], **options: Any) -> int | None:
    """Ask, and `act` on the question once it is on screen."""
    asked = Question(root, title="Something still runs", text="It costs $0.53 per hour.", choices=CHOICES, **options)

    def when_shown() -> None:
        focused = asked.focus_get()
        if not getattr(focused, "screen_name", "").startswith("question."):  # the keyboard is on its way to a button
            root.after(10, when_shown)
        else:
            act(asked)

    root.after(10, when_shown)
    root.after(_PATIENCE_MS, lambda: asked.choose(len(CHOICES)))  # an answer that does not exist: the test fails
    return asked.ask()


def key(sequence: str) -> Callable[[Question], object]:
    """Press a key until it is felt: the window manager may take the focus away for a moment."""

    def press(asked: Question) -> None:
        if not asked.winfo_exists():
            return
        asked.master.after(50, press, asked)
        focused = asked.focus_get()
        if focused is not None and focused.winfo_toplevel() is asked:
            focused.event_generate(sequence)

    return press


@pytest.mark.parametrize(
    ("sequence", "default", "expected"),
    [
        ("<Escape>", 0, None),
        ("<Return>", 0, 0),
        ("<Return>", 2, 2),
        ("<space>", 1, 1),
        ("<Alt-d>", 2, 0),
        ("<Alt-k>", 2, 1),
        ("<Alt-c>", 0, 2),
    ],
)
def test_keys_answer(root: Root, sequence: str, default: int, expected: int | None) -> None:
    assert answer_to(root, key(sequence), default=default, danger=0) == expected


def test_arrows_move_between_the_answers(root: Root) -> None:
    seen: list[str] = []

    def act(asked: Question) -> None:
        for sequence in ("<Right>", "<Right>", "<Right>", "<Left>"):
            seen.append(move(asked, sequence))
        asked.choose(1)

    answer_to(root, act, default=0)
    assert seen == ["question.1", "question.2", "question.0", "question.2"]


def move(asked: Question, sequence: str) -> str:
    """Press an arrow; the name of the button that has the focus then."""
    before = asked.focus_lastfor()

    def moved() -> bool:
        if asked.focus_lastfor() is before:
            cast(tkinter.Misc, before).event_generate(sequence)
        return asked.focus_lastfor() is not before

    pump_until(asked, moved)
    return str(getattr(asked.focus_lastfor(), "screen_name", ""))


def test_the_close_button_of_the_window_is_no_answer(root: Root) -> None:
    assert answer_to(root, lambda asked: asked.escape()) is None


def test_the_question_is_over_the_window_and_takes_its_input(root: Root) -> None:
    seen: list[object] = []

    def act(asked: Question) -> None:
        view = view_of(root)
        seen.append(view.windows[0].title)
        seen.append([item.text for item in view.windows[0].items if item.role == "button"])
        seen.append(root.grab_current() is asked)
        asked.choose(1)

    assert answer_to(root, act) == 1
    assert seen == ["Something still runs", list(CHOICES), True]
    assert root.grab_current() is None


def test_the_focus_comes_back(root: Root) -> None:
    entry = tkinter.Entry(root)
    entry.pack()
    entry.focus_force()
    root.update()
    answer_to(root, key("<Escape>"))
    root.update()
    assert root.focus_get() is entry


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["Delete", "Done", "Cancel"], ("d", "o", "c")),
        (["삭제", "계속"], ("a", "b")),
        (["aa", "aa", "ab"], ("a", "b", "c")),
    ],
)
def test_every_answer_has_a_letter_of_its_own(labels: list[str], expected: tuple[str, ...]) -> None:
    assert letters(labels) == expected


def test_a_letter_that_is_not_in_the_label_stands_behind_it() -> None:
    assert underlined("Next", "n") == ("Next", 0)
    label, place = underlined("다음", "n")
    assert label == "다음 (N)"
    assert label[place] == "N"
