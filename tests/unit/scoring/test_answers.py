"""Right answers from every kind of SavedModel."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.fakes import saved_models as kinds
from tests.fakes.pictures import BLUE, GOOD, GREEN, RED, picture

TF2_KINDS = [
    kinds.probabilities,
    kinds.logits,
    kinds.misleading_order,
    kinds.sigmoids,
    kinds.half_precision,
    kinds.single_image,
    kinds.scalar_image,
    kinds.uint8_pixels,
    kinds.other_signature,
    kinds.jpeg_only,
    kinds.tf1,
    kinds.several_graphs,
]


@pytest.mark.parametrize("kind", TF2_KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_of_model_knows_its_colours(kind, saved_model, script):
    started = script(saved_model(kind))
    for index, color in ((1, RED), (2, GREEN), (3, BLUE)):
        reply = started.post(picture(color))
        assert reply.status == 200, reply.body
        assert reply.body["predictions"][0]["index"] == index
        assert 0.5 < reply.body["predictions"][0]["probability"] <= 1.0


def test_the_reply_says_everything_it_promises(saved_model, script):
    reply = script(saved_model(kinds.probabilities)).post(picture())
    assert reply.headers["Content-Type"] == "application/json"
    told = {"predictions", "model_ms", "queue_ms", "batch", "total_ms", "device", "device_name", "model"}
    assert set(reply.body) == told
    assert len(reply.body["predictions"]) == 5
    assert all(set(line) == {"index", "label", "probability"} for line in reply.body["predictions"])
    order = [line["probability"] for line in reply.body["predictions"]]
    assert order == sorted(order, reverse=True)
    assert 0 < reply.body["model_ms"] <= reply.body["total_ms"]
    assert reply.body["device"] == "/CPU:0"
    assert reply.body["device_name"]
    assert reply.body["model"] == {
        "name": "probabilities", "signature": "serving_default", "output": "probabilities",
        "scores": "probabilities", "classes": kinds.CLASSES,
    }  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_every_container_is_decoded(name, saved_model, script):
    reply = script(saved_model(kinds.probabilities)).post(GOOD[name])
    assert reply.status == 200, reply.body
    assert reply.body["predictions"][0]["index"] == 1


def test_top_chooses_how_many(saved_model, script):
    started = script(saved_model(kinds.probabilities), top="2")
    assert len(started.post(picture()).body["predictions"]) == 2
    assert len(started.post(picture(), query_string="top=1").body["predictions"]) == 1
    assert len(started.post(picture(), query_string="top=999").body["predictions"]) == kinds.CLASSES


def test_logits_become_probabilities_and_the_answer_says_so(saved_model, script):
    plain = script(saved_model(kinds.probabilities)).post(picture(), query_string="top=10").body
    softmax = script(saved_model(kinds.logits)).post(picture(), query_string="top=10").body
    assert softmax["model"]["scores"] == "softmax of logits"
    for expected, got in zip(plain["predictions"], softmax["predictions"], strict=True):
        assert got["index"] == expected["index"]
        assert got["probability"] == pytest.approx(expected["probability"], abs=1e-5)


def test_sigmoids_are_left_alone(saved_model, script):
    body = script(saved_model(kinds.sigmoids)).post(picture(), query_string="top=10").body
    assert body["model"]["scores"] == "independent scores"
    assert sum(line["probability"] for line in body["predictions"]) > 1.2


def test_a_named_output_wins(saved_model, script):
    body = script(saved_model(kinds.misleading_order), output="z_logits").post(picture()).body
    assert body["predictions"][0]["index"] == 1
    assert body["model"]["scores"] == "softmax of logits"


def test_a_named_signature_wins(saved_model, script):
    body = script(saved_model(kinds.tf1), signature="predict").post(picture()).body
    assert body["model"]["signature"] == "predict"


def test_many_images_at_once_are_answered_in_order(saved_model, script):
    model = script(saved_model(kinds.probabilities)).module._service._model
    answers = model.predict([model.prepare(picture(color)) for color in (BLUE, RED, GREEN)])
    assert list(np.argmax(answers.scores, axis=1)) == [3, 1, 2]


def test_a_model_for_one_image_answers_many_one_by_one(saved_model, script):
    model = script(saved_model(kinds.single_image)).module._service._model
    assert model.max_batch == 1
    answers = model.predict([model.prepare(picture(color)) for color in (BLUE, RED)])
    assert list(np.argmax(answers.scores, axis=1)) == [3, 1]


@pytest.mark.parametrize("below", ["", "1", "resnet50/1538686758", "a/b/c/d"])
def test_the_model_is_found_at_any_depth(below, saved_model, script, tmp_path):
    shutil.copytree(saved_model(kinds.probabilities), tmp_path / "models" / "resnet" / "3" / below, dirs_exist_ok=True)
    reply = script(tmp_path / "models" / "resnet" / "3").post(picture())
    assert reply.body["model"]["name"] == "resnet"  # Azure mounts .../NAME/VERSION


def test_links_are_followed_and_circles_end(saved_model, script, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "circle").symlink_to(tmp_path / "models", target_is_directory=True)
    (tmp_path / "models" / "link").symlink_to(saved_model(kinds.probabilities), target_is_directory=True)
    assert script(tmp_path / "models").post(picture()).status == 200


def labelled(saved_model, tmp_path: Path, classes: int, labels: list[str], place: str = "labels.txt") -> Path:
    folder = tmp_path / "model"
    shutil.copytree(saved_model(kinds.probabilities, classes=classes), folder / "export")
    file = folder / "export" / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(labels) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("place", ["labels.txt", "assets/labels.txt", "assets.extra/labels.txt", "../labels.txt"])
def test_labels_are_found(place, saved_model, script, tmp_path):
    labels = [f"Größe {index}" for index in range(kinds.CLASSES)]
    body = script(labelled(saved_model, tmp_path, kinds.CLASSES, labels, place)).post(picture()).body
    assert body["predictions"][0] == {"index": 1, "label": "Größe 1", "probability": pytest.approx(1, abs=0.1)}


@pytest.mark.parametrize(
    ("classes", "lines", "label_of_class_1"),
    [
        pytest.param(1001, ["background", *(f"c{i}" for i in range(1000))], "c0", id="1001-classes-1001-labels"),
        pytest.param(1001, [f"c{i}" for i in range(1000)], "c0", id="1001-classes-1000-labels"),
        pytest.param(1000, [f"c{i}" for i in range(1000)], "c1", id="1000-classes-1000-labels"),
        pytest.param(1000, ["background", *(f"c{i}" for i in range(1000))], "c1", id="1000-classes-1001-labels"),
        pytest.param(1000, ["c0", "c1", "c2"], None, id="too-few-labels-are-not-used"),
    ],
)
def test_1000_and_1001_classes(classes, lines, label_of_class_1, saved_model, script, tmp_path):
    body = script(labelled(saved_model, tmp_path, classes, lines)).post(picture()).body
    assert body["predictions"][0]["index"] == 1
    assert body["predictions"][0]["label"] == label_of_class_1


def test_an_older_server_is_served_too(saved_model, script, monkeypatch):
    """Without azureml-inference-server-http's own module, rawhttp comes from azureml-contrib-services."""
    monkeypatch.setitem(sys.modules, "azureml_inference_server_http.api.aml_request", None)
    started = script(saved_model(kinds.probabilities))
    assert started.module.AMLResponse.__module__.startswith("azureml.contrib")
    assert started.post(picture()).body["predictions"][0]["index"] == 1
