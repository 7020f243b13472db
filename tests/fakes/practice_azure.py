"""Azure for one test: a practice server in this process, and backends that reach it as they would reach Azure."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import requests

from gpu_assistant.backends.base import BackendConfig
from gpu_assistant.backends.remote import RemoteBackend
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.workspace import WorkspaceRef
from gpu_assistant.practice import constants, control, lifecycle
from gpu_assistant.practice.server import PracticeServer


class PracticeAzure:
    """A server at full speed on a folder of its own. `close` ends it and every backend made here.

    With the sample model it takes a minute to be ready, unless the cache of the program has the converted model.
    """

    def __init__(self, folder: Path, *, speed: float = math.inf, with_sample_model: bool = False) -> None:
        self._folder = folder
        self._server = PracticeServer(folder / "practice data", speed=speed, with_sample_model=with_sample_model)
        self._server.start()
        problem = self._server.wait_ready()
        assert not problem, problem
        self._backends: list[RemoteBackend] = []

    @property
    def workspace(self) -> WorkspaceRef:
        """The practice workspace, as somebody knows it who has its config.json."""
        info = self._server.info
        return WorkspaceRef(info.subscription_id, info.resource_group, info.workspace)

    @property
    def environment(self) -> dict[str, str]:
        """What the SDK process needs to find this server under Azure's names."""
        info = self._server.info
        return {
            "HTTPS_PROXY": info.https_proxy,
            "REQUESTS_CA_BUNDLE": str(info.ca_bundle),
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def blob(self, path: str) -> Path:
        """The file that is the one stored blob whose name ends so, for a test that harms it."""
        (found,) = (self._folder / "practice data").rglob(f"LocalUpload/*/{path}")
        return found

    def service_body(self, name: str) -> dict[str, Any]:
        """What Azure says about a web service, every word of it."""
        info = self._server.info
        answer = requests.get(
            f"https://{constants.ARM_HOST}/modelmanagement/v1.0{self.workspace.azure_id}/services/{name}",
            headers={"Authorization": f"Bearer {self.token()}"},
            proxies={"https": info.https_proxy},
            verify=str(info.ca_bundle),
            timeout=20,
        )
        return dict(answer.json())

    def token(self, lifetime_s: float = 3600.0) -> str:
        """A token that is accepted here."""
        return self._server.token(lifetime_s)

    def signed_in(self) -> RemoteBackend:
        """A backend with a ready token, as the practice mode has it, and the workspace open."""
        backend = self.backend(token=Secret(self.token()))
        backend.open_workspace(self.workspace)
        return backend

    def backend(self, *, more_environment: dict[str, str] | None = None, **config: Any) -> RemoteBackend:
        """A backend in real mode unless a token is given."""
        environment = {**self.environment, **(more_environment or {})}
        backend = RemoteBackend(lambda: BackendConfig(environment=environment, home=self._folder / "home", **config))
        self._backends.append(backend)
        return backend

    def set(self, **settings: object) -> None:
        """Change `scenario`, `sign_in` or `speed` of the running server."""
        info = self._server.info
        lifecycle.ask(self._folder / "practice data", info, "PUT", control.SETTINGS_PATH, settings)

    @property
    def unknown(self) -> list[str]:
        """Routes that were asked for and are not played, and hosts that were refused."""
        status = self._server.status()
        return [*map(str, status["unknown"]), *map(str, status["refused"])]

    def close(self) -> None:
        for backend in self._backends:
            backend.close()
        self._server.stop()


USER = constants.USER_PRINCIPAL_NAME
TENANT = constants.TENANT_ID
