"""One HTTP request to a scoring URI: the same for AKS, managed endpoints and practice."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gpu_assistant.domain.errors import CannotReachAzure, ScoringTimedOut
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.text import Text

if TYPE_CHECKING:
    import requests

_CONNECT_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class ScoringAnswer:
    """What came back. `latency_ms` is from sending the first byte to having the last."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    latency_ms: float


class ScoringClient:
    """Keeps one connection open. Blocks: call it on a worker thread. Not safe from two threads at once."""

    def __init__(self) -> None:
        self._sessions: dict[bool, requests.Session] = {}

    def post(self, uri: str, key: Secret, image: bytes, *, timeout_s: float = 60.0) -> ScoringAnswer:
        """Send encoded image bytes. Raises CannotReachAzure or ScoringTimedOut; every HTTP status is an answer."""
        import requests

        host = urlsplit(uri).hostname or ""
        headers = {"Authorization": f"Bearer {key.reveal()}", "Content-Type": "application/octet-stream"}
        started = time.perf_counter()
        try:
            answer = self._session(is_loopback(host)).post(
                uri, data=image, headers=headers, timeout=(_CONNECT_TIMEOUT_S, timeout_s), allow_redirects=False
            )
        except requests.Timeout:
            raise ScoringTimedOut(name=host, seconds=timeout_s) from None
        except requests.RequestException as exc:
            # the exception's own text may hold the request
            raise CannotReachAzure(what=Text("Scoring at {host}", host=host), reason=_reason(exc)) from None
        latency_ms = (time.perf_counter() - started) * 1000
        return ScoringAnswer(answer.status_code, answer.content, dict(answer.headers), latency_ms)

    def close(self) -> None:
        """Drop the connections."""
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()

    def _session(self, loopback: bool) -> requests.Session:
        import requests

        if loopback not in self._sessions:
            session = requests.Session()
            session.trust_env = not loopback  # a company proxy has no business with this computer itself
            self._sessions[loopback] = session
        return self._sessions[loopback]


def is_loopback(host: str) -> bool:
    """Whether a host name is this computer."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reason(exc: Exception) -> str:
    text = str(exc).lower()
    if "refused" in text:
        return Text("the connection was refused")
    if "reset" in text or "aborted" in text:
        return Text("the connection was cut")
    if "resolve" in text or "name or service" in text:
        return Text("the host name cannot be found")
    if "certificate" in text or "ssl" in text:
        return Text("the connection is not trusted (TLS)")
    return type(exc).__name__
