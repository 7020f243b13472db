"""An image in, the model's answer out."""

from __future__ import annotations

import json
import logging
import threading
import time
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
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.service import ServiceKeys, ServiceState, WhichKey
from gpu_assistant.domain.text import Text
from gpu_assistant.images import prepare_image
from gpu_assistant.keystore import Keystore, load_service_keys, save_service_keys
from gpu_assistant.ledger import Ledger
from gpu_assistant.scoring_client import ScoringAnswer, ScoringClient
from gpu_assistant.workflows.diagnose import why_it_will_not_come
from gpu_assistant.workflows.site import Site

log = logging.getLogger(__name__)

OnWait = Callable[[str], object]
"""Told, in words, why an answer takes longer."""
LOAD_PATIENCE_S = 90.0
"""So long may a model be loading, counted from the first request that found it so."""
_LOOK_AGAIN_S = 1.0
_FIRST_LOG_PAUSE_S = 2.0
_LONGEST_LOG_PAUSE_S = 30.0
"""While nobody answers, Azure is asked for state and log again after 2, 4, 8… s: scripts that stop do so early."""


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
        load_patience_s: float = LOAD_PATIENCE_S,
        look_again_s: float = _LOOK_AGAIN_S,
        first_log_pause_s: float = _FIRST_LOG_PAUSE_S,
    ) -> None:
        """An answer is waited for `timeout_s`; a model that is loading, for `load_patience_s`, asked every
        `look_again_s`. Azure is asked for state and log at once, after `first_log_pause_s`, and ever more seldom."""
        self._endpoint = endpoint
        self._site = site
        self._ledger = ledger
        self._keystore = keystore
        self._client = client
        self._backend = backend
        self._timeout_s = timeout_s
        self._load_patience_s = load_patience_s
        self._look_again_s = look_again_s
        self._waited_in_vain = False
        self._ended: AssistantError | None = None
        self._first_log_pause_s = self._log_pause_s = first_log_pause_s
        self._log_due_s = 0.0

    def score(
        self, path: Path, *, on_wait: OnWait = lambda why: None, cancelled: threading.Event | None = None
    ) -> ScoredImage:
        """The answer for one file. Raises BadImage before anything is sent, or a ScoringError.

        While the service loads its model, as it does after a restart, the image waits: `on_wait` is told so once, and
        setting `cancelled` ends it with ServiceNotAnswering. A service that failed, or whose script stops whenever it
        starts, is not waited for: that raises the ServiceError with the cause.
        """
        return self.prepare(path, on_wait=on_wait, cancelled=cancelled)[1]

    def prepare(
        self, path: Path, *, on_wait: OnWait = lambda why: None, cancelled: threading.Event | None = None
    ) -> tuple[bytes, ScoredImage]:
        """The bytes that are sent for a file, and the answer to them. Waits and raises as `score` does."""
        image = prepare_image(path)
        return image, self._ask(image, path, on_wait, cancelled or threading.Event())

    def where(self) -> tuple[str, str, Secret]:
        """Name, scoring URI and key of the service as it answered last."""
        return self._endpoint.name, self._endpoint.scoring_uri, self._keys().primary

    def _ask(self, image: bytes, path: Path, on_wait: OnWait, cancelled: threading.Event) -> ScoredImage:
        keys = self._keys()
        try:
            answer = self._post(keys, image)
        except CannotReachAzure:
            if not (self._has_moved() or self._is_loading()):  # asking Azure starts a practice server that stopped
                raise
            answer = self._post(keys, image)
        if answer.status == 503 and self._is_loading():
            on_wait(Text("{name} is loading its model; the image waits for it", name=self._endpoint.name))
            answer = self._post_until_loaded(keys, image, cancelled)
        self._waited_in_vain = False
        self._ended, self._log_pause_s, self._log_due_s = None, self._first_log_pause_s, 0.0
        if answer.status == 401:
            log.info("the key of %s was refused; asking for the present one", self._endpoint.name)
            answer = self._post(self._fresh_keys(), image)
        return read_answer(answer, path, service_name=self._endpoint.name, timeout_s=self._timeout_s)

    def make_new_key(self) -> None:
        """Replace the primary key in Azure and in the keystore; whoever holds the old one is shut out."""
        keys = self._backend().regenerate_key(self._endpoint.name, WhichKey.PRIMARY)
        save_service_keys(self._keystore, self._site.key_entry(self._endpoint.name), keys)

    def _post(self, keys: ServiceKeys, image: bytes) -> ScoringAnswer:
        return self._client.post(self._endpoint.scoring_uri, keys.primary, image, timeout_s=self._timeout_s)

    def _is_loading(self) -> bool:
        """Whether a 503 means that no replica is ready yet, by Azure's word; of a healthy service it means busy.

        Raises the ServiceError that tells why none will be.
        """
        try:
            backend = self._backend()
            service = backend.web_service(self._endpoint.name)
            if service is None or service.state is ServiceState.TRANSITIONING:
                return service is not None
            if service.state not in (ServiceState.UNHEALTHY, ServiceState.FAILED):
                return False
            is_news = service.state is ServiceState.FAILED and self._ended is None
            if is_news or time.monotonic() >= self._log_due_s:
                self._ended = why_it_will_not_come(service, backend)
                self._log_due_s = time.monotonic() + self._log_pause_s
                self._log_pause_s = min(2 * self._log_pause_s, _LONGEST_LOG_PAUSE_S)
        except AssistantError as exc:
            log.info("whether %s is loading could not be found out: %s", self._endpoint.name, exc)
            return False
        if self._ended is not None:
            raise self._ended.with_traceback(None)  # for every image the same one
        return True

    def _post_until_loaded(self, keys: ServiceKeys, image: bytes, cancelled: threading.Event) -> ScoringAnswer:
        """Ask again and again while nobody can answer. Raises ServiceNotAnswering when that lasts too long, and the
        ServiceError that ends it.

        That is waited for once: of ten thousand images only the first finds out that the model does not load.
        """
        until = time.monotonic() + self._load_patience_s
        pause_s = self._first_log_pause_s
        ask_azure_at = time.monotonic() + pause_s
        while not self._waited_in_vain and not cancelled.wait(self._look_again_s):
            answer = self._post(keys, image)
            if answer.status != 503:
                return answer
            if time.monotonic() >= ask_azure_at:
                self._is_loading()
                pause_s *= 2
                ask_azure_at = time.monotonic() + pause_s
            self._waited_in_vain = time.monotonic() >= until
        reason = Text("its model was still not loaded after {seconds:.0f} seconds", seconds=self._load_patience_s)
        raise ServiceNotAnswering(name=self._endpoint.name, reason=reason)

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


def read_answer(answer: ScoringAnswer, path: Path, *, service_name: str, timeout_s: float) -> ScoredImage:
    """What a service said about one file. Raises the error that its status, or its odd answer, means."""
    if answer.status != 200:
        raise _refusal(answer, path, service_name, timeout_s)
    try:
        body = json.loads(answer.body)
        predictions = tuple(
            Prediction(int(one["index"]), float(one["probability"]), one.get("label")) for one in body["predictions"]
        )
        return ScoredImage(path, predictions, answer.latency_ms, float(body["model_ms"]), str(body["device"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ScoringError(
            reason=Text(
                "{name} answered something that is not a prediction. Was it deployed with another scoring script?",
                name=service_name,
            )
        ) from None


def _refusal(answer: ScoringAnswer, path: Path, name: str, timeout_s: float) -> AssistantError:
    status, reason = answer.status, _reason(answer)
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
        return ScoringTimedOut(name=name, seconds=timeout_s)
    if status in (500, 502, 424):
        return ServiceScriptFailed(name=name, status=status, reason=reason or Text("the log tells more"))
    return ServiceNotAnswering(name=name, reason=f"HTTP {status} {reason}".strip())


def _reason(answer: ScoringAnswer) -> str:
    try:
        error = json.loads(answer.body)["error"]
        return str(error["message"])[:300]
    except (ValueError, KeyError, TypeError):
        return ""
