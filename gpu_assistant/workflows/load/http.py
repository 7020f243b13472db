"""One connection that asks a scoring URI again and again, as cheaply as Python can.

`requests` costs about a millisecond of a processor for each request, which would be most of what a fast service takes.
So the request is put together once for each image, and only the answer is parsed, by `http.client`.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import ipaddress
import os
import re
import select
import socket
import ssl
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from gpu_assistant.workflows.load.statistics import Outcome, outcome_of

_MOST_ANSWER_BYTES = 4 << 20
_PIECE_BYTES = 1 << 16
_CONNECT_S = 10.0
_SERVER_MS = re.compile(rb'"total_ms"\s*:\s*([0-9.]+)')
_MODEL_MS = re.compile(rb'"model_ms"\s*:\s*([0-9.]+)')


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one request. The server's own times, where its answer tells them; `wait_s` from Retry-After."""

    outcome: Outcome
    server_ms: float | None = None
    model_ms: float | None = None
    wait_s: float | None = None


class Caller:
    """Keeps one connection open, and opens it anew when the service closed it. For one thread.

    `deadline` is the moment (monotonic) at which the present request is to be over, 0 while there is none: whoever
    watches calls `cut()` from another thread then, which ends any waiting at once.
    """

    def __init__(self, uri: str, key: str, images: Sequence[bytes]) -> None:
        parts = urlsplit(uri)
        self._is_tls = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._is_tls else 80)
        self._context = _trust() if self._is_tls else None
        self._proxy = _proxy(self._host) if self._is_tls else None
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._requests = [_request(target, parts.netloc.rpartition("@")[2], key, image) for image in images]
        self._connection: http.client.HTTPConnection | None = None
        self.deadline = 0.0
        self.connections = 0
        self.sent_bytes = 0

    def ask(self, image: int) -> Reply:
        """Send the image of that number and read the answer. Raises nothing."""
        request = self._requests[image % len(self._requests)]
        try:
            if self._connection is not None and _is_closed(self._connection.sock):
                self.close()  # an idle connection ends some time: that is no failure. One that ends later is.
            return self._exchange(request)
        except Exception as exc:  # a cut TLS connection raises ValueError, AttributeError and others besides its own
            self.close()
            return Reply(self._why(exc))

    def cut(self) -> None:
        """End the present request. Any thread."""
        connection = self._connection
        sock = connection.sock if connection is not None else None
        if sock is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # not the TLS one, which would wait for the other side

    def close(self) -> None:
        """Drop the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _exchange(self, request: bytes) -> Reply:
        connection = self._connection or self._connect()
        sock = connection.sock
        sock.settimeout(max(self.deadline - time.monotonic(), 0.001))
        sock.sendall(request)
        self.sent_bytes += len(request)
        answer = http.client.HTTPResponse(sock, method="POST")
        try:
            answer.begin()
            body = _read(answer)
            if answer.will_close or body is None:
                self.close()
        finally:
            answer.close()
        if body is None:
            return Reply(Outcome.TOO_LARGE)
        outcome = outcome_of(answer.status)
        if outcome is Outcome.ANSWERED:
            return Reply(outcome, _number(_SERVER_MS, body), _number(_MODEL_MS, body))
        return Reply(outcome, wait_s=_seconds(answer.getheader("Retry-After")))

    def _connect(self) -> http.client.HTTPConnection:
        connect_s = max(min(_CONNECT_S, self.deadline - time.monotonic()), 0.001)
        host, port = self._proxy.address if self._proxy else (self._host, self._port)
        if self._context is None:
            connection = http.client.HTTPConnection(host, port, timeout=connect_s)
        else:
            connection = http.client.HTTPSConnection(host, port, timeout=connect_s, context=self._context)
        if self._proxy is not None:
            connection.set_tunnel(self._host, self._port, headers=self._proxy.headers)
        self._connection = connection  # before it is open, so that it can be cut
        self.connections += 1
        connection.connect()
        return connection

    @property
    def _is_late(self) -> bool:
        return time.monotonic() >= self.deadline

    def _why(self, exc: Exception) -> Outcome:
        if self._is_late or isinstance(exc, TimeoutError):
            return Outcome.TIMED_OUT_HERE
        if isinstance(exc, ssl.SSLCertVerificationError):
            return Outcome.NOT_TRUSTED
        if isinstance(exc, ConnectionRefusedError | socket.gaierror):
            return Outcome.NO_CONNECTION
        return Outcome.CUT


@dataclass(frozen=True, slots=True)
class _Proxy:
    address: tuple[str, int]
    headers: dict[str, str]


def _request(target: str, host: str, key: str, image: bytes) -> bytes:
    lines = [
        f"POST {target} HTTP/1.1",
        f"Host: {host}",
        "User-Agent: gpu-assistant-bench",
        "Accept: application/json",
        "Content-Type: application/octet-stream",
        f"Content-Length: {len(image)}",
        *([f"Authorization: Bearer {key}"] if key else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + image


def _read(answer: http.client.HTTPResponse) -> bytes | None:
    """The body; None when there is more of it than an answer may have."""
    body = answer.read(_PIECE_BYTES)
    if len(body) < _PIECE_BYTES:
        answer.read()  # the end of a chunked body is a chunk of its own
        return body
    whole = bytearray(body)
    while piece := answer.read(_PIECE_BYTES):
        whole += piece
        if len(whole) > _MOST_ANSWER_BYTES:
            return None
    return bytes(whole)


def _is_closed(sock: socket.socket) -> bool:
    """Whether the other side has hung up: between two answers there is nothing else to be read."""
    if hasattr(select, "poll"):  # select() cannot watch more than a thousand
        watched = select.poll()
        watched.register(sock, select.POLLIN)
        return bool(watched.poll(0))
    return bool(select.select([sock], [], [], 0)[0])


def _number(pattern: re.Pattern[bytes], body: bytes) -> float | None:
    found = pattern.search(body)
    try:
        return float(found.group(1)) if found else None
    except ValueError:
        return None


def _seconds(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:  # a date: nobody waits for one here
        return None


def _trust() -> ssl.SSLContext:
    """What the scoring client trusts as well: the bundle of `requests` or the one named for it, and the system's."""
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(os.environ.get("REQUESTS_CA_BUNDLE") or certifi.where())
    return context


def _proxy(host: str) -> _Proxy | None:
    """The proxy of this computer for TLS; None for this computer itself and for what goes around the proxy."""
    if host == "localhost" or _is_loopback(host) or urllib.request.proxy_bypass(host):
        return None
    parts = urlsplit(urllib.request.getproxies().get("https", ""))
    if not parts.hostname:
        return None
    headers = {}
    if parts.username:
        both = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        headers["Proxy-Authorization"] = f"Basic {base64.b64encode(both).decode()}"
    return _Proxy((parts.hostname, parts.port or 8080), headers)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
