"""Models that take pixels: fed as their preprocessing says, they know their colours."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fakes import pixel_models as kinds
from tests.fakes.pictures import BLUE, GREEN, RED, picture
from tests.unit.scoring.conftest import SCORING

COLORS = ((1, RED), (2, GREEN), (3, BLUE))
TORCH = {"mean": (0.485 * 255, 0.456 * 255, 0.406 * 255), "std": (0.229 * 255, 0.224 * 255, 0.225 * 255)}
CAFFE = {"mean": (123.68, 116.779, 103.939), "std": (1.0, 1.0, 1.0)}
HALVES = {"mean": (127.5,) * 3, "std": (127.5,) * 3}
PLAIN = {"std": (1.0,) * 3}


@pytest.fixture
def scoring(monkeypatch: pytest.MonkeyPatch):
    """A module of the deployed folder by its name, as score.py imports it."""
    import importlib
    import sys

    monkeypatch.syspath_prepend(str(SCORING))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return importlib.import_module


@pytest.fixture
def declared(saved_model, tmp_path):
    """A copy of a model of one kind, with a preprocessing.json beside it."""

    def make(kind: Any, declaration: Any = None, **options: Any) -> Path:
        folder = tmp_path / "model"
        shutil.copytree(saved_model(kind, **options), folder)
        if declaration is not None:
            (folder / "preprocessing.json").write_text(json.dumps(declaration), encoding="utf-8")
        return folder

    return make


CASES = [
    pytest.param({"scale": "0..1"}, {}, id="0..1"),
    pytest.param({"scale": "-1..1", "fit": "crop"}, HALVES, id="-1..1"),
    pytest.param({"scale": "0..255", "fit": "pad"}, PLAIN, id="0..255"),
    pytest.param({"scale": "torch"}, TORCH, id="torch"),
    pytest.param({"scale": "caffe"}, {**CAFFE, "order": "bgr"}, id="caffe"),
    pytest.param({"scale": "caffe", "channels": "rgb"}, CAFFE, id="caffe-in-rgb"),
    pytest.param({"mean": 127, "std": [128, 128, 128]}, {"mean": (127.0,) * 3, "std": (128.0,) * 3}, id="own-numbers"),
    pytest.param({"scale": "0..1", "channels": "bgr"}, {"order": "bgr"}, id="bgr"),
    pytest.param({"scale": "0..1"}, {"shape": (None, 3, 32, 48)}, id="nchw"),
    pytest.param({"scale": "torch"}, {"shape": (None, 3, 32, 48), **TORCH}, id="nchw-torch"),
    pytest.param({"scale": "0..1", "size": 24}, {"shape": (None, None, None, 3)}, id="any-size"),
    pytest.param({"scale": "0..1", "size": [24, 40]}, {"shape": (None, 3, None, None)}, id="any-size-nchw"),
    pytest.param({"scale": "0..1"}, {"shape": (1, 32, 48, 3)}, id="one-at-a-time"),
    pytest.param({"scale": "0..1"}, {"shape": (4, 32, 48, 3)}, id="four-at-a-time"),
    pytest.param({"scale": "0..1"}, {"shape": (32, 48, 3)}, id="no-batch"),
    pytest.param({"scale": "0..1"}, {"dtype": "float16"}, id="float16"),
    pytest.param({"scale": "0..1"}, {"dtype": "bfloat16"}, id="bfloat16"),
    pytest.param({"scale": "0..1"}, {"dtype": "float64"}, id="float64"),
    pytest.param(None, {"dtype": "uint8", **PLAIN}, id="uint8"),
    pytest.param({"fit": "crop", "channels": "bgr"}, {"dtype": "uint8", **PLAIN, "order": "bgr"}, id="uint8-bgr"),
]


@pytest.mark.parametrize(("declaration", "options"), CASES)
def test_fed_as_declared_every_model_knows_its_colours(declaration, options, declared, script):
    started = script(declared(kinds.pixels, declaration, **options))
    for index, color in COLORS:
        for size in ((64, 48), (48, 640)):
            reply = started.post(picture(color, size))
            assert reply.status == 200, reply.body
            answer = reply.body["predictions"][0]
            # black bars take most of a tall picture's weight, and leave its colour the strongest
            assert answer["index"] == index or (declaration or {}).get("fit") == "pad", reply.body
            assert answer["probability"] > (0.1 if (declaration or {}).get("fit") == "pad" else 0.5)


@pytest.mark.parametrize(("scale", "index"), [("0..1", 4), ("0..255", 1)])
def test_a_wrong_declaration_gives_wrong_answers(scale, index, declared, script):
    """The reason why floats are refused without one: a dark picture looks bright."""
    reply = script(declared(kinds.pixels, {"scale": scale})).post(picture((60, 40, 40)))
    assert reply.body["predictions"][0]["index"] == index


def test_grey_pixels(declared, script):
    started = script(declared(kinds.pixels, {"scale": "0..1"}, shape=(None, 32, 48, 1)))
    white, black = (started.post(picture(color)).body["predictions"] for color in ((255,) * 3, (0,) * 3))
    assert {line["index"] for line in white[:3]} == {1, 2, 3}
    assert black[0]["index"] == 4


@pytest.mark.parametrize("kind", [kinds.pixels_tf1], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("tags", [("serve",), ("serve", "gpu")], ids="+".join)
def test_tf1_files(kind, tags, declared, script):
    started = script(declared(kind, {"scale": "0..1"}, tags=tags))
    for index, color in COLORS:
        assert started.post(picture(color)).body["predictions"][0]["index"] == index


@pytest.mark.parametrize("options", [{}, {"size": None}, {"rescaling": False}, {"softmax": False}], ids=str)
def test_keras_exports(options, declared, script):
    declaration = {"scale": "0..255", **({"size": 40} if "size" in options else {})}
    started = script(declared(kinds.keras_export, declaration, **options))
    for index, color in COLORS:
        body = started.post(picture(color)).body
        assert body["predictions"][0]["index"] == index
        assert body["model"]["signature"] == "serving_default"
        assert body["model"]["scores"] == ("probabilities" if options.get("softmax", True) else "softmax of logits")


@pytest.mark.parametrize("signature", ["from_bytes", "from_floats"])
def test_one_of_several_signatures(signature, declared, script):
    declaration = {"scale": "0..1"} if signature == "from_floats" else None
    body = script(declared(kinds.two_signatures, declaration), signature=signature).post(picture(GREEN)).body
    assert body["predictions"][0]["index"] == 2
    assert (body["model"]["signature"], body["model"]["output"]) == (signature, "probabilities")


def test_one_of_several_outputs(declared, script):
    body = script(declared(kinds.unnamed_outputs), output="output_1").post(picture(GREEN)).body
    assert body["predictions"][0]["index"] == 2
    assert (body["model"]["output"], body["model"]["classes"]) == ("output_1", kinds.CLASSES)


def test_what_is_deployed_with_the_script_wins(declared, script, tmp_path, monkeypatch):
    """A registered model cannot be changed; the folder of the script is new with each deployment."""
    deployed = tmp_path / "deployed"
    shutil.copytree(SCORING, deployed, ignore=shutil.ignore_patterns("__pycache__"))
    (deployed / "preprocessing.json").write_text('{"scale": "-1..1"}', encoding="utf-8")
    (deployed / "labels.txt").write_text("\n".join(f"mine {index}" for index in range(kinds.CLASSES)), "utf-8")
    model = declared(kinds.pixels, {"scale": "0..255"}, **HALVES)
    (model / "labels.txt").write_text("\n".join(f"its {index}" for index in range(kinds.CLASSES)), "utf-8")
    answer = script(model, folder=deployed).post(picture(GREEN)).body["predictions"][0]
    assert (answer["index"], answer["label"]) == (2, "mine 2")


@pytest.mark.parametrize(
    ("options", "declaration", "reason"),
    [
        ({}, None, r"takes pixels as float32.*--preprocess.*preprocessing.json beside the model"),
        ({}, {"fit": "crop"}, "takes float32 needs a scale"),
        ({}, {"scale": "0..1", "size": 64}, r"takes images 32 x 48, and its preprocessing says 64 x 64"),
        ({"shape": (None, None, None, 3)}, {"scale": "0..1"}, 'must say which, "size"'),
        ({"shape": (None, 32, 48, 1)}, {"scale": "torch"}, "one grey channel, and scale torch"),
        ({"shape": (None, 32, 48, 1)}, {"scale": "0..1", "channels": "rgb"}, r"takes 1 channel\(s\)"),
        ({}, {"scale": "0..1", "channels": "grey"}, r"takes 3 channel\(s\), and its preprocessing says grey"),
        ({"dtype": "uint8"}, {"scale": "0..1"}, r"takes bytes \(uint8\)"),
        ({"dtype": "int32"}, {"scale": "0..1"}, r"takes int32 of shape \[None, 32, 48, 3\]. What can be fed"),
        ({"shape": (None, 32, 48, 5)}, {"scale": "0..1"}, "What can be fed"),
    ],
)
def test_what_cannot_be_fed_fails_at_the_start_with_the_reason(options, declaration, reason, declared, script):
    with pytest.raises(Exception, match=reason):
        script(declared(kinds.pixels, declaration, **options))


def test_a_foreign_file_of_that_name_does_not_disturb_a_model_of_image_files(saved_model, script, tmp_path):
    from tests.fakes.saved_models import probabilities

    shutil.copytree(saved_model(probabilities), tmp_path / "model")
    (tmp_path / "model" / "preprocessing.json").write_text("not ours", encoding="utf-8")
    assert script(tmp_path / "model").post(picture()).status == 200


def test_many_at_once_are_answered_in_order(declared, scoring):
    folder = declared(kinds.pixels, {"scale": "0..1"}, shape=(4, 32, 48, 3))
    model = scoring("saved_model").load(folder, places=[folder])
    assert model.max_batch == 4
    prepared = [model.prepare(picture(color)) for color in (BLUE, RED, GREEN, GREEN, RED)]
    assert list(np.argmax(model.predict(prepared).scores, axis=1)) == [3, 1, 2, 2, 1]


def test_many_threads_prepare_side_by_side(declared, scoring):
    folder = declared(kinds.pixels, {"scale": "0..1", "fit": "crop"})
    model = scoring("saved_model").load(folder, places=[folder])
    bodies = [picture(color, size) for _, color in COLORS for size in ((90, 60), (600, 500))] * 8
    alone = [model.prepare(body) for body in bodies]
    with ThreadPoolExecutor(12) as pool:
        together = list(pool.map(model.prepare, bodies))
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))
