from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from PIL import Image

from gpu_assistant.domain.billing import ResourceKind, ResourceState
from gpu_assistant.domain.errors import (
    AssistantError,
    BadImage,
    CannotReachAzure,
    EntryScriptCrashed,
    KeyRejected,
    NotSchedulable,
    OutOfMemory,
    ScoringError,
    ScoringTimedOut,
    ServiceBusy,
    ServiceFailed,
    ServiceNotAnswering,
    ServiceNotFound,
    ServiceScriptFailed,
)
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.service import ServiceKeys, ServiceState, WebService
from gpu_assistant.keystore import SessionKeystore, load_service_keys, save_service_keys
from gpu_assistant.ledger import Ledger
from gpu_assistant.scoring_client import ScoringClient
from gpu_assistant.workflows.score_image import Endpoint, Scorer, find_endpoint
from gpu_assistant.workflows.site import Site
from tests.fakes.scripted_backend import ScriptedBackend

GOOD = {"predictions": [{"index": 505, "label": "espresso", "probability": 0.94}], "model_ms": 7.5, "device": "/GPU:0"}


class Service:
    """A scoring URI on loopback that answers as told and remembers what it was sent."""

    def __init__(self) -> None:
        self.status = 200
        self.body: object = GOOD
        self.key = "good-key"
        self.received: list[bytes] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                service.received.append(self.rfile.read(int(self.headers["Content-Length"])))
                refused = self.headers["Authorization"] != f"Bearer {service.key}"
                body = b"" if refused else json.dumps(service.body).encode()
                self.send_response(401 if refused else service.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self.server.server_port}/score"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.server.shutdown()
    service.server.server_close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "사진 {1}.png"
    Image.new("RGB", (40, 30), "brown").save(path)
    return path


MakeScorer = Callable[..., Scorer]


@pytest.fixture
def make_scorer(
    service: Service, azure: ScriptedBackend, ledger: Ledger, keystore: SessionKeystore, site: Site
) -> Iterator[MakeScorer]:
    """Makes the scorer of the service, with patience and pauses as a test wants them."""
    azure.secret_keys = ServiceKeys(Secret("good-key"), Secret("other-key"))
    client = ScoringClient()

    def make(endpoint: Endpoint | None = None, **pace_s: float) -> Scorer:
        return Scorer(
            endpoint or Endpoint("svc", service.uri),
            site=site,
            ledger=ledger,
            keystore=keystore,
            client=client,
            backend=lambda: azure,
            **pace_s,
        )

    yield make
    client.close()


@pytest.fixture
def scorer(make_scorer: MakeScorer) -> Scorer:
    return make_scorer(timeout_s=5)


def test_a_photo_is_answered(scorer: Scorer, photo: Path, service: Service) -> None:
    scored = scorer.score(photo)
    assert scored.predictions[0].label == "espresso"
    assert (scored.model_ms, scored.device) == (7.5, "/GPU:0")
    assert scored.latency_ms > 0
    assert service.received[0].startswith(b"\xff\xd8")


def test_a_stored_key_needs_no_azure(
    scorer: Scorer, photo: Path, azure: ScriptedBackend, keystore: SessionKeystore, site: Site
) -> None:
    save_service_keys(keystore, site.key_entry("svc"), azure.secret_keys)
    scorer.score(photo)
    assert not azure.calls


def test_a_changed_key_is_fetched_once_and_kept(
    scorer: Scorer, photo: Path, azure: ScriptedBackend, keystore: SessionKeystore, site: Site
) -> None:
    save_service_keys(keystore, site.key_entry("svc"), ServiceKeys(Secret("old"), Secret("old")))
    scorer.score(photo)
    scorer.score(photo)
    assert azure.calls["keys"] == 1
    assert load_service_keys(keystore, site.key_entry("svc")) == azure.secret_keys


def test_a_key_that_is_refused_twice_is_an_error(scorer: Scorer, photo: Path, service: Service) -> None:
    service.key = "another"
    with pytest.raises(KeyRejected):
        scorer.score(photo)
    assert len(service.received) == 2


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, BadImage),
        (413, BadImage),
        (415, BadImage),
        (404, ServiceNotFound),
        (403, KeyRejected),
        (429, ServiceBusy),
        (503, ServiceBusy),
        (408, ScoringTimedOut),
        (504, ScoringTimedOut),
        (500, ServiceScriptFailed),
        (502, ServiceScriptFailed),
        (424, ServiceScriptFailed),
        (418, ServiceNotAnswering),
    ],
)
def test_every_refusal_has_its_own_error(
    scorer: Scorer, photo: Path, service: Service, status: int, expected: type[AssistantError]
) -> None:
    service.status = status
    service.body = {"error": {"code": "x", "message": "the reason of the service"}}
    with pytest.raises(expected) as caught:
        scorer.score(photo)
    assert caught.value.remedies


@pytest.mark.parametrize("body", [[0.1, 0.9], {}, "text", {"predictions": [{}]}])
def test_an_answer_of_another_script_is_said_to_be_that(
    scorer: Scorer, photo: Path, service: Service, body: object
) -> None:
    service.body = body
    with pytest.raises(ScoringError, match="another scoring script"):
        scorer.score(photo)


def test_a_service_that_moved_is_followed(
    make_scorer: MakeScorer, photo: Path, service: Service, azure: ScriptedBackend, ledger: Ledger, site: Site
) -> None:
    azure.services["svc"] = WebService("svc", "/s", ServiceState.HEALTHY, "gpu", scoring_uri=service.uri)
    row = ledger.intend(ResourceKind.WEB_SERVICE, "svc", site.workspace)
    ledger.record(row.ledger_id, ResourceState.LIVE, scoring_uri="http://127.0.0.1:1/score")
    endpoint = find_endpoint("", site=site, ledger=ledger, backend=lambda: azure)
    make_scorer(endpoint).score(photo)
    assert ledger.open_rows()[0].scoring_uri == service.uri


@pytest.fixture
def patient(make_scorer: MakeScorer) -> Scorer:
    """Who waits for a model, at the pace of a test."""
    return make_scorer(load_patience_s=0.3, look_again_s=0.02)


def state_is(azure: ScriptedBackend, state: ServiceState) -> None:
    azure.services["svc"] = WebService("svc", "/s", state, "gpu")


@pytest.mark.parametrize("state", [ServiceState.TRANSITIONING, ServiceState.UNHEALTHY])
def test_an_image_waits_while_the_model_is_loading(
    patient: Scorer, photo: Path, service: Service, azure: ScriptedBackend, state: ServiceState
) -> None:
    state_is(azure, state)
    service.status = 503
    told: list[str] = []

    def loaded_soon(why: str) -> None:
        told.append(why)
        service.status = 200

    assert patient.score(photo, on_wait=loaded_soon).predictions[0].label == "espresso"
    assert told == ["svc is loading its model; the image waits for it"]


def test_a_model_that_does_not_load_is_waited_for_once(
    patient: Scorer, photo: Path, service: Service, azure: ScriptedBackend
) -> None:
    state_is(azure, ServiceState.UNHEALTHY)
    service.status = 503
    with pytest.raises(ServiceNotAnswering, match="still not loaded"):
        patient.score(photo)
    asked = len(service.received)
    assert asked > 2
    with pytest.raises(ServiceNotAnswering, match="still not loaded"):
        patient.score(photo)
    assert len(service.received) == asked + 1
    service.status = 200
    patient.score(photo)
    service.status = 503
    with pytest.raises(ServiceNotAnswering, match="still not loaded"):
        patient.score(photo)
    assert len(service.received) > asked + 4, "after an answer there is patience again"


STARTS = "2026-11-23 04:39:52,076 I [24743] gunicorn.error - Booting worker with pid: 24743\n"
STOPPED = (
    "2026-11-23 04:39:52,918 E [24743] azmlinfsrv - User's init function failed\n"
    "ValueError: the weights are damaged\n"
    "azureml_inference_server_http.server.user_script.UserScriptException: Caught an unhandled exception\n"
    "2026-11-23 04:39:53,273 E [24714] gunicorn.error - Reason: Worker failed to boot.\n"
)
SERVES = "2026-11-23 04:39:37,572 I [24743] azmlinfsrv - Worker with pid 24743 ready for serving traffic\n"
KILLED = (
    "2026-11-23 04:40:01,000 E [24714] gunicorn.error - Worker (pid:24743) was sent SIGKILL! Perhaps out of memory?\n"
)
FAILS_ON_AN_IMAGE = "Traceback (most recent call last):\nRuntimeError: this image was odd\n"


@pytest.mark.parametrize(
    ("log_text", "error", "says"),
    [
        pytest.param(STARTS + STOPPED, EntryScriptCrashed, "ValueError: the weights are damaged", id="init-raises"),
        pytest.param(
            (STARTS + STOPPED) * 3, EntryScriptCrashed, "ValueError: the weights are damaged", id="again-and-again"
        ),
        pytest.param(
            "Reason: Worker failed to boot.", ServiceFailed, "no reason was given", id="another-server-without-a-word"
        ),
        pytest.param((STARTS + KILLED) * 2 + STARTS, OutOfMemory, "more than 4 GB", id="out-of-memory"),
    ],
)
def test_a_service_that_will_not_come_is_not_waited_for(
    patient: Scorer,
    photo: Path,
    service: Service,
    azure: ScriptedBackend,
    log_text: str,
    error: type[AssistantError],
    says: str,
) -> None:
    azure.services["svc"] = WebService("svc", "/s", ServiceState.UNHEALTHY, "gpu", memory_gb=4.0)
    azure.log_text = log_text
    service.status = 503
    told: list[str] = []
    for _ in range(3):
        with pytest.raises(error, match=says):
            patient.score(photo, on_wait=told.append)
    assert len(service.received) == 3, "each image asks once and does not wait"
    assert azure.calls["service_log"] == 2, "init and scoring container, once"
    assert told == []
    service.status = 200
    patient.score(photo)


@pytest.mark.parametrize(
    "log_text",
    [
        pytest.param("", id="empty"),
        pytest.param(STARTS + FAILS_ON_AN_IMAGE, id="an-exception-that-ended-nothing"),
        pytest.param(STARTS + STOPPED + STARTS, id="it-starts-once-more"),
        pytest.param(STARTS + SERVES + KILLED + STARTS, id="a-worker-was-replaced"),
        pytest.param((STARTS + SERVES + KILLED) * 3 + STARTS, id="workers-that-served-were-replaced"),
    ],
)
def test_a_service_that_may_still_come_is_waited_for(
    patient: Scorer, photo: Path, service: Service, azure: ScriptedBackend, log_text: str
) -> None:
    state_is(azure, ServiceState.UNHEALTHY)
    azure.log_text = log_text
    service.status = 503

    def loaded_soon(why: str) -> None:
        service.status = 200

    assert patient.score(photo, on_wait=loaded_soon).predictions[0].label == "espresso"


def test_a_script_that_stops_while_an_image_waits_ends_the_wait(
    make_scorer: MakeScorer, photo: Path, service: Service, azure: ScriptedBackend
) -> None:
    state_is(azure, ServiceState.UNHEALTHY)
    service.status = 503
    scorer = make_scorer(look_again_s=0.02, first_log_pause_s=0.1)

    def stops(why: str) -> None:
        azure.log_text = STARTS + STOPPED

    with pytest.raises(EntryScriptCrashed, match="the weights are damaged"):
        scorer.score(photo, on_wait=stops)
    assert azure.calls["web_service"] == 2, "Azure is not asked as often as the service"
    assert len(service.received) > 2


@pytest.mark.parametrize("state", [ServiceState.TRANSITIONING, ServiceState.UNHEALTHY, ServiceState.HEALTHY])
def test_azure_is_asked_ever_more_seldom_while_an_image_waits(
    make_scorer: MakeScorer, photo: Path, service: Service, azure: ScriptedBackend, state: ServiceState
) -> None:
    state_is(azure, ServiceState.TRANSITIONING)
    service.status = 503
    scorer = make_scorer(load_patience_s=0.5, look_again_s=0.01, first_log_pause_s=0.1)
    with pytest.raises(ServiceNotAnswering):
        scorer.score(photo, on_wait=lambda why: state_is(azure, state))
    assert azure.calls["web_service"] <= 4, "at once, after 0.1 s, 0.3 s and 0.7 s"


def test_a_service_that_fails_while_an_image_waits_says_why(
    patient: Scorer, photo: Path, service: Service, azure: ScriptedBackend
) -> None:
    state_is(azure, ServiceState.UNHEALTHY)
    service.status = 503
    with pytest.raises(ServiceNotAnswering):
        patient.score(photo)
    state_is(azure, ServiceState.FAILED)
    azure.log_text = STOPPED
    with pytest.raises(EntryScriptCrashed):
        patient.score(photo)


def test_a_failed_service_says_why_and_is_not_called_busy(
    patient: Scorer, photo: Path, service: Service, azure: ScriptedBackend
) -> None:
    azure.services["svc"] = WebService(
        "svc", "/s", ServiceState.FAILED, "gpu", error_code="KubernetesDeploymentFailed", error="Couldn't schedule"
    )
    service.status = 503
    with pytest.raises(NotSchedulable):
        patient.score(photo)
    assert len(service.received) == 1


def test_an_answer_asks_azure_nothing(
    patient: Scorer, photo: Path, azure: ScriptedBackend, keystore: SessionKeystore, site: Site
) -> None:
    save_service_keys(keystore, site.key_entry("svc"), ServiceKeys(Secret("good-key"), Secret("other-key")))
    patient.score(photo)
    assert not azure.calls


def test_waiting_for_the_model_can_be_stopped(
    patient: Scorer, photo: Path, service: Service, azure: ScriptedBackend
) -> None:
    state_is(azure, ServiceState.UNHEALTHY)
    service.status = 503
    stop = threading.Event()
    with pytest.raises(ServiceNotAnswering):
        patient.score(photo, on_wait=lambda why: stop.set(), cancelled=stop)
    assert len(service.received) == 1


def test_without_azure_a_503_means_busy(patient: Scorer, photo: Path, service: Service, azure: ScriptedBackend) -> None:
    service.status = 503
    azure.fail["web_service"] = [CannotReachAzure(what="Azure", reason="no network")]
    with pytest.raises(ServiceBusy):
        patient.score(photo)
    state_is(azure, ServiceState.HEALTHY)
    with pytest.raises(ServiceBusy):
        patient.score(photo)


def test_nobody_there(
    photo: Path, azure: ScriptedBackend, ledger: Ledger, keystore: SessionKeystore, site: Site
) -> None:
    azure.services["svc"] = WebService("svc", "/s", ServiceState.HEALTHY, "gpu", scoring_uri="http://127.0.0.1:1/score")
    client = ScoringClient()
    scorer = Scorer(
        Endpoint("svc", "http://127.0.0.1:1/score"),
        site=site,
        ledger=ledger,
        keystore=keystore,
        client=client,
        backend=lambda: azure,
    )
    with pytest.raises(CannotReachAzure, match="refused"):
        scorer.score(photo)


class TestFindEndpoint:
    def find(self, name: str, azure: ScriptedBackend, ledger: Ledger, site: Site) -> Endpoint:
        return find_endpoint(name, site=site, ledger=ledger, backend=lambda: azure)

    def test_none(self, azure: ScriptedBackend, ledger: Ledger, site: Site) -> None:
        with pytest.raises(ServiceNotFound):
            self.find("", azure, ledger, site)

    def test_several_are_named(self, azure: ScriptedBackend, ledger: Ledger, site: Site) -> None:
        for name in ("one", "two"):
            azure.services[name] = WebService(name, "", ServiceState.HEALTHY, "gpu", scoring_uri=f"http://{name}")
        with pytest.raises(ServiceNotFound, match="one, two"):
            self.find("", azure, ledger, site)
        assert self.find("two", azure, ledger, site).scoring_uri == "http://two"

    def test_one_that_is_not_ready_says_so(self, azure: ScriptedBackend, ledger: Ledger, site: Site) -> None:
        azure.services["svc"] = WebService("svc", "", ServiceState.TRANSITIONING, "gpu")
        with pytest.raises(ServiceNotAnswering, match="transitioning"):
            self.find("svc", azure, ledger, site)
