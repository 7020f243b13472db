"""A load generator in a process of its own: so many connections, each sending its next request when it is answered.

    python -m tests.benchmarks.serving.load PORT PATH CONTENT_TYPE BODIES CONCURRENCY WARM_UP_S WINDOW_S

The bodies are the files of a folder, in turn. Prints one line of JSON: what was answered within the window. It reads
answers with a Content-Length, from a server on 127.0.0.1, over connections that it opens again when the server closes
them.
"""

from __future__ import annotations

import dataclasses
import http
import itertools
import json
import resource
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Load:
    """What to send."""

    port: int
    path: str
    content_type: str
    bodies: Path
    concurrency: int
    warm_up_s: float
    window_s: float


@dataclass(frozen=True, slots=True)
class Window:
    """What was answered. `per_second` counts good answers only; `processor_s` is what the generator itself took."""

    per_second: float
    p50_ms: float
    p99_ms: float
    answers: int
    refused: int
    broken: int
    processor_s: float


def measure(load: Load) -> Window:
    """Run the generator and return what it saw."""
    command = [sys.executable, "-m", "tests.benchmarks.serving.load"]
    command += [str(value) for value in dataclasses.astuple(load)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the load generator failed:\n{done.stderr}")
    return Window(**json.loads(done.stdout))


class _Connection:
    """A connection that sends requests one after the other."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def ask(self, request: bytes) -> int:
        """The status of the answer. Raises OSError or ValueError when there is no whole one."""
        if self._socket is None:
            self._socket = socket.create_connection((HOST, self._port), timeout=_TIMEOUT_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket.sendall(request)
            return self._answer(self._socket)
        except (OSError, ValueError):
            self.close()
            raise

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _answer(self, connection: socket.socket) -> int:
        received = b""
        while b"\r\n\r\n" not in received:
            chunk = connection.recv(65536)
            if not chunk:
                raise ValueError("no answer")
            received += chunk
        head, _, content = received.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        missing = int(headers["content-length"]) - len(content)
        while missing > 0:
            chunk = connection.recv(65536)
            if not chunk:
                raise ValueError("half an answer")
            missing -= len(chunk)
        if headers.get("connection", "").lower() == "close":
            self.close()
        return int(status.split()[1])


def _send(
    load: Load, requests: Sequence[bytes], first: int, started: float, seen: list[tuple[float, float, int]]
) -> None:
    """Ask until the window is over; `seen` gets when each answer came, how long it took, and its status or 0."""
    connection = _Connection(load.port)
    until = started + load.warm_up_s + load.window_s
    for request in itertools.islice(itertools.cycle(requests), first, None):
        began = time.perf_counter()
        if began >= until:
            break
        try:
            status = connection.ask(request)
        except (OSError, ValueError):
            status = 0
            time.sleep(0.01)  # a server that is gone is not to be hammered
        ended = time.perf_counter()
        seen.append((ended, ended - began, status))
    connection.close()


def main(arguments: Sequence[str]) -> None:
    port, path, content_type, bodies, concurrency, warm_up_s, window_s = arguments
    load = Load(int(port), path, content_type, Path(bodies), int(concurrency), float(warm_up_s), float(window_s))
    head = f"POST {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nContent-Type: {content_type}\r\nContent-Length: "
    contents = [file.read_bytes() for file in sorted(load.bodies.iterdir())]
    requests = [f"{head}{len(content)}\r\n\r\n".encode() + content for content in contents]
    seen: list[tuple[float, float, int]] = []
    started = time.perf_counter()
    senders = [
        threading.Thread(target=_send, args=(load, requests, number, started, seen))
        for number in range(load.concurrency)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    opens = started + load.warm_up_s
    counted = [(took, status) for ended, took, status in seen if opens <= ended < opens + load.window_s]
    good_ms = sorted(took * 1e3 for took, status in counted if status == http.HTTPStatus.OK)
    used = resource.getrusage(resource.RUSAGE_SELF)
    window = Window(
        per_second=len(good_ms) / load.window_s,
        p50_ms=statistics.median(good_ms) if good_ms else 0.0,
        p99_ms=good_ms[min(len(good_ms) - 1, len(good_ms) * 99 // 100)] if good_ms else 0.0,
        answers=len(counted),
        refused=sum(status not in (0, http.HTTPStatus.OK) for _, _, status in seen),
        broken=sum(not status for _, _, status in seen),
        processor_s=used.ru_utime + used.ru_stime,
    )
    print(json.dumps(dataclasses.asdict(window)))


if __name__ == "__main__":
    main(sys.argv[1:])
