"""An image in, the model's answer out."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gpu_assistant.backends.base import WorkspaceBackend
from gpu_assistant.domain.billing import ResourceKind
from gpu_assistant.domain.errors import (
    AssistantError,
    BadImage,
    CannotReachAzure,
    KeyRejected,
    ScoringError,
    ScoringTimedOut,
    ServiceBusy,
    ServiceNotAnswering,
    ServiceNotFound,
    ServiceScriptFailed,
)
from gpu_assistant.domain.scoring import Prediction, ScoredImage
from gpu_assistant.domain.service import ServiceKeys, WhichKey
from gpu_assistant.domain.text import Text
from gpu_assistant.images import prepare_image
from gpu_assistant.keystore import Keystore, load_service_keys, save_service_keys
from gpu_assistant.ledger import Ledger
from gpu_assistant.scoring_client import ScoringAnswer, ScoringClient
from gpu_assistant.workflows.site import Site

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A web service that can be asked."""

    name: str
    scoring_uri: str


def find_endpoint(
    service_name: str, *, site: Site, ledger: Ledger, backend: Callable[[], WorkspaceBackend]
) -> Endpoint:
    """The service to score with: the named one, or the only one there is.

    The ledger is asked first, as that takes no SDK; Azure when the ledger does not know. Raises ServiceNotFound.
    """
    rows = [row for row in ledger.open_rows(site.workspace) if row.kind is ResourceKind.WEB_SERVICE]
    wanted = [row for row in rows if service_name in ("", row.name)]
    if len(wanted) == 1 and wanted[0].scoring_uri:
        return Endpoint(wanted[0].name, wanted[0].scoring_uri)
    services = [one for one in backend().web_services() if service_name in ("", one.name)]
    answering = [one for one in services if one.scoring_uri]
    if len(answering) == 1:
        return Endpoint(answering[0].name, answering[0].scoring_uri)
    if answering:
        names = ", ".join(one.name for one in answering)
        several = Text(" There are several: {names}.", names=names)
        raise ServiceNotFound(name=service_name or Text("to choose"), suggestion=several)
    if services:
        raise ServiceNotAnswering(name=services[0].name, reason=Text("it is {state}", state=services[0].state.value))
    raise ServiceNotFound(name=service_name or Text("at all"), suggestion="")


class Scorer:
    """Scores images with one web service. Blocks; use it on one worker thread.

    Keys come from the keystore, else from Azure, and are refreshed once when the service refuses them: they
    change when somebody redeploys or rotates them.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        site: Site,
        ledger: Ledger,
        keystore: Keystore,
        client: ScoringClient,
        backend: Callable[[], WorkspaceBackend],
        timeout_s: float = 65.0,
    ) -> None:
        self._endpoint = endpoint
        self._site = site
        self._ledger = ledger
        self._keystore = keystore
        self._client = client
        self._backend = backend
        self._timeout_s = timeout_s

    def score(self, path: Path) -> ScoredImage:
        """The answer for one file. Raises BadImage before anything is sent, or a ScoringError."""
        image = prepare_image(path)
        keys = self._keys()
        try:
            answer = self._post(keys, image)
        except CannotReachAzure:
            if not self._has_moved():
                raise
            answer = self._post(keys, image)
        if answer.status == 401:
            log.info("the key of %s was refused; asking for the present one", self._endpoint.name)
            answer = self._post(self._fresh_keys(), image)
        if answer.status != 200:
            raise self._refusal(answer, path)
        return self._read(answer, path)

    def make_new_key(self) -> None:
        """Replace the primary key in Azure and in the keystore; whoever holds the old one is shut out."""
        keys = self._backend().regenerate_key(self._endpoint.name, WhichKey.PRIMARY)
        save_service_keys(self._keystore, self._site.key_entry(self._endpoint.name), keys)

    def _post(self, keys: ServiceKeys, image: bytes) -> ScoringAnswer:
        return self._client.post(self._endpoint.scoring_uri, keys.primary, image, timeout_s=self._timeout_s)

    def _has_moved(self) -> bool:
        """Whether Azure names another address now: a cluster's IP can change, a practice server its port."""
        service = self._backend().web_service(self._endpoint.name)
        if service is None:
            raise ServiceNotFound(name=self._endpoint.name, suggestion=Text(" It was deleted."))
        if not service.scoring_uri or service.scoring_uri == self._endpoint.scoring_uri:
            return False
        self._endpoint = Endpoint(service.name, service.scoring_uri)
        row = self._ledger.find(ResourceKind.WEB_SERVICE, service.name, self._site.workspace)
        if row is not None:
            self._ledger.record(row.ledger_id, row.state, scoring_uri=service.scoring_uri)
        return True

    def _keys(self) -> ServiceKeys:
        entry = self._site.key_entry(self._endpoint.name)
        return load_service_keys(self._keystore, entry) or self._fresh_keys()

    def _fresh_keys(self) -> ServiceKeys:
        keys = self._backend().keys(self._endpoint.name)
        save_service_keys(self._keystore, self._site.key_entry(self._endpoint.name), keys)
        return keys

    def _read(self, answer: ScoringAnswer, path: Path) -> ScoredImage:
        try:
            body = json.loads(answer.body)
            predictions = tuple(
                Prediction(int(one["index"]), float(one["probability"]), one.get("label"))
                for one in body["predictions"]
            )
            return ScoredImage(path, predictions, answer.latency_ms, float(body["model_ms"]), str(body["device"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ScoringError(
                reason=Text(
                    "{name} answered something that is not a prediction. Was it deployed with another scoring script?",
                    name=self._endpoint.name,
                )
            ) from None

    def _refusal(self, answer: ScoringAnswer, path: Path) -> AssistantError:
        name, status, reason = self._endpoint.name, answer.status, _reason(answer)
        if status in (401, 403):
            return KeyRejected(name=name)
        if status == 404:
            return ServiceNotFound(name=name, suggestion=Text(" It may have been deleted."))
        if status in (400, 413, 415, 422):
            refused = Text("the service refused it (HTTP {status})", status=status)
            return BadImage(path=path.name, reason=reason or refused)
        if status in (429, 503):
            return ServiceBusy(name=name, status=status)
        if status in (408, 504):
            return ScoringTimedOut(name=name, seconds=self._timeout_s)
        if status in (500, 502, 424):
            return ServiceScriptFailed(name=name, status=status, reason=reason or Text("the log tells more"))
        return ServiceNotAnswering(name=name, reason=f"HTTP {status} {reason}".strip())


def _reason(answer: ScoringAnswer) -> str:
    try:
        error = json.loads(answer.body)["error"]
        return str(error["message"])[:300]
    except (ValueError, KeyError, TypeError):
        return ""
