"""Requests on their way in: bodies that are too large, clients that are too slow, clients that are gone.

gunicorn's threads wait for a client without any limit, so a few hundred clients that send a byte now and then would
keep all of them for ever. Here is the limit, and everything that knows about gunicorn. Under another server (on
Windows) the limits on time do not hold, and the rest does.
"""

from __future__ import annotations

import contextlib
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from images import Refused
from room import NoRoom, Room

_CHUNK_BYTES = 64 * 1024
_TICK_S = 0.25
_WRITE_S = 30.0  # how long an answer, which is small, may take to be fetched
_COMPLETE = "gpu_assistant.is_complete"  # in a request's environ: the body was read to its end
_DRAINED_LIMITS = 25  # of a body that is too large, so many times the limit are read for the client's sake
_HUNG_UP = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0) if hasattr(select, "poll") else 0


@dataclass(slots=True)
class _Arrival:
    socket: socket.socket
    began: float
    was_cut: bool = False


class Arrivals:
    """Reads request bodies. Safe to use from several threads; has one of its own until it is closed.

    Heads and bodies that are under way for longer than `grace_s` count as slow. At most `slow_allowed` may be: the
    oldest beyond are cut off, and so is each one after `limit_s`. With more of the server's threads than that,
    some are always free.
    """

    def __init__(self, max_body_bytes: int, room: Room, *, grace_s: float, limit_s: float, slow_allowed: int) -> None:
        self._max_body_bytes = max_body_bytes
        self._room = room
        self._grace_s = grace_s
        self._limit_s = limit_s
        self._slow_allowed = slow_allowed
        self._lock = threading.Lock()
        self._under_way: dict[int, _Arrival] = {}
        self._is_closed = threading.Event()
        threading.Thread(target=self._watch, name="arrivals", daemon=True).start()

    @contextlib.contextmanager
    def body(self, request: Any) -> Iterator[bytes]:
        """The body of a Flask request, whose part of the room is held for the block.

        Raises Refused: 413 when it is larger than allowed, 400 when it does not come whole, 408 when it takes too
        long, 503 when there is no room.
        """
        body = bytearray()
        try:
            self._read_into(body, request)
            yield bytes(body)
        finally:
            self._room.give_back(len(body))

    def _read_into(self, body: bytearray, request: Any) -> None:
        """What is in `body` then, or when this raises, is taken from the room."""
        too_large = Refused(413, "body_too_large", f"The request is larger than {self._max_body_bytes / 1e6:g} MB.")
        if (request.content_length or 0) > self._max_body_bytes:
            raise too_large
        connection = _socket_of(request)
        with self._limited(connection):
            for chunk in _chunks(request):
                if len(body) + len(chunk) > self._max_body_bytes:
                    raise too_large
                try:
                    self._room.take(len(chunk))
                except NoRoom:
                    busy = "The service has no memory left for this request. Try again."
                    raise Refused(503, "too_busy", busy, {"Retry-After": "1"}) from None
                body += chunk
        request.environ[_COMPLETE] = True
        if connection is not None:
            connection.settimeout(_WRITE_S)

    def turn_away(self, request: Any, response: Any) -> None:
        """See to it that a refusal reaches a client which is still sending: it may read only when it has sent all.

        So the answer goes out at once, and what comes then is read and thrown away, up to a limit.
        """
        request = detached(request)
        has_body = bool(request.content_length) or "Transfer-Encoding" in request.headers
        if has_body and _COMPLETE not in request.environ:
            _close_afterwards(request)
            response.call_on_close(lambda: self._drain(request))

    def close(self) -> None:
        """Look after nobody any more."""
        self._is_closed.set()

    def _drain(self, request: Any) -> None:
        left = _DRAINED_LIMITS * self._max_body_bytes
        with contextlib.suppress(Refused), self._limited(_socket_of(request)):
            for chunk in _chunks(request):
                left -= len(chunk)
                if left < 0:
                    break

    @contextlib.contextmanager
    def _limited(self, connection: socket.socket | None) -> Iterator[None]:
        """Cut the connection's incoming half off when the block takes too long. Raises Refused 408 then."""
        if connection is None:
            yield
            return
        arrival = _Arrival(connection, time.monotonic())
        with self._lock:
            self._under_way[id(arrival)] = arrival
        try:
            yield
        except Refused:
            if not arrival.was_cut:
                raise
        finally:
            with self._lock:
                del self._under_way[id(arrival)]
        if arrival.was_cut:
            raise Refused(408, "too_slow", "The request took too long to arrive.")

    def _watch(self) -> None:
        while not self._is_closed.wait(_TICK_S):
            with self._lock:
                self._cut_slow()

    def _cut_slow(self) -> None:
        now = time.monotonic()
        excess = sum(now - arrival.began > self._grace_s for arrival in self._under_way.values()) - self._slow_allowed
        for place, arrival in enumerate(self._under_way.values()):  # in the order of their coming
            if not arrival.was_cut and (place < excess or now - arrival.began > self._limit_s):
                arrival.was_cut = True
                with contextlib.suppress(OSError):  # gone by itself
                    arrival.socket.shutdown(socket.SHUT_RD)  # wakes the thread that waits for it

    def limit_heads(self) -> bool:
        """Put the heads of requests under the same limits; False when this server is another one.

        gunicorn has no setting and no hook for that: it reads a head in its parser's `__next__`, which is wrapped.
        """
        server = sys.modules.get("gunicorn.http.parser")
        if server is None:
            return False
        read_head = server.Parser.__next__

        def limited(parser: Any) -> Any:
            with contextlib.suppress(Refused), self._limited(getattr(parser.unreader, "sock", None)):
                message = read_head(parser)
                message.body.force_close = message.force_close  # for `_close_afterwards`
                return message
            raise StopIteration  # cut off: gunicorn closes the connection

        server.Parser.__next__ = limited
        return True


def detached(request: Any) -> Any:
    """The request itself instead of Flask's stand-in for it, which works on the request's own thread only."""
    return getattr(request, "_get_current_object", lambda: request)()


def is_connected(request: Any) -> bool:
    """Whether the client still has its side of the connection open."""
    connection = _socket_of(request)
    if connection is None or not _HUNG_UP:
        return True
    poll = select.poll()
    try:
        poll.register(connection, _HUNG_UP)
        return not poll.poll(0)
    except (OSError, ValueError):  # closed on our side
        return False


def _socket_of(request: Any) -> socket.socket | None:
    found: socket.socket | None = request.environ.get("gunicorn.socket")
    return found


def _chunks(request: Any) -> Iterator[bytes]:
    while True:
        try:
            chunk: bytes = request.stream.read(_CHUNK_BYTES)
        except Exception as exc:  # which one, depends on the server: a client that hung up, or nonsense in chunks
            raise Refused(400, "body_cut_short", "The request ended before its body was complete.") from exc
        if not chunk:
            return
        yield chunk


def _close_afterwards(request: Any) -> None:
    """Have the server say `Connection: close` and do it; gunicorn ignores that header when a script sets it."""
    force_close: Callable[[], None] | None = getattr(request.environ.get("wsgi.input"), "force_close", None)
    if force_close is not None:
        force_close()
