"""Ctrl-C in the middle of a deployment: once to stop and clean up, twice to leave everything as it is."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable

from gpu_assistant.ledger import Ledger
from tests.conftest import CommandLine

DEPLOY = ("deploy", "--practice", "--json", "--model", "efficientnet-lite0", "--vm-size", "Standard_NC4as_T4_v3")
# The cluster takes ten minutes of Azure's time: twelve seconds at this speed, long enough to be stopped in.
SPEED = ("--speed", "50")


def start(line: CommandLine) -> subprocess.Popen[str]:
    """A deployment whose cluster Azure has accepted and is still creating."""
    deploying = subprocess.Popen(
        line.command(*DEPLOY, *SPEED),
        env=line.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_for(lambda: _states(line) == ["live"])
    return deploying


def wait_for(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def _states(line: CommandLine) -> list[str]:
    path = line.data_dir / "ledger.sqlite"
    if not path.exists():
        return []
    ledger = Ledger(path)
    try:
        return [row.state.value for row in ledger.rows()]
    finally:
        ledger.close()


def test_once_stops_and_cleans_up(gpu_assistant: CommandLine) -> None:
    deploying = start(gpu_assistant)
    deploying.send_signal(signal.SIGINT)
    out, err = deploying.communicate(timeout=120)
    assert deploying.returncode == 1
    assert '"code": "cancelled"' in out
    assert "gone  compute target gpu-nc4as-t4-v3" in err
    assert "Traceback" not in err
    assert _states(gpu_assistant) == ["gone"]
    assert gpu_assistant("status", "--practice", "--json").json["resources"] == []


def test_twice_stops_watching_and_says_what_bills(gpu_assistant: CommandLine) -> None:
    deploying = start(gpu_assistant)
    deploying.send_signal(signal.SIGINT)
    assert deploying.stderr is not None
    while "Stopping and cleaning up" not in deploying.stderr.readline():
        assert deploying.poll() is None
    deploying.send_signal(signal.SIGINT)
    _, err = deploying.communicate(timeout=60)
    assert deploying.returncode == 1
    assert "Delete it with: gpu-assistant clean-up --practice" in err
    assert "Traceback" not in err
    assert [one["name"] for one in gpu_assistant("status", "--practice", "--json").json["resources"]] == [
        "gpu-nc4as-t4-v3"
    ]
    assert gpu_assistant("clean-up", "--practice", "--yes", "--json").json["left"] == []
