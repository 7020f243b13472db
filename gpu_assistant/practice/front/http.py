"""What the practice server passes around: a request, a response, and the table that joins them.

No sockets here and no state of the workspace. `listener.py` turns bytes into `Request`, the route modules
turn `Request` into `Response`. Everything is safe to call from several threads once the routes are added.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, already decrypted and read whole.

    `host` is lower case without a port (`management.azure.com`; `127.0.0.1` for plain loopback requests).
    `path` is percent-decoded, with leading slashes collapsed to one and its case kept. `query` holds the first
    value of each parameter; `raw_query` is the undecoded text after `?`. Header names are lower case.
    `params` is filled by the router from the pattern's `{names}`.
    """

    method: str
    host: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    raw_query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    params: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """The body as JSON; `{}` when empty. Raises ValueError on malformed JSON."""
        return json.loads(self.body) if self.body else {}


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response; `reset=True` drops the connection instead of answering, `delay_s` waits first."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    reset: bool = False
    bytes_per_s: float | None = None
    """When set, the body is sent no faster than this: a slow network."""

    @classmethod
    def of_json(cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """A JSON answer."""
        body = json.dumps(value).encode()
        return cls(status, body, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})

    @classmethod
    def of_error(cls, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
        """An ARM error. `details` is always a list: the SDK crashes inside `str()` without it."""
        error: dict[str, Any] = {"code": code, "message": message, "target": None, "details": []}
        return cls.of_json({"error": error}, status, headers)


Handler = Callable[[Request], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the route table. `pattern` is a path with `{name}` parts and at most one `{name:rest}` tail."""

    method: str
    host: str
    pattern: str
    handler: Handler
    needs_token: bool = True


class Router:
    """Finds the handler for a request: exact host (or `*.suffix`), case-insensitive path."""

    def __init__(self) -> None:
        self._routes: list[tuple[Route, re.Pattern[str]]] = []

    @property
    def routes(self) -> tuple[Route, ...]:
        """Every declared route, in the order of declaration."""
        return tuple(route for route, _ in self._routes)

    def add(self, method: str, host: str, pattern: str, handler: Handler, *, needs_token: bool = True) -> None:
        """Declare a route; the first declared match wins."""
        self._routes.append((Route(method, host, pattern, handler, needs_token), _compile(pattern)))

    def plays(self, host: str) -> bool:
        """Whether any route speaks for this host."""
        return any(_host_matches(route.host, host) for route, _ in self._routes)

    def find(self, request: Request) -> tuple[Route, Request] | None:
        """The route and the request with its path parameters, or None for an unknown route."""
        for route, pattern in self._routes:
            if route.method == request.method and _host_matches(route.host, request.host):
                match = pattern.fullmatch(request.path)
                if match:
                    return route, replace(request, params=match.groupdict())
        return None


def _compile(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)(:rest)?\}", pattern)
    regex = re.escape(parts[0])
    for name, rest, literal in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        regex += f"(?P<{name}>{'.+' if rest else '[^/]+'})" + re.escape(literal)
    return re.compile(regex, re.IGNORECASE)


def _host_matches(declared: str, actual: str) -> bool:
    if declared.startswith("*."):
        return actual.endswith(declared[1:])
    return actual == declared


def decode_path(raw: str) -> str:
    """Percent-decode a path and collapse its leading slashes: the SDK sends `//subscriptions/…` to ARM."""
    return "/" + unquote(raw).lstrip("/")
