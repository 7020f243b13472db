"""From a request to its answer: fault injection, the route table, the sign-in check, and what is written down.

Knows no sockets. Nothing a handler does can end the server, and no exception text ever reaches an answer.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from gpu_assistant.practice.constants import LOOPBACK_HOST, TENANT_ID
from gpu_assistant.practice.front.http import Request, Response, Router
from gpu_assistant.practice.front.tokens import TokenRejectedError

log = logging.getLogger(__name__)

Interceptor = Callable[[Request], Response | None]
CONTROL_PREFIX = "/practice/"
_MAX_UNKNOWN = 200


def refuse_token(code: str, message: str) -> Response:
    """A 401 as Azure Resource Manager words it."""
    challenge = (
        f'Bearer authorization_uri="https://login.windows.net/{TENANT_ID}", '
        f'error="invalid_token", error_description="{message}"'
    )
    return Response.of_error(401, code, message, {"WWW-Authenticate": challenge})


def bearer_token(request: Request) -> str | None:
    """The token of the `Authorization: Bearer` header."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


class Dispatcher:
    """Answers requests. Safe to use from several threads.

    `verify_token` raises TokenRejectedError for a token that is not good. `interceptor` sees every request
    first and may answer in place of the route; requests that steer the server itself pass it by, or a fault
    could lock out the person who set it.
    """

    def __init__(
        self,
        router: Router,
        verify_token: Callable[[str], Any],
        *,
        interceptor: Interceptor | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._router = router
        self._verify_token = verify_token
        self._interceptor = interceptor
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._unknown: dict[str, None] = {}
        self._last_used = monotonic()

    @property
    def unknown(self) -> tuple[str, ...]:
        """Requests that no route answers, as `METHOD host/path`, each once, oldest first."""
        with self._lock:
            return tuple(self._unknown)

    @property
    def idle_s(self) -> float:
        """Seconds since somebody last used the workspace; steering the server does not count as use."""
        return self._monotonic() - self._last_used

    def plays(self, host: str) -> bool:
        """Whether this server speaks for `host`."""
        return self._router.plays(host)

    def answer(self, request: Request) -> Response:
        """The answer to a request. Never raises."""
        started = self._monotonic()
        try:
            response = self._answer(request)
        except Exception:
            log.exception("the handler of %s failed", _name(request))
            response = Response.of_error(500, "InternalServerError", "The practice server failed; see its log.")
        elapsed_ms = (self._monotonic() - started) * 1000
        log.debug("%s -> %d in %.0f ms", describe(request), response.status, elapsed_ms)
        return response

    def _answer(self, request: Request) -> Response:
        is_control = request.host == LOOPBACK_HOST and request.path.startswith(CONTROL_PREFIX)
        if not is_control:
            self._last_used = self._monotonic()
            fault = self._interceptor(request) if self._interceptor else None
            if fault is not None:
                return fault
        found = self._router.find(request)
        if found is None:
            return self._refuse_unknown(request)
        route, matched = found
        if route.needs_token:
            token = bearer_token(request)
            if token is None:
                return refuse_token(
                    "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."
                )
            try:
                self._verify_token(token)
            except TokenRejectedError as error:
                return refuse_token(error.code, error.message)
        return route.handler(matched)

    def _refuse_unknown(self, request: Request) -> Response:
        name = _name(request)
        with self._lock:
            is_new = name not in self._unknown
            if is_new and len(self._unknown) < _MAX_UNKNOWN:
                self._unknown[name] = None
        if is_new:
            log.warning("no route answers %s", name)
        return Response.of_error(501, "NotPlayed", f"The practice workspace does not play {name}.")


def describe(request: Request) -> str:
    """A request in one line that is safe to log: parameters by name only, since SAS signatures are values."""
    names = "&".join(part.partition("=")[0] for part in request.raw_query.split("&"))
    return f"{_name(request)}{'?' if names else ''}{_one_line(names)}"


def _name(request: Request) -> str:
    return f"{request.method} {request.host}{_one_line(request.path)}"


def _one_line(text: str) -> str:
    """Keep a decoded `%0A` from writing log lines of its own."""
    return "".join(character if character.isprintable() else "?" for character in text)
