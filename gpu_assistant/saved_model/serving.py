"""Whether images can be fed to a model, judged from its signatures alone.

The rules mirror `scoring/saved_model.py`, which decides on the machine that serves. It ships without this
package, so the two share no code; tests hold them together.
"""

from __future__ import annotations

from collections.abc import Iterable

from gpu_assistant.domain.model import SavedModelSummary, Shape, Signature, TensorSpec
from gpu_assistant.domain.text import Text, joined
from gpu_assistant.saved_model.errors import SignatureUnusable
from gpu_assistant.saved_model.feeding import pixel_input, possible_outputs, score_output, takes_files

_PREFERRED = ("serving_default", "predict")


def serving_signature(summary: SavedModelSummary, name: str = "") -> Signature:
    """The signature to serve: the one called `name`, or the one that the scoring script takes when none is named.

    Raises SignatureUnusable with the reason when there is none, or images cannot be fed to it, or which of its outputs
    holds class scores is not clear.
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
    reason = why_unusable(chosen) or why_unclear(chosen)
    if reason:
        raise SignatureUnusable(reason=reason)
    return chosen


def usable_signatures(summary: SavedModelSummary) -> tuple[Signature, ...]:
    """Those that images can be fed to, the natural one first. Raises SignatureUnusable when there is none."""
    natural = preferred_signature(summary.signatures)
    ordered = sorted(summary.signatures, key=lambda signature: signature is not natural)
    usable = tuple(signature for signature in ordered if not why_unusable(signature))
    if not usable:
        serving_signature(summary)
        raise SignatureUnusable(reason=why_unusable(summary.signatures[0]))
    return usable


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
    return _input_obstacle(name, signature.inputs[0]) or _output_obstacle(name, signature)


def _input_obstacle(name: str, spec: TensorSpec) -> str:
    if takes_files(spec) or pixel_input(spec) is not None:
        return ""
    if spec.dtype == "string":
        return Text(
            "Signature {name} takes texts of shape {shape}, and there is one image to give",
            name=name,
            shape=shape_text(spec.shape),
        )
    if spec.dtype.startswith("unknown"):
        return Text("Signature {name} takes a type of number that is not known: {dtype}", name=name, dtype=spec.dtype)
    return Text(
        "Signature {name} takes {dtype} {shape}; what can be fed are image files (string) and pixels (uint8 or floats, "
        "with 1 or 3 channels)",
        name=name,
        dtype=spec.dtype,
        shape=shape_text(spec.shape),
    )


def _output_obstacle(name: str, signature: Signature) -> str:
    if possible_outputs(signature):
        return ""
    given = listed(f"{spec.name} ({spec.dtype})" for spec in signature.outputs)
    return Text("Signature {name} gives no probabilities; it gives: {given}", name=name, given=given)


def why_unclear(signature: Signature) -> str:
    """Why somebody has to say which output holds class scores, as a sentence without its full stop; "" when clear."""
    if score_output(signature) is not None:
        return ""
    given = listed(spec.name for spec in possible_outputs(signature))
    return Text(
        "Which output of signature {name} holds class scores is not clear; it has: {given}",
        name=listed([signature.name]),
        given=given,
    )


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
