"""The summary as `gpu-assistant inspect --json` prints it. The keys are stable; programs rely on them."""

from __future__ import annotations

from typing import Any

from gpu_assistant.domain.model import SavedModelSummary, TensorSpec


def to_json(summary: SavedModelSummary) -> dict[str, Any]:
    """`shape` is a list with null for a free dimension, or null when the rank is unknown."""
    return {
        "tensorflow_version": summary.tensorflow_version,
        "signatures": {
            signature.name: {"inputs": _tensors(signature.inputs), "outputs": _tensors(signature.outputs)}
            for signature in summary.signatures
        },
        "size_bytes": summary.size_bytes,
        "warnings": list(summary.warnings),
    }


def _tensors(specs: tuple[TensorSpec, ...]) -> dict[str, Any]:
    return {
        spec.name: {"dtype": spec.dtype, "shape": None if spec.shape is None else list(spec.shape)} for spec in specs
    }
