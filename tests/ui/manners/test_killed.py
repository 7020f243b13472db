"""A window that is killed in the middle of a deployment: the next one knows what exists, and proves it gone."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import psutil

from gpu_assistant.ledger import Ledger
from tests.ui.journeys.journey import (
    COMPUTE,
    FASTEST,
    OPEN_S,
    PRACTICE,
    READ_S,
    VM_SIZE,
    ready,
    resources,
    row_of,
    see_all_gone,
)
from tests.ui.person import Person
from tests.ui.screen import wait_until


def test_killed_in_the_middle_of_a_deployment(start_window: Callable[..., Person], tmp_path: Path) -> None:
    data_dir = tmp_path / "killed"
    data_dir.mkdir()
    first = start_window(*PRACTICE, "--page", "machine", data_dir=data_dir)
    first.click(first.wait_for(row_of(VM_SIZE), OPEN_S, "table of VM sizes").name)
    first.press("alt+n")
    first.wait_for(ready("footer.primary"), READ_S, "checklist without a problem")
    program = psutil.Process(first.program.process.pid)
    sdk = [child for child in program.children() if "gpu_assistant.practice" not in child.cmdline()]
    assert sdk, "the SDK process was not found"
    first.click("footer.primary")
    ledger = Ledger(data_dir / "ledger.sqlite")
    try:
        # accepted by Azure: the row stood there before the cluster was asked for, and its name is taken now
        wait_until(lambda: [row for row in ledger.open_rows() if row.name == COMPUTE], READ_S, "no cluster was begun")
    finally:
        ledger.close()
    first.program.process.send_signal(signal.SIGKILL)
    assert first.program.wait_for_end() == -signal.SIGKILL
    _gone, left = psutil.wait_procs(sdk, timeout=20)
    assert not left, "the SDK process goes on without its window"

    second = start_window(*FASTEST, data_dir=data_dir)
    assert not second.sees("banner.first_window"), "the dead window still counts as the first"
    second.see("workspace.leftovers")
    assert second.sees(COMPUTE)
    second.click("workspace.practice")
    second.wait_for(ready("steps.5"), OPEN_S, "open workspace")
    second.press("alt+5")
    second.wait_for(ready("footer.primary"), READ_S, "button to delete everything")
    assert COMPUTE in {row.values[1] for row in second.view.rows("cleanup.table")}
    second.click("footer.primary")
    see_all_gone(second, {f"compute target {COMPUTE}"})  # a service that was only intended may be settled before
    assert resources(data_dir) == []
    ledger = Ledger(data_dir / "ledger.sqlite")
    try:
        assert [row.name for row in ledger.rows() if row.gone is None] == []
    finally:
        ledger.close()
