from __future__ import annotations

import logging
from pathlib import Path
from typing import NoReturn

import pytest

from gpu_assistant.domain.errors import AssistantError
from gpu_assistant.domain.secret import Secret
from gpu_assistant.ui.crash_report import CrashReports, report_text
from gpu_assistant.ui.theme import Root
from tests.ui.frame import ScriptedDesk
from tests.ui.in_process import pump_until, view_of


class Crashing:
    """A window whose callbacks fail on demand."""

    def __init__(self, root: Root) -> None:
        self.root = root
        self.desk = ScriptedDesk()
        self.saved: list[str] = []
        self.now_s = 0.0
        self.reports = CrashReports(root, self.desk, on_save=self.saved.append, monotonic=lambda: self.now_s)

    def fail(self, error: Exception) -> None:
        """In a callback of Tk."""

        def broken() -> NoReturn:
            raise error

        self.root.after(1, broken)
        done: list[bool] = []
        self.root.after(2, lambda: done.append(True))
        pump_until(self.root, lambda: done)
        self.root.update()

    @property
    def titles(self) -> list[str]:
        return [window.title for window in view_of(self.root).windows if window.title == "Something went wrong"]


def test_an_error_in_a_callback_is_said_and_the_program_lives_on(root: Root, caplog: pytest.LogCaptureFixture) -> None:
    crashing = Crashing(root)
    crashing.fail(ValueError("the table is upside down"))
    view = view_of(root)
    sentence, text = view.find("crash.sentence"), view.find("crash.text")
    assert sentence is not None
    assert "the table is upside down" in sentence.text
    assert text is not None
    assert "Traceback" in text.text
    assert "the table is upside down" in caplog.text
    assert view.focus == "crash.go_on"
    done: list[bool] = []
    root.after(1, lambda: done.append(True))
    pump_until(root, lambda: done)


def test_one_report_at_a_time_and_not_the_same_again_and_again(root: Root) -> None:
    crashing = Crashing(root)
    crashing.fail(ValueError("first"))
    crashing.fail(KeyError("second"))
    assert len(crashing.titles) == 1
    crashing.reports._window.close()  # type: ignore[union-attr]
    crashing.now_s = 5
    crashing.fail(ValueError("first"))
    assert crashing.titles == []
    crashing.now_s = 100
    crashing.fail(ValueError("first"))
    assert len(crashing.titles) == 1


def test_our_own_errors_speak_in_their_own_words(root: Root) -> None:
    crashing = Crashing(root)
    crashing.fail(AssistantError(reason="The disk is full."))
    assert view_of(root).find("The disk is full.") is not None


def test_no_secret_is_in_the_report(root: Root, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)  # what the log blacks out is tested with the log
    secret = Secret("Zm9vYmFyYmF6cXV4MTIzNDU2")
    crashing = Crashing(root)
    crashing.fail(ValueError(f"refused: {secret.reveal()}, and https://blob/x?sv=1&sig=AbC%2F123 too"))
    shown = " ".join(item.text for item in view_of(root).items)
    text = report_text(ValueError(f"refused: {secret.reveal()}"), None)
    for part in (secret.reveal(), "AbC%2F123"):
        assert part not in shown
        assert part not in text


def test_the_report_can_be_copied_and_kept(root: Root, tmp_path: Path) -> None:
    crashing = Crashing(root)
    crashing.fail(ValueError("upside down"))
    for name in ("copy", "save"):
        widget = next(
            child
            for child in crashing.reports._window.inside.winfo_children()[-1].winfo_children()  # type: ignore[union-attr]
            if getattr(child, "screen_name", "") == f"crash.{name}"
        )
        widget.invoke()
    assert "upside down" in crashing.desk.copied[0]
    assert crashing.saved == crashing.desk.copied
