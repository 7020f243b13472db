"""The servers of the throughput benchmark, each with the same model: started once, paused while another is measured."""

from __future__ import annotations

import abc
import base64
import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.serving.load import HOST, Load, Window, measure
from tests.conftest import ROOT, clean_environment
from tests.real_server import SCORING, deployed_environment, start_server

_HERE = Path(__file__).parent
_START_TIMEOUT_S = 180.0
_MLSERVER_BATCH = {"max_batch_size": 32, "max_batch_time": 0.005}


@dataclass(frozen=True)
class Task:
    """What all of them do: this model, these photos, whose best classes are known."""

    model: Path
    photos: Mapping[str, bytes]
    classes: Mapping[str, int]
    folder: Path


class Contender(abc.ABC):
    """Something that answers images. `measure` is to be called while it is not paused."""

    name: str

    @abc.abstractmethod
    def check(self) -> None:
        """Return when it is ready and answers every photo rightly. Raises AssertionError otherwise."""

    @abc.abstractmethod
    def measure(self, concurrency: int, warm_up_s: float, window_s: float) -> Window: ...

    @abc.abstractmethod
    def pause(self) -> None: ...

    @abc.abstractmethod
    def resume(self) -> None: ...

    @abc.abstractmethod
    def stop(self) -> None: ...


class HttpContender(Contender):
    """A server in processes of its own, in a session of their own."""

    path = "/score"
    content_type = "application/octet-stream"

    def __init__(self, name: str, process: subprocess.Popen[bytes], port: int, task: Task, log_file: Path) -> None:
        self.name = name
        self.port = port
        self._process = process
        self._task = task
        self._log_file = log_file
        self._bodies = task.folder / f"bodies-{name.replace(' ', '-')}"
        self._bodies.mkdir()
        for file_name, photo in task.photos.items():
            (self._bodies / file_name).write_bytes(self.body(photo))

    def body(self, photo: bytes) -> bytes:
        """The request that carries a photo."""
        return photo

    def best(self, reply: Any) -> int:
        """The class with the highest score in a reply."""
        return int(reply["predictions"][0]["index"])

    def check(self) -> None:
        self.wait_ready()
        for name, photo in self._task.photos.items():
            status, reply = self._post(self.body(photo))
            assert status == http.client.OK, f"{self.name}: {status} {reply}"
            assert self.best(reply) == self._task.classes[name], f"{self.name}: {name} is {self.best(reply)}"

    def wait_ready(self) -> None:
        """Return when it has answered a photo with 200."""
        body = self.body(next(iter(self._task.photos.values())))
        deadline = time.monotonic() + _START_TIMEOUT_S
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self._post(body)[0] == http.client.OK:
                    return
            log = self._log_file.read_text(errors="replace")[-3000:]
            assert self._process.poll() is None, f"{self.name} ended:\n{log}"
            assert time.monotonic() < deadline, f"{self.name} did not answer:\n{log}"
            time.sleep(0.02)

    def measure(self, concurrency: int, warm_up_s: float, window_s: float) -> Window:
        load = Load(self.port, self.path, self.content_type, self._bodies, concurrency, warm_up_s, window_s)
        return measure(load)

    def log(self) -> str:
        """What it wrote so far."""
        return self._log_file.read_text(errors="replace")

    def pause(self) -> None:
        os.killpg(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.killpg(self._process.pid, signal.SIGCONT)

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _post(self, body: bytes) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=_START_TIMEOUT_S)
        try:
            connection.request("POST", self.path, body, {"Content-Type": self.content_type})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        return answer.status, json.loads(content) if answer.status == http.client.OK else content[:300]


class Guide(HttpContender):
    """The guide's script with the server's defaults: one sync worker."""

    def best(self, reply: Any) -> int:
        return max(range(len(reply)), key=reply.__getitem__)


class LitServe(HttpContender):
    path = "/predict"
    content_type = "application/json"

    def body(self, photo: bytes) -> bytes:
        return json.dumps({"image": base64.b64encode(photo).decode()}).encode()


class MLServer(HttpContender):
    path = "/v2/models/classifier/infer"
    content_type = "application/json"

    def body(self, photo: bytes) -> bytes:
        data = [base64.b64encode(photo).decode()]
        image = {"name": "image_bytes", "shape": [1, 1], "datatype": "BYTES", "data": data}
        return json.dumps({"inputs": [{**image, "parameters": {"content_type": "base64"}}]}).encode()

    def best(self, reply: Any) -> int:
        (index,) = (output for output in reply["outputs"] if output["name"] == "index")
        return int(index["data"][0])


class Limit(Contender):
    """No server: three threads that call the model on batches of eight, in a process of their own."""

    name = "in-process limit"

    def __init__(self, task: Task) -> None:
        bodies = task.folder / "bodies-limit"
        bodies.mkdir()
        for file_name, photo in task.photos.items():
            (bodies / file_name).write_bytes(photo)
        command = [sys.executable, "-m", "tests.benchmarks.serving.limit", str(task.model), str(bodies)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env=clean_environment(TF_CPP_MIN_LOG_LEVEL="2"),
        )

    def check(self) -> None:
        assert self._line() == "ready\n", "the in-process limit did not start"

    def measure(self, concurrency: int, warm_up_s: float, window_s: float) -> Window:
        """Its speed; the concurrency is its own, and it has no answers to time."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{window_s}\n")
        self._process.stdin.flush()
        per_second = float(self._line())
        return Window(per_second, 0.0, 0.0, round(per_second * window_s), 0, 0, 0.0)

    def pause(self) -> None:
        """It waits for the next line anyway."""

    def resume(self) -> None: ...

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()  # closes the pipes too

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


# --- starting ---------------------------------------------------------------------------------------------------------


def start_ours(task: Task) -> HttpContender:
    """Our script, with the variables that a deployment sets."""
    server = start_server(SCORING / "score.py", task.model, task.folder / "ours", deployed_environment())
    return HttpContender("ours", server.process, server.port, task, task.folder / "ours" / "server.log")


def start_guide(task: Task) -> HttpContender:
    environment = {"TF_CPP_MIN_LOG_LEVEL": "2"}
    server = start_server(_HERE / "guide_score.py", task.model, task.folder / "guide", environment)
    return Guide("guide", server.process, server.port, task, task.folder / "guide" / "server.log")


def start_litserve(task: Task, python: Path) -> HttpContender:
    port = _free_port()
    command = [str(python), str(_HERE / "peers" / "litserve_app.py"), str(task.model), str(port)]
    process, log_file = _spawn(task, "litserve", command, task.folder)
    return LitServe("LitServe", process, port, task, log_file)


def start_mlserver(task: Task, python: Path) -> HttpContender:
    """With the settings in files, as MLServer wants them."""
    folder = task.folder / "mlserver"
    folder.mkdir()
    port, grpc_port, metrics_port = (_free_port() for _ in range(3))
    settings = {"host": HOST, "http_port": port, "grpc_port": grpc_port, "metrics_port": metrics_port, "debug": False}
    model = {
        "name": "classifier",
        "implementation": "mlserver_model.Classifier",
        "parameters": {"uri": str(task.model)},
        **_MLSERVER_BATCH,
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "model-settings.json").write_text(json.dumps(model))
    (folder / "mlserver_model.py").write_bytes((_HERE / "peers" / "mlserver_model.py").read_bytes())
    command = [str(python.parent / "mlserver"), "start", str(folder)]
    process, log_file = _spawn(task, "mlserver", command, folder)
    return MLServer("MLServer", process, port, task, log_file)


def _spawn(task: Task, name: str, command: Sequence[str], cwd: Path) -> tuple[subprocess.Popen[bytes], Path]:
    log_file = task.folder / f"{name}.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=clean_environment(TF_CPP_MIN_LOG_LEVEL="2", PYTHONPATH=str(cwd)),
            cwd=cwd,
            start_new_session=True,
        )
    return process, log_file


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listening:
        return int(listening.getsockname()[1])


@contextlib.contextmanager
def stopped_at_the_end(contenders: Sequence[Contender]) -> Iterator[None]:
    try:
        yield
    finally:
        for contender in contenders:
            contender.stop()
