"""How a picture becomes the numbers that a model was trained on: a small declaration, read strictly.

Only models that take pixels need one; those that take image files decode and scale in their own graph. It is a JSON
object, in a file preprocessing.json beside the model, or beside the entry script, where it wins: a registered model
cannot be changed, but it can be deployed again. Every key is optional:

    {"scale": "-1..1", "fit": "crop", "crop_ratio": 0.875, "size": [224, 224],
     "resize": "bilinear", "antialias": true, "channels": "rgb"}

- `scale`: what becomes of a pixel of 0 to 255. "0..255" as it is; "0..1" divided by 255; "-1..1" less 127.5, divided
  by 127.5; "torch" as for 0..1, then less the mean and divided by the standard deviation of ImageNet; "caffe" less
  the mean of ImageNet, in the order blue, green, red. Only a uint8 input can do without one: it takes bytes.
- `mean` and `std` instead of `scale`: numbers for (pixel - mean) / std, one for all channels or three for red, green
  and blue, in this order whatever `channels` says. Left out they are 0 and 1.
- `fit`: how the picture gets the model's shape. "stretch" ignores proportions, "crop" cuts the middle out, "pad" adds
  black bars.
- `crop_ratio`: how much of the largest middle part "crop" keeps, 0.875 unless given: 224 of 256 pixels, the way most
  ImageNet models are evaluated.
- `size`: [height, width], or one number for both. For a model that leaves its size open.
- `resize`: "bilinear" or "bicubic". With `antialias` (true unless given) as Pillow and Keras's layers for training data
  do it; with false as tf.image.resize does by default, which skips pixels of a large picture.
- `channels`: "rgb", "bgr", or "grey" for a model with one channel.

Standard library only.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

FILE = "preprocessing.json"
_MAX_BYTES = 64 << 10
_MAX_SIZE_PX = 4096

Triple = tuple[float, float, float]

# The numbers of keras.applications.imagenet_utils, for pixels of 0 to 255, in the order red, green, blue.
_TORCH_MEAN, _TORCH_STD = (0.485 * 255, 0.456 * 255, 0.406 * 255), (0.229 * 255, 0.224 * 255, 0.225 * 255)
_CAFFE_MEAN = (123.68, 116.779, 103.939)
_SCALES: Mapping[str, tuple[Triple, Triple]] = {
    "0..255": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "0..1": ((0.0, 0.0, 0.0), (255.0, 255.0, 255.0)),
    "-1..1": ((127.5, 127.5, 127.5), (127.5, 127.5, 127.5)),
    "torch": (_TORCH_MEAN, _TORCH_STD),
    "caffe": (_CAFFE_MEAN, (1.0, 1.0, 1.0)),
}


class PreprocessingError(ValueError):
    """A declaration that makes no sense, or does not suit the model. The text is one sentence for its author."""


class Fit(enum.Enum):
    """How a picture gets the shape of the model's input."""

    STRETCH = "stretch"
    CROP = "crop"
    PAD = "pad"


class Resize(enum.Enum):
    """The kernel that pixels are mixed with."""

    BILINEAR = "bilinear"
    BICUBIC = "bicubic"


class Channels(enum.Enum):
    """Which colours, in which order."""

    RGB = "rgb"
    BGR = "bgr"
    GREY = "grey"


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """A declaration that makes sense. What the model's signature decides is None until `for_input` fills it in.

    A pixel becomes (pixel - mean) / std; both are in the order red, green, blue. `scale` is the name they came by,
    "custom" for numbers of the author's own, and "" when nothing was said about them.
    """

    scale: str = ""
    mean: Triple = (0.0, 0.0, 0.0)
    std: Triple = (1.0, 1.0, 1.0)
    fit: Fit = Fit.STRETCH
    crop_ratio: float = 0.875
    size: tuple[int, int] | None = None
    resize: Resize = Resize.BILINEAR
    antialias: bool = True
    channels: Channels | None = None

    @property
    def is_identity(self) -> bool:
        """Whether a pixel stays the number it is."""
        return not any(self.mean) and self.std == (1.0, 1.0, 1.0)

    def __str__(self) -> str:
        cut = f" {self.crop_ratio:g}" if self.fit is Fit.CROP else ""
        rough = "" if self.antialias else " without antialiasing"
        numbers = f" (mean {_listed(self.mean)}, std {_listed(self.std)})" if self.scale == "custom" else ""
        return f"scale {self.scale}{numbers}, {self.fit.value}{cut}, {self.resize.value}{rough}"


def read_preprocessing(places: Sequence[Path]) -> tuple[Preprocessing | None, str]:
    """The declaration in the first of these folders that has one, and where it was; None and "" without any.

    Raises PreprocessingError.
    """
    for folder in places:
        file = folder / FILE
        if file.is_file():
            if file.stat().st_size > _MAX_BYTES:
                raise PreprocessingError(f"{file} is larger than {_MAX_BYTES >> 10} kB.")
            return parse(file.read_text(encoding="utf-8-sig", errors="replace")), str(file)
    return None, ""


def parse(text: str) -> Preprocessing:
    """A declaration from JSON text. Raises PreprocessingError naming what is wrong."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise PreprocessingError(f"{FILE} is not JSON: {exc}.") from None
    if not isinstance(content, dict):
        raise PreprocessingError(f'{FILE} must hold an object, such as {{"scale": "0..1"}}.')
    values: dict[str, Any] = {}
    for key, value in content.items():
        if key not in _READERS:
            raise PreprocessingError(f"{FILE} has an unknown key {key!r:.40}; known are {', '.join(_READERS)}.")
        values[key] = _READERS[key](key, value)
    if "scale" in values and ("mean" in values or "std" in values):
        raise PreprocessingError(f"{FILE} gives scale, and mean or std as well; one of them is enough.")
    if "crop_ratio" in values and values.get("fit") is not Fit.CROP:
        raise PreprocessingError(f'{FILE} gives crop_ratio, which needs "fit": "crop".')
    if "scale" in values:
        values["mean"], values["std"] = _SCALES[values["scale"]]
        if values["scale"] == "caffe":
            values.setdefault("channels", Channels.BGR)
    elif "mean" in values or "std" in values:
        values["scale"] = "custom"
    return Preprocessing(**values)


# --- values -------------------------------------------------------------------------------------------------------

Choice = TypeVar("Choice", bound=enum.Enum)


def _one_of(kind: type[Choice]) -> Callable[[str, Any], Choice]:
    def read(key: str, value: Any) -> Choice:
        try:
            return kind(value)
        except ValueError:
            raise _wrong(key, value, "one of " + ", ".join(one.value for one in kind)) from None

    return read


def _scale(key: str, value: Any) -> str:
    if not isinstance(value, str) or value not in _SCALES:
        raise _wrong(key, value, "one of " + ", ".join(_SCALES))
    return value


def _mean(key: str, value: Any) -> Triple:
    numbers = value if isinstance(value, list) else [value]
    if len(numbers) not in (1, 3) or not all(_is_number(number) for number in numbers):
        raise _wrong(key, value, "a number, or three for red, green and blue")
    red, green, blue = (float(number) for number in (numbers * 3 if len(numbers) == 1 else numbers))
    return red, green, blue


def _std(key: str, value: Any) -> Triple:
    numbers = _mean(key, value)
    if not all(abs(number) >= 1e-6 for number in numbers):
        raise _wrong(key, value, "not zero, as pixels are divided by it")
    return numbers


def _ratio(key: str, value: Any) -> float:
    if not _is_number(value) or not 0.05 <= value <= 1:
        raise _wrong(key, value, "a number from 0.05 to 1")
    return float(value)


def _size(key: str, value: Any) -> tuple[int, int]:
    sides = value if isinstance(value, list) else [value, value]
    good = len(sides) == 2 and all(type(side) is int and 1 <= side <= _MAX_SIZE_PX for side in sides)
    if not good:
        raise _wrong(key, value, f"[height, width] or one number, of 1 to {_MAX_SIZE_PX} pixels")
    return sides[0], sides[1]


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(key, value, "true or false")
    return value


_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "scale": _scale,
    "mean": _mean,
    "std": _std,
    "fit": _one_of(Fit),
    "crop_ratio": _ratio,
    "size": _size,
    "resize": _one_of(Resize),
    "antialias": _flag,
    "channels": _one_of(Channels),
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6


def _wrong(key: str, value: Any, right: str) -> PreprocessingError:
    return PreprocessingError(f"{FILE}: {key} is {json.dumps(value)[:60]}, and must be {right}.")


def _listed(numbers: Triple) -> str:
    return "/".join(f"{number:g}" for number in numbers)
