"""How a SavedModel is to be called: which signature, what its one input takes, which output holds class scores.

Judged from TensorFlow's own description of the signatures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pixels import PixelInput, pixel_input

_PREFERRED = ("serving_default", "predict")
_SCORE_WORDS = ("prob", "softmax", "score", "predict", "logit")


class ModelError(Exception):
    """The model cannot be served. The text is for the log of `init()`, where the person who deployed reads it."""


@dataclass(frozen=True, slots=True)
class ModelInput:
    """The one input of a signature: encoded image files, or `pixels`.

    `batch` is how many images a call takes: None for any number, 0 for one without a batch dimension.
    """

    name: str
    dtype: str
    batch: int | None
    pixels: PixelInput | None


def choose_signature(names: list[str], wanted: str) -> str:
    """The signature called `wanted`, or the natural one. Raises ModelError with what there is."""
    listed = ", ".join(names) or "none"
    if wanted:
        if wanted not in names:
            raise ModelError(f"The model has no signature {wanted}; it has: {listed}.")
        return wanted
    for name in _PREFERRED:
        if name in names:
            return name
    if len(names) != 1:
        raise ModelError(
            f"The model has no signature serving_default; it has: {listed}. Name one in GPU_ASSISTANT_SIGNATURE."
        )
    return names[0]


def input_of(call: Any, signature: str) -> ModelInput:
    """What one image has to look like. Raises ModelError when the signature takes none."""
    inputs = sorted(call.structured_input_signature[1].items())
    if len(inputs) != 1:
        names = ", ".join(name for name, _ in inputs) or "none"
        raise ModelError(f"Signature {signature} takes {len(inputs)} inputs ({names}), and there is one image to give.")
    name, spec = inputs[0]
    dtype = spec.dtype.name
    shape = spec.shape.as_list() if spec.shape.rank is not None else None
    if dtype == "string":
        if shape is None:
            return ModelInput(name, dtype, None, None)
        if len(shape) <= 1 and 0 not in shape:
            return ModelInput(name, dtype, shape[0] if shape else 0, None)
    elif shape is not None and len(shape) in (3, 4) and 0 not in shape:
        pixels = pixel_input(dtype, shape[-3:])
        if pixels is not None:
            return ModelInput(name, dtype, shape[0] if len(shape) == 4 else 0, pixels)
    raise ModelError(
        f"Signature {signature} takes {dtype} of shape {shape}. What can be fed are image files (string, one for each "
        "image) and pixels (uint8 or floats, with 1 or 3 channels first or last)."
    )


def output_of(call: Any, signature: str, wanted: str) -> str:
    """The name of the output with class scores: never by position, which is random from start to start.

    Raises ModelError when it is not called `wanted`, or, with none wanted, not clear.
    """
    outputs = call.structured_outputs
    listed = ", ".join(f"{name} ({spec.dtype.name})" for name, spec in sorted(outputs.items())) or "none"
    if wanted:
        if wanted not in outputs:
            raise ModelError(f"Signature {signature} has no output {wanted}; it has: {listed}.")
        return wanted
    floating = [name for name, spec in sorted(outputs.items()) if spec.dtype.is_floating]
    tables = [name for name in floating if outputs[name].shape.rank in (None, 2)]
    candidates = tables or floating
    if len(candidates) == 1:
        return str(candidates[0])
    for word in _SCORE_WORDS:
        named = [name for name in candidates if word in name.lower()]
        if named:
            return str(min(named, key=len))
    raise ModelError(
        f"Which output of signature {signature} holds class scores is not clear; it has: {listed}. "
        "Name one in GPU_ASSISTANT_OUTPUT."
    )
