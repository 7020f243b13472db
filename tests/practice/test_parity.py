"""One network, exported to take image files, bytes and floats: the same answers, to the last digits that count."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpu_assistant.practice.sample import ensure_saved_model, sample_photos
from tests.fakes.sample_exports import DECLARATION, export
from tests.fakes.tensorflow import import_tensorflow

SCORING = Path(__file__).parents[2] / "scoring"
EXPORTS: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "bytes": ({"dtype": "uint8"}, {key: DECLARATION[key] for key in ("fit", "crop_ratio", "resize")}),
    "floats": ({}, DECLARATION),
    "floats-channels-first": ({"is_channels_first": True}, DECLARATION),
    "logits": ({"logits": True}, DECLARATION),
}
BACKGROUND = 1
"""The export for image files has one class more, before the others."""


@pytest.fixture(scope="module")
def cache_dir(request: pytest.FixtureRequest) -> Path:
    """Kept between runs, as the program itself keeps it."""
    assert request.config.cache is not None
    return Path(request.config.cache.mkdir("sample-model"))


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """The scoring script's model of a folder, warmed up, fed as declared."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCORING))
        patch.setattr(sys, "dont_write_bytecode", True)
        scoring = importlib.import_module("saved_model")

    def load(folder: Path, declaration: Mapping[str, Any] | None = None) -> Any:
        place = tmp_path_factory.mktemp("declared")
        if declaration is not None:
            (place / "preprocessing.json").write_text(json.dumps(declaration), encoding="utf-8")
        model = scoring.load(folder, places=[place])
        model.warm_up()
        return model

    return load


@pytest.fixture(scope="module")
def photos(cache_dir: Path) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in sample_photos(cache_dir).items()}


@pytest.fixture(scope="module")
def of_files(cache_dir: Path, load: Callable[..., Any], photos: dict[str, bytes]) -> dict[str, Any]:
    """What the export for image files answers, its background left out."""
    import_tensorflow()
    model = load(ensure_saved_model(cache_dir))
    return {name: model.predict([model.prepare(photo)]).scores[0][BACKGROUND:] for name, photo in photos.items()}


@pytest.fixture(scope="module", params=EXPORTS)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    import_tensorflow()
    options, _ = EXPORTS[request.param]
    return request.param, export(tmp_path_factory.mktemp("exports") / request.param, **options)


def test_top_1_agrees_and_the_numbers_are_tensorflows_own(exported, load, photos, of_files):
    name, folder = exported
    tf = import_tensorflow()
    model = load(folder, EXPORTS[name][1])
    prepared = [model.prepare(photo) for photo in photos.values()]
    together = model.predict(prepared).scores
    direct = tf.saved_model.load(str(folder)).signatures["serving_default"]
    for one, scores, of_file in zip(prepared, together, of_files.values(), strict=True):
        (answer,) = direct(pixels=tf.constant(one[np.newaxis])).values()
        expected = tf.nn.softmax(answer) if name == "logits" else answer
        assert np.abs(scores - expected.numpy()[0]).max() <= 1e-5
        assert np.abs(model.predict([one]).scores[0] - expected.numpy()[0]).max() <= 1e-5
        assert scores.argmax() == of_file.argmax()


def test_fed_as_the_other_exports_graph_does_it_the_answers_are_the_same(exported, load, photos, of_files):
    """Decode, cut and resize outside the graph equal those inside it: to 1e-5, or to the rounding of bytes."""
    name, folder = exported
    model = load(folder, {**EXPORTS[name][1], "antialias": False})
    tolerance = 0.05 if name == "bytes" else 1e-5
    for photo, of_file in zip(photos.values(), of_files.values(), strict=True):
        scores = model.predict([model.prepare(photo)]).scores[0]
        assert np.abs(scores - of_file).max() <= tolerance
