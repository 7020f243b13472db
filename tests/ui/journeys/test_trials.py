"""Trying things out in the window: a rehearsal before a deployment, and a load test of what is deployed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.ui.journeys.journey import OPEN_S, PRACTICE, VM_SIZE, deploy_by_command, ready, row_of
from tests.ui.person import Person
from tests.ui.view import View

REHEARSAL_S = 120.0
LOAD_S = 90.0


def test_a_rehearsal_and_a_load_test(start_window: Callable[..., Person], tmp_path: Path) -> None:
    data_dir = tmp_path / "service"
    deploy_by_command(data_dir)
    person = start_window(*PRACTICE, "--page", "machine", data_dir=data_dir)

    row = person.wait_for(row_of(VM_SIZE), OPEN_S, "table of VM sizes")
    person.click(row.name)
    person.press("alt+n")
    person.wait_for(ready("footer.primary"), OPEN_S, "checklist without a problem")
    person.scroll("deploy.check.1", 40)
    person.click("deploy.rehearse")
    person.see("deploy.rehearsal.proves", REHEARSAL_S)  # nobody scrolls: it is brought into sight
    answers = [item.text for item in person.view.named("deploy.rehearsal.")]
    assert any(re.match(r"coffee\.jpg: espresso \d\d\.\d%", text) for text in answers), answers
    person.screenshot(tmp_path / "rehearsal.png")

    person.click("steps.4")
    person.click("Load test")
    person.fill("load.limit", "5")
    person.click("load.start")
    person.wait_for(lambda view: _count(view) >= 4, LOAD_S, "windows in the plot")
    person.see("load.cost", LOAD_S)
    person.see("of measuring", LOAD_S)
    person.screenshot(tmp_path / "load.png")
    view = person.view
    assert _number(view, "load.per_s") > 0
    assert _number(view, "load.failed") == 0
    assert view.find("load.cost").text.startswith("$")  # type: ignore[union-attr]
    person.scroll("load.status", 60)
    person.see("no GPU")


def _count(view: View) -> int:
    """How many answers a second were drawn so far: the plot names its latest value once there is one."""
    charts = [item for item in view.items if item.role == "chart" and "a second" in item.text]
    return 4 if charts else 0


def _number(view: View, name: str) -> float:
    item = view.find(name)
    assert item is not None, view
    return float(item.text.replace(",", ""))
