"""What one image has to become for a model, and what to propose where nothing in a SavedModel says how.

The rules about shapes mirror `scoring/pixels.py` and `scoring/signatures.py`, which decide on the machine that
serves; tests hold them together.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from gpu_assistant.domain.model import SavedModelSummary, Shape, Signature, TensorSpec
from gpu_assistant.domain.preprocessing import SCALES, Channels, Preprocessing
from gpu_assistant.domain.text import Text

FLOATS = frozenset({"float32", "float64", "float16", "bfloat16"})
USUAL_SIZE_PX = (224, 224)

# What the applications of Keras were trained with (keras.applications.imagenet_utils.preprocess_input and their own
# first layers), by what their layers are called.
_OWN_SCALING = ("rescaling", "normalization", "mobilenetv3", "efficientnet", "convnext", "regnet")
_SIGNED = ("mobilenet", "inception", "xception", "nasnet", "resnet50v2", "resnet101v2", "resnet152v2")
_CAFFE = ("resnet50", "resnet101", "resnet152", "vgg16", "vgg19")
_TORCH = ("densenet",)
_LARGE = ("inception", "xception")
_LARGE_SIZE_PX = (299, 299)


@dataclass(frozen=True, slots=True)
class PixelInput:
    """Pixels of one image, as a signature wants them. A size of None is open. `batch` is None for any number."""

    dtype: str
    batch: int | None
    height: int | None
    width: int | None
    channels: int
    is_channels_first: bool

    @property
    def has_open_size(self) -> bool:
        """Whether somebody has to say how large images are to be."""
        return self.height is None or self.width is None


class Certainty(enum.Enum):
    """How much a proposal is worth."""

    CERTAIN = "certain"
    LIKELY = "likely"
    GUESS = "guess"


@dataclass(frozen=True, slots=True)
class Proposal:
    """How to feed a model of pixels, and why so, as a sentence."""

    preprocessing: Preprocessing
    reason: Text
    certainty: Certainty


def takes_files(spec: TensorSpec) -> bool:
    """Whether it takes image files, any number or a fixed one at a time."""
    return spec.dtype == "string" and (spec.shape is None or (len(spec.shape) <= 1 and 0 not in spec.shape))


def pixel_input(spec: TensorSpec) -> PixelInput | None:
    """The pixels that an input takes; None when it takes something else.

    Channels are the dimension of 1 or 3, the last one where both are; a last one that is open is taken for them.
    """
    shape = spec.shape
    if spec.dtype not in ("uint8", *FLOATS) or shape is None or len(shape) not in (3, 4) or 0 in shape:
        return None
    batch = shape[0] if len(shape) == 4 else 1
    first, second, third = shape[-3:]
    if third in (1, 3, None) and not (third is None and first in (1, 3)):
        return PixelInput(spec.dtype, batch, first, second, third or 3, is_channels_first=False)
    if first in (1, 3):
        return PixelInput(spec.dtype, batch, second, third, first, is_channels_first=True)
    return None


def propose(summary: SavedModelSummary, pixels: PixelInput) -> Proposal:
    """How images are to be fed, from what the signature and the names of the layers tell."""
    proposal = _scaling(summary, pixels)
    if not pixels.has_open_size:
        return proposal
    usual = _LARGE_SIZE_PX if summary.layers & set(_LARGE) else USUAL_SIZE_PX
    size_px = (pixels.height or usual[0], pixels.width or usual[1])
    return replace(proposal, preprocessing=replace(proposal.preprocessing, size_px=size_px))


def _scaling(summary: SavedModelSummary, pixels: PixelInput) -> Proposal:
    if pixels.dtype == "uint8":
        reason = Text("The model takes pixels as bytes of 0 to 255, so nothing is to be scaled.")
        return Proposal(Preprocessing("0..255"), reason, Certainty.CERTAIN)
    for names, preprocessing, reason in (
        (
            _OWN_SCALING,
            Preprocessing("0..255"),
            Text("The model has layers of its own that scale pixels ({layers}).", layers=_found(summary, _OWN_SCALING)),
        ),
        (
            _SIGNED,
            Preprocessing("-1..1"),
            Text("Its layers are named like {layers}, which is trained with -1 to 1.", layers=_found(summary, _SIGNED)),
        ),
        (
            _CAFFE,
            Preprocessing("caffe", channels=Channels.BGR),
            Text(
                "Its layers are named like {layers} of Keras, which is trained with blue first, less the mean.",
                layers=_found(summary, _CAFFE),
            ),
        ),
        (
            _TORCH,
            Preprocessing("torch"),
            Text(
                "Its layers are named like {layers}, which is trained with ImageNet's mean and deviation.",
                layers=_found(summary, _TORCH),
            ),
        ),
    ):
        if summary.layers & set(names) and not (preprocessing.differs_by_colour and pixels.channels == 1):
            certainty = Certainty.CERTAIN if summary.layers & {"rescaling", "normalization"} else Certainty.LIKELY
            return Proposal(preprocessing, reason, certainty)
    if pixels.is_channels_first and pixels.channels == 3:
        reason = Text("Channels come first, as in models from PyTorch, which see ImageNet's mean and deviation.")
        return Proposal(Preprocessing("torch"), reason, Certainty.LIKELY)
    reason = Text("Nothing in the model says how pixels are scaled; 0 to 1 is what most are trained with.")
    return Proposal(Preprocessing("0..1"), reason, Certainty.GUESS)


def _found(summary: SavedModelSummary, names: tuple[str, ...]) -> str:
    return ", ".join(name for name in names if name in summary.layers)


def why_unsuited(preprocessing: Preprocessing, pixels: PixelInput) -> str:
    """Why a declaration does not suit a model, as a sentence without its full stop; "" when it does."""
    grey = pixels.channels == 1
    for own, asked in zip((pixels.height, pixels.width), preprocessing.size_px or (None, None), strict=True):
        if own and asked and own != asked:
            return Text("The model takes images of {size} pixels and no other size", size=_size_words(pixels))
    if pixels.has_open_size and preprocessing.size_px is None:
        return Text("The model takes images of any size, so a size must be given")
    if pixels.dtype == "uint8" and preprocessing.scales:
        return Text("The model takes pixels as bytes, which cannot be scaled")
    if pixels.dtype != "uint8" and not (preprocessing.scale or preprocessing.mean or preprocessing.std):
        return Text("The model takes pixels as {dtype}, so a scale must be given", dtype=pixels.dtype)
    wants_grey = preprocessing.channels is Channels.GREY
    if preprocessing.channels is not None and wants_grey is not grey:
        return Text("The model takes {count} channels", count=pixels.channels)
    if grey and (preprocessing.differs_by_colour):
        return Text("The model takes one grey channel, and this scales each colour by itself")
    return ""


def suited_scales(pixels: PixelInput) -> tuple[str, ...]:
    """The names of scales that make sense for a model."""
    if pixels.dtype == "uint8":
        return ("0..255",)
    return SCALES if pixels.channels == 3 else ("0..255", "0..1", "-1..1")


def _size_words(pixels: PixelInput) -> str:
    return f"{pixels.width or '?'} × {pixels.height or '?'}"


# --- outputs --------------------------------------------------------------------------------------------------------

_SCORE_WORDS = ("prob", "softmax", "score", "predict", "logit")


class ScoreKind(enum.Enum):
    """What class scores probably are, before a model has answered anything."""

    PROBABILITIES = Text("probabilities")
    LOGITS = Text("logits, which the service turns into probabilities")
    INDEPENDENT = Text("independent scores of 0 to 1")


def possible_outputs(signature: Signature) -> tuple[TensorSpec, ...]:
    """The outputs that can hold class scores: tables of floats, or any floats where there is no table."""
    floating = [spec for spec in signature.outputs if spec.dtype in FLOATS]
    tables = [spec for spec in floating if spec.shape is None or len(spec.shape) == 2]
    return tuple(tables or floating)


def score_output(signature: Signature, name: str = "") -> TensorSpec | None:
    """The output called `name`, or the one that holds class scores; None when it is not there, or not clear."""
    if name:
        return next((spec for spec in signature.outputs if spec.name == name), None)
    candidates = possible_outputs(signature)
    if len(candidates) == 1:
        return candidates[0]
    for word in _SCORE_WORDS:
        named = [spec for spec in candidates if word in spec.name.lower()]
        if named:
            return min(named, key=lambda spec: len(spec.name))
    return None


def class_count(output: TensorSpec) -> int | None:
    """How many classes an output has; None when its shape leaves that open."""
    shape: Shape | None = output.shape
    own = shape[1:] if shape is not None and len(shape) > 1 else shape
    if not own or None in own:
        return None
    count = 1
    for size in own:
        count *= size or 1
    return count


def score_kind(summary: SavedModelSummary, output: TensorSpec) -> ScoreKind:
    """What the scores probably are: from the name, else from whether the graph has a softmax at all."""
    name = output.name.lower()
    if "logit" in name:
        return ScoreKind.LOGITS
    if "prob" in name or "softmax" in name or "Softmax" in summary.op_histogram:
        return ScoreKind.PROBABILITIES
    return ScoreKind.INDEPENDENT if "Sigmoid" in summary.op_histogram else ScoreKind.LOGITS
