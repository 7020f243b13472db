"""The log view."""

from __future__ import annotations

import tkinter as tk
from pathlib import Path
from typing import Any

import pytest

from gpu_assistant.domain.text import Text
from gpu_assistant.ui.theme import Root
from gpu_assistant.ui.widgets.log_view import LogView, kind_of
from tests.ui.paper_desk import PaperDesk
from tests.ui.widget_tree import find


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("ValueError: no signature", "error"),
        ("2026-11-22 ERROR cannot load", "error"),
        ("Traceback (most recent call last):", "error"),
        ("the build failed", "error"),
        ("WARNING: deprecated", "warning"),
        ("DeprecationWarning: x", ""),
        ("mirror server terrors", ""),
        ("2026-11-22 21:58:07,777 I [8803] gunicorn.error - Worker exiting (pid: 8803)", ""),
        ("2026-11-22 21:58:08,575 E [8801] gunicorn.error - Worker (pid:8803) exited with code 3.", "error"),
        ("2026-11-22 21:58:08,575 W [8801] azmlinfsrv - slow", "warning"),
        ("azureml.core.ServiceError raised: google.api.ValueError: no", "error"),
        ("all is well", ""),
    ],
)
def test_lines_that_matter_are_marked(line: str, kind: str) -> None:
    assert kind_of(line) == kind


class Watched:
    """A log view whose Tk text counts how often it is filled."""

    def __init__(self, root: Root, desk: PaperDesk) -> None:
        self.view = LogView(root, desk, height=6)
        self.view.pack(fill="both", expand=True)
        self.text: tk.Text = find(self.view, "log.text")
        self.inserted: list[int] = []
        insert = self.text.insert

        def counted(index: Any, *pieces: Any) -> None:
            self.inserted.append(len(pieces) // 2)
            insert(index, *pieces)

        self.text.insert = counted  # type: ignore[method-assign]

    @property
    def lines(self) -> list[str]:
        return [line[2:] for line in self.text.get("1.0", "end").splitlines() if line]


@pytest.fixture
def desk() -> PaperDesk:
    return PaperDesk()


@pytest.fixture
def log(root: Root, desk: PaperDesk) -> Watched:
    watched = Watched(root, desk)
    root.update()
    return watched


def test_only_new_lines_are_drawn(log: Watched) -> None:
    lines = [f"line {number}" for number in range(300)]
    log.view.show(lines)
    log.view.show([*lines, "one", "two"])
    log.view.show([*lines, "one", "two"])
    assert log.inserted == [300, 2]
    assert log.lines == [*lines, "one", "two"]


def test_lines_that_left_the_front_are_removed(log: Watched) -> None:
    lines = [f"line {number}" for number in range(2000)]
    log.view.show(lines)
    moved = [*lines[3:], "a", "b", "c"]
    log.view.show(moved)
    assert log.inserted == [2000, 3]
    assert log.lines == moved


def test_another_log_takes_the_place_of_the_first(log: Watched) -> None:
    log.view.show(["a", "b"])
    log.view.show(["x"])
    assert log.lines == ["x"]
    log.view.show([])
    assert log.lines == []


def test_it_follows_the_end_unless_the_person_scrolled_up(root: Root, log: Watched) -> None:
    lines = [f"line {number}" for number in range(200)]
    log.view.show(lines)
    root.update()
    assert log.text.yview()[1] == 1.0
    log.text.yview_moveto(0.2)
    root.update()
    log.view.show([*lines, "more"])
    root.update()
    assert log.text.yview()[1] < 1.0
    log.text.yview_moveto(1.0)
    log.view.show([*lines, "more", "and more"])
    root.update()
    assert log.text.yview()[1] == 1.0


def test_the_filter_holds_for_what_comes_later(root: Root, log: Watched) -> None:
    log.view.show(["alpha", "beta"])
    find(log.view, "log.filter").insert(0, "AL")
    root.update()
    assert log.lines == ["alpha"]
    log.view.show(["alpha", "beta", "gamma", "also"])
    assert log.lines == ["alpha", "also"]
    find(log.view, "log.filter").delete(0, "end")
    assert log.lines == ["alpha", "beta", "gamma", "also"]


def test_it_cannot_be_changed_and_can_be_selected(root: Root, log: Watched) -> None:
    log.view.show(["alpha"])
    log.text.focus_force()
    root.update()
    log.text.event_generate("<Key-x>")
    log.text.event_generate("<Control-a>")
    root.update()
    assert log.lines == ["alpha"]
    assert log.text.get("sel.first", "sel.last").strip() == "alpha"


def test_copy_and_save_give_the_lines_as_they_are(tmp_path: Path, desk: PaperDesk, log: Watched) -> None:
    log.view.show(["ValueError: no", Text("Delete {kind} {name}", kind="compute target", name="한국")])
    find(log.view, "log.copy").invoke()
    assert desk.copied == ["ValueError: no\nDelete compute target 한국"]
    desk.save_to = tmp_path / "with space.txt"
    find(log.view, "log.save").invoke()
    assert desk.save_to.read_text(encoding="utf-8") == "ValueError: no\nDelete compute target 한국\n"


def test_a_place_that_cannot_be_written_gets_a_sentence(tmp_path: Path, desk: PaperDesk, log: Watched) -> None:
    desk.save_to = tmp_path / "missing" / "log.txt"
    find(log.view, "log.save").invoke()
    assert desk.toasts == ["The log could not be saved: No such file or directory"]
