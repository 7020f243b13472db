"""How the practice server is watched and steered: plain HTTP under `/practice/`, for the owner of the folder only.

Each request carries a token that was minted for this purpose from the folder's own key, so a token for the
played Azure, which other programs are given, cannot stop the server or change what it plays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gpu_assistant.practice.constants import CONTROL_AUDIENCE, LOOPBACK_HOST
from gpu_assistant.practice.front.dispatch import bearer_token, refuse_token
from gpu_assistant.practice.front.http import Handler, Request, Response, Router
from gpu_assistant.practice.front.tokens import TokenIssuer, TokenRejectedError

STATUS_PATH = "/practice/status"
STOP_PATH = "/practice/stop"
SETTINGS_PATH = "/practice/settings"
FASTEST = "max"
NO_SCENARIO = "none"


@dataclass(frozen=True, slots=True)
class Controls:
    """What the routes act on. The setters raise ValueError with a sentence for a value they cannot use."""

    status: Callable[[], Mapping[str, Any]]
    stop: Callable[[], None]
    set_speed: Callable[[float], None]
    set_scenario: Callable[[str | None], None]
    set_sign_in: Callable[[str], None]


class ControlRoutes:
    """Declares the routes; safe to use from several threads."""

    def __init__(self, issuer: TokenIssuer, controls: Controls) -> None:
        self._issuer = issuer
        self._controls = controls

    def add_to(self, router: Router) -> None:
        """Declare `GET status`, `POST stop` and `PUT settings`."""
        for method, path, handler in (
            ("GET", STATUS_PATH, self._status),
            ("POST", STOP_PATH, self._stop),
            ("PUT", SETTINGS_PATH, self._settings),
        ):
            # The sign-in of the Azure side is not asked for: these requests have a token of their own kind.
            router.add(method, LOOPBACK_HOST, path, self._guarded(handler), needs_token=False)

    def _guarded(self, handler: Handler) -> Handler:
        def answer(request: Request) -> Response:
            try:
                self._issuer.verify(bearer_token(request) or "", audiences=(CONTROL_AUDIENCE,))
            except TokenRejectedError as error:
                return refuse_token(error.code, error.message)
            return handler(request)

        return answer

    def _status(self, request: Request) -> Response:
        return Response.of_json(self._controls.status())

    def _stop(self, request: Request) -> Response:
        self._controls.stop()
        return Response.of_json({"stopping": True}, status=202)

    def _settings(self, request: Request) -> Response:
        """`{"speed": N or "max", "scenario": NAME or "none", "sign_in": ANSWER}`, each optional."""
        try:
            settings = request.json()
            if not isinstance(settings, dict):
                raise ValueError("the settings are no JSON object")
            unknown = settings.keys() - {"speed", "scenario", "sign_in"}
            if unknown:
                raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
            if "speed" in settings:
                self._controls.set_speed(speed_from_json(settings["speed"]))
            if "scenario" in settings:
                self._controls.set_scenario(scenario_from_json(settings["scenario"]))
            if "sign_in" in settings:
                self._controls.set_sign_in(str(settings["sign_in"]))
        except ValueError as error:
            return Response.of_error(400, "BadSetting", str(error))
        return self._status(request)


def speed_to_json(speed: float) -> float | str:
    """JSON knows no infinity."""
    return FASTEST if math.isinf(speed) else speed


def speed_from_json(value: object) -> float:
    """A speed above zero, or `max`. Raises ValueError."""
    if value == FASTEST:
        return math.inf
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise ValueError(f"a speed is a number above zero or {FASTEST!r}")
    return float(value)


def scenario_from_json(value: object) -> str | None:
    """The name of a scenario, or None for no scenario. Raises ValueError."""
    if value is not None and not isinstance(value, str):
        raise ValueError("a scenario is chosen by its name")
    return None if value in (None, "", NO_SCENARIO) else value
