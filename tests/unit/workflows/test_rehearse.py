"""A rehearsal with a replica that does what the test says. The real server is in tests/practice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from gpu_assistant.domain.errors import BadSetting, Cancelled, RehearsalFailed, RehearsalTooSlow
from gpu_assistant.domain.service import DeploymentSpec
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.jobs.job import Job
from gpu_assistant.saved_model.errors import SavedModelIncomplete
from gpu_assistant.workflows.plan import DeployRequest, Shipment
from gpu_assistant.workflows.rehearse import Rehearsal, rehearsal_spec, rehearse
from tests.fakes import wire_writer as wire
from tests.fakes.pictures import picture
from tests.fakes.stub_service import Manners, stub_service

VERSIONS = {"python": "3.11.9", "tensorflow": "2.21.0", "azureml-inference-server-http": "1.5.1"}
CONDA = """
dependencies:
  - python=3.11
  - pip:
      - tensorflow[and-cuda]==2.21.0
      - azureml-inference-server-http==1.5.1
"""


class ScriptedReplica:
    """Ready after `looks` looks at it, with `log`; or ended then."""

    def __init__(self, uri: str = "", *, looks: int = 1, log: tuple[str, ...] = (), ends: bool = False) -> None:
        self.scoring_uri = uri
        self.closed = False
        self._looks = looks
        self._log = log
        self._ends = ends

    @property
    def is_ready(self) -> bool:
        self._looks -= 1
        return self._looks < 0 and not self._ends

    @property
    def has_ended(self) -> bool:
        return self._looks < 0 and self._ends

    def log_lines(self) -> list[str]:
        return list(self._log)

    def close(self) -> None:
        self.closed = True


class Stage:
    def __init__(self, replica: ScriptedReplica, versions: Mapping[str, str] | None = None) -> None:
        self.replica = replica
        self.started: list[tuple[DeploymentSpec, Path]] = []
        self._versions = versions or VERSIONS

    def start_replica(self, spec: DeploymentSpec, model_folder: Path) -> ScriptedReplica:
        self.started.append((spec, model_folder))
        return self.replica

    def versions(self) -> Mapping[str, str]:
        return self._versions


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "resnet"
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(wire.saved_model(wire.meta_graph(wire.CLASSIFIER)))
    return folder


@pytest.fixture
def shipment(tmp_path: Path) -> Shipment:
    folder = tmp_path / "scoring"
    folder.mkdir()
    (folder / "environment.yml").write_text(CONDA)
    return Shipment(folder)


REQUEST = DeployRequest(model="resnet", vm_size="Standard_NC4as_T4_v3", memory_gb=8.0)


def hold(
    model: Path, shipment: Shipment, stage: Stage, *images: Path, job: Job | None = None, **more: float
) -> Rehearsal:
    return rehearse(
        REQUEST, model, images, shipment=shipment, stage=stage, job=job or Job(lambda event: None), **more
    )  # fmt: skip


def test_what_is_run_is_what_would_be_deployed_but_for_the_gpu(model: Path, shipment: Shipment, tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(picture())
    with stub_service() as uri:
        stage = Stage(ScriptedReplica(uri))
        held = hold(model, shipment, stage, photo)
    ((spec, folder),) = stage.started
    assert folder == model
    assert spec.source_folder == shipment.scoring_folder
    assert spec.entry_script == "score.py"
    assert spec.environment_variables["GPU_ASSISTANT_EXPECT_GPU"] == "0"
    assert held.went_well
    assert held.answers[0].image is not None
    assert held.answers[0].image.predictions[0].label == "cat"
    assert stage.replica.closed


def test_what_was_not_tried_is_said(model: Path, shipment: Shipment) -> None:
    with stub_service() as uri:
        held = hold(model, shipment, Stage(ScriptedReplica(uri), {**VERSIONS, "tensorflow": "2.19.0"}))
    told = "\n".join(held.not_tried)
    assert "The GPU" in told
    assert "tensorflow 2.21.0 there, 2.19.0 here" in told
    assert "python" not in told
    assert "8 GB" in told


def test_equal_versions_are_not_listed(model: Path, shipment: Shipment) -> None:
    with stub_service() as uri:
        held = hold(model, shipment, Stage(ScriptedReplica(uri)))
    assert "the same versions" in "\n".join(held.not_tried)


def test_a_crash_names_the_cause_and_what_to_change(model: Path, shipment: Shipment) -> None:
    log = ("init starts", "ModuleNotFoundError: No module named 'fancy'", "azureml_inference_server_http.X: wrapped")
    stage = Stage(ScriptedReplica(looks=2, log=log, ends=True))
    with pytest.raises(RehearsalFailed) as failed:
        hold(model, shipment, stage)
    assert "No module named 'fancy'" in failed.value.detail
    assert "environment.yml" in failed.value.detail
    assert failed.value.log.splitlines() == list(log)
    assert stage.replica.closed


def test_a_worker_that_is_killed_again_and_again(model: Path, shipment: Shipment) -> None:
    log = ("[ERROR] Worker (pid:7) was sent SIGKILL! Perhaps out of memory?",)
    with pytest.raises(RehearsalFailed, match="memory was used up"):
        hold(model, shipment, Stage(ScriptedReplica(looks=99, log=log)))


def test_an_init_that_never_ends(model: Path, shipment: Shipment) -> None:
    stage = Stage(ScriptedReplica(looks=10**6))
    with pytest.raises(RehearsalTooSlow):
        hold(model, shipment, stage, start_within_s=0.25)
    assert stage.replica.closed


def test_a_cancel_ends_the_server(model: Path, shipment: Shipment) -> None:
    stage = Stage(ScriptedReplica(looks=10**6))
    job = Job(lambda event: job.cancel(CancelMeaning.STOP_WATCHING) if stage.started else None)
    with pytest.raises(Cancelled):
        hold(model, shipment, stage, job=job)
    assert stage.replica.closed


def test_a_broken_model_is_refused_before_anything_is_started(model: Path, shipment: Shipment) -> None:
    variable = wire.message(2, wire.node("VarHandleOp"))
    (model / "saved_model.pb").write_bytes(wire.saved_model(wire.meta_graph(wire.CLASSIFIER, variable)))
    stage = Stage(ScriptedReplica())
    with pytest.raises(SavedModelIncomplete):
        hold(model, shipment, stage)
    assert stage.started == []


def test_images_that_fail_are_told_with_the_line_of_the_log(model: Path, shipment: Shipment, tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(picture())
    (tmp_path / "notes.txt").write_text("no image")
    with stub_service(Manners(status=500, answer=b"{}")) as uri:
        replica = ScriptedReplica(uri, log=("ValueError: shapes do not match",))
        held = hold(model, shipment, Stage(replica), photo, tmp_path / "notes.txt")
    assert not held.went_well
    assert held.cause == "ValueError: shapes do not match"
    assert [answer.error.code for answer in held.answers if answer.error] == ["service_script_failed", "bad_image"]


def test_settings_that_azure_would_refuse_are_refused_here(shipment: Shipment) -> None:
    with pytest.raises(BadSetting):
        rehearsal_spec(DeployRequest(model="m", vm_size="x", scoring_timeout_ms=1), shipment)
