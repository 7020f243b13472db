"""Microsoft's inference server running an entry script on the loopback interface, watched from outside.

The practice workspace starts the same server below a guard that keeps it from disturbing the window; tests and
benchmarks want it at full speed and want to see its processes.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpu_assistant.practice.python_path import child_python_path
from gpu_assistant.workflows.serving import server_variables
from tests.conftest import clean_environment

HOST = "127.0.0.1"
SCORING = Path(__file__).parents[1] / "scoring"
_START_TIMEOUT_S = 120.0
_REQUEST_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer. `json` is its body, or None where that is no JSON."""

    status: int
    headers: Mapping[str, str]
    json: Any

    @property
    def code(self) -> str:
        """The code of a refusal, "" otherwise."""
        return str(self.json["error"]["code"]) if isinstance(self.json, dict) and "error" in self.json else ""

    @property
    def best(self) -> int:
        """The model's class with the highest score, -1 without predictions."""
        return int(self.json["predictions"][0]["index"]) if self.status == http.client.OK else -1


class RealServer:
    """A running server. `post` may be called from several threads."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log_file: Path) -> None:
        self.process = process
        self.port = port
        self._log_file = log_file

    def post(self, body: bytes, path: str = "/score") -> Answer:
        """One request on a connection of its own. Raises OSError or HTTPException when there is no whole answer."""
        return self.request("POST", path, body)

    def request(self, method: str, path: str, body: bytes | None = None) -> Answer:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=_REQUEST_TIMEOUT_S)
        try:
            try:
                connection.request(method, path, body, {"Content-Type": "application/octet-stream"})
            except (BrokenPipeError, ConnectionResetError):
                pass  # the server would not read it all; its answer may be here nevertheless
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        try:
            parsed = json.loads(content)
        except ValueError:
            parsed = None
        return Answer(answer.status, dict(answer.getheaders()), parsed)

    def log(self) -> str:
        """All it has written so far."""
        return self._log_file.read_text(errors="replace")

    def workers(self) -> list[int]:
        """The processes that run the entry script."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def memory_mib(self, field: str = "VmRSS") -> float:
        """What the workers hold together; with VmHWM, the most that they ever did."""
        total_kib = 0
        for pid in self.workers():
            status = Path(f"/proc/{pid}/status").read_text()
            total_kib += int(status.split(f"{field}:")[1].split()[0])
        return total_kib / 1024

    def wait_ready(self) -> None:
        """Return when the server has answered. Raises AssertionError with its log when it ended instead."""
        deadline = time.monotonic() + _START_TIMEOUT_S
        while True:
            try:
                if self.request("GET", "/").status == http.client.OK:
                    return
            except (OSError, http.client.HTTPException):
                assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def pause(self) -> None:
        """Take all its processes off the processor."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.killpg(self.process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End every process of it, and return when the server's own is gone."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it has ended by itself
        self.process.wait()


def start_server(entry_script: Path, model: Path, folder: Path, environment: Mapping[str, str]) -> RealServer:
    """Start the server and return at once. `folder`, which may be new, takes its log and its home.

    Call it from the main thread: the server is killed when the thread ends that started it.
    """
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    log_file = folder / "server.log"
    listening = socket.create_server((HOST, 0), backlog=256)
    port = listening.getsockname()[1]
    variables = clean_environment(
        AML_APP_ROOT=str(entry_script.parent),
        AZUREML_MODEL_DIR=str(model),
        HOME=str(home),
        PYTHONPATH=child_python_path(),
        PYTHONUNBUFFERED="1",
        PYTHONDONTWRITEBYTECODE="1",
        **environment,
    )
    own_pid, descriptor = os.getpid(), listening.fileno()
    command = [sys.executable, "-m", "gpu_assistant.practice.replicas.server"]
    with listening, log_file.open("wb") as log:
        process = subprocess.Popen(
            [*command, str(own_pid), str(descriptor), str(entry_script), str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=variables,
            cwd=home,
            start_new_session=True,
            pass_fds=(descriptor,),
        )
    return RealServer(process, port, log_file)


@contextmanager
def running_server(
    entry_script: Path, model: Path, folder: Path, environment: Mapping[str, str]
) -> Iterator[RealServer]:
    """A server that answers, and is ended with the block."""
    server = start_server(entry_script, model, folder, environment)
    try:
        server.wait_ready()
        yield server
    finally:
        server.stop()


def deployed_environment(**settings: str) -> dict[str, str]:
    """The variables that a deployment of ours sets, on a machine without a GPU; `settings` are the service's own."""
    own = {f"GPU_ASSISTANT_{name.upper()}": value for name, value in settings.items()}
    return {**server_variables(expect_gpu=False, scoring_timeout_ms=60_000), **own}


def sample_model() -> Path:
    """The sample model as a SavedModel, converted on first use."""
    from gpu_assistant.paths import user_folders
    from gpu_assistant.practice import sample

    return sample.ensure_saved_model(Path(user_folders().cache), lambda text, fraction: None)


def sample_photos() -> dict[str, bytes]:
    """The sample photos by file name."""
    from gpu_assistant.paths import user_folders
    from gpu_assistant.practice import sample

    return {name: path.read_bytes() for name, path in sample.sample_photos(Path(user_folders().cache)).items()}
