"""What an exception of the SDK says, taken out of the many shapes it has: HTTP status, Azure's code, its text.

Nothing here decides what that means for a person; `errors.py` does. No exception is turned into text unguarded:
some of the SDK's raise TypeError in their own `__str__`. No text keeps a secret, or the headers of a response.
"""

from __future__ import annotations

import ast
import json
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions

from gpu_assistant.backends.sdk_v1.convert import azure_error
from gpu_assistant.domain.errors import AssistantError
from gpu_assistant.domain.text import Text
from gpu_assistant.logs import redact

_LONGEST_TEXT = 700
_STATUS_IN_TEXT = re.compile(r"(?:Response Code|Code|status code)\W{0,3}(\d{3})\b")
_CONTENT_IN_TEXT = re.compile(r"Content: (b(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"))", re.DOTALL)
_JSON_IN_TEXT = re.compile(r"\{.*\}", re.DOTALL)
_HEADERS_IN_TEXT = re.compile(r"\n?Headers: .*?(?=\nContent:|\Z)", re.DOTALL)
# The families of msrest and azure-core for "nothing came back"; each wraps what requests or urllib3 said.
_NETWORK_CLASSES = frozenset({"ClientRequestError", "ServiceRequestError", "ServiceResponseError", "RetryError"})


@dataclass(frozen=True, slots=True)
class Fault:
    """What is known. `network` tells why nothing came back, and is empty when Azure answered."""

    status: int | None = None
    code: str = ""
    text: str = ""
    network: str = ""

    @property
    def said(self) -> str:
        """Azure's code and text in one line, for a person."""
        if self.code and self.code not in self.text:
            return f"{self.code}: {self.text}" if self.text else self.code
        return self.text or (f"HTTP {self.status}" if self.status else Text("no reason was given"))


def fault_of(exc: BaseException) -> Fault:
    """Read an exception of the SDK, or of what lies beneath it."""
    for link in _chain(exc):
        status, body = _response_of(link)
        if status is not None and status >= 400:
            return _answered(status, body, fallback=_message_of(link))
    reason = network_reason(exc)
    if reason:
        return Fault(network=reason)
    return _from_text(_message_of(exc))


def fault_of_response(response: requests.Response) -> Fault:
    """Read an answer that was fetched directly."""
    return _answered(response.status_code, response.text, fallback=response.reason or "")


def own_error_in(exc: BaseException) -> AssistantError | None:
    """An error of ours that went through the SDK: the token callback raises them."""
    return next((link for link in _chain(exc) if isinstance(link, AssistantError)), None)


def network_reason(exc: BaseException) -> str:
    """Why nothing came back, in words; empty when that is not what happened."""
    links = list(_chain(exc))
    host = next((found for found in map(_host_of, links) if found), "Azure")
    texts = " ".join(_text_of(link) for link in links)
    if any(isinstance(link, ssl.SSLError | requests.exceptions.SSLError) for link in links):
        return Text("the certificate of {host} is not trusted here (a company proxy may need its own)", host=host)
    if any(isinstance(link, requests.exceptions.ProxyError | urllib3.exceptions.ProxyError) for link in links):
        return Text("the proxy would not connect to {host}", host=host)
    if any(isinstance(link, socket.gaierror) for link in links) or "NameResolutionError" in texts:
        return Text("the name {host} cannot be resolved", host=host)
    if any(isinstance(link, TimeoutError | requests.Timeout | urllib3.exceptions.TimeoutError) for link in links):
        return Text("{host} did not answer in time", host=host)
    if any(isinstance(link, ConnectionRefusedError) for link in links):
        return Text("{host} refused the connection", host=host)
    if any(isinstance(link, ConnectionError | requests.RequestException) for link in links):
        return Text("the connection to {host} broke off", host=host)
    if any(type(link).__name__ in _NETWORK_CLASSES for link in links):
        return Text("the connection to {host} broke off", host=host)
    return ""


def _answered(status: int, body: str, *, fallback: str) -> Fault:
    try:
        code, text = azure_error(json.loads(body))
    except ValueError:
        code, text = _storage_error(body)
    return Fault(status, code, _clean(text or fallback))


def _storage_error(body: str) -> tuple[str, str]:
    """Blob storage answers in XML. Other pages (a proxy's, mostly) say nothing worth repeating."""
    if not body.lstrip("\ufeff").startswith("<"):
        return "", body
    code, message = (re.search(rf"<{tag}>(.*?)</{tag}>", body, re.DOTALL) for tag in ("Code", "Message"))
    return (code[1] if code else ""), (message[1] if message else "")


def _from_text(text: str) -> Fault:
    """The SDK writes answers into its messages: `Response Code: 409 … Content: b'{…}'`, or bare JSON."""
    found = _STATUS_IN_TEXT.search(text)
    status = int(found[1]) if found else None
    content = _CONTENT_IN_TEXT.search(text)
    body = ast.literal_eval(content[1]).decode("utf-8", "replace") if content else ""
    if not body:
        bare = _JSON_IN_TEXT.search(text)
        body = bare[0] if bare else ""
    try:
        parsed: Any = json.loads(body) if body else None
    except ValueError:
        parsed = None
    if isinstance(parsed, dict):
        if status is None and isinstance(parsed.get("status_code"), int):
            status = parsed["status_code"]
        code, said = azure_error(parsed.get("error_details") or parsed)
        return Fault(status, code, _clean(said or _HEADERS_IN_TEXT.sub("", text)))
    return Fault(status, "", _clean(_HEADERS_IN_TEXT.sub("", text)))


def _chain(exc: BaseException) -> Iterator[BaseException]:
    """The exception and everything it wraps, by any of the ways that Python and the SDKs have."""
    waiting, seen = [exc], set[int]()
    while waiting:
        link = waiting.pop(0)
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        inner = [link.__cause__, link.__context__, *link.args]
        inner += [getattr(link, name, None) for name in ("inner_exception", "reason", "_inner_exception")]
        waiting += [found for found in inner if isinstance(found, BaseException)]


def _response_of(exc: BaseException) -> tuple[int | None, str]:
    response: Any = getattr(exc, "response", None)
    status: Any = getattr(response, "status_code", None)
    if not isinstance(status, int):
        return None, ""
    try:
        text: Any = response.text() if callable(response.text) else response.text
    except Exception:  # azure-core refuses to give the body of a response it has not read
        text = ""
    return status, str(text or "")


def _message_of(exc: BaseException) -> str:
    message: Any = getattr(exc, "message", None)
    return message if isinstance(message, str) and message else _text_of(exc)


def _text_of(exc: BaseException) -> str:
    try:
        return str(exc)
    except Exception:
        return type(exc).__name__


def _host_of(exc: BaseException) -> str:
    url: Any = getattr(getattr(exc, "request", None), "url", None)
    host: Any = urlsplit(url).hostname if isinstance(url, str) else None
    return host or str(getattr(getattr(exc, "pool", None), "host", "") or "")


def _clean(text: str) -> str:
    text = redact(" ".join(text.split()))
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
