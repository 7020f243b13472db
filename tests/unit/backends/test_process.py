"""The SDK process with a scripted adapter: what a call gives, and what stopping one really stops."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gpu_assistant.backends.base import BackendConfig
from gpu_assistant.backends.process import SdkProcess
from gpu_assistant.domain.errors import (
    Cancelled,
    DeadlinePassed,
    OutcomeUnknown,
    ServiceNameTaken,
    UnexpectedAnswer,
)
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.workspace import WorkspaceRef

REPOSITORY = Path(__file__).parents[3]
FAKES = REPOSITORY / "tests" / "fakes"
ADAPTER = "scripted_adapter:ScriptedAdapter"
LONG_S = 60.0
SHORT_S = 0.3


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., SdkProcess]]:
    """Makes SDK processes and ends them."""
    monkeypatch.syspath_prepend(str(FAKES))
    made: list[SdkProcess] = []

    def make(adapter: str = ADAPTER, **config: object) -> SdkProcess:
        process = SdkProcess(adapter, lambda: BackendConfig(**config))  # type: ignore[arg-type]
        made.append(process)
        return process

    yield make
    for process in made:
        process.close()


@pytest.fixture
def process(start: Callable[..., SdkProcess]) -> SdkProcess:
    return start()


def wait_until(condition: Callable[[], bool], *, timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def call_in_thread(process: SdkProcess, method: str, *args: object, **options: object) -> tuple[threading.Thread, list]:
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(process.call(method, *args, deadline_s=LONG_S, **options))  # type: ignore[arg-type]
        except Exception as exc:
            outcome.append(exc)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


def test_it_runs_in_another_process_and_carries_dataclasses(process: SdkProcess) -> None:
    workspace = WorkspaceRef("sub", "rg", "ws", "eastus", "tenant")
    assert process.call("echo", workspace, deadline_s=LONG_S) == workspace
    assert process.call("pid", deadline_s=LONG_S) == process.pid != os.getpid()


def test_events_arrive_in_order_on_the_calling_thread(process: SdkProcess) -> None:
    seen: list[tuple[int, threading.Thread]] = []
    answer = process.call(
        "count", 5, deadline_s=LONG_S, on_event=lambda n: seen.append((n, threading.current_thread()))
    )
    assert answer == 5
    assert seen == [(n, threading.current_thread()) for n in range(5)]


def test_three_calls_run_at_the_same_time(process: SdkProcess) -> None:
    with ThreadPoolExecutor(3) as pool:
        names = list(pool.map(lambda _: process.call("meet", deadline_s=LONG_S), range(3)))
    assert len(set(names)) == 3


def test_an_error_of_the_adapter_is_raised_whole(process: SdkProcess) -> None:
    with pytest.raises(ServiceNameTaken) as caught:
        process.call("refuse", deadline_s=LONG_S)
    assert caught.value.facts == {"name": "resnet"}
    assert caught.value.log == "a line"
    assert caught.value.detail == "There is already a web service resnet in this workspace."


@pytest.mark.parametrize("method", ["crash", "crash_with_a_broken_text", "unpackable", "exit", "no_such_method"])
def test_a_bug_in_the_adapter_is_an_error_and_the_process_lives(process: SdkProcess, method: str) -> None:
    pid = process.call("pid", deadline_s=LONG_S)
    with pytest.raises(UnexpectedAnswer):
        process.call(method, deadline_s=LONG_S)
    assert process.call("pid", deadline_s=LONG_S) == pid


def test_an_adapter_that_cannot_be_loaded_says_so_for_every_call(start: Callable[..., SdkProcess]) -> None:
    broken = start("no_such_module:Adapter")
    for _ in range(2):
        with pytest.raises(UnexpectedAnswer, match="no_such_module"):
            broken.call("pid", deadline_s=LONG_S)


def test_after_the_deadline_the_process_is_another(process: SdkProcess) -> None:
    first = process.call("pid", deadline_s=LONG_S)
    with pytest.raises(DeadlinePassed, match=r"Reading the keys gave no answer within 0 seconds"):
        process.call("hang", deadline_s=SHORT_S, what="Reading the keys")
    assert not is_running(first)
    assert process.call("pid", deadline_s=LONG_S) != first


def test_the_deadline_counts_silence_not_length(process: SdkProcess) -> None:
    process.call("pid", deadline_s=LONG_S)
    ticks: list[int] = []
    answer = process.call("tick", 8, 0.1, deadline_s=0.5, on_event=ticks.append)
    assert answer == "done"
    assert len(ticks) == 8


def test_cancel_is_felt_at_once_and_ends_the_process(process: SdkProcess) -> None:
    first = process.call("pid", deadline_s=LONG_S)
    cancel = threading.Event()
    thread, outcome = call_in_thread(process, "hang", what="Deploying", cancel=cancel)
    cancel.set()
    thread.join(10)
    assert isinstance(outcome[0], Cancelled)
    assert outcome[0].detail == "Deploying was stopped."
    assert not is_running(first)
    assert process.call("pid", deadline_s=LONG_S) != first


def test_a_call_that_is_cancelled_before_it_begins_leaves_the_process_alone(process: SdkProcess) -> None:
    first = process.call("pid", deadline_s=LONG_S)
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        process.call("hang", deadline_s=LONG_S, cancel=cancel)
    assert process.call("pid", deadline_s=LONG_S) == first


def test_when_the_process_ends_reads_are_repeated_and_changes_are_not(process: SdkProcess, tmp_path: Path) -> None:
    process.call("pid", deadline_s=LONG_S)
    marker = tmp_path / "asked"
    reading, read = call_in_thread(process, "hang_once", str(marker), repeatable=True)
    changing, changed = call_in_thread(process, "hang", what="Creating gpu-aks")
    wait_until(marker.exists)
    process.restart()
    reading.join(30)
    changing.join(30)
    assert read == ["answered by the second process"]
    assert isinstance(changed[0], OutcomeUnknown)
    assert changed[0].facts == {"what": "Creating gpu-aks"}


def test_a_process_that_dies_twice_is_reported(process: SdkProcess) -> None:
    with pytest.raises(UnexpectedAnswer, match="ended twice"):
        process.call("die", deadline_s=LONG_S, repeatable=True)
    with pytest.raises(OutcomeUnknown):
        process.call("die", deadline_s=LONG_S)
    assert process.call("echo", "alive", deadline_s=LONG_S) == "alive"


def test_each_process_gets_the_configuration_of_its_moment(start: Callable[..., SdkProcess]) -> None:
    names = iter(["first", "second"])
    process = SdkProcess(ADAPTER, lambda: BackendConfig(workspace=WorkspaceRef("s", "rg", next(names))))
    try:
        assert process.call("workspace_name", deadline_s=LONG_S) == "first"
        assert process.call("workspace_name", deadline_s=LONG_S) == "first"
        process.restart()
        assert process.call("workspace_name", deadline_s=LONG_S) == "second"
    finally:
        process.close()


def test_close_ends_calls_in_flight_and_later_ones(process: SdkProcess) -> None:
    pid = process.call("pid", deadline_s=LONG_S)
    thread, outcome = call_in_thread(process, "hang")
    process.close()
    thread.join(10)
    assert isinstance(outcome[0], Cancelled)
    assert not is_running(pid)
    with pytest.raises(Cancelled):
        process.call("pid", deadline_s=LONG_S)


def test_a_secret_crosses_the_pipe_and_appears_nowhere_else(
    start: Callable[..., SdkProcess], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = "a-token-that-must-not-be-seen"
    process = start(token=Secret(token))
    assert process.call("token", deadline_s=LONG_S) == Secret(token)
    assert token not in json.dumps(process.call("environment", deadline_s=LONG_S))
    assert token not in " ".join(process.call("arguments", deadline_s=LONG_S))
    assert token.encode() not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    assert token.encode() not in Path(f"/proc/{process.pid}/environ").read_bytes()
    process.call("print_everywhere", f"printed {token} https://b.blob/x?sv=1&sig=abcDEF%3D", deadline_s=LONG_S)
    process.call("log", "azureml.core", logging.WARNING, f"Authorization: Bearer {token}", deadline_s=LONG_S)
    wait_until(lambda: caplog.text.count("printed") == 3 and "Authorization" in caplog.text)
    assert token not in caplog.text
    assert "abcDEF" not in caplog.text


def test_what_the_sdk_prints_becomes_log_lines(process: SdkProcess, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="gpu_assistant.sdk")
    process.call("print_everywhere", "한국어 line", deadline_s=LONG_S)
    wait_until(lambda: len(caplog.records) >= 3)
    lines = {(record.name, record.levelname, record.message) for record in caplog.records}
    assert lines == {
        ("gpu_assistant.sdk", "DEBUG", "stdout: python 한국어 line"),
        ("gpu_assistant.sdk", "DEBUG", "stdout: c 한국어 line"),
        ("gpu_assistant.sdk", "INFO", "stderr: error 한국어 line"),
    }


def test_talkative_libraries_are_heard_from_warning_on(process: SdkProcess, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="gpu_assistant.sdk")
    for library in ("azureml.core", "msrest.http_logger", "urllib3.connectionpool", "azure.core", "adal.oauth2_client"):
        process.call("log", library, logging.INFO, "a request line", deadline_s=LONG_S)
    process.call("log", "azureml.core", logging.WARNING, "something to know", deadline_s=LONG_S)
    process.call("log", "gpu_assistant.backends", logging.INFO, "the last line", deadline_s=LONG_S)
    wait_until(lambda: "the last line" in caplog.text)
    assert "something to know" in caplog.text
    assert "a request line" not in caplog.text


def test_there_is_no_standard_input(process: SdkProcess) -> None:
    assert process.call("read_stdin", deadline_s=LONG_S) == ""


def test_the_environment_is_set_for_the_sdk_alone(start: Callable[..., SdkProcess], tmp_path: Path) -> None:
    process = start(environment={"HTTPS_PROXY": "http://127.0.0.1:1"}, home=tmp_path / "sdk")
    environment = process.call("environment", deadline_s=LONG_S)
    assert environment["HTTPS_PROXY"] == "http://127.0.0.1:1"
    assert environment["AZUREML_DEFAULT_RETRIES"] == "1"
    assert environment["HOME"] == os.environ["HOME"], "the person's home is back once the SDK is loaded"
    assert "AZUREML_DEFAULT_RETRIES" not in os.environ


PROGRAM = """
import os, sys
sys.path[:0] = {paths!r}
from gpu_assistant.backends.base import BackendConfig
from gpu_assistant.backends.process import SdkProcess

print("main module runs in", os.getpid(), flush=True)
process = SdkProcess({adapter!r}, BackendConfig)
print("child", process.call("pid", deadline_s=60), flush=True)
sys.stdin.read()
"""


def run_program(folder: Path) -> subprocess.Popen[str]:
    """A script without a `__main__` guard, which spawn would run a second time."""
    script = folder / "unguarded.py"
    script.write_text(PROGRAM.format(paths=[str(FAKES), str(REPOSITORY)], adapter=ADAPTER))
    return subprocess.Popen([sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_the_main_module_is_not_run_again_in_the_process(tmp_path: Path) -> None:
    with run_program(tmp_path) as program:
        out, _ = program.communicate(timeout=60)
    assert program.returncode == 0
    assert out.count("main module runs") == 1
    assert "child" in out


def test_it_ends_when_the_program_is_killed(tmp_path: Path) -> None:
    with run_program(tmp_path) as program:
        assert program.stdout is not None
        program.stdout.readline()
        pid = int(program.stdout.readline().split()[1])
        assert is_running(pid)
        program.kill()
    wait_until(lambda: not is_running(pid))
