"""Web services on AKS: read, log, keys, delete. Deploying one is in `deployment.py`."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from gpu_assistant.backends.base import Phase, ResourceStatus
from gpu_assistant.backends.sdk_v1 import convert
from gpu_assistant.backends.sdk_v1.errors import About
from gpu_assistant.backends.sdk_v1.session import AzureSession
from gpu_assistant.domain.billing import ResourceKind
from gpu_assistant.domain.errors import (
    AssistantError,
    DeadlinePassed,
    ServiceFailed,
    ServiceNotFound,
    UnexpectedAnswer,
)
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.service import ServiceKeys, ServiceState, WebService, WhichKey
from gpu_assistant.domain.text import Text

_EXPAND = {"expand": "true"}
_NEW_KEY_S = 60.0
_NEW_KEY_POLL_S = 0.5

log = logging.getLogger(__name__)


class Services:
    """The web services of the open workspace."""

    def __init__(self, session: AzureSession, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._session = session
        self._sleep = sleep
        self._lock = threading.Lock()
        # Only to tell what a deployment is doing; everything that matters is read from the service itself.
        self._operations: dict[str, str] = {}

    def find(self, name: str) -> WebService | None:
        """A web service by its name, freshly read."""
        body = self.read(name)
        if body is None:
            return None
        stage, body = self._with_operation(name, body)
        return convert.web_service(body, workspace=self._session.ref, stage=stage)

    def all(self) -> Sequence[WebService]:
        """Every web service of the workspace that runs on AKS."""
        return [
            convert.web_service(body, workspace=self._session.ref)
            for body in self._list()
            if body.get("computeType") == "AKS"
        ]

    def status(self, name: str) -> ResourceStatus:
        """One read, and one more for the stage while it deploys."""
        body = self.read(name)
        if body is None:
            return ResourceStatus(Phase.ABSENT, "NotFound")
        stage, body = self._with_operation(name, body)
        return convert.service_status(body, workspace=self._session.ref, stage=stage)

    def exists(self, name: str) -> bool:
        """Asked by name and in the list."""
        return self.read(name) is not None or any(body.get("name") == name for body in self._list())

    def read(self, name: str) -> Any | None:
        """The service as model management describes it; None on 404 alone."""
        return self._session.rest.get(
            self._session.service_url("services", name),
            about=Text("Reading web service {name}", name=name),
            params=_EXPAND,
        )

    def remember_operation(self, name: str, operation_url: str) -> None:
        """Where the deployment of a service can be watched."""
        with self._lock:
            self._operations[name] = operation_url

    def log(self, name: str, *, lines: int, init_container: bool) -> str:
        """The last lines of its container."""
        body = self._session.rest.get(
            self._session.service_url("services", name, "logs"),
            about=Text("Reading the log of {name}", name=name),
            params={"tail": str(lines), "init": str(init_container)},
        )
        if body is None:
            raise ServiceNotFound(name=name, suggestion="")
        return str(body.get("content") or "") if isinstance(body, dict) else ""

    def keys(self, name: str) -> ServiceKeys:
        """Both keys."""
        about = Text("Reading the keys of {name}", name=name)
        answer = self._session.rest.change("POST", self._session.service_url("services", name, "listkeys"), about=about)
        if answer.status_code == 404:
            raise ServiceNotFound(name=name, suggestion="")
        try:
            body: Any = answer.json()
            return ServiceKeys(Secret(body["primaryKey"]), Secret(body["secondaryKey"]))
        except (ValueError, KeyError, TypeError):
            raise UnexpectedAnswer(what=about, reason=Text("the answer holds no keys")) from None

    def regenerate_key(self, name: str, which: WhichKey) -> ServiceKeys:
        """Replace one key. Waits for Azure's short operation, since before its end the old key is read.

        Not the SDK's `regen_key`: that sleeps at least 5 s and has no end.
        """
        about = About(Text("Making a new key for {name}", name=name), kind=ResourceKind.WEB_SERVICE, name=name)
        answer = self._session.rest.change(
            "POST",
            self._session.service_url("services", name, "regenerateKeys"),
            about=about,
            body={"keyType": which.value, "keyValue": None},
        )
        if answer.status_code == 404:
            raise ServiceNotFound(name=name, suggestion="")
        operation_id = answer.headers.get("Operation-Location", "").partition("?")[0].rstrip("/").rpartition("/")[2]
        if operation_id:
            self._until_done(operation_id, name, about)
        return self.keys(name)

    def start_delete(self, name: str) -> None:
        """Ask to delete; 404 is success.

        Not the SDK's `delete`: it waits in steps of 5 s without an end, and takes a deletion that failed for one
        that succeeded. Whether it is gone is read.
        """
        self._session.rest.change(
            "DELETE",
            self._session.service_url("services", name),
            about=About(Text("Deleting {name}", name=name), kind=ResourceKind.WEB_SERVICE, name=name),
        )

    # --------------------------------------------------------------------------------------------------------------

    def _list(self) -> list[Any]:
        return self._session.rest.list(
            self._session.service_url("services"), about=Text("Reading the web services"), params=_EXPAND
        )

    def _until_done(self, operation_id: str, name: str, about: About) -> None:
        url = self._session.service_url("operations", operation_id)
        for _ in range(int(_NEW_KEY_S / _NEW_KEY_POLL_S)):
            state, _stage, error = convert.operation(self._session.rest.get(url, about=about) or {})
            if state == "Succeeded":
                return
            if state in ("Failed", "Cancelled", "TimedOut"):
                code, text = convert.azure_error(error)
                cause = Text("the new key was refused ({code}: {reason})", code=code or state, reason=text)
                raise ServiceFailed(name=name, cause=cause)
            self._sleep(_NEW_KEY_POLL_S)
        raise DeadlinePassed(what=about.what, seconds=_NEW_KEY_S)

    def _with_operation(self, name: str, body: Any) -> tuple[str, Any]:
        """What the deployment is doing, and the service with the operation's error where it has none itself."""
        with self._lock:
            url = self._operations.get(name)
        if url is None:
            return "", body
        service = convert.web_service(body, workspace=self._session.ref)
        if service.state not in (ServiceState.TRANSITIONING, ServiceState.FAILED, ServiceState.UNHEALTHY):
            return "", body
        try:
            found = self._session.rest.get(url, about=Text("Reading the deployment of {name}", name=name))
        except AssistantError as exc:
            log.info("the deployment of %s cannot be watched: %s", name, exc.code)
            return "", body
        _state, stage, error = convert.operation(found or {})
        return stage, {**body, "error": error} if error and not body.get("error") else body
