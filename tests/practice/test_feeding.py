"""Models that take pixels, deployed from the command line: inspected, proposed, shipped, answered."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.conftest import CommandLine
from tests.fakes import pixel_models as kinds
from tests.fakes.pictures import GREEN, picture
from tests.fakes.tensorflow import import_tensorflow

DEPLOY = ("deploy", "--practice", "--speed", "max", "--vm-size", "Standard_NC4as_T4_v3", "--nodes", "2", "--json")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import_tensorflow()
    folder = tmp_path_factory.mktemp("models")
    kinds.pixels(folder / "signed", mean=(127.5,) * 3, std=(127.5,) * 3)
    kinds.keras_export(folder / "keras", size=None)
    (folder / "labels.txt").write_text("".join(f"colour {index}\n" for index in range(kinds.CLASSES)), "utf-8")
    (folder / "green.png").write_bytes(picture(GREEN, (300, 200), "PNG"))
    return folder


@pytest.fixture
def answer(shared_gpu_assistant: CommandLine, models: Path):  # type: ignore[no-untyped-def]
    """Deploy with these options, and the best prediction for a green picture."""

    def deploy(*options: str, service: str) -> dict[str, object]:
        shared_gpu_assistant(*DEPLOY, "--service", service, *options)
        scored = shared_gpu_assistant(
            "score", "--practice", "--service", service, os.fspath(models / "green.png"), "--json"
        )
        first = scored.json[0]["predictions"][0]
        assert isinstance(first, dict)
        return first

    return deploy


def test_floats_and_labels_as_they_were_asked_for(answer, models: Path) -> None:
    labels = os.fspath(models / "labels.txt")
    model = ("--model", "signed", "--from", os.fspath(models / "signed"))
    first = answer(*model, "--preprocess=-1..1,fit=crop", "--labels", labels, service="signed-floats")
    assert (first["index"], first["label"]) == (2, "colour 2")


def test_a_proposal_is_carried_out_without_being_asked(answer, models: Path) -> None:
    """The layer that scales is in the graph, and the size is open: both are found out."""
    first = answer("--model", "keras", "--from", os.fspath(models / "keras"), service="keras-floats")
    assert (first["index"], first["label"]) == (2, None)


@pytest.mark.parametrize(
    ("options", "part"),
    [
        pytest.param(("--preprocess", "imagenet"), "How images are fed: scale is", id="scale"),
        pytest.param(("--labels", "imagenet"), "There are 1000 labels, and the model has 10 classes", id="labels"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_created(
    options: tuple[str, ...], part: str, shared_gpu_assistant: CommandLine, models: Path
) -> None:
    before = shared_gpu_assistant("status", "--practice", "--json").json["resources"]
    ran = shared_gpu_assistant(*DEPLOY, "--model", "signed", "--service", "refused", *options, check=False)
    assert ran.code == 1
    error = json.loads(ran.out)["error"]
    assert error["code"] == "bad_feeding"
    assert part in error["detail"]
    after = shared_gpu_assistant("status", "--practice", "--json").json["resources"]
    assert [one["name"] for one in after] == [one["name"] for one in before]
