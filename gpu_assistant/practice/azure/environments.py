"""Registered environments. The same definition registered twice is one version, as in Azure."""

from __future__ import annotations

import json
from typing import Any

from gpu_assistant.practice.azure import bodies
from gpu_assistant.practice.azure.addresses import ENVIRONMENTS, add_arm
from gpu_assistant.practice.azure.deployment import forget_registry_password
from gpu_assistant.practice.azure.state_file import StateFile
from gpu_assistant.practice.front.http import Request, Response, Router

# The SDK registers with some keys in upper case and reads them back in lower case.
_KEYS = ("python", "environmentVariables", "docker", "spark", "inferencingStackVersion", "r")


class EnvironmentRoutes:
    """Register, get and list environment definitions."""

    def __init__(self, state: StateFile) -> None:
        self._state = state

    def add_to(self, router: Router) -> None:
        """Declare the routes."""
        add_arm(router, "PUT", ENVIRONMENTS + "/{name}", self._put)
        add_arm(router, "PUT", ENVIRONMENTS + "/{name}/versions/{version}", self._put)
        add_arm(router, "GET", ENVIRONMENTS + "/{name}", self._get)
        add_arm(router, "GET", ENVIRONMENTS + "/{name}/versions/{version}", self._get)
        add_arm(router, "GET", ENVIRONMENTS, self._list)
        add_arm(router, "GET", ENVIRONMENTS + "/", self._list)

    def _put(self, request: Request) -> Response:
        given = {key.lower(): value for key, value in bodies.json_object(request).items()}
        name = request.params["name"]
        definition: dict[str, Any] = {key: given.get(key.lower()) for key in _KEYS}
        forget_registry_password(definition)
        with self._state.change() as tables:
            versions = tables.environments.setdefault(name, [])
            wanted = request.params.get("version")
            if wanted is None:
                same = [known for known in versions if _content(known) == _content(definition)]
                if same:
                    return Response.of_json(same[-1])
                numbers = [int(known["version"]) for known in versions if str(known["version"]).isdigit()]
                wanted = str(max(numbers, default=0) + 1)
            registered = {"name": name, "version": wanted, **definition}
            versions[:] = [known for known in versions if known["version"] != wanted] + [registered]
        return Response.of_json(registered)

    def _get(self, request: Request) -> Response:
        name, wanted = request.params["name"], request.params.get("version")
        with self._state.read() as tables:
            versions = tables.environments.get(name, [])
            found = [known for known in versions if wanted in (None, known["version"])]
        if not found:
            return Response.of_error(404, "NotFound", f"No environment exists for name: {name}, version: {wanted}.")
        return Response.of_json(found[-1])

    def _list(self, request: Request) -> Response:
        with self._state.read() as tables:
            return Response.of_json({"value": [versions[-1] for versions in tables.environments.values() if versions]})


def _content(definition: dict[str, Any]) -> str:
    return json.dumps({key: definition.get(key) for key in _KEYS}, sort_keys=True)
