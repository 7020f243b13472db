"""Request bodies: limits on bytes, memory and time, with real sockets where time is the matter."""

from __future__ import annotations

import contextlib
import io
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Response
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

SCORING = Path(__file__).parents[3] / "scoring"
LIMIT = 1_000
LONG_S = 10.0


@pytest.fixture
def scoring(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SCORING))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import arrivals

    return arrivals


@pytest.fixture
def start(scoring: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    monkeypatch.setattr(scoring, "_TICK_S", 0.01)
    with contextlib.ExitStack() as stack:

        def make(*, room: float = 10 * LIMIT, **options: Any) -> Any:
            options = {"grace_s": LONG_S, "limit_s": LONG_S, "slow_allowed": 100, **options}
            made = scoring.Arrivals(LIMIT, scoring.Room(room), **options)
            stack.callback(made.close)
            return made

        yield make


def request(body: bytes = b"", *, promised: int | None = None, stream: Any = None, **environ: Any) -> Request:
    """As gunicorn hands one over: chunked unless a length is promised."""
    built = EnvironBuilder(method="POST").get_environ() | {"wsgi.input": stream or io.BytesIO(body)}
    built.pop("CONTENT_LENGTH", None)
    if promised is not None:
        built["CONTENT_LENGTH"] = str(promised)
    else:
        built |= {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    return Request(built | environ)


def refusal(arrivals: Any, scoring: Any, asked: Request) -> Any:
    with pytest.raises(scoring.Refused) as caught, arrivals.body(asked):
        pass
    return caught.value


class Connection:
    """A request whose body comes through a real socket, read by a thread of its own."""

    def __init__(self, arrivals: Any, scoring: Any) -> None:
        self.client, self._server = socket.socketpair()
        self.began = time.monotonic()
        self.outcome: Any = None
        self._arguments = (arrivals, scoring)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        arrivals, scoring = self._arguments
        stream = SimpleNamespace(read=self._server.recv)
        asked = request(stream=stream, promised=100, **{"gunicorn.socket": self._server})
        try:
            with arrivals.body(asked) as body:
                self.outcome = body
        except scoring.Refused as refused:
            self.outcome = refused

    def wait(self) -> Any:
        self.thread.join(LONG_S)
        assert not self.thread.is_alive()
        self.client.close()
        self._server.close()
        return self.outcome


@pytest.mark.parametrize("size", [0, 1, LIMIT])
@pytest.mark.parametrize("is_chunked", [False, True], ids=["with-length", "chunked"])
def test_a_body_within_the_limit_comes_whole(size, is_chunked, start):
    sent = bytes(range(250)) * 4
    with start().body(request(sent[:size], promised=None if is_chunked else size)) as body:
        assert body == sent[:size]


@pytest.mark.parametrize("promised", [None, LIMIT + 1, 10**12])
def test_a_body_above_the_limit_is_refused(promised, start, scoring):
    refused = refusal(start(), scoring, request(b"x" * (LIMIT + 1), promised=promised))
    assert (refused.status, refused.code) == (413, "body_too_large")


def test_a_promise_that_is_too_large_is_refused_before_a_byte_is_read(start, scoring):
    stream = io.BytesIO(b"x" * 2 * LIMIT)
    refusal(start(), scoring, request(stream=stream, promised=2 * LIMIT))
    assert stream.tell() == 0


def test_a_body_that_ends_too_early_is_refused(start, scoring):
    refused = refusal(start(), scoring, request(b"half", promised=8))
    assert (refused.status, refused.code) == (400, "body_cut_short")


def test_all_bodies_together_stay_within_the_room_and_give_it_back(start, scoring):
    arrivals = start(room=1_500)
    with arrivals.body(request(b"x" * LIMIT)):
        refused = refusal(arrivals, scoring, request(b"x" * 600))
        assert (refused.status, refused.code, refused.headers["Retry-After"]) == (503, "too_busy", "1")
        with arrivals.body(request(b"x" * 500)):
            pass
    for _ in range(3):  # nothing got lost, neither of answered nor of refused requests
        with arrivals.body(request(b"x" * LIMIT)):
            refusal(arrivals, scoring, request(b"x" * 600))
        refusal(arrivals, scoring, request(b"x" * (LIMIT + 1)))


def test_what_a_refused_client_still_sends_is_read_after_the_answer(start, scoring):
    arrivals = start()
    stream = io.BytesIO(b"x" * 20 * LIMIT)
    asked = request(stream=stream)
    refusal(arrivals, scoring, asked)
    response = Response(b"refused")
    arrivals.turn_away(asked, response)
    assert stream.tell() < 20 * LIMIT or scoring._CHUNK_BYTES > 20 * LIMIT
    response.close()
    assert stream.tell() == 20 * LIMIT


def test_not_everything_is_read_for_a_refused_client(start, scoring):
    arrivals = start()
    endless = Endless()
    asked = request(stream=endless)
    response = Response(b"refused")
    arrivals.turn_away(asked, response)
    response.close()
    assert LIMIT * 10 < endless.read_bytes < LIMIT * 100 + 2 * scoring._CHUNK_BYTES


class Endless(io.RawIOBase):
    """Zeros without an end."""

    read_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.read_bytes += len(buffer)
        return len(buffer)


@pytest.mark.parametrize("is_read", [True, False])
def test_the_connection_is_closed_only_when_something_may_still_come(is_read, start):
    closed = []
    body = io.BytesIO(b"abc")
    body_of_gunicorn = type("Body", (), {"read": body.read, "force_close": lambda self: closed.append(1)})()
    asked = request(stream=body_of_gunicorn)
    arrivals = start()
    if is_read:
        with arrivals.body(asked):
            pass
    arrivals.turn_away(asked, Response(b"refused"))
    assert closed == ([] if is_read else [1])


def test_a_body_that_takes_too_long_is_cut_off(start, scoring):
    connection = Connection(start(limit_s=0.1), scoring)
    connection.client.sendall(b"abc")
    refused = connection.wait()
    assert (refused.status, refused.code) == (408, "too_slow")
    assert time.monotonic() - connection.began >= 0.1


def test_of_too_many_slow_bodies_the_oldest_are_cut_off(start, scoring):
    arrivals = start(slow_allowed=2)
    connections = []
    for number in range(5):
        connections.append(Connection(arrivals, scoring))
        while len(arrivals._under_way) <= number:
            time.sleep(0.001)
    arrivals._grace_s = 0.0
    outcomes = [connection.wait() for connection in connections[:3]]
    assert [outcome.status for outcome in outcomes] == [408] * 3
    for connection in connections[3:]:
        connection.client.sendall(b"x" * 100)
        assert connection.wait() == b"x" * 100


def test_a_body_that_comes_in_time_is_left_alone(start, scoring):
    connection = Connection(start(grace_s=0.01, limit_s=LONG_S), scoring)
    for _ in range(10):
        connection.client.sendall(b"0123456789")
        time.sleep(0.005)
    assert connection.wait() == b"0123456789" * 10


def test_whether_a_client_is_still_there(scoring):
    client, server = socket.socketpair()
    asked = request(**{"gunicorn.socket": server})
    assert scoring.is_connected(asked)
    client.sendall(b"the next request, already")
    assert scoring.is_connected(asked)
    client.close()
    assert not scoring.is_connected(asked)
    server.close()
    assert not scoring.is_connected(asked)
    assert scoring.is_connected(request())  # another server: who knows


def test_room_is_waited_for_until_the_deadline_and_no_longer(scoring):
    room = scoring.Room(10)
    with room.hold(8, time.monotonic()):
        began = time.monotonic()
        with pytest.raises(scoring.NoRoom), room.hold(3, began + 0.05):
            pass
        assert 0.05 <= time.monotonic() - began < LONG_S
        with room.hold(2, time.monotonic()):
            pass
    with room.hold(1_000, time.monotonic()), pytest.raises(scoring.NoRoom):  # it is all there is
        room.take(1)
    room.take(10)


def test_whoever_waits_for_room_gets_it_when_it_is_free(scoring):
    room = scoring.Room(1)
    got = threading.Event()

    def wait() -> None:
        with room.hold(1, time.monotonic() + LONG_S):
            got.set()

    with room.hold(1, time.monotonic()):
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not got.wait(0.05)
    waiting.join(LONG_S)
    assert got.is_set()
