"""A second window on the same data folder only looks, says why, and a window opened after the first may act."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.ui.journeys.journey import (
    COMPUTE,
    FASTEST,
    OPEN_S,
    PRACTICE,
    READ_S,
    SERVICE,
    VM_SIZE,
    deploy_by_command,
    ready,
    resources,
    row_of,
    see_all_gone,
)
from tests.ui.person import Person
from tests.ui.view import Item

ONLY_LOOKS = "Another window works with this data folder; this one only looks."


def test_the_second_window_only_looks(start_window: Callable[..., Person], tmp_path: Path) -> None:
    data_dir = tmp_path / "shared"
    deploy_by_command(data_dir)
    first = start_window(*FASTEST, data_dir=data_dir)
    first.see("workspace.leftovers")
    holder = json.loads((data_dir / "window.json").read_text(encoding="utf-8"))
    assert holder["pid"] == first.program.process.pid

    second = start_window(*PRACTICE, "--page", "clean-up", data_dir=data_dir)
    told = second.see("banner.first_window")
    opened_at = _local_clock(holder["since"])
    assert told.text == (
        f"Another window was opened first, at {opened_at} (process {holder['pid']}). This one only shows; "
        "close the other one to change something here."
    )
    assert not second.sees("banner.first_window.dismiss")
    second.wait_for(lambda view: len(view.rows("cleanup.table")) == 2, OPEN_S, "what exists")
    assert {row.values[1] for row in second.view.rows("cleanup.table")} == {COMPUTE, SERVICE}
    _is_refused(second)

    second.press("alt+2")
    second.click(second.wait_for(row_of(VM_SIZE), READ_S, "table of VM sizes").name)
    second.press("alt+3")
    second.see("Keys go to the keyring", READ_S)
    _is_refused(second)
    second.press("alt+4")
    second.click("Keys")
    second.wait_for(ready("score.copy_primary"), what="keys to copy")
    assert not second.see("score.new_primary").enabled
    assert not second.see("score.new_secondary").enabled
    second.close_window()  # something runs, but this window has no say in it, so nothing is asked
    assert second.program.wait_for_end() == 0
    assert len(resources(data_dir)) == 2

    first.click("workspace.practice")
    first.wait_for(ready("footer.next"), OPEN_S, "open workspace")
    first.close_window()
    first.click("Keep running")
    assert first.program.wait_for_end() == 0

    third = start_window(*PRACTICE, "--page", "clean-up", data_dir=data_dir)
    third.wait_for(ready("footer.primary"), OPEN_S, "button to delete everything")
    assert not third.sees("banner.first_window")
    third.click("footer.primary")
    see_all_gone(third)
    assert resources(data_dir) == []


def _is_refused(person: Person) -> Item:
    """The page's one button for what costs or destroys is dead, by mouse and key, and says why."""
    button = person.see("footer.primary")
    assert not button.enabled, person.read()
    person.see(ONLY_LOOKS)
    return button


def _local_clock(moment: str) -> str:
    from datetime import datetime

    return f"{datetime.fromisoformat(moment).astimezone():%H:%M}"
