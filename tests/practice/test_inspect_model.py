"""What a person is told about a registered model, from the real SDK process and a real registry."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gpu_assistant.backends.remote import RemoteBackend
from gpu_assistant.domain.errors import AssistantError, ModelError
from gpu_assistant.domain.model import RegisteredModel, TensorSpec
from gpu_assistant.jobs.job import Job
from gpu_assistant.practice.sample import MODEL_NAME, ensure_saved_model
from gpu_assistant.saved_model import read_saved_model
from gpu_assistant.saved_model.errors import SavedModelDamaged
from gpu_assistant.workflows.inspect_model import ModelInspection, inspect_registered_model
from gpu_assistant.workflows.site import Site
from tests.fakes.practice_azure import PracticeAzure


@pytest.fixture(scope="module")
def cache_dir(request: pytest.FixtureRequest) -> Path:
    """Kept between runs, as the program itself keeps it."""
    assert request.config.cache is not None
    return Path(request.config.cache.mkdir("sample-model"))


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Iterator[PracticeAzure]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GPU_ASSISTANT_CACHE_DIR", str(cache_dir))
        played = PracticeAzure(tmp_path_factory.mktemp("azure"), with_sample_model=True)
    yield played
    assert played.unknown == []
    played.close()


@pytest.fixture(scope="module")
def backend(azure: PracticeAzure) -> RemoteBackend:
    return azure.signed_in()


@pytest.fixture
def site(azure: PracticeAzure) -> Site:
    return Site(azure.workspace, practice=True, key_scope="practice-test:")


def look(model: RegisteredModel, site: Site, backend: RemoteBackend, cache: Path) -> ModelInspection:
    job = Job(lambda event: None)
    return inspect_registered_model(model, site=site, backend=backend, cache_folder=cache, job=job)


def registered(backend: RemoteBackend, name: str, sample: Path, folder: Path) -> RegisteredModel:
    """A small model whose graph is the sample's."""
    (folder / "variables").mkdir(parents=True)
    shutil.copy(sample / "saved_model.pb", folder)
    for name_of_part in ("variables.index", "variables.data-00000-of-00001"):
        (folder / "variables" / name_of_part).write_bytes(b"\0" * 100)
    return backend.register_model(name, folder, tags={})


def test_the_sample_model_takes_a_jpeg_and_gives_classes_and_probabilities(
    azure: PracticeAzure, backend: RemoteBackend, site: Site, cache_dir: Path, tmp_path: Path
) -> None:
    (model,) = backend.models(MODEL_NAME)
    found = look(model, site, backend, tmp_path)
    assert found.signature.inputs == (TensorSpec("image_bytes", "string", (None,)),)
    assert found.signature.outputs == (
        TensorSpec("classes", "int64", (None,)),
        TensorSpec("probabilities", "float32", (None, 1001)),
    )
    assert (found.labels_count, found.labels_from) == (1001, f"{MODEL_NAME}/labels.txt")
    whole = read_saved_model(ensure_saved_model(cache_dir))
    assert found.size_bytes == whole.size_bytes
    assert replace(found.summary, folder=whole.folder) == whole
    assert found.warnings == whole.warnings
    kept_bytes = sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file())
    assert kept_bytes < whole.size_bytes / 5, "the weights were left where they are"


def test_the_second_look_needs_no_azure(
    azure: PracticeAzure, backend: RemoteBackend, site: Site, tmp_path: Path
) -> None:
    (model,) = backend.models(MODEL_NAME)
    first = look(model, site, backend, tmp_path)
    gone = azure.backend()  # not signed in: whatever it is asked fails
    assert look(model, site, gone, tmp_path) == first
    with pytest.raises(AssistantError):
        look(model, site, gone, tmp_path / "another cache")


def test_a_graph_that_was_cut_off_in_the_registry(
    azure: PracticeAzure, backend: RemoteBackend, site: Site, cache_dir: Path, tmp_path: Path
) -> None:
    model = registered(backend, "cut", ensure_saved_model(cache_dir), tmp_path / "cut")
    assert look(model, site, backend, tmp_path / "before").signature.name == "serving_default"
    blob = azure.blob("cut/saved_model.pb")
    os.truncate(blob, blob.stat().st_size // 2)
    with pytest.raises(SavedModelDamaged, match=r"cut:1: cut short") as caught:
        look(model, site, backend, tmp_path / "after")
    assert str(tmp_path) not in str(caught.value)


def test_weights_that_were_never_uploaded(
    azure: PracticeAzure, backend: RemoteBackend, site: Site, cache_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "bare"
    folder.mkdir()
    shutil.copy(ensure_saved_model(cache_dir) / "saved_model.pb", folder)
    model = backend.register_model("bare", folder, tags={})
    with pytest.raises(ModelError, match=r"bare:1 is not complete: variables/variables\.index is missing"):
        look(model, site, backend, tmp_path / "cache")


def test_a_graph_that_is_huge_and_a_model_of_another_kind(
    azure: PracticeAzure, backend: RemoteBackend, site: Site, cache_dir: Path, tmp_path: Path
) -> None:
    model = registered(backend, "huge", ensure_saved_model(cache_dir), tmp_path / "huge")
    os.truncate(azure.blob("huge/saved_model.pb"), 300_000_000)
    with pytest.raises(ModelError, match="300 MB"):
        look(model, site, backend, tmp_path / "cache")
    (tmp_path / "pickled").mkdir()
    (tmp_path / "pickled" / "model.pkl").write_bytes(b"\x80\x04N.")
    pickled = backend.register_model("pickled", tmp_path / "pickled", tags={})
    with pytest.raises(ModelError, match=r"model\.pkl \(pickle\)"):
        look(pickled, site, backend, tmp_path / "cache")
    assert not [file for file in (tmp_path / "cache").rglob("*") if file.is_file()]
