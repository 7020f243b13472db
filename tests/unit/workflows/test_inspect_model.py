"""Looking into a registered model, and keeping what was seen."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from gpu_assistant.domain.errors import AssistantError, CannotReachAzure, ModelError
from gpu_assistant.domain.model import RegisteredModel, TensorSpec
from gpu_assistant.domain.text import Text
from gpu_assistant.jobs.events import JobEvent, StepProgress, StepStarted
from gpu_assistant.jobs.job import Job
from gpu_assistant.saved_model.errors import SavedModelDamaged, SavedModelNotServable, SignatureUnusable
from gpu_assistant.workflows import model_copies
from gpu_assistant.workflows.inspect_model import ModelInspection, inspect_registered_model
from gpu_assistant.workflows.site import Site
from scoring.labels import fit_labels
from tests.fakes import wire_writer as wire
from tests.fakes.scripted_backend import CLASSIFIER_FILES, WORKSPACE, ScriptedBackend

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
MODEL = RegisteredModel("resnet", 2, created=NOON, id="resnet:2")
WITH_VARIABLES = wire.message(2, wire.node("VarHandleOp"))

Look = Callable[..., ModelInspection]


@pytest.fixture
def look(azure: ScriptedBackend, site: Site, tmp_path: Path, job: Job) -> Look:
    def inspect(model: RegisteredModel = MODEL, *, site: Site = site, cache: Path = tmp_path) -> ModelInspection:
        return inspect_registered_model(model, site=site, backend=azure, cache_folder=cache, job=job)

    return inspect


def entries(cache: Path) -> list[Path]:
    return sorted((cache / "registered-models").iterdir())


def downloads(azure: ScriptedBackend) -> int:
    return azure.calls["download_model_graph"]


def test_what_a_page_shows(look: Look, events: list[JobEvent]) -> None:
    found = look()
    assert found.model_id == "resnet:2"
    assert found.signature.name == "serving_default"
    assert found.signature.inputs == (TensorSpec("image_bytes", "string", (None,)),)
    assert [spec.name for spec in found.signature.outputs] == ["classes", "probabilities"]
    assert found.size_bytes == found.summary.size_bytes == sum(map(len, CLASSIFIER_FILES.values()))
    assert (found.labels_count, found.labels_from) == (1001, "resnet/labels.txt")
    assert found.warnings == ()
    started = [event.step for event in events if isinstance(event, StepStarted)]
    assert started == ["Read the signature of resnet:2"]
    assert [event.fraction for event in events if isinstance(event, StepProgress)] == [1.0]


# --- what is kept ---------------------------------------------------------------------------------------------------


def test_the_second_look_asks_nobody(azure: ScriptedBackend, look: Look) -> None:
    assert look() == look()
    assert downloads(azure) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"model": replace(MODEL, version=1, id="resnet:1")},
        {"model": replace(MODEL, created=NOON + timedelta(seconds=1))},
        {"site": Site(replace(WORKSPACE, name="ws-2"))},
        {"site": Site(WORKSPACE, practice=True, key_scope="practice-1:")},
    ],
    ids=["another version", "the same number given again", "another workspace", "a practice workspace"],
)
def test_what_is_something_else_is_fetched(azure: ScriptedBackend, look: Look, other: dict[str, object]) -> None:
    look()
    look(**other)
    assert downloads(azure) == 2


def test_the_same_workspace_spelt_differently_is_the_same(azure: ScriptedBackend, look: Look) -> None:
    look()
    look(site=Site(replace(WORKSPACE, resource_group="RG-1", region="")))
    assert downloads(azure) == 1


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def another_form(file: Path) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), "form": 0}))


def a_list(file: Path) -> None:
    file.write_text("[]")


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("graph/saved_model.pb", cut),
        ("graph/saved_model.pb", flip),
        ("graph/saved_model.pb", Path.unlink),
        ("labels.txt", flip),
        ("copy.json", cut),
        ("copy.json", another_form),
        ("copy.json", a_list),
        ("copy.json", Path.unlink),
    ],
)
def test_a_damaged_copy_is_fetched_again_and_mended(
    azure: ScriptedBackend, look: Look, tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    before = look()
    (entry,) = entries(tmp_path)
    damage(entry / name)
    assert look() == before
    assert look() == before
    assert downloads(azure) == 2


def test_a_cache_that_cannot_be_written_costs_only_time(azure: ScriptedBackend, look: Look, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    first, second = look(cache=tmp_path / "file"), look(cache=tmp_path / "file")
    assert first.signature == second.signature
    assert downloads(azure) == 2
    assert not first.summary.folder.exists()


def test_what_fails_leaves_nothing_behind(azure: ScriptedBackend, look: Look, tmp_path: Path) -> None:
    azure.fail["download_model_graph"] = [CannotReachAzure(what="Reading", reason="the network is down")]
    with pytest.raises(CannotReachAzure):
        look()
    assert entries(tmp_path) == []
    assert look().labels_count == 1001


def test_the_cache_keeps_to_its_size_and_drops_what_was_not_used_for_longest(
    azure: ScriptedBackend, look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = [replace(MODEL, created=NOON + timedelta(hours=hour)) for hour in range(3)]
    for age_s, version in ((300, versions[0]), (200, versions[1])):
        before = set(entries(tmp_path)) if azure.calls else set()
        look(version)
        (added,) = set(entries(tmp_path)) - before
        now_s = added.stat().st_mtime
        os.utime(added, (now_s - age_s, now_s - age_s))
    one_bytes = sum(file.stat().st_size for file in added.rglob("*") if file.is_file())
    monkeypatch.setattr(model_copies, "_KEPT_BYTES", int(one_bytes * 2.5))
    look(versions[0])  # used again, so it is younger than the second now
    look(versions[2])
    assert downloads(azure) == 3
    for version in (versions[0], versions[2]):
        look(version)
    assert downloads(azure) == 3
    look(versions[1])
    assert downloads(azure) == 4


@pytest.mark.parametrize(("age_s", "stays"), [(3600, True), (2 * 24 * 3600, False)])
def test_downloads_that_were_cut_off_go_once_nobody_can_be_at_them(
    look: Look, tmp_path: Path, age_s: float, stays: bool
) -> None:
    cut_off = tmp_path / "registered-models" / "new-cutoff"
    cut_off.mkdir(parents=True)
    now_s = cut_off.stat().st_mtime
    os.utime(cut_off, (now_s - age_s, now_s - age_s))
    look()
    assert cut_off.exists() is stays


# --- what is refused ------------------------------------------------------------------------------------------------


def graph(*parts: bytes, **options: object) -> dict[str, bytes]:
    return {"net/saved_model.pb": wire.saved_model(wire.meta_graph(*parts, **options))}  # type: ignore[arg-type]


TWO_INPUTS = wire.signature(
    "serving_default",
    wire.tensor(1, "image", wire.STRING, [-1]),
    wire.tensor(1, "mask", wire.FLOAT, [-1]),
    wire.tensor(2, "scores", wire.FLOAT, [-1, 10]),
)


@pytest.mark.parametrize(
    ("files", "error", "said"),
    [
        ({"net/model.onnx": b"x"}, ModelError, "ONNX"),
        ({"net/saved_model.pb": b""}, SavedModelDamaged, "resnet:2: it is empty"),
        ({"net/saved_model.pb": CLASSIFIER_FILES["resnet/saved_model.pb"][:-9]}, SavedModelDamaged, "cut short"),
        ({"net/saved_model.pb": b"\x89PNG\r\n\x1a\n" * 100}, SavedModelDamaged, "resnet:2"),
        (graph(wire.CLASSIFIER, tags=("train",)), SavedModelNotServable, "train"),
        (graph(wire.CLASSIFIER, WITH_VARIABLES), ModelError, "resnet:2 is not complete: variables/variables.index"),
        (
            {**graph(wire.CLASSIFIER, WITH_VARIABLES), "net/variables/variables.index": b"index"},
            ModelError,
            "variables.data-00000-of-00001 is missing. Register",
        ),
        (graph(TWO_INPUTS), SignatureUnusable, "takes 2 inputs"),
        (graph(), SignatureUnusable, "serving_default"),
    ],
)
def test_models_that_cannot_be_served(
    azure: ScriptedBackend, look: Look, tmp_path: Path, files: dict[str, bytes], error: type[AssistantError], said: str
) -> None:
    azure.model_files["resnet:2"] = files
    for _ in range(2):
        with pytest.raises(error, match=said) as caught:
            look()
        assert isinstance(caught.value, ModelError)
        assert str(tmp_path) not in str(caught.value)


def test_weights_that_stay_in_the_registry_are_not_missed(azure: ScriptedBackend, look: Look) -> None:
    azure.model_files["resnet:2"] = {
        **CLASSIFIER_FILES,
        **{"resnet/saved_model.pb": wire.saved_model(wire.meta_graph(wire.CLASSIFIER, WITH_VARIABLES))},
    }
    assert look().summary.op_histogram == {"VarHandleOp": 1}


# --- labels ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [1, 2, 9, 10, 11, 1001, -1])
@pytest.mark.parametrize("first", ["background", "cat"])
def test_labels_that_the_scoring_script_will_not_use_are_warned_of(
    azure: ScriptedBackend, look: Look, classes: int, first: str
) -> None:
    labels = [first, *(f"class {number}" for number in range(9))]
    signature = wire.signature(
        "serving_default",
        wire.tensor(1, "image", wire.STRING, [-1]),
        wire.tensor(2, "scores", wire.FLOAT, [-1, classes]),
    )
    azure.model_files["resnet:2"] = {**graph(signature), "net/labels.txt": "\n".join(labels).encode()}
    found = look()
    assert found.labels_count == 10
    is_used = classes < 0 or fit_labels(labels, classes)[0] is not None
    assert (found.warnings == ()) is is_used
    assert all(isinstance(warning, Text) for warning in found.warnings)


def test_without_labels(azure: ScriptedBackend, look: Look) -> None:
    azure.model_files["resnet:2"] = graph(wire.CLASSIFIER)
    found = look()
    assert (found.labels_count, found.labels_from) == (None, "")


def test_labels_in_any_encoding_are_counted(azure: ScriptedBackend, look: Look) -> None:
    azure.model_files["resnet:2"] = {**graph(wire.CLASSIFIER), "net/labels.txt": b"\xef\xbb\xbfcaf\xe9\r\ndog\r\n\r\n"}
    assert look().labels_count == 2
