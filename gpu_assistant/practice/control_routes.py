"""How the practice server is watched and steered: plain HTTP under `/practice/`, for the owner of the folder only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpu_assistant.practice import control
from gpu_assistant.practice.constants import LOOPBACK_HOST
from gpu_assistant.practice.front.dispatch import bearer_token, refuse_token
from gpu_assistant.practice.front.http import Handler, Request, Response, Router
from gpu_assistant.practice.front.tokens import TokenIssuer


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

    def __init__(self, folder: Path, issuer: TokenIssuer, controls: Controls) -> None:
        self._folder = folder
        self._issuer = issuer
        self._controls = controls

    def add_to(self, router: Router) -> None:
        """Declare `GET status`, `POST stop`, `PUT settings` and `POST token`."""
        for method, path, handler in (
            ("GET", control.STATUS_PATH, self._status),
            ("POST", control.STOP_PATH, self._stop),
            ("PUT", control.SETTINGS_PATH, self._settings),
            ("POST", control.TOKEN_PATH, self._token),
        ):
            # The sign-in of the Azure side is not asked for: these requests carry a pass.
            router.add(method, LOOPBACK_HOST, path, self._guarded(handler), needs_token=False)

    def _guarded(self, handler: Handler) -> Handler:
        def answer(request: Request) -> Response:
            if not control.is_good_pass(self._folder, bearer_token(request) or ""):
                return refuse_token("InvalidAuthenticationToken", "This is no pass of the folder's owner.")
            return handler(request)

        return answer

    def _status(self, request: Request) -> Response:
        return Response.of_json(self._controls.status())

    def _stop(self, request: Request) -> Response:
        self._controls.stop()
        return Response.of_json({"stopping": True}, status=202)

    def _token(self, request: Request) -> Response:
        """`{"token": TOKEN}`: a sign-in to the played Azure."""
        return Response.of_json({"token": self._issuer.access_token()})

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
                self._controls.set_speed(control.speed_from_json(settings["speed"]))
            if "scenario" in settings:
                self._controls.set_scenario(control.scenario_from_json(settings["scenario"]))
            if "sign_in" in settings:
                self._controls.set_sign_in(str(settings["sign_in"]))
        except ValueError as error:
            return Response.of_error(400, "BadSetting", str(error))
        return self._status(request)
