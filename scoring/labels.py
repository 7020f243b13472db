"""Names of classes, from a labels.txt that travels with the model or with the deployment.

One name per line; the line number is the class.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

_FILE = "labels.txt"
_MAX_BYTES = 4 << 20
_BACKGROUND = "background"  # class 0 of TensorFlow's 1001-class ImageNet models


def read_labels(places: Sequence[Path]) -> list[str] | None:
    """The labels in the first of these folders that has some; None without a file."""
    for folder in places:
        file = folder / _FILE
        if file.is_file() and file.stat().st_size <= _MAX_BYTES:
            text = file.read_text(encoding="utf-8-sig", errors="replace")
            return [line.strip() for line in text.rstrip().split("\n")]
    return None


def fit_labels(labels: Sequence[str] | None, class_count: int) -> tuple[list[str] | None, str]:
    """Labels for exactly `class_count` classes, or None, and a sentence for the log.

    A background class on one side only is made up for; any other difference in number drops the labels, for
    wrong names are worse than none.
    """
    if labels is None:
        return None, f"no {_FILE}: answers carry class numbers only"
    fitted = list(labels)
    if len(fitted) + 1 == class_count and fitted[0] != _BACKGROUND:
        return [_BACKGROUND, *fitted], f"{len(labels)} labels, shifted by one for a background class 0"
    if len(fitted) == class_count + 1 and fitted[0] == _BACKGROUND:
        return fitted[1:], f"{class_count} labels, without the background line"
    if len(fitted) == class_count:
        return fitted, f"{class_count} labels"
    return None, f"{_FILE} has {len(labels)} lines for {class_count} classes: labels are not used"
