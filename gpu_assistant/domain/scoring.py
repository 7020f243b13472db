"""What comes back for an image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Prediction:
    """One line of the answer. `label` is None when the model brings no labels; `index` is the output's own."""

    index: int
    probability: float
    label: str | None = None


@dataclass(frozen=True, slots=True)
class ScoredImage:
    """An answered image. `latency_ms` is the whole HTTP request, `model_ms` the model's share of it.

    `device` tells whether a GPU really answered.
    """

    path: Path
    predictions: tuple[Prediction, ...]
    latency_ms: float
    model_ms: float
    device: str
