"""Single requests to Azure with the SDK's own sign-in, for what the SDK cannot do without waiting or guessing.

The SDK parses what it reads strictly: one missing key in one service makes a whole list fail, and then money is
out of sight. So everything that is read about resources that cost money comes through here, raw, and so do the
few changes behind which the SDK sleeps.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from gpu_assistant.backends.sdk_v1.errors import About, error_of_response, translated

ARM = "https://management.azure.com"
_MOST_PAGES = 200

# Asking again is part of reading: kept connections break when Azure closed them meanwhile, networks stumble.
_READ_AGAIN = Retry(total=3, connect=2, read=3, status=0, redirect=0, backoff_factor=0.3, allowed_methods={"GET"})
# A request that is throttled was not carried out, so it may be repeated, whatever it is.
_THROTTLED_PAUSES_S = (1.0, 3.0)
_LONGEST_PAUSE_S = 10.0


class AzureRest:
    """`headers()` gives the Authorization header at the moment of each request. Safe from any thread.

    `forget_token` is called when Azure refuses the token; a fresh one is then tried, once. `about` tells what is
    being done, for errors: "Reading the quota". Errors are AssistantErrors.
    """

    def __init__(
        self,
        headers: Callable[[], Mapping[str, str]],
        forget_token: Callable[[], None],
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._headers = headers
        self._forget_token = forget_token
        self._sleep = sleep
        self._local = threading.local()

    def get(self, url: str, *, about: About | str, params: Mapping[str, str] | None = None) -> Any | None:
        """The JSON at `url`; None when Azure answers 404, and for nothing else."""
        response = self._send("GET", url, about=about, params=params)
        return None if response.status_code == 404 else _json(response, about)

    def list(self, url: str, *, about: About | str, params: Mapping[str, str] | None = None) -> list[Any]:
        """All items of a paged list. Raises when even the list is missing: that is no proof of anything."""
        items: list[Any] = []
        next_url: str | None = url
        for _ in range(_MOST_PAGES):
            response = self._send("GET", next_url or url, about=about, params=params if next_url == url else None)
            if response.status_code == 404:
                raise error_of_response(response, about=about)
            page = _json(response, about)
            items += page.get("value") or []
            next_url = page.get("nextLink")
            if not next_url:
                return items
            next_url = urljoin(url, next_url)
        return items

    def change(
        self,
        method: str,
        url: str,
        *,
        about: About | str,
        params: Mapping[str, str] | None = None,
        body: object = None,
    ) -> requests.Response:
        """Send one changing request; it is repeated only where Azure says that it did nothing (401, 429).

        A 404 is returned like a success; the caller knows what it means.
        """
        return self._send(method, url, about=about, params=params, body=body)

    def _send(
        self,
        method: str,
        url: str,
        *,
        about: About | str,
        params: Mapping[str, str] | None = None,
        body: object = None,
    ) -> requests.Response:
        with translated(about):
            response = self._once(method, url, params, body)
            if response.status_code == 401:
                self._forget_token()
                response = self._once(method, url, params, body)
            for pause_s in _THROTTLED_PAUSES_S:
                if response.status_code != 429:
                    break
                self._sleep(_pause_s(response, pause_s))
                response = self._once(method, url, params, body)
        if response.status_code >= 400 and response.status_code != 404:
            raise error_of_response(response, about=about)
        return response

    def _once(self, method: str, url: str, params: Mapping[str, str] | None, body: object) -> requests.Response:
        return self._session().request(method, url, params=params, json=body, headers=self._headers())

    def _session(self) -> requests.Session:
        # One session per thread: requests does not promise that a session may be shared.
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.mount("https://", HTTPAdapter(max_retries=_READ_AGAIN))
        return session


def _json(response: requests.Response, about: About | str) -> Any:
    try:
        return json.loads(response.content)
    except ValueError:
        raise error_of_response(response, about=about) from None


def _pause_s(response: requests.Response, otherwise_s: float) -> float:
    """How long Azure asks to wait, within reason."""
    try:
        return min(float(response.headers["Retry-After"]), _LONGEST_PAUSE_S)
    except (KeyError, ValueError):
        return otherwise_s
