"""The server as a process: started, found, steered, stopped, killed."""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from gpu_assistant.domain.errors import PracticeError
from gpu_assistant.practice import constants, control, lifecycle
from gpu_assistant.practice.front import tokens
from gpu_assistant.practice.lifecycle import PracticeInfo, ensure_running, find_running, practice_folder
from gpu_assistant.practice.server import PracticeServer

CHECKOUT = Path(__file__).resolve().parents[2]


def wait_until(condition: Callable[[], bool], *, timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.02)


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "data folder"
    folder.mkdir()
    yield folder
    lifecycle.stop(folder)


def start(data_dir: Path, *, speed: float | None = math.inf, scenario: str | None = None) -> PracticeInfo:
    return ensure_running(data_dir, speed=speed, scenario=scenario, with_sample_model=False)


def status(data_dir: Path) -> dict[str, object]:
    found = lifecycle.read_status(data_dir)
    assert found is not None
    return dict(found)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextlib.contextmanager
def running(data_dir: Path, *, idle_limit_s: float = 1800.0) -> Iterator[PracticeServer]:
    server = PracticeServer(data_dir, speed=math.inf, with_sample_model=False, idle_limit_s=idle_limit_s)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def test_started_once_found_steered_and_stopped(data_dir: Path) -> None:
    assert find_running(data_dir) is None
    info = start(data_dir)
    assert find_running(data_dir) == info
    assert start(data_dir, speed=None) == info
    assert status(data_dir)["speed"] == "max"

    start(data_dir, speed=90.0, scenario="delete-is-slow")
    seen = status(data_dir)
    assert (seen["speed"], seen["scenario"]) == (90.0, "delete-is-slow")
    start(data_dir, speed=None, scenario="none")
    assert status(data_dir)["scenario"] is None
    with pytest.raises(PracticeError, match="no scenario 'nonsense'; there are: "):
        start(data_dir, scenario="nonsense")

    assert lifecycle.stop(data_dir)
    assert find_running(data_dir) is None
    wait_until(lambda: not is_alive(info.pid))
    assert not lifecycle.stop(data_dir)


def test_what_lies_in_the_folder_is_private_and_holds_no_token(data_dir: Path) -> None:
    info = start(data_dir)
    token = tokens.mint(practice_folder(data_dir))
    answer = requests.get(
        f"https://{constants.ARM_HOST}/subscriptions?api-version=2022-12-01",
        headers={"Authorization": f"Bearer {token}"},
        proxies={"https": info.https_proxy},
        verify=str(info.ca_bundle),
        timeout=10,
    )
    assert answer.json()["value"][0]["subscriptionId"] == constants.SUBSCRIPTION_ID
    assert practice_folder(data_dir).stat().st_mode & 0o077 == 0
    for file in data_dir.rglob("*"):
        if file.is_file():
            assert b".eyJ" not in file.read_bytes(), file


def test_two_programs_at_once_get_the_same_server(data_dir: Path) -> None:
    found: list[PracticeInfo] = []
    threads = [threading.Thread(target=lambda: found.append(start(data_dir))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert len(set(found)) == 1


def test_a_stale_file_is_ignored(data_dir: Path) -> None:
    """After a crash the file is still there; its port may belong to anybody by now."""
    info = start(data_dir)
    os.kill(info.pid, signal.SIGKILL)
    wait_until(lambda: find_running(data_dir) is None)
    assert lifecycle.read_info(data_dir) == info
    again = start(data_dir)
    assert again.pid != info.pid
    assert again.port == info.port  # scoring addresses of services that are still deployed stay true

    (practice_folder(data_dir) / lifecycle.INFO_FILE).write_text("{ damaged")
    assert find_running(data_dir) is None
    lifecycle.write_info(data_dir, again)
    assert find_running(data_dir) == again


def test_a_stranger_on_the_port_is_not_taken_for_the_server(data_dir: Path, tmp_path: Path) -> None:
    """Another folder's server answers there, and does not know this folder's key."""
    start(data_dir)
    lifecycle.stop(data_dir)
    other = tmp_path / "other"
    with running(other) as server:
        lifecycle.write_info(data_dir, server.info)
        assert find_running(data_dir) is None
        assert find_running(other) == server.info


def test_a_scenario_that_does_not_exist_is_named_with_those_that_do(data_dir: Path) -> None:
    with pytest.raises(PracticeError, match=r"no scenario 'nonsense'; there are: .*quota-too-small"):
        start(data_dir, scenario="nonsense")


def test_a_start_that_fails_tells_the_last_line_of_the_log(data_dir: Path) -> None:
    practice_folder(data_dir).mkdir()
    (practice_folder(data_dir) / "ca-key.pem").write_text("no key")
    with pytest.raises(PracticeError, match=r"ca-key\.pem is damaged"):
        start(data_dir)


def test_a_server_that_hangs_is_named_and_not_killed(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = start(data_dir)
    monkeypatch.setattr(lifecycle, "_ANSWER_TIMEOUT_S", 0.2)
    monkeypatch.setattr(lifecycle, "_SETTLE_TIMEOUT_S", 0.3)
    os.kill(info.pid, signal.SIGSTOP)
    try:
        for attempt in (lifecycle.stop, start):
            with pytest.raises(PracticeError, match=f"does not answer .process {info.pid}"):
                attempt(data_dir)
    finally:
        os.kill(info.pid, signal.SIGCONT)
        monkeypatch.undo()
    wait_until(lambda: find_running(data_dir) == info)


def test_a_server_of_another_version_is_replaced(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = start(data_dir)
    monkeypatch.setattr(lifecycle, "__version__", "0.0.1")
    assert start(data_dir).pid != info.pid


def test_control_is_for_the_owner_of_the_folder_only(data_dir: Path) -> None:
    with running(data_dir) as server:
        url = f"http://127.0.0.1:{server.info.port}"
        for token in ("", server.token(), "a.b.c"):
            answer = requests.post(url + control.STOP_PATH, headers={"Authorization": f"Bearer {token}"}, timeout=10)
            assert answer.status_code == 401
        assert find_running(data_dir) is not None
        for bad in (
            {"speed": 0},
            {"speed": "fast"},
            {"speed": True},
            {"scenario": 3},
            {"scenario": "nonsense"},
            {"sign_in": "maybe"},
            {"colour": "red"},
            [],
        ):
            with pytest.raises(ValueError, match=r"\w"):
                lifecycle.ask(data_dir, server.info, "PUT", control.SETTINGS_PATH, bad)
        lifecycle.ask(data_dir, server.info, "PUT", control.SETTINGS_PATH, {"sign_in": "wrong-tenant"})
        assert server.status()["sign_in"] == "wrong-tenant"


def test_unused_it_stops_by_itself_and_looking_is_not_use(data_dir: Path) -> None:
    with running(data_dir, idle_limit_s=0.5) as server:
        started = time.monotonic()
        waiting = threading.Thread(target=server.wait)
        waiting.start()
        requests.get(
            f"https://{constants.ARM_HOST}/subscriptions",
            proxies={"https": server.info.https_proxy},
            verify=str(server.info.ca_bundle),
            timeout=10,
        )
        while waiting.is_alive() and time.monotonic() - started < 20:
            status(data_dir)
        waiting.join(1)
        assert not waiting.is_alive()
        assert time.monotonic() - started >= 0.5


def test_one_server_per_folder(data_dir: Path) -> None:
    with running(data_dir), pytest.raises(lifecycle.PracticeAlreadyRunning):
        PracticeServer(data_dir).start()


def run_command(data_dir: Path, *arguments: str) -> list[str]:
    return [
        *(sys.executable, "-m", "gpu_assistant.practice", "--data-dir", str(data_dir)),
        *("--no-sample-model", *arguments),
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_in_the_foreground_it_prints_one_object_and_ends_on_a_signal(data_dir: Path, number: signal.Signals) -> None:
    command = run_command(data_dir, "--json")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=CHECKOUT) as server:
        assert server.stdout is not None
        try:
            printed = json.loads(server.stdout.readline())
            assert set(printed) == {
                *("https_proxy", "ca_bundle", "token", "subscription_id", "resource_group"),
                *("workspace", "tenant_id", "region"),
            }
            assert tokens.verify(practice_folder(data_dir), printed["token"])["tid"] == printed["tenant_id"]
            assert find_running(data_dir) is not None
            # A second one says where the first is, and leaves it running.
            second = subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT, check=True)
            assert json.loads(second.stdout)["https_proxy"] == printed["https_proxy"]
            server.send_signal(number)
            assert server.wait(20) == 0
            assert server.stdout.read() == ""
        finally:
            server.kill()
    assert find_running(data_dir) is None


def test_stop_as_a_command(data_dir: Path) -> None:
    start(data_dir)
    done = subprocess.run(run_command(data_dir, "--stop"), capture_output=True, text=True, cwd=CHECKOUT, check=True)
    assert done.stdout == "Stopped.\n"
    assert find_running(data_dir) is None
    done = subprocess.run(
        run_command(data_dir, "--stop", "--json"), capture_output=True, text=True, cwd=CHECKOUT, check=True
    )
    assert json.loads(done.stdout) == {"stopped": False}


def test_a_folder_that_cannot_be_written_is_named(data_dir: Path) -> None:
    (data_dir / "practice").write_text("a file where the folder should be: not even root can write into it")
    done = subprocess.run(run_command(data_dir), capture_output=True, text=True, cwd=CHECKOUT, check=False)
    assert done.returncode == 1
    assert str(data_dir) in done.stderr
