"""A kill after each ledger write loses nothing: the next `status` names it, the next `clean-up` removes it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, CommandLine

KILLER = Path(__file__).with_name("deploy_and_die.py")

# What `deploy` writes, in this order. The last number is one too many: then the run ends by itself.
WRITES = (
    "cluster intended",
    "cluster accepted",
    "cluster ready",
    "service intended",
    "service accepted",
    "service healthy",
)


@pytest.mark.parametrize("writes", range(1, len(WRITES) + 1), ids=[text.replace(" ", "-") for text in WRITES])
def test_killed_after_a_ledger_write(shared_gpu_assistant: CommandLine, writes: int) -> None:
    line = shared_gpu_assistant
    done = subprocess.run(
        [sys.executable, str(KILLER), str(writes), str(line.data_dir)],
        env={**line.environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == -signal.SIGKILL, f"{done.stdout}\n{done.stderr}"
    names = {one["name"] for one in line("status", "--practice", "--json").json["resources"]}
    # Nothing had been created after the very first write; the row stands until it is proven absent.
    assert names <= {"gpu-nc4as-t4-v3", "efficientnet-lite0"}
    if writes >= 2:
        assert "gpu-nc4as-t4-v3" in names
    if writes >= 5:
        assert "efficientnet-lite0" in names
    report = line("clean-up", "--practice", "--yes", "--json").json
    assert report["left"] == []
    assert line("status", "--practice", "--json").json["resources"] == []
    assert _states(line.data_dir) == {"gone"}


def test_the_list_of_writes_is_complete(shared_gpu_assistant: CommandLine) -> None:
    """One write more than the list never comes: a new write in `deploy` must be added to the list."""
    line = shared_gpu_assistant
    done = subprocess.run(
        [sys.executable, str(KILLER), str(len(WRITES) + 1), str(line.data_dir)],
        env={**line.environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    line("clean-up", "--practice", "--yes")


def _states(data_dir: Path) -> set[str]:
    from gpu_assistant.ledger import Ledger

    ledger = Ledger(data_dir / "ledger.sqlite")
    states = {row.state.value for row in ledger.rows()}
    ledger.close()
    return states
