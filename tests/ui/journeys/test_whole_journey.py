"""From the first page to a scored image and an empty workspace: once with the mouse alone, once with keys alone."""

from __future__ import annotations

from collections.abc import Callable

from tests.ui.journeys.journey import (
    ANSWER_S,
    DEPLOY_S,
    FASTEST,
    LABELS,
    OPEN_S,
    READ_S,
    VM_SIZE,
    ready,
    resources,
    row_of,
    see_all_gone,
)
from tests.ui.person import Person

MOST_CLICKS_TO_AN_ANSWER = 12
MOST_CLICKS_TO_CLEAN_UP = 2


def test_with_the_mouse_alone(start_window: Callable[..., Person]) -> None:
    person = start_window(*FASTEST)
    person.click("workspace.practice")
    person.wait_for(ready("footer.next"), OPEN_S, "open workspace")
    assert person.see("workspace.badge").text == "✓ Practice: nothing is billed"
    person.click("footer.next")
    row = person.wait_for(row_of(VM_SIZE), READ_S, "table of VM sizes")
    person.click(row.name)
    person.click("footer.next")
    person.wait_for(ready("footer.primary"), READ_S, "checklist without a problem")
    person.click("footer.primary")  # Deploy; when the web service answers, the score page comes by itself
    person.click("score.sample.coffee.jpg", DEPLOY_S)
    _see_answer(person, "coffee.jpg")
    assert person.clicks <= MOST_CLICKS_TO_AN_ANSWER
    before = person.clicks
    assert {one["kind"] for one in resources(person.program.data_dir)} == {"compute_target", "web_service"}

    person.click("footer.next")
    person.wait_for(ready("footer.primary"), READ_S, "button to delete everything")
    person.click("footer.primary")
    see_all_gone(person)
    assert person.clicks - before <= MOST_CLICKS_TO_CLEAN_UP
    assert (person.typed, person.keys) == (0, 0)
    assert resources(person.program.data_dir) == []
    _leave(person)


def test_with_the_keyboard_alone(start_window: Callable[..., Person]) -> None:
    person = start_window(*FASTEST)
    person.screen.xdotool("mousemove", "0", "0")  # where there is no window
    person.tab_to("workspace.practice")
    person.press("space")
    person.wait_for(ready("footer.next"), OPEN_S, "open workspace")
    person.press("alt+n")
    row = person.wait_for(row_of(VM_SIZE), READ_S, "table of VM sizes")
    person.tab_to("machine.table")
    _walk_to_row(person, row.name)
    person.press("Return")
    person.wait_for(lambda view: (chosen := view.find("machine.chosen")) and chosen.text == VM_SIZE, what="choice")
    person.tab_to("footer.next")
    person.press("space")
    person.wait_for(ready("footer.primary"), READ_S, "checklist without a problem")
    person.tab_to("footer.primary")
    person.press("Return")
    person.see("score.sample.coffee.jpg", DEPLOY_S)
    person.tab_to("score.sample.coffee.jpg")
    person.press("space")
    _see_answer(person, "coffee.jpg")
    assert {one["kind"] for one in resources(person.program.data_dir)} == {"compute_target", "web_service"}

    person.press("alt+5")
    person.wait_for(ready("footer.primary"), READ_S, "button to delete everything")
    person.press("Return")  # what destroys is not done from anywhere
    assert not person.sees("cleanup.stop"), person.read()
    person.tab_to("footer.primary")
    person.press("space")
    see_all_gone(person)
    assert (person.clicks, person.typed) == (0, 0)
    assert resources(person.program.data_dir) == []
    _leave(person)


def _see_answer(person: Person, photo: str) -> None:
    headline = person.wait_for(
        lambda view: view if LABELS[photo] in [item.text for item in view.named("score.headline")] else None,
        ANSWER_S,
        f"answer {LABELS[photo]!r}",
    )
    assert photo in [item.text for item in headline.named("score.headline")], headline
    assert any(bar.text.startswith(f"{LABELS[photo]} ") for bar in headline.named("score.bars/")), headline


def _walk_to_row(person: Person, name: str) -> None:
    """Go down the table with the arrow keys until the row is the selected one."""
    for _ in range(60):
        row = person.see(name)
        if row.selected:
            return
        person.press("Down")
    raise AssertionError(f"the arrow keys do not reach {name}\n{person.read()}")


def _leave(person: Person) -> None:
    """Nothing bills any more, so closing asks nothing."""
    person.close_window()
    assert person.program.wait_for_end() == 0
