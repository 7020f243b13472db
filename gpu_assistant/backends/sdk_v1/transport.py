"""Patience and upload progress for every HTTP request that the SDK makes.

Most calls of the SDK have no timeout, so a server that accepts and never answers would hold a thread for ever;
`socket.setdefaulttimeout` does not reach them, because requests passes its own None down to the socket. And no
public call of the SDK tells how far an upload is. Both are settled in one place that all its clients share: the
adapter of `requests`. It is replaced in the SDK process alone.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from requests.adapters import HTTPAdapter

_CONNECT_S = 15.0
_READ_S = 90.0

OnBytes = Callable[[str, int], None]
"""Called with the address (without its query) of an upload and how many bytes of it went out."""


class Transport:
    """Every request of this process passes through it once `install` was called. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: dict[str, OnBytes] = {}

    def install(self) -> None:
        """Give every request of this process a timeout, and its uploads a watcher where one is set."""
        original = HTTPAdapter.send

        def send(
            adapter: Any,
            request: Any,
            stream: bool = False,
            timeout: Any = None,
            verify: Any = True,
            cert: Any = None,
            proxies: Any = None,
        ) -> Any:
            if request.method == "PUT" and isinstance(request.body, bytes):
                request.body = self._watched(request.url, request.body)
            return original(adapter, request, stream, patient(timeout), verify, cert, proxies)

        HTTPAdapter.send = send  # type: ignore[assignment,method-assign]

    @contextmanager
    def watching(self, part_of_path: str, on_bytes: OnBytes) -> Iterator[None]:
        """Report uploads whose path contains this text; called on the threads that upload."""
        with self._lock:
            self._watchers[part_of_path] = on_bytes
        try:
            yield
        finally:
            with self._lock:
                del self._watchers[part_of_path]

    def _watched(self, url: str, body: bytes) -> bytes | io.BytesIO:
        parts = urlsplit(url)
        path = unquote(parts.path)
        with self._lock:
            watcher = next((on_bytes for part, on_bytes in self._watchers.items() if part in path), None)
        if watcher is None:
            return body
        block = parts.query.partition("blockid=")[2].partition("&")[0]
        return _WatchedBody(body, f"{path}#{block}", watcher)


class _WatchedBody(io.BytesIO):
    """A request body that tells how far it was read; urllib3 reads it in pieces, as the network takes them."""

    def __init__(self, body: bytes, name: str, on_bytes: OnBytes) -> None:
        super().__init__(body)
        self._name = name
        self._on_bytes = on_bytes

    def read(self, size: int | None = -1) -> bytes:
        piece = super().read(size)
        self._on_bytes(self._name, self.tell())
        return piece


def patient(timeout: Any) -> Any:
    """The timeout to use for the one that was asked for: never none, and never longer than is bearable."""
    if timeout is None:
        return (_CONNECT_S, _READ_S)
    if isinstance(timeout, int | float):
        return min(float(timeout), _READ_S)
    if isinstance(timeout, tuple):
        connect, read = timeout
        return (
            _CONNECT_S if connect is None else min(connect, _READ_S),
            _READ_S if read is None else min(read, _READ_S),
        )
    return timeout
