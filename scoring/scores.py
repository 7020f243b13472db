"""Class scores: what the numbers of an output are, and how they become comparable."""

from __future__ import annotations

import enum

import numpy as np
import numpy.typing as npt
from signatures import ModelError

Scores = npt.NDArray[np.float64]


class ScoreKind(enum.Enum):
    """What the numbers of the chosen output are, found out at start, so that it cannot change between answers."""

    PROBABILITIES = "probabilities"
    LOGITS = "softmax of logits"
    INDEPENDENT = "independent scores"  # each in 0..1 and no distribution: sigmoid outputs; left as they are


def kind_of(rows: Scores) -> ScoreKind:
    """What scores are, judged from several answers."""
    if not np.isfinite(rows).all():
        raise ModelError("The model answers plain images with numbers that are not finite (NaN).")
    within = rows.min() >= -1e-3 and rows.max() <= 1 + 1e-3
    if not within:
        return ScoreKind.LOGITS
    sums = rows.sum(axis=1)
    if rows.shape[1] > 1 and np.allclose(sums, 1.0, atol=2e-2):  # float16 sums are that far off
        return ScoreKind.PROBABILITIES
    return ScoreKind.INDEPENDENT


def softmax(scores: Scores) -> Scores:
    """Row by row, safe for large numbers."""
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    total: Scores = exponentials / exponentials.sum(axis=1, keepdims=True)
    return total
