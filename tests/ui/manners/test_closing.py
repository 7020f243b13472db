"""Closing while something bills: the question names the money, and each answer does what it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.ui.journeys.journey import (
    CLEAN_UP_S,
    COMPUTE,
    FASTEST,
    OPEN_S,
    PRACTICE,
    SERVICE,
    deploy_by_command,
    ready,
    resources,
)
from tests.ui.person import Person


def test_each_answer_to_the_question(start_window: Callable[..., Person], tmp_path: Path) -> None:
    data_dir = tmp_path / "billing"
    deploy_by_command(data_dir)
    first = start_window(*PRACTICE, data_dir=data_dir)
    first.wait_for(ready("footer.next"), OPEN_S, "open workspace")
    _see_question(first)
    first.press("Escape")
    first.wait_until_gone("question.text")
    first.press("alt+2")  # the window lives on
    first.see("machine.table")

    _see_question(first)
    first.press("Return")  # nothing happens by the key that answers most questions
    first.wait_until_gone("question.text")
    assert first.sees("machine.table")

    _see_question(first)
    first.click("Keep running")
    assert first.program.wait_for_end() == 0
    assert {one["name"] for one in resources(data_dir)} == {COMPUTE, SERVICE}

    second = start_window(*FASTEST, data_dir=data_dir)
    assert second.see("workspace.leftovers").text == "Something is left from earlier practice"
    assert second.sees(COMPUTE)
    second.click("workspace.practice")
    assert COMPUTE in second.see("banner.still_bills", OPEN_S).text
    second.see("machine.table")  # the page that was left
    _see_question(second)
    second.click("Delete now")
    assert second.program.wait_for_end(CLEAN_UP_S) == 0
    assert resources(data_dir) == []

    third = start_window(*FASTEST, data_dir=data_dir)
    third.wait_for(ready("workspace.practice"), what="way into practice")
    assert not third.sees("workspace.leftovers")
    third.close_window()
    assert third.program.wait_for_end() == 0


def _see_question(person: Person) -> None:
    """Close; the question says what costs how much, and what the answers are."""
    person.close_window()
    text = person.see("question.text").text
    assert COMPUTE in text
    assert "$0.53 per hour" in text
    assert "so far" in text
    answers = [item.text for item in person.view.named("question.") if item.role == "button"]
    assert answers == ["Delete now", "Keep running", "Cancel"]
