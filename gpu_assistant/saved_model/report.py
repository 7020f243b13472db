"""The summary as `gpu-assistant inspect --json` prints it. The keys are stable; programs rely on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gpu_assistant.domain.model import SavedModelSummary, TensorSpec
from gpu_assistant.saved_model.errors import SignatureUnusable
from gpu_assistant.saved_model.feeding import class_count, pixel_input, propose, score_kind, score_output
from gpu_assistant.saved_model.serving import usable_signatures


def to_json(summary: SavedModelSummary) -> dict[str, Any]:
    """`shape` is a list with null for a free dimension, or null when the rank is unknown."""
    return {
        "folder": str(summary.folder),
        "tensorflow_version": summary.tensorflow_version,
        "format": "TensorFlow 2" if summary.is_tf2 else "TensorFlow 1",
        "tags": list(summary.tags),
        "graphs": [list(tags) for tags in summary.graphs],
        "signatures": {
            signature.name: {
                "method": signature.method_name,
                "inputs": _tensors(signature.inputs),
                "outputs": _tensors(signature.outputs),
            }
            for signature in summary.signatures
        },
        "size_bytes": summary.size_bytes,
        "gpu_only": summary.gpu_only,
        "operations": dict(_by_number(summary.op_histogram)),
        "serving": _serving(summary),
        "warnings": list(summary.warnings),
    }


def most_common_operations(summary: SavedModelSummary, limit: int) -> str:
    """The operations of the graph in one line: "312 Const, 49 Conv2D, ... and 31 more kinds"."""
    counted = _by_number(summary.op_histogram)
    shown = ", ".join(f"{count} {name[:60]}" for name, count in counted[:limit])
    return shown + (f" and {len(counted) - limit} more kinds" if len(counted) > limit else "")


def _serving(summary: SavedModelSummary) -> dict[str, Any] | None:
    """How it would be called, fed and read unless somebody says otherwise; null when images cannot be fed to it.

    `preprocessing` is null for a model that takes image files, `output` where somebody has to name it. What the scores
    are is judged without running the model; the service measures it when it starts.
    """
    try:
        signature = usable_signatures(summary)[0]
    except SignatureUnusable:
        return None
    output = score_output(signature)
    pixels = pixel_input(signature.inputs[0])
    proposal = propose(summary, pixels) if pixels is not None else None
    return {
        "signature": signature.name,
        "output": output.name if output is not None else None,
        "classes": class_count(output) if output is not None else None,
        "scores": str(score_kind(summary, output).value) if output is not None else None,
        "preprocessing": proposal.preprocessing.to_object() if proposal is not None else None,
        "preprocessing_is": proposal.certainty.value if proposal is not None else None,
        "why": str(proposal.reason) if proposal is not None else "",
    }


def serving_lines(summary: SavedModelSummary) -> list[str]:
    """The same for a person."""
    facts = _serving(summary)
    if facts is None:
        return []
    classes = f"{facts['classes']} classes" if facts["classes"] else "classes not counted"
    scores = f"{facts['output']} ({classes}, probably {facts['scores']})" if facts["output"] else "name one: --output"
    lines = [f"served by {facts['signature']}, class scores in {scores}"]
    if facts["preprocessing"] is None:
        return [*lines, "fed with image files as they are"]
    how = ", ".join(f"{key} {value}" for key, value in facts["preprocessing"].items())
    return [*lines, f"fed with pixels, proposed: {how} ({facts['preprocessing_is']}). {facts['why']}"]


def _by_number(histogram: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(histogram.items(), key=lambda one: (-one[1], one[0]))


def _tensors(specs: tuple[TensorSpec, ...]) -> dict[str, Any]:
    return {
        spec.name: {"dtype": spec.dtype, "shape": None if spec.shape is None else list(spec.shape)} for spec in specs
    }
