"""Rehearsals for real: Microsoft's inference server in a process of its own, with what would be deployed."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gpu_assistant import paths
from gpu_assistant.domain.errors import Cancelled, RehearsalFailed, RehearsalNotInstalled, RehearsalTooSlow
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.service import DeploymentSpec
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.jobs.job import Job
from gpu_assistant.practice import rehearsal
from gpu_assistant.practice.rehearsal import LocalStage
from gpu_assistant.practice.sample import ensure_saved_model, sample_photos
from gpu_assistant.workflows.load.results import LoadTarget
from gpu_assistant.workflows.load.run import run_load_test
from gpu_assistant.workflows.load.setting import LoadSetting
from gpu_assistant.workflows.plan import DeployRequest, Shipment
from gpu_assistant.workflows.rehearse import RunsLocally, rehearsal_spec, rehearse
from tests.conftest import CommandLine
from tests.practice.test_inference import processes_of, wait_until

ENTRY_SCRIPTS = Path(__file__).parents[1] / "data" / "entry_scripts" / "src"
REQUEST = DeployRequest(model="resnet", vm_size="Standard_NC4as_T4_v3")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="process groups and /proc are POSIX")


@pytest.fixture(scope="module")
def sample_model() -> Path:
    return ensure_saved_model(paths.user_folders().cache)


@pytest.fixture(scope="module")
def coffee() -> Path:
    return sample_photos(paths.user_folders().cache)["coffee.jpg"]


@pytest.fixture
def shipment() -> Shipment:
    return Shipment(paths.scoring_folder())


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[LocalStage]:
    yield LocalStage(tmp_path / "rehearsals")
    assert not processes_of(tmp_path), "a rehearsal leaves no process behind"
    assert not [*(tmp_path / "rehearsals").glob("*")], "nor files"


class OtherScript(LocalStage):
    """The same stage, where the entry script is one of the tests' own: without TensorFlow it starts at once."""

    def __init__(self, folder: Path, script: str) -> None:
        super().__init__(folder)
        self._script = script

    def start_replica(self, spec: DeploymentSpec, model_folder: Path) -> rehearsal.LocalReplica:
        return super().start_replica(
            replace(spec, source_folder=ENTRY_SCRIPTS, entry_script=self._script), model_folder
        )


def quiet() -> Job:
    return Job(lambda event: None)


def test_the_sample_model_answers_as_it_would_in_azure(
    sample_model: Path, coffee: Path, shipment: Shipment, stage: LocalStage
) -> None:
    held = rehearse(REQUEST, sample_model, [coffee], shipment=shipment, stage=stage, job=quiet())
    assert held.went_well, held.cause
    (answer,) = held.answers
    assert answer.image is not None
    assert answer.image.predictions[0].label == "espresso"
    assert answer.image.predictions[0].probability > 0.8
    assert "CPU" in answer.image.device
    assert held.model == "resnet:1"
    assert held.start_s > 0


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("init_raises.py", "FileNotFoundError: the weights are not where they should be"),
        ("import_fails.py", "No module named 'a_package_nobody_installed'. A Python package is missing"),
        ("init_exits.py", "SystemExit: 1"),
        ("missing.py", "FileNotFoundError"),
    ],
)
def test_a_crash_at_start_is_told_with_its_cause(
    sample_model: Path, shipment: Shipment, tmp_path: Path, stage: LocalStage, script: str, words: str
) -> None:
    other = OtherScript(tmp_path / "rehearsals", script)
    with pytest.raises(RehearsalFailed) as failed:
        rehearse(REQUEST, sample_model, [], shipment=shipment, stage=other, job=quiet())
    assert words in failed.value.detail
    assert "nothing bills" in failed.value.detail
    assert failed.value.log


def test_an_init_that_hangs_is_left_after_a_while_and_at_once_when_asked(
    sample_model: Path, shipment: Shipment, tmp_path: Path, stage: LocalStage
) -> None:
    hanging = OtherScript(tmp_path / "rehearsals", "init_hangs.py")
    with pytest.raises(RehearsalTooSlow):
        rehearse(REQUEST, sample_model, [], shipment=shipment, stage=hanging, job=quiet(), start_within_s=2.0)
    job = quiet()
    threading.Timer(1.0, job.cancel, (CancelMeaning.STOP_WATCHING,)).start()
    with pytest.raises(Cancelled):
        rehearse(REQUEST, sample_model, [], shipment=shipment, stage=hanging, job=job)


def test_the_script_sees_what_it_would_see_in_azure(
    sample_model: Path, shipment: Shipment, tmp_path: Path, stage: LocalStage
) -> None:
    with (
        reporting(sample_model, shipment, tmp_path) as replica,
        urllib.request.urlopen(urllib.request.Request(replica.scoring_uri, b"{}"), timeout=30) as answer,
    ):
        seen = json.load(answer)
    environment = seen["environment"]
    assert environment["AZUREML_MODEL_DIR"].endswith("/azureml-models/resnet/1")
    assert seen["model_files"] == [sample_model.name], "the model's folder lies in the version's"
    assert environment["GPU_ASSISTANT_EXPECT_GPU"] == "0"
    assert environment["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert environment["AZUREML_ENTRY_SCRIPT"].endswith("/scoring/report.py")
    assert environment["HOME"] != os.environ["HOME"]
    assert not seen["can_import_this_checkout"]


def test_the_load_generator_against_the_real_server(
    sample_model: Path, shipment: Shipment, tmp_path: Path, stage: LocalStage
) -> None:
    setting = LoadSetting(concurrency=4, warm_up_s=0.5, limit_s=1.5, window_s=0.25, stable_within=0.0)
    with reporting(sample_model, shipment, tmp_path) as replica:
        target = LoadTarget("report", replica.scoring_uri, Secret(""), (b'{"do": "report"}',))
        run = run_load_test(target, setting, job=quiet(), on_moment=lambda moment: None)
    assert run.totals.answered > 20
    assert run.totals.failed == 0, run.totals.outcomes
    assert run.totals.server_ms.count == 0, "this script tells no times"


def test_without_tensorflow_one_line_says_what_to_install(
    sample_model: Path, shipment: Shipment, stage: LocalStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RehearsalNotInstalled, match=r'tensorflow is missing.*pip install "gpu-assistant\[practice\]"'):
        rehearse(REQUEST, sample_model, [], shipment=shipment, stage=stage, job=quiet())


class TestCommand:
    def test_a_model_and_a_bad_file(self, gpu_assistant: CommandLine, sample_model: Path) -> None:
        notes = gpu_assistant.data_dir / "notes.txt"
        notes.write_text("no image")
        ran = gpu_assistant("rehearse", str(sample_model), "coffee.jpg", str(notes), "--json", check=False)
        assert ran.code == 1
        told = ran.json
        assert told["images"][0]["path"] == "coffee.jpg"
        assert told["images"][0]["predictions"][0]["label"] == "espresso"
        assert told["images"][1]["error"]["code"] == "bad_image"
        assert told["went_well"] is False
        assert any("GPU" in sentence for sentence in told["not_tried"])

    def test_a_folder_that_is_no_model(self, gpu_assistant: CommandLine, tmp_path: Path) -> None:
        shutil.copy(Path(__file__), tmp_path / "not_a_model.py")
        ran = gpu_assistant("rehearse", str(tmp_path), "coffee.jpg", "--json", check=False)
        assert ran.code == 1
        assert ran.json["error"]["code"].startswith("saved_model")


@contextlib.contextmanager
def reporting(model: Path, shipment: Shipment, tmp_path: Path) -> Iterator[RunsLocally]:
    """A replica that tells what it sees, ready; closed afterwards."""
    stage = OtherScript(tmp_path / "rehearsals", "report.py")
    replica = stage.start_replica(rehearsal_spec(REQUEST, shipment), model)
    try:
        wait_until(lambda: replica.is_ready or replica.has_ended)
        assert replica.is_ready, replica.log_lines()
        yield replica
    finally:
        replica.close()
