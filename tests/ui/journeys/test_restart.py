"""Closed and opened again: page and choices are there, what still runs is said first, and it still answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.ui.journeys.journey import (
    ANSWER_S,
    COMPUTE,
    DEPLOY_S,
    FASTEST,
    LABELS,
    OPEN_S,
    PRACTICE,
    READ_S,
    VM_SIZE,
    deploy_by_command,
    ready,
    resources,
    row_of,
    see_all_gone,
)
from tests.ui.person import Person
from tests.ui.view import View


def page(title: str) -> Any:
    """For `Person.wait_for`: the window, once it shows this page of an open workspace."""

    def find(view: View) -> str | None:
        shown = view.windows[0].title
        return shown if shown.startswith(f"{title} – ") and not shown.endswith("gpu-assistant") else None

    return find


def test_page_and_choices_come_back(start_window: Callable[..., Person], tmp_path: Path) -> None:
    first = start_window(*PRACTICE, "--page", "machine", data_dir=tmp_path)
    row = first.wait_for(row_of(VM_SIZE), OPEN_S, "table of VM sizes")
    first.click(row.name)
    first.see("machine.chosen")
    first.fill("machine.nodes", "2")
    first.press("Tab")
    first.press("alt+n")
    first.wait_for(ready("footer.primary"), READ_S, "checklist without a problem")
    first.fill("deploy.service_name", "my-service")
    first.close_window()  # nothing runs, so nothing is asked
    assert first.program.wait_for_end() == 0

    second = start_window(*FASTEST, data_dir=tmp_path)
    assert second.view.windows[0].title == "Workspace – gpu-assistant"
    assert not second.view.named("banner."), "nothing runs, so there is nothing to say"
    second.click("workspace.practice")
    second.wait_for(page("Deploy"), OPEN_S, "page that was left")
    second.wait_for(ready("footer.primary"), READ_S, "checklist without a problem")
    assert second.see("deploy.service_name").text == "my-service"
    second.press("alt+2")
    chosen = second.wait_for(row_of(VM_SIZE), READ_S, "table of VM sizes")
    assert chosen.selected
    assert second.see("machine.chosen").text == VM_SIZE
    assert second.see("machine.nodes").text == "2"


def test_what_still_runs_is_said_first_and_still_answers(start_window: Callable[..., Person], tmp_path: Path) -> None:
    first = start_window(*PRACTICE, "--page", "machine", data_dir=tmp_path)
    row = first.wait_for(row_of(VM_SIZE), OPEN_S, "table of VM sizes")
    first.click(row.name)
    first.press("alt+n")
    first.wait_for(ready("footer.primary"), READ_S, "checklist without a problem")
    first.click("footer.primary")
    first.see("score.drop", DEPLOY_S)
    first.close_window()
    question = first.see("question.text")
    assert COMPUTE in question.text
    assert "$0.53 per hour" in question.text
    first.click("Keep running")
    assert first.program.wait_for_end() == 0

    second = start_window(*FASTEST, data_dir=tmp_path)
    said = second.see("workspace.leftovers")
    assert said.text == "Something is left from earlier practice"
    assert second.see(COMPUTE)
    second.click("workspace.practice")
    second.wait_for(page("Score"), OPEN_S, "page that was left")
    assert "$0.53 per hour" in second.see("cost.per_hour").text
    assert COMPUTE in second.see("banner.still_bills").text
    second.click("score.sample.chelsea.jpg")
    second.see(LABELS["chelsea.jpg"], ANSWER_S)
    second.click("Keys")
    second.wait_for(ready("score.copy_primary"), what="keys")

    second.click("banner.still_bills.action")
    second.wait_for(ready("footer.primary"), READ_S, "button to delete everything")
    second.click("footer.primary")
    see_all_gone(second)
    assert resources(tmp_path) == []


def test_a_named_page_and_a_wish_to_clean_up_come_before_the_page_that_was_left(
    start_window: Callable[..., Person], tmp_path: Path
) -> None:
    deploy_by_command(tmp_path)
    first = start_window(*PRACTICE, "--page", "score", data_dir=tmp_path)
    first.see("score.drop", OPEN_S)
    first.close_window()
    first.click("Keep running")
    assert first.program.wait_for_end() == 0

    named = start_window(*PRACTICE, "--page", "machine", data_dir=tmp_path)
    named.wait_for(page("Machine"), OPEN_S, "page that was named")
    named.press("alt+4")
    named.see("score.drop")
    named.close_window()
    named.click("Keep running")
    assert named.program.wait_for_end() == 0

    tidy = start_window(*FASTEST, data_dir=tmp_path)
    tidy.click("workspace.clean_up.1")
    tidy.wait_for(page("Clean up"), OPEN_S, "page to clean up on")
    tidy.wait_for(ready("footer.primary"), READ_S, "button to delete everything")
    tidy.click("footer.primary")
    see_all_gone(tidy)
