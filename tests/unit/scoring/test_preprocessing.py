"""The declaration: read strictly, every mistake named in one sentence. No TensorFlow."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.unit.scoring.conftest import SCORING


@pytest.fixture
def preprocessing(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCORING))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import preprocessing

    return preprocessing


def test_every_key_is_optional(preprocessing):
    parsed = preprocessing.parse("{}")
    assert parsed == preprocessing.Preprocessing()
    assert parsed.is_identity


def test_the_longest_declaration(preprocessing):
    parsed = preprocessing.parse(
        '{"scale": "-1..1", "fit": "crop", "crop_ratio": 1, "size": [224, 192], "resize": "bicubic", '
        '"antialias": false, "channels": "bgr"}'
    )
    assert (parsed.mean, parsed.std) == ((127.5,) * 3, (127.5,) * 3)
    assert (parsed.fit.value, parsed.crop_ratio, parsed.size) == ("crop", 1.0, (224, 192))
    assert (parsed.resize.value, parsed.antialias, parsed.channels.value) == ("bicubic", False, "bgr")


def test_caffe_is_bgr_unless_said_otherwise(preprocessing):
    assert preprocessing.parse('{"scale": "caffe"}').channels is preprocessing.Channels.BGR
    assert preprocessing.parse('{"scale": "caffe", "channels": "rgb"}').channels is preprocessing.Channels.RGB


@pytest.mark.parametrize(
    ("text", "mean", "std"),
    [
        ('{"mean": 127}', (127.0,) * 3, (1.0,) * 3),
        ('{"mean": [1, 2, 3], "std": 4}', (1.0, 2.0, 3.0), (4.0,) * 3),
        ('{"std": [255]}', (0.0,) * 3, (255.0,) * 3),
    ],
)
def test_own_numbers(text, mean, std, preprocessing):
    parsed = preprocessing.parse(text)
    assert (parsed.scale, parsed.mean, parsed.std) == ("custom", mean, std)


MISTAKES = {
    "empty": ("", "is not JSON"),
    "not-json": ("{scale: torch}", "is not JSON"),
    "deep": ("[" * 100_000, "is not JSON"),
    "a-list": ('["torch"]', "must hold an object"),
    "a-number": ("7", "must hold an object"),
    "unknown-key": ('{"Scale": "torch"}', "unknown key 'Scale'; known are scale, mean"),
    "unknown-scale": ('{"scale": "imagenet"}', 'scale is "imagenet", and must be one of 0..255, 0..1'),
    "scale-not-text": ('{"scale": ["torch"]}', "must be one of"),
    "scale-and-mean": ('{"scale": "torch", "mean": 1}', "one of them is enough"),
    "unknown-fit": ('{"fit": "cover"}', "must be one of stretch, crop, pad"),
    "fit-not-text": ('{"fit": {}}', "must be one of stretch, crop, pad"),
    "ratio-without-crop": ('{"crop_ratio": 0.5}', 'needs "fit": "crop"'),
    "ratio-too-large": ('{"fit": "crop", "crop_ratio": 1.1}', "from 0.05 to 1"),
    "ratio-zero": ('{"fit": "crop", "crop_ratio": 0}', "from 0.05 to 1"),
    "ratio-nan": ('{"fit": "crop", "crop_ratio": NaN}', "from 0.05 to 1"),
    "ratio-true": ('{"fit": "crop", "crop_ratio": true}', "from 0.05 to 1"),
    "size-text": ('{"size": "224x224"}', "must be \\[height, width\\] or one number"),
    "size-zero": ('{"size": 0}', "of 1 to 4096 pixels"),
    "size-huge": ('{"size": [224, 100000]}', "of 1 to 4096 pixels"),
    "size-three": ('{"size": [224, 224, 3]}', "of 1 to 4096 pixels"),
    "size-float": ('{"size": 224.0}', "of 1 to 4096 pixels"),
    "mean-two": ('{"mean": [1, 2]}', "a number, or three"),
    "mean-infinite": ('{"mean": Infinity}', "a number, or three"),
    "mean-endless": ('{"mean": 1' + "0" * 400 + "}", "a number, or three"),
    "std-zero": ('{"std": [1, 0, 1]}', "not zero"),
    "antialias-number": ('{"antialias": 1}', "true or false"),
    "channels-rgba": ('{"channels": "rgba"}', "one of rgb, bgr, grey"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named_in_one_line(name, preprocessing):
    text, reason = MISTAKES[name]
    with pytest.raises(preprocessing.PreprocessingError, match=reason) as caught:
        preprocessing.parse(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


def test_the_first_place_counts(preprocessing, tmp_path: Path):
    for name, scale in (("first", "torch"), ("second", "caffe")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "preprocessing.json").write_text(json.dumps({"scale": scale}), encoding="utf-8-sig")
    parsed, where = preprocessing.read_preprocessing([tmp_path, tmp_path / "first", tmp_path / "second"])
    assert parsed.scale == "torch"
    assert where.endswith("preprocessing.json")
    assert preprocessing.read_preprocessing([tmp_path / "none"]) == (None, "")


def test_a_large_file_is_not_read(preprocessing, tmp_path: Path):
    (tmp_path / "preprocessing.json").write_text('{"scale": "torch"}' + " " * 70_000, encoding="utf-8")
    with pytest.raises(preprocessing.PreprocessingError, match="larger than 64 kB"):
        preprocessing.read_preprocessing([tmp_path])
