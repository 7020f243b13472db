from __future__ import annotations

import io
import random

import pytest

from gpu_assistant.practice.front import wire
from gpu_assistant.practice.front.http import Response
from gpu_assistant.practice.front.wire import BadRequestError, BodyTooLargeError


def read(sent: bytes, *, limit_bytes: int = 1000) -> tuple[wire.Head, bytes]:
    stream = io.BytesIO(sent)
    head = wire.read_head(stream)
    assert head is not None
    return head, wire.read_body(stream, head, limit_bytes)


def test_a_request_with_a_length() -> None:
    head, body = read(b"PUT /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nX-A: 1\r\nx-a: 2\r\n\r\nhello more")
    assert (head.method, head.target, head.keeps_alive) == ("PUT", "/a?b=c", True)
    assert head.headers["x-a"] == "1, 2"
    assert body == b"hello"


def test_a_request_in_chunks_with_extension_and_trailer() -> None:
    sent = (
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nX: y\r\n\r\nnext"
    )
    stream = io.BytesIO(sent)
    head = wire.read_head(stream)
    assert head is not None
    assert wire.read_body(stream, head, 100) == b"hello world"
    assert stream.read() == b"next"


@pytest.mark.parametrize(
    ("version", "connection", "keeps_alive"),
    [("1.1", "", True), ("1.1", "close", False), ("1.0", "", False), ("1.0", "keep-alive", True)],
)
def test_keep_alive(version: str, connection: str, keeps_alive: bool) -> None:
    head, _ = read(f"GET / HTTP/{version}\r\nConnection: {connection}\r\n\r\n".encode())
    assert head.keeps_alive is keeps_alive


def test_the_end_of_a_connection_is_no_error() -> None:
    assert wire.read_head(io.BytesIO(b"")) is None
    assert wire.read_head(io.BytesIO(b"\r\n")) is None


@pytest.mark.parametrize(("size", "limit"), [(100, 100), (101, 100), (200, 100), (5000, 100)])
def test_a_body_over_the_limit_is_drained_to_twice_the_limit_at_most(size: int, limit: int) -> None:
    stream = io.BytesIO(b"PUT / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))
    head = wire.read_head(stream)
    assert head is not None
    if size <= limit:
        assert len(wire.read_body(stream, head, limit)) == size
        return
    with pytest.raises(BodyTooLargeError):
        wire.read_body(stream, head, limit)


def test_a_client_that_waits_for_100_is_refused_before_it_sends() -> None:
    stream = io.BytesIO(b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 200\r\n\r\nabc")
    head = wire.read_head(stream)
    assert head is not None
    with pytest.raises(BodyTooLargeError):
        wire.read_body(stream, head, 100)
    assert stream.read() == b"abc"


def test_mutated_requests_are_read_or_refused_and_nothing_else() -> None:
    """Twenty thousand random changes; the seed makes a failure repeatable."""
    good = b"POST /a/b?c=d HTTP/1.1\r\nHost: x:1\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    dice = random.Random(20261122)
    statuses: list[int] = []
    for _ in range(20_000):
        sent = bytearray(good)
        for _ in range(dice.randint(1, 4)):
            place = dice.randrange(len(sent))
            sent[place : place + dice.randint(0, 2)] = dice.randbytes(dice.randint(0, 3))
        try:
            stream = io.BytesIO(bytes(sent))
            head = wire.read_head(stream)
            if head is not None:
                wire.read_body(stream, head, 1000)
            statuses.append(200)
        except BadRequestError as error:
            statuses.append(error.status)
    assert set(statuses) <= {200, 400, 413, 431, 501}
    assert statuses.count(200) > 1000
    assert statuses.count(400) > 1000


@pytest.mark.parametrize(
    ("response", "method", "expected", "absent"),
    [
        (Response(200, b"abc"), "GET", "Content-Length: 3", "close"),
        (Response(200, b"abc"), "HEAD", "Content-Length: 3", "close"),
        (Response(200, b"", {"Content-Length": "99"}), "HEAD", "Content-Length: 99", "close"),
        (Response(200, b"abc", {"content-length": "99"}), "GET", "Content-Length: 3", "99"),
        (Response(204), "DELETE", "204 No Content", "Content-Length"),
        (Response(599, b""), "GET", "HTTP/1.1 599 Status", "close"),
    ],
)
def test_heads_of_answers(response: Response, method: str, expected: str, absent: str) -> None:
    head = wire.response_head(response, method=method, keep_alive=True).decode()
    assert expected in head
    assert absent not in head
    assert head.endswith("\r\n\r\n")


@pytest.mark.parametrize("headers", [{"X": "a\r\nB: c"}, {"X\n": "a"}, {"X: y": "a"}, {"X": "a\x00"}])
def test_headers_that_would_break_out_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="not allowed"):
        wire.response_head(Response(200, b"", headers), method="GET", keep_alive=True)
