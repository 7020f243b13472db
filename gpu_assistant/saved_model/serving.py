"""Whether images can be fed to a model, judged from its signatures alone.

The rules mirror `scoring/saved_model.py`, which decides on the machine that serves. It ships without this
package, so the two share no code; tests hold them together.
"""

from __future__ import annotations

from collections.abc import Iterable

from gpu_assistant.domain.model import SavedModelSummary, Shape, Signature, TensorSpec
from gpu_assistant.domain.text import Text, joined
from gpu_assistant.saved_model.errors import SignatureUnusable

_PREFERRED = ("serving_default", "predict")
_FLOATS = frozenset({"float32", "float64", "float16", "bfloat16"})


def serving_signature(summary: SavedModelSummary, name: str = "") -> Signature:
    """The signature to serve: the one called `name`, or the natural one.

    Raises SignatureUnusable with the reason when there is none or images cannot be fed to it.
    """
    names = listed(signature.name for signature in summary.signatures)
    if name:
        chosen = next((signature for signature in summary.signatures if signature.name == name), None)
        if chosen is None:
            raise SignatureUnusable(
                reason=Text("There is no signature {name}; it has: {names}", name=name, names=names)
            )
    else:
        chosen = preferred_signature(summary.signatures)
        if chosen is None:
            raise SignatureUnusable(reason=Text("No signature is called serving_default; it has: {names}", names=names))
    reason = why_unusable(chosen)
    if reason:
        raise SignatureUnusable(reason=reason)
    return chosen


def preferred_signature(signatures: tuple[Signature, ...]) -> Signature | None:
    """serving_default, else predict, else the only one there is."""
    by_name = {signature.name: signature for signature in signatures}
    for name in _PREFERRED:
        if name in by_name:
            return by_name[name]
    return signatures[0] if len(signatures) == 1 else None


def why_unusable(signature: Signature) -> str:
    """Why images cannot be fed to this signature, as a sentence without its full stop; "" when they can."""
    name = listed([signature.name])
    if not signature.inputs:
        return Text("Signature {name} takes no input", name=name)
    if len(signature.inputs) > 1:
        inputs = listed(spec.name for spec in signature.inputs)
        return Text(
            "Signature {name} takes {count} inputs ({inputs}), and there is one image to give",
            name=name,
            count=len(signature.inputs),
            inputs=inputs,
        )
    return _input_obstacle(name, signature.inputs[0]) or _output_obstacle(name, signature.outputs)


def _input_obstacle(name: str, spec: TensorSpec) -> str:
    if spec.dtype == "string":
        if spec.shape is None or spec.shape in ((), (1,), (None,)):
            return ""
        return Text(
            "Signature {name} takes texts of shape {shape}, and there is one image to give",
            name=name,
            shape=shape_text(spec.shape),
        )
    if spec.dtype == "uint8" and _is_picture(spec.shape):
        return ""
    if spec.dtype.startswith("unknown"):
        return Text("Signature {name} takes a type of number that is not known: {dtype}", name=name, dtype=spec.dtype)
    return Text(
        "Signature {name} takes {dtype} {shape}; image files (string) and uint8 pixels of a fixed size can be fed",
        name=name,
        dtype=spec.dtype,
        shape=shape_text(spec.shape),
    )


def _is_picture(shape: Shape | None) -> bool:
    """NHWC with a fixed height and width, three channels, and a batch that is free or one."""
    if shape is None or len(shape) != 4:
        return False
    batch, height, width, channels = shape
    return batch in (None, 1) and bool(height) and bool(width) and channels == 3


def _output_obstacle(name: str, outputs: tuple[TensorSpec, ...]) -> str:
    if any(spec.dtype in _FLOATS for spec in outputs):
        return ""
    given = listed(f"{spec.name} ({spec.dtype})" for spec in outputs)
    return Text("Signature {name} gives no probabilities; it gives: {given}", name=name, given=given)


def listed(names: Iterable[str]) -> Text:
    """Names in one line that stays readable: the first eight, long ones clipped."""
    every = list(names)
    shown = [name if len(name) <= 60 else name[:57] + "..." for name in every[:8]]
    return joined(shown + ["..."] * (len(every) > 8)) or Text("none")


def shape_text(shape: Shape | None) -> str:
    """A shape as people write it: [?, 224, 224, 3]."""
    if shape is None:
        return Text("of any shape")
    return "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"
