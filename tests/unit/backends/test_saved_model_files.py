"""Where the SavedModel is among the files of a registered model, and what is said when there is none."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gpu_assistant.backends.saved_model_files import find_saved_model
from gpu_assistant.domain.errors import ModelError
from gpu_assistant.domain.text import Text

WEIGHTS = ("variables/variables.index", "variables/variables.data-00000-of-00001")


@pytest.fixture
def scoring(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of the deployed folder, by name."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "scoring"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return importlib.import_module


def laid_out(root: Path, paths: Sequence[str]) -> Path:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    "paths",
    [
        ["saved_model.pb"],
        ["resnet/saved_model.pb", "resnet/labels.txt"],
        ["resnet/1/saved_model.pb", "resnet/labels.txt", "labels.txt"],
        ["resnet/1/saved_model.pb", "resnet/1/assets/preprocessing.json", "preprocessing.json"],
        ["resnet/saved_model.pb", "resnet/assets/labels.txt", "resnet/assets.extra/labels.txt", "labels.txt"],
        ["resnet/saved_model.pb", "resnet/assets.extra/labels.txt", "labels.txt"],
        ["resnet/saved_model.pb", "resnet/inner/saved_model.pb", "resnet/inner/labels.txt"],
        ["export/a b/내 모델/saved_model.pb", "other/labels.txt"],
    ],
    ids=", ".join,
)
def test_the_files_found_are_those_that_the_scoring_script_takes(
    tmp_path: Path, paths: list[str], scoring: Any
) -> None:
    root = laid_out(tmp_path, paths)
    found = find_saved_model("m:1", paths)
    served = scoring("saved_model")
    assert root / found.graph == served.find_saved_model(root) / "saved_model.pb"
    places = served.places_beside((root / found.graph).parent, root)
    assert list(found.labels[:1]) == (scoring("labels").read_labels(places) or [])
    declared = [str(place / "preprocessing.json") for place in places if (place / "preprocessing.json").is_file()]
    assert [str(root / place) for place in found.preprocessing] == declared


def test_the_rest_is_what_lies_in_the_folder_of_the_graph() -> None:
    below = [f"net/1/{path}" for path in ("saved_model.pb", "assets/words", *WEIGHTS)]
    found = find_saved_model("m:1", [*below, "net/README.md", "net/10/x"])
    assert [found.inside(path) for path in found.rest] == ["assets/words", *sorted(WEIGHTS)]


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        ([], "no files"),
        (["net/model.onnx"], r"model\.onnx \(ONNX\)"),
        (["model.pkl"], r"model\.pkl \(pickle\)"),
        (["net/MODEL.H5"], r"\(Keras\)"),
        (["net/data.bin"], "no saved_model.pb in it"),
        (["net/saved_model.pbtxt"], "text form"),
        (["net/my_saved_model.pb"], "no saved_model.pb in it"),
        (["1/saved_model.pb", "2/saved_model.pb"], r"2 SavedModels \(1, 2\)"),
        ([f"{number}/saved_model.pb" for number in range(9)], r"9 SavedModels \(0, 1, 2, 3…\)"),
    ],
)
def test_what_is_no_saved_model_gets_a_sentence(paths: list[str], said: str) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        find_saved_model("resnet:3", paths)
    assert "resnet:3" in caught.value.detail
    assert isinstance(caught.value.facts["reason"], Text)
