"""How a deployed model is called and fed, and how its answers are labelled: what the person said, and what follows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from gpu_assistant.domain.errors import BadFeeding
from gpu_assistant.domain.model import Signature, TensorSpec
from gpu_assistant.domain.preprocessing import Preprocessing, parse_preprocessing
from gpu_assistant.domain.text import Text
from gpu_assistant.imagenet import CLASS_COUNTS, class_names
from gpu_assistant.saved_model.feeding import (
    Certainty,
    PixelInput,
    class_count,
    pixel_input,
    propose,
    score_output,
    why_unsuited,
)
from gpu_assistant.saved_model.serving import listed, preferred_signature, why_unclear
from gpu_assistant.workflows.inspect_model import ModelInspection
from gpu_assistant.workflows.plan import DeployRequest

IMAGENET = "imagenet"
"""In place of a file: the names of ImageNet's classes."""
BACKGROUND = "background"  # class 0 of TensorFlow's 1001-class ImageNet models
_MAX_LABELS_BYTES = 4 << 20
_MAX_DECLARATION_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class FeedingWish:
    """What the person said; what is empty is found out. `preprocess` is as `parse_preprocessing` takes it."""

    signature: str = ""
    output: str = ""
    preprocess: str = ""


@dataclass(frozen=True, slots=True)
class Feeding:
    """How a model will be called. `pixels` and `preprocessing` are None for a model that takes image files.

    `reason` says where the preprocessing comes from; it `is_shipped` with the deployment unless the model brings it or
    needs none. `output` is None while it is not clear which one holds class scores.
    """

    signature: Signature
    output: TensorSpec | None
    pixels: PixelInput | None = None
    preprocessing: Preprocessing | None = None
    reason: str = ""
    certainty: Certainty = Certainty.CERTAIN
    is_shipped: bool = False
    problem: BadFeeding | None = None

    @property
    def class_count(self) -> int | None:
        """How many classes it answers; None when that shows with the first answer only."""
        return class_count(self.output) if self.output is not None else None

    @property
    def is_guess(self) -> bool:
        """Whether nothing in the model tells how its pixels are scaled."""
        return self.certainty is Certainty.GUESS

    @property
    def fits_imagenet(self) -> bool:
        """Whether its classes may be those of ImageNet, judged from their number."""
        return self.class_count in CLASS_COUNTS


def feeding_of(found: ModelInspection, wish: FeedingWish) -> Feeding:
    """What follows from a model and a wish; a wish that cannot be granted is the `problem`."""
    by_name = {signature.name: signature for signature in found.signatures}
    signature = by_name.get(wish.signature) if wish.signature else found.signature
    if signature is None:
        reason = Text(
            "the model has no {name} that images can be fed to; it has: {names}",
            name=wish.signature,
            names=listed(by_name),
        )
        return Feeding(found.signature, None, problem=_bad(Text("Signature"), reason))
    output = score_output(signature, wish.output)
    feeding = Feeding(signature, output, problem=_output_problem(signature, output, wish.output))
    pixels = pixel_input(signature.inputs[0])
    if pixels is not None:
        return _fed(replace(feeding, pixels=pixels), pixels, found, wish.preprocess)
    if wish.preprocess and feeding.problem is None:
        reason = Text("the model takes image files and prepares them itself")
        return replace(feeding, problem=_bad(Text("How images are fed"), reason))
    return feeding


def _output_problem(signature: Signature, output: TensorSpec | None, wanted: str) -> BadFeeding | None:
    if output is not None:
        return None
    if not wanted:
        return _bad(Text("Output"), why_unclear(signature))
    reason = Text(
        "signature {signature} has no {name}; it has: {names}",
        signature=signature.name,
        name=wanted,
        names=listed(spec.name for spec in signature.outputs),
    )
    return _bad(Text("Output"), reason)


def _fed(feeding: Feeding, pixels: PixelInput, found: ModelInspection, preprocess: str) -> Feeding:
    if preprocess:
        try:
            preprocessing = parse_preprocessing(preprocess)
        except BadFeeding as problem:
            proposal = propose(found.summary, pixels)
            return replace(feeding, preprocessing=proposal.preprocessing, problem=feeding.problem or problem)
        if pixels.dtype == "uint8" and not preprocessing.scale and not preprocessing.scales:
            preprocessing = replace(preprocessing, scale="0..255")
        feeding = replace(feeding, preprocessing=preprocessing, reason=Text("You chose it."), is_shipped=True)
    elif found.declared is not None:
        reason = Text("The model brings it along, in its {file}.", file="preprocessing.json")
        feeding = replace(feeding, preprocessing=found.declared, reason=reason)
    else:
        proposal = propose(found.summary, pixels)
        feeding = replace(
            feeding,
            preprocessing=proposal.preprocessing,
            reason=proposal.reason,
            certainty=proposal.certainty,
            is_shipped=True,
            problem=feeding.problem or found.declared_problem,
        )
    unsuited = why_unsuited(feeding.preprocessing, pixels) if feeding.preprocessing is not None else ""
    if unsuited and feeding.problem is None:
        return replace(feeding, problem=_bad(Text("How images are fed"), unsuited))
    return feeding


def fed(request: DeployRequest, feeding: Feeding, found: ModelInspection, wish: FeedingWish) -> DeployRequest:
    """The request with all that the scoring script has to be told. Raises the feeding's problem."""
    if feeding.problem is not None:
        raise feeding.problem
    natural = preferred_signature(found.summary.signatures)
    is_natural = natural is not None and natural.name == feeding.signature.name
    return replace(
        request,
        signature="" if is_natural else feeding.signature.name,
        output=wish.output,
        preprocessing=feeding.preprocessing if feeding.is_shipped else None,
    )


def read_declaration(text: str) -> str:
    """What `--preprocess` means: words as they are, the content of a file that ends in .json. Raises BadFeeding."""
    if not text.lower().endswith(".json"):
        return text
    return _read(Path(text), _MAX_DECLARATION_BYTES, Text("How images are fed"))


# --- labels -----------------------------------------------------------------------------------------------------------


def read_labels(source: str) -> tuple[str, ...]:
    """The lines of a labels file, or the names of ImageNet's classes for IMAGENET. Raises BadFeeding; blocks."""
    if source == IMAGENET:
        return tuple(class_names())
    lines = _read(Path(source), _MAX_LABELS_BYTES, Text("Labels")).rstrip().split("\n")
    labels = tuple(line.strip() for line in lines)
    if not any(labels):
        raise _bad(Text("Labels"), Text("{file} is empty; one name on each line is needed", file=Path(source).name))
    return labels


def why_labels_do_not_fit(labels: tuple[str, ...], classes: int | None) -> str:
    """By the rule of `fit_labels` in `scoring/labels.py`: a sentence without its full stop, or ""."""
    without_background = len(labels) - (labels[0] == BACKGROUND)
    if classes is None or classes in (len(labels), without_background, without_background + 1):
        return ""
    return Text("There are {labels} labels, and the model has {classes} classes", labels=len(labels), classes=classes)


def labels_problem(labels: tuple[str, ...], classes: int | None) -> BadFeeding | None:
    """The same as an error."""
    reason = why_labels_do_not_fit(labels, classes)
    return _bad(Text("Labels"), reason) if reason else None


def _read(path: Path, limit_bytes: int, setting: Text) -> str:
    try:
        if not path.is_file():
            raise _bad(setting, Text("there is no file {path}", path=path))
        if path.stat().st_size > limit_bytes:
            raise _bad(setting, Text("{path} is larger than {limit} kB", path=path, limit=limit_bytes >> 10))
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise _bad(setting, Text("{path} is not text in UTF-8", path=path)) from None
    except (OSError, ValueError) as exc:
        raise _bad(setting, getattr(exc, "strerror", None) or str(exc)) from None


def _bad(setting: Text, reason: str) -> BadFeeding:
    return BadFeeding(setting=setting, reason=reason)
