"""What every `WorkspaceBackend` promises, run against the practice workspace through the real SDK process.

By hand and opt-in, the part that costs nothing also runs against Azure: the emulator is right when these tests
cannot tell the two apart.

    az login
    GPU_ASSISTANT_LIVE_WORKSPACE=config.json pytest tests/contract -m live
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import certifi
import pytest
import requests

from gpu_assistant.backends.base import BackendConfig, DownloadProgress, Phase, ResourceStatus, UploadProgress
from gpu_assistant.backends.remote import RemoteBackend
from gpu_assistant.domain.billing import (
    CREATED_BY,
    CREATED_BY_TAG,
    LEDGER_ID_TAG,
    ResourceHandle,
    ResourceKind,
)
from gpu_assistant.domain.compute import Availability, ComputeSpec, ComputeState
from gpu_assistant.domain.errors import (
    BadSetting,
    Cancelled,
    CannotReachAzure,
    ComputeNameTaken,
    ComputeNotFound,
    ModelError,
    ModelNotFound,
    ModelUploadFailed,
    ServiceNameTaken,
    ServiceNotFound,
    WorkspaceNotFound,
)
from gpu_assistant.domain.model import RegisteredModel
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.service import Autoscale, DeploymentSpec, EnvironmentSpec, ServiceState, WhichKey
from gpu_assistant.domain.workspace import SignInMethod, WorkspaceRef
from tests.fakes.practice_azure import PracticeAzure

LIVE = os.environ.get("GPU_ASSISTANT_LIVE_WORKSPACE", "")

CLUSTER = ResourceHandle(ResourceKind.COMPUTE_TARGET, "gpu-aks")
SERVICE = ResourceHandle(ResourceKind.WEB_SERVICE, "resnet")
NOWHERE = ResourceHandle(ResourceKind.COMPUTE_TARGET, "no-such-aks")
NO_SERVICE = ResourceHandle(ResourceKind.WEB_SERVICE, "no-such-service")

CONDA = """\
name: contract
dependencies:
  - python=3.11
  - pip:
      - azureml-contrib-services
      - azureml-inference-server-http
"""
ENTRY_SCRIPT = """\
import os
from azureml.contrib.services.aml_request import rawhttp
from azureml.contrib.services.aml_response import AMLResponse


def init():
    print("the model lies in", os.environ["AZUREML_MODEL_DIR"], os.environ["ANSWER"], flush=True)


@rawhttp
def run(request):
    return AMLResponse(os.environ["ANSWER"], 200)
"""


def tags(ledger_id: str) -> dict[str, str]:
    return {CREATED_BY_TAG: CREATED_BY, LEDGER_ID_TAG: ledger_id}


def cluster(ledger_id: str = "row-1", **changes: object) -> ComputeSpec:
    spec = ComputeSpec(CLUSTER.name, "Standard_NC4as_T4_v3", 1, tags=tags(ledger_id))
    return replace(spec, **changes)  # type: ignore[arg-type]


def service(sources: Path, model: RegisteredModel, ledger_id: str = "row-2", **changes: object) -> DeploymentSpec:
    spec = DeploymentSpec(
        service_name=SERVICE.name,
        model_id=model.id,
        compute_target=CLUSTER.name,
        source_folder=sources,
        entry_script="score.py",
        environment=EnvironmentSpec("contract", CONDA, "mcr.microsoft.com/azureml/inference-base-cuda"),
        environment_variables={"ANSWER": "forty-two"},
        tags=tags(ledger_id),
    )
    return replace(spec, **changes)  # type: ignore[arg-type]


def wait_until(read: Callable[[], ResourceStatus], phase: Phase) -> ResourceStatus:
    deadline = time.monotonic() + 60
    while (status := read()).phase is not phase:
        assert time.monotonic() < deadline, f"it stayed {status}"
        assert phase is Phase.FAILED or status.phase is not Phase.FAILED, status
        time.sleep(0.05)
    return status


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeAzure]:
    played = PracticeAzure(tmp_path_factory.mktemp("azure"))
    yield played
    assert played.unknown == []
    played.close()


@pytest.fixture(scope="module")
def practice(azure: PracticeAzure) -> RemoteBackend:
    return azure.signed_in()


@pytest.fixture
def backend(practice: RemoteBackend, azure: PracticeAzure) -> Iterator[RemoteBackend]:
    """The practice workspace without clusters and services; models of other tests may be there."""
    yield practice
    azure.set(scenario="none", speed="max")
    for handle in (SERVICE, CLUSTER):
        practice.start_delete(handle)
        wait_until(lambda handle=handle: practice.status(handle), Phase.ABSENT)


@pytest.fixture(scope="module")
def model(practice: RemoteBackend, tmp_path_factory: pytest.TempPathFactory) -> RegisteredModel:
    return practice.register_model("tiny", saved_model(tmp_path_factory.mktemp("model")), tags={})


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "scoring"
    folder.mkdir()
    (folder / "score.py").write_text(ENTRY_SCRIPT)
    return folder


def saved_model(parent: Path, name: str = "saved_model", size: int = 700_000) -> Path:
    folder = parent / name
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"pb")
    (folder / "variables" / "variables.data-00000-of-00001").write_bytes(b"\0" * size)
    return folder


@contextmanager
def live() -> Iterator[RemoteBackend]:
    found = json.loads(Path(LIVE).read_text(encoding="utf-8"))
    backend = RemoteBackend(BackendConfig)
    try:
        backend.sign_in(SignInMethod.AZURE_CLI, tenant_id=found.get("tenant_id", ""))
        backend.open_workspace(WorkspaceRef(found["subscription_id"], found["resource_group"], found["workspace_name"]))
        yield backend
    finally:
        backend.close()


class ReadingContract:
    """Costs nothing, so it is asked of Azure too."""

    def test_the_workspace_is_found_by_walking_down(self, backend: RemoteBackend) -> None:
        subscriptions = backend.subscriptions()
        assert subscriptions
        assert all(found.subscription_id and found.name and found.tenant_id for found in subscriptions)
        everything = [ref for found in subscriptions for ref in backend.workspaces(found.subscription_id)]
        assert everything
        assert all(ref.name and ref.resource_group and ref.region for ref in everything)

    def test_a_workspace_that_does_not_exist(self, backend: RemoteBackend) -> None:
        subscription_id = backend.subscriptions()[0].subscription_id
        with pytest.raises(WorkspaceNotFound, match="no-such-workspace"):
            backend.open_workspace(WorkspaceRef(subscription_id, "no-such-group", "no-such-workspace"))

    def test_offers_say_what_stands_in_the_way(self, backend: RemoteBackend) -> None:
        offers = {offer.vm_size.name: offer for offer in backend.vm_size_offers()}
        retired = offers["Standard_NC6"]
        assert retired.availability is Availability.RETIRED
        assert "Standard_NC4as_T4_v3" in retired.reason
        for offer in offers.values():
            assert offer.reason or offer.availability is Availability.AVAILABLE
            assert offer.price is None or offer.price.amount > 0
            if offer.availability is Availability.AVAILABLE:
                assert offer.quota is not None
                assert offer.quota.free_vcpus >= offer.vm_size.vcpus

    def test_what_does_not_exist_reads_as_nothing(self, backend: RemoteBackend) -> None:
        assert backend.compute_target(NOWHERE.name) is None
        assert backend.web_service(NO_SERVICE.name) is None
        for handle in (NOWHERE, NO_SERVICE):
            assert backend.status(handle).phase is Phase.ABSENT
            assert backend.exists(handle) is False
            backend.start_delete(handle)
        assert list(backend.models("no-such-model")) == []
        for read in (backend.service_log, backend.keys):
            with pytest.raises(ServiceNotFound):
                read(NO_SERVICE.name)

    def test_lists_can_be_read(self, backend: RemoteBackend) -> None:
        assert all(target.name for target in backend.compute_targets())
        assert all(found.name for found in backend.web_services())
        assert all(found.handle.name for found in backend.resources_tagged_ours())
        assert all(model.id == f"{model.name}:{model.version}" for model in backend.models())

    def test_a_registered_model_shows_its_graph_or_says_why_not(self, backend: RemoteBackend, tmp_path: Path) -> None:
        for model in backend.models()[:5]:
            folder = tmp_path / f"{model.name}-{model.version}"
            try:
                found = backend.download_model_graph(model.id, folder)
            except ModelError:
                continue
            assert (found.folder / "saved_model.pb").is_file()
            assert all(size is not None for size in found.left_out.values())
        with pytest.raises(ModelNotFound, match="no-such-model:1"):
            backend.download_model_graph("no-such-model:1", tmp_path)


@pytest.mark.live
@pytest.mark.skipif(not LIVE, reason="GPU_ASSISTANT_LIVE_WORKSPACE is not set")
class TestLive(ReadingContract):
    """Azure itself."""

    @pytest.fixture(scope="class")
    def backend(self) -> Iterator[RemoteBackend]:
        with live() as backend:
            yield backend


class TestReading(ReadingContract):
    """The practice workspace."""


class TestModels:
    def test_versions_count_up_and_come_newest_first(self, backend: RemoteBackend, tmp_path: Path) -> None:
        folder = saved_model(tmp_path)
        first = backend.register_model("counted", folder, tags={"made-by": "test"})
        second = backend.register_model("counted", folder, tags={})
        assert (first.id, second.id) == ("counted:1", "counted:2")
        assert first.tags == {"made-by": "test"}
        assert [model.version for model in backend.models("counted")] == [2, 1]

    def test_progress_counts_the_bytes_that_leave(self, backend: RemoteBackend, tmp_path: Path) -> None:
        seen: list[UploadProgress] = []
        backend.register_model("watched", saved_model(tmp_path, size=2_000_000), tags={}, on_upload=seen.append)
        done = [progress.done_bytes for progress in seen]
        assert {progress.total_bytes for progress in seen} == {2_000_002}
        assert done == sorted(done)
        assert done[-1] == 2_000_002
        assert len(set(done)) > 4
        assert "variables/variables.data-00000-of-00001" in {progress.file for progress in seen}

    def test_a_folder_with_any_name(self, backend: RemoteBackend, tmp_path: Path) -> None:
        model = backend.register_model("odd", saved_model(tmp_path, "내 모델 {1} 100%20"), tags={})
        assert model.id == "odd:1"

    @pytest.mark.parametrize("trouble", ["missing", "empty", "a file inside that the SDK cannot name"])
    def test_a_folder_that_cannot_be_uploaded(self, backend: RemoteBackend, tmp_path: Path, trouble: str) -> None:
        folder = tmp_path / "model"
        if trouble != "missing":
            folder.mkdir()
        if trouble.startswith("a file"):
            (folder / "my labels.txt").write_text("x")
        with pytest.raises(ModelUploadFailed):
            backend.register_model("broken", folder, tags={})
        assert list(backend.models("broken")) == []


class TestModelGraphs:
    """What describes a registered model, read without its weights."""

    def test_it_comes_with_the_labels_and_without_the_weights(self, backend: RemoteBackend, tmp_path: Path) -> None:
        source = saved_model(tmp_path, "described", size=3_000_000)
        (source / "saved_model.pb").write_bytes(b"g" * 2_500_000)
        (source / "assets").mkdir()
        (source / "assets" / "labels.txt").write_bytes(b"cat\ndog\n")
        model = backend.register_model("described", source, tags={})
        seen: list[DownloadProgress] = []
        found = backend.download_model_graph(model.id, tmp_path / "copy", on_download=seen.append)
        assert [file.name for file in found.folder.iterdir()] == ["saved_model.pb"]
        assert (found.folder / "saved_model.pb").read_bytes() == b"g" * 2_500_000
        assert found.left_out == {"assets/labels.txt": 8, "variables/variables.data-00000-of-00001": 3_000_000}
        assert found.labels is not None
        assert found.labels.read_bytes() == b"cat\ndog\n"
        assert found.labels_from == "described/assets/labels.txt"
        done = [progress.done_bytes for progress in seen]
        assert done == sorted(done)
        assert (len(done) > 2, done[-1]) == (True, 2_500_000)
        assert sum(file.stat().st_size for file in (tmp_path / "copy").rglob("*") if file.is_file()) == 2_500_008

    def test_over_a_slow_network(self, backend: RemoteBackend, azure: PracticeAzure, tmp_path: Path) -> None:
        model = backend.register_model("slow", saved_model(tmp_path, "slow"), tags={})
        azure.set(scenario="slow-network")
        found = backend.download_model_graph(model.id, tmp_path / "copy")
        assert (found.folder / "saved_model.pb").read_bytes() == b"pb"

    def test_what_is_no_saved_model(self, backend: RemoteBackend, tmp_path: Path) -> None:
        (tmp_path / "exported").mkdir()
        (tmp_path / "exported" / "resnet.onnx").write_bytes(b"\x08\x07")
        model = backend.register_model("onnx", tmp_path / "exported", tags={})
        with pytest.raises(ModelError, match=r"onnx:1 is no TensorFlow SavedModel: it holds resnet\.onnx \(ONNX\)"):
            backend.download_model_graph(model.id, tmp_path / "copy")

    def test_a_huge_graph_is_refused_before_it_comes(
        self, backend: RemoteBackend, azure: PracticeAzure, tmp_path: Path
    ) -> None:
        model = backend.register_model("huge", saved_model(tmp_path, "huge"), tags={})
        os.truncate(azure.blob("huge/saved_model.pb"), 300_000_000)
        seen: list[DownloadProgress] = []
        with pytest.raises(ModelError, match="300 MB"):
            backend.download_model_graph(model.id, tmp_path / "copy", on_download=seen.append)
        assert seen == []
        assert not [file for file in tmp_path.rglob("copy/**/*") if file.is_file()]

    def test_no_signature_is_logged_when_the_libraries_speak(
        self, azure: PracticeAzure, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        backend = azure.backend(token=Secret(azure.token()), debug=True)
        backend.open_workspace(azure.workspace)
        model = backend.register_model("spoken", saved_model(tmp_path, "spoken"), tags={})
        caplog.set_level(logging.DEBUG)
        backend.download_model_graph(model.id, tmp_path / "copy")
        backend.close()
        assert "spoken/saved_model.pb?" in caplog.text, "the requests were heard"
        assert "sig=••••" in caplog.text
        assert "sig=" not in caplog.text.replace("sig=••••", "")

    def test_weights_that_the_registry_lost_are_not_named(
        self, backend: RemoteBackend, azure: PracticeAzure, tmp_path: Path
    ) -> None:
        model = backend.register_model("lost", saved_model(tmp_path, "lost"), tags={})
        azure.blob("lost/variables/*").unlink()
        assert backend.download_model_graph(model.id, tmp_path / "copy").left_out == {}


class TestWholeModels:
    """A registered model with all its files, as a rehearsal needs it."""

    def test_every_file_comes_byte_for_byte(self, backend: RemoteBackend, tmp_path: Path) -> None:
        source = saved_model(tmp_path, "whole", size=2_500_000)
        (source / "assets").mkdir()
        (source / "assets" / "labels.txt").write_bytes(b"cat\ndog\n")
        model = backend.register_model("whole", source, tags={})
        seen: list[DownloadProgress] = []
        found = backend.download_model(model.id, tmp_path / "copy", on_download=seen.append)
        assert found.name == "whole"
        wanted = {file.relative_to(source): file.read_bytes() for file in source.rglob("*") if file.is_file()}
        copied = {file.relative_to(found): file.read_bytes() for file in found.rglob("*") if file.is_file()}
        assert copied == wanted
        done = [progress.done_bytes for progress in seen]
        assert done == sorted(done)
        assert done[-1] == seen[-1].total_bytes == sum(map(len, wanted.values()))

    def test_one_that_is_not_there(self, backend: RemoteBackend, tmp_path: Path) -> None:
        with pytest.raises(ModelNotFound):
            backend.download_model("no-such-model:1", tmp_path / "copy")

    def test_files_that_the_registry_lost(self, backend: RemoteBackend, azure: PracticeAzure, tmp_path: Path) -> None:
        model = backend.register_model("lost-whole", saved_model(tmp_path, "lost-whole"), tags={})
        azure.blob("lost-whole/variables/*").unlink()
        found = backend.download_model(model.id, tmp_path / "copy")
        assert [file.name for file in found.rglob("*") if file.is_file()] == ["saved_model.pb"]


class TestComputeTargets:
    def test_from_creation_to_proven_absence(self, backend: RemoteBackend) -> None:
        handle = backend.start_compute_target(cluster())
        wait_until(lambda: backend.status(handle), Phase.READY)
        target = backend.compute_target(CLUSTER.name)
        assert target is not None
        assert (target.vm_size, target.node_count, target.state) == ("Standard_NC4as_T4_v3", 1, ComputeState.READY)
        assert target.tags == tags("row-1")
        assert not target.attached
        assert target.azure_id == handle.azure_id
        assert backend.exists(handle)
        assert [found.name for found in backend.compute_targets()] == [CLUSTER.name]
        behind = ResourceHandle(handle.kind, handle.name, target.underlying_id)
        backend.start_delete(handle)
        wait_until(lambda: backend.status(handle), Phase.ABSENT)
        assert backend.exists(handle) is False
        assert backend.exists(behind) is False
        backend.start_delete(handle)

    def test_the_same_request_again_is_the_same_cluster_and_another_is_refused(self, backend: RemoteBackend) -> None:
        handle = backend.start_compute_target(cluster())
        assert backend.start_compute_target(cluster()) == handle
        with pytest.raises(ComputeNameTaken):
            backend.start_compute_target(cluster("another row"))
        with pytest.raises(ComputeNameTaken):
            backend.start_compute_target(cluster(tags={}))

    @pytest.mark.parametrize("scenario", ["answer-lost", "connection-reset", "too-many-requests"])
    def test_a_stumbling_network_makes_one_cluster(
        self, backend: RemoteBackend, azure: PracticeAzure, scenario: str
    ) -> None:
        azure.set(scenario=scenario)
        handle = backend.start_compute_target(cluster())
        azure.set(scenario="none")
        assert backend.exists(handle)
        assert len(backend.compute_targets()) == 1

    def test_a_reserved_name_is_refused_before_azure_hears_of_it(self, backend: RemoteBackend) -> None:
        with pytest.raises(BadSetting):
            backend.start_compute_target(cluster(name="amlcompute"))

    @pytest.mark.parametrize("scenario", ["delete-fails-once", "delete-ignored"])
    def test_a_deletion_that_comes_to_nothing_is_not_believed(
        self, backend: RemoteBackend, azure: PracticeAzure, scenario: str
    ) -> None:
        handle = backend.start_compute_target(cluster())
        wait_until(lambda: backend.status(handle), Phase.READY)
        azure.set(scenario=scenario)
        backend.start_delete(handle)
        assert backend.exists(handle)
        assert backend.status(handle).phase is not Phase.ABSENT

    def test_a_cluster_that_is_still_being_made_or_deleted_exists(
        self, backend: RemoteBackend, azure: PracticeAzure
    ) -> None:
        azure.set(speed=1)
        handle = backend.start_compute_target(cluster())
        assert backend.status(handle).phase is Phase.PROVISIONING
        azure.set(speed="max")
        wait_until(lambda: backend.status(handle), Phase.READY)
        azure.set(speed=1)
        backend.start_delete(handle)
        assert backend.status(handle).phase is Phase.DELETING
        assert backend.exists(handle)


class TestWebServices:
    @pytest.fixture
    def ready_cluster(self, backend: RemoteBackend) -> ResourceHandle:
        handle = backend.start_compute_target(cluster())
        wait_until(lambda: backend.status(handle), Phase.READY)
        return handle

    def test_from_deployment_to_proven_absence(
        self, backend: RemoteBackend, ready_cluster: ResourceHandle, sources: Path, model: RegisteredModel
    ) -> None:
        handle = backend.start_web_service(service(sources, model))
        wait_until(lambda: backend.status(handle), Phase.READY)
        found = backend.web_service(SERVICE.name)
        assert found is not None
        assert (found.state, found.compute_target) == (ServiceState.HEALTHY, CLUSTER.name)
        assert found.tags == tags("row-2")
        assert "the model lies in" in backend.service_log(SERVICE.name)
        keys = backend.keys(SERVICE.name)
        assert score(found.scoring_uri, keys.primary.reveal()) == (200, "forty-two")
        assert score(found.scoring_uri, "wrong")[0] == 401

        renewed = backend.regenerate_key(SERVICE.name, WhichKey.PRIMARY)
        assert renewed.primary != keys.primary
        assert renewed.secondary == keys.secondary
        assert score(found.scoring_uri, renewed.primary.reveal())[0] == 200
        assert score(found.scoring_uri, keys.primary.reveal())[0] == 401

        ours = {resource.handle.name: resource for resource in backend.resources_tagged_ours()}
        assert set(ours) == {SERVICE.name, CLUSTER.name}
        assert {name: resource.ledger_id for name, resource in ours.items()} == {
            SERVICE.name: "row-2",
            CLUSTER.name: "row-1",
        }
        assert all(resource.owned for resource in ours.values())

        backend.start_delete(handle)
        wait_until(lambda: backend.status(handle), Phase.ABSENT)
        assert backend.exists(handle) is False
        backend.start_delete(handle)

    @pytest.mark.parametrize(
        ("changes", "replicas", "autoscaler"),
        [
            pytest.param({"replicas": 2}, 2, {"autoscaleEnabled": False}, id="fixed"),
            pytest.param(
                {"replicas": 2, "autoscale": Autoscale(5, 60, 3)},
                2,
                {
                    "autoscaleEnabled": True,
                    "minReplicas": 2,
                    "maxReplicas": 5,
                    "targetUtilization": 60,
                    "refreshPeriodInSeconds": 3,
                },
                id="by load",
            ),
        ],
    )
    def test_replicas_are_fixed_or_follow_the_load(
        self,
        backend: RemoteBackend,
        azure: PracticeAzure,
        ready_cluster: ResourceHandle,
        sources: Path,
        model: RegisteredModel,
        changes: dict[str, object],
        replicas: int,
        autoscaler: dict[str, object],
    ) -> None:
        backend.start_web_service(service(sources, model, **changes))
        reported = azure.service_body(SERVICE.name)
        assert reported["numReplicas"] == replicas
        assert {key: reported["autoScaler"][key] for key in autoscaler} == autoscaler
        seen = backend.web_service(SERVICE.name)
        assert seen is not None
        assert (seen.gpus, seen.memory_gb) == (replicas, 4.0)

    def test_what_lets_requests_share_a_call_of_the_model_reaches_the_service(
        self,
        backend: RemoteBackend,
        azure: PracticeAzure,
        ready_cluster: ResourceHandle,
        sources: Path,
        model: RegisteredModel,
    ) -> None:
        variables = {"GUNICORN_CMD_ARGS": "--worker-class gthread --threads 9", "WORKER_COUNT": "1"}
        settings = {"concurrent_requests": 7, "queue_wait_ms": 1234, "scoring_timeout_ms": 5678}
        backend.start_web_service(service(sources, model, environment_variables=variables, **settings))
        reported = azure.service_body(SERVICE.name)
        assert reported["maxConcurrentRequestsPerContainer"] == 7
        assert reported["maxQueueWaitMs"] == 1234
        assert reported["scoringTimeoutMs"] == 5678
        assert reported["livenessProbeRequirements"]["initialDelaySeconds"] == 900
        assert reported["livenessProbeRequirements"]["timeoutSeconds"] == 10
        told = reported["environmentImageRequest"]["environment"]["environmentVariables"]
        assert variables.items() <= told.items()

    def test_the_same_request_again_and_a_taken_name(
        self, backend: RemoteBackend, ready_cluster: ResourceHandle, sources: Path, model: RegisteredModel
    ) -> None:
        handle = backend.start_web_service(service(sources, model))
        assert backend.start_web_service(service(sources, model)) == handle
        with pytest.raises(ServiceNameTaken):
            backend.start_web_service(service(sources, model, "another row"))

    def test_an_answer_that_is_lost_leaves_one_service_with_its_handle(
        self,
        backend: RemoteBackend,
        azure: PracticeAzure,
        ready_cluster: ResourceHandle,
        sources: Path,
        model: RegisteredModel,
    ) -> None:
        azure.set(scenario="answer-lost")
        handle = backend.start_web_service(service(sources, model))
        azure.set(scenario="none")
        assert backend.exists(handle)
        assert len(backend.web_services()) == 1

    def test_what_is_missing_is_named(
        self, backend: RemoteBackend, ready_cluster: ResourceHandle, sources: Path, model: RegisteredModel
    ) -> None:
        with pytest.raises(ComputeNotFound, match="no-such-aks"):
            backend.start_web_service(service(sources, model, compute_target="no-such-aks"))
        with pytest.raises(ModelNotFound, match="nobody:7"):
            backend.start_web_service(service(sources, model, model_id="nobody:7"))
        assert backend.exists(SERVICE) is False

    def test_a_deletion_that_fails_is_not_believed(
        self,
        backend: RemoteBackend,
        azure: PracticeAzure,
        ready_cluster: ResourceHandle,
        sources: Path,
        model: RegisteredModel,
    ) -> None:
        handle = backend.start_web_service(service(sources, model))
        azure.set(scenario="delete-ignored")
        backend.start_delete(handle)
        assert backend.exists(handle)
        assert backend.status(handle).phase is not Phase.ABSENT

    def test_a_failed_service_says_why(
        self,
        backend: RemoteBackend,
        azure: PracticeAzure,
        ready_cluster: ResourceHandle,
        sources: Path,
        model: RegisteredModel,
    ) -> None:
        azure.set(scenario="image-build-fails")
        handle = backend.start_web_service(service(sources, model))
        status = wait_until(lambda: backend.status(handle), Phase.FAILED)
        assert status.error_code or status.error
        assert backend.exists(handle)


class TestTheConnection:
    def test_no_secret_is_logged_and_the_home_of_the_person_is_left_alone(
        self, azure: PracticeAzure, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        caplog.set_level(logging.DEBUG)
        monkeypatch.setenv("HOME", str(tmp_path / "person"))
        (tmp_path / "person").mkdir()
        token = azure.token()
        backend = azure.backend(token=Secret(token))
        backend.open_workspace(azure.workspace)
        backend.register_model("logged", saved_model(tmp_path), tags={})
        assert caplog.records, "the SDK was heard"
        assert token not in caplog.text
        assert "sig=" not in caplog.text.replace("sig=••••", "")
        assert list((tmp_path / "person").rglob("*")) == []

    def test_after_a_cancel_the_workspace_is_open_again(self, backend: RemoteBackend) -> None:
        cancel = threading.Event()
        cancel.set()
        with pytest.raises(Cancelled):
            backend.bound_to(cancel).models()
        backend._process.restart()
        assert list(backend.compute_targets()) == []

    def test_azure_out_of_reach(self, azure: PracticeAzure, practice: RemoteBackend) -> None:
        nowhere = azure.backend(more_environment={"HTTPS_PROXY": "http://127.0.0.1:9"}, token=_token(azure))
        with pytest.raises(CannotReachAzure, match=r"Check the network, VPN or proxy"):
            nowhere.subscriptions()
        with pytest.raises(CannotReachAzure):
            nowhere.open_workspace(azure.workspace)

    def test_a_certificate_that_is_not_trusted(self, azure: PracticeAzure) -> None:
        strict = azure.backend(more_environment={"REQUESTS_CA_BUNDLE": certifi.where()}, token=_token(azure))
        with pytest.raises(CannotReachAzure, match="certificate"):
            strict.subscriptions()


def _token(azure: PracticeAzure) -> Secret:
    return Secret(azure.token())


def score(url: str, key: str) -> tuple[int, str]:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(url, data=b"an image", headers={"Authorization": f"Bearer {key}"}, timeout=30)
        return answer.status_code, answer.text
