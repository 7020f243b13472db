"""HTTP/1.1 as bytes on a stream: reading one request, writing one answer. No sockets, no routes, no threads.

Strict where leniency would be a hole (two lengths, folded framing, control characters in an answer's header),
lenient where clients differ (header case, chunk extensions, trailers).
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Protocol

from gpu_assistant.practice.front.http import Response

_MAX_LINE_BYTES = 65536
_MAX_TRAILER_LINES = 100
_READ_BYTES = 1 << 16
_REQUEST_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) (\S{1,16384}) HTTP/1\.([01])")
_BODILESS_STATUSES = frozenset({204, 304})


class Readable(Protocol):
    """The part of a buffered reader that is used here."""

    def readline(self, limit: int = -1, /) -> bytes: ...
    def read(self, size: int = -1, /) -> bytes: ...


class BadRequestError(Exception):
    """What came is no request this server can answer; the connection is of no further use. `status` is 4xx."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class BodyTooLargeError(BadRequestError):
    """The body is longer than is allowed here."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(413, f"The request body is larger than the limit of {limit_bytes} bytes.")


@dataclass(frozen=True, slots=True)
class Head:
    """A request up to its blank line. Header names are lower case; repeated headers are joined by a comma."""

    method: str
    target: str
    headers: Mapping[str, str]
    keeps_alive: bool

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for `100 Continue` before it sends the body."""
        return self.headers.get("expect", "").lower() == "100-continue"

    @property
    def is_chunked(self) -> bool:
        """Whether the body comes in chunks, its length unknown beforehand."""
        return "transfer-encoding" in self.headers

    @property
    def content_length(self) -> int:
        """Length of a body that is not chunked, in bytes."""
        return int(self.headers.get("content-length", "0"))


def read_head(stream: Readable) -> Head | None:
    """The next request's head, or None when the client has hung up. Raises BadRequestError."""
    line = stream.readline(_MAX_LINE_BYTES)
    if line in (b"\r\n", b"\n"):  # a stray line end after the previous body is to be ignored (RFC 9112, 2.2)
        line = stream.readline(_MAX_LINE_BYTES)
    if not line:
        return None
    match = _REQUEST_LINE.fullmatch(line.decode("latin-1").rstrip("\r\n"))
    if match is None:
        raise BadRequestError(400, "This is not an HTTP/1.1 request.")
    method, target, minor = match.groups()
    headers = _read_headers(stream)
    options = headers.get("connection", "").lower()
    keeps_alive = "keep-alive" in options if minor == "0" else "close" not in options
    return Head(method, target, headers, keeps_alive)


def read_body(stream: Readable, head: Head, limit_bytes: int) -> bytes:
    """The whole body. Raises BodyTooLargeError above the limit, BadRequestError when the body breaks off.

    A body that is too large is read and forgotten up to twice the limit: most clients send all of it before
    they look for an answer, and would otherwise see a broken pipe instead of the 413.
    """
    if head.expects_continue and head.content_length > limit_bytes:
        raise BodyTooLargeError(limit_bytes)  # this client waits for the answer before it sends anything
    pieces: list[bytes] = []
    size = 0
    for piece in _body_pieces(stream, head):
        size += len(piece)
        if size <= limit_bytes:
            pieces.append(piece)
        elif size <= 2 * limit_bytes:
            pieces.clear()
        else:
            break
    if size > limit_bytes:
        raise BodyTooLargeError(limit_bytes)
    return b"".join(pieces)


def response_head(response: Response, *, method: str, keep_alive: bool) -> bytes:
    """Status line and headers of an answer. Raises ValueError when a header could split the answer in two."""
    headers = {"Server": "practice", "Date": formatdate(usegmt=True), **response.headers}
    names = {name.lower() for name in headers}
    if response.status not in _BODILESS_STATUSES and not (method == "HEAD" and "content-length" in names):
        headers = {name: value for name, value in headers.items() if name.lower() != "content-length"}
        headers["Content-Length"] = str(len(response.body))
    headers["Connection"] = "keep-alive" if keep_alive else "close"
    reason = http.client.responses.get(response.status, "Status")
    lines = [f"HTTP/1.1 {response.status} {reason}"]
    for name, value in headers.items():
        if not name.isprintable() or not value.isprintable() or ":" in name:
            raise ValueError(f"the answer's header {name!r} holds a character that is not allowed")
        lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", errors="replace")


def response_body(response: Response, *, method: str) -> bytes:
    """The body that is really sent."""
    return b"" if method == "HEAD" or response.status in _BODILESS_STATUSES else response.body


def _read_headers(stream: Readable) -> dict[str, str]:
    try:
        message = http.client.parse_headers(stream)
    except http.client.HTTPException:
        raise BadRequestError(431, "The request's headers are too large or too many.") from None
    if message.defects:
        raise BadRequestError(400, "The request's headers are malformed.")
    headers: dict[str, str] = {}
    for name, value in message.items():
        lowered = name.lower()
        text = value.strip()
        if lowered == "content-length" and headers.get(lowered, text) != text:
            raise BadRequestError(400, "The request states two lengths.")
        repeated = lowered in headers and lowered != "content-length"
        headers[lowered] = f"{headers[lowered]}, {text}" if repeated else text
    if "transfer-encoding" in headers:
        if "content-length" in headers:
            raise BadRequestError(400, "The request is chunked and states a length.")
        if headers["transfer-encoding"].lower() != "chunked":
            raise BadRequestError(501, "The only transfer encoding understood here is chunked.")
    if not re.fullmatch(r"[0-9]{1,18}", headers.get("content-length", "0")):
        raise BadRequestError(400, "The request's length is not a number.")
    return headers


def _body_pieces(stream: Readable, head: Head) -> Iterator[bytes]:
    if not head.is_chunked:
        yield from _exactly(stream, head.content_length)
        return
    while True:
        size_line = stream.readline(_MAX_LINE_BYTES).split(b";", 1)[0].strip()
        if not re.fullmatch(rb"[0-9a-fA-F]{1,15}", size_line):
            raise BadRequestError(400, "A chunk of the body has no size.")
        size = int(size_line, 16)
        if size == 0:
            break
        yield from _exactly(stream, size)
        if stream.readline(_MAX_LINE_BYTES).strip():
            raise BadRequestError(400, "A chunk of the body is longer than it says.")
    for _ in range(_MAX_TRAILER_LINES):
        if not stream.readline(_MAX_LINE_BYTES).strip():
            return
    raise BadRequestError(431, "Too many trailers.")


def _exactly(stream: Readable, size: int) -> Iterator[bytes]:
    missing = size
    while missing:
        piece = stream.read(min(missing, _READ_BYTES))
        if not piece:
            raise BadRequestError(400, "The body is shorter than it says.")
        missing -= len(piece)
        yield piece
