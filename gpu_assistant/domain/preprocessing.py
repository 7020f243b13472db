"""How a picture becomes the numbers that a model was trained on: what `scoring/preprocessing.py` reads, written here.

The deployed script ships without this package, so the two share no code; tests hold them together. What the keys
mean is told there.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from gpu_assistant.domain.errors import BadFeeding
from gpu_assistant.domain.text import Text

FILE = "preprocessing.json"
SCALES = ("0..255", "0..1", "-1..1", "torch", "caffe")
DEFAULT_CROP_RATIO = 0.875
_MAX_SIZE_PX = 4096
_MAX_CHARACTERS = 64 << 10

Triple = tuple[float, ...]


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
    """A declaration. What is empty or None is left to the model's signature.

    `scale` is one of SCALES, or "" when `mean` and `std` say it (one number, or three for red, green and blue) or
    nothing does. `size_px` is (height, width).
    """

    scale: str = ""
    mean: Triple = ()
    std: Triple = ()
    fit: Fit = Fit.STRETCH
    crop_ratio: float = DEFAULT_CROP_RATIO
    size_px: tuple[int, int] | None = None
    resize: Resize = Resize.BILINEAR
    antialias: bool = True
    channels: Channels | None = None

    @property
    def scales(self) -> bool:
        """Whether a pixel becomes another number."""
        return bool(self.mean or self.std or self.scale not in ("", "0..255"))

    @property
    def differs_by_colour(self) -> bool:
        """Whether the colours are scaled differently, which one grey channel cannot be."""
        return self.scale in ("torch", "caffe") or len(set(self.mean)) > 1 or len(set(self.std)) > 1

    def to_object(self) -> dict[str, Any]:
        """The keys that differ from what is assumed without them."""
        found: dict[str, Any] = {}
        if self.scale:
            found["scale"] = self.scale
        for key, numbers in (("mean", self.mean), ("std", self.std)):
            if numbers:
                found[key] = list(numbers) if len(numbers) > 1 else numbers[0]
        if self.fit is not Fit.STRETCH:
            found["fit"] = self.fit.value
        if self.fit is Fit.CROP:
            found["crop_ratio"] = self.crop_ratio
        if self.size_px:
            found["size"] = list(self.size_px)
        if self.resize is not Resize.BILINEAR:
            found["resize"] = self.resize.value
        if not self.antialias:
            found["antialias"] = False
        if self.channels is not None:
            found["channels"] = self.channels.value
        return found

    def to_json(self) -> str:
        """The file that is deployed."""
        return json.dumps(self.to_object(), indent=2) + "\n"

    def to_text(self) -> str:
        """As `--preprocess` takes it: "scale=-1..1,fit=crop,crop_ratio=0.875"."""
        return ",".join(f"{key}={_plain(key, value)}" for key, value in self.to_object().items())


def _plain(key: str, value: Any) -> str:
    if key == "size":
        return "x".join(map(str, value))
    if isinstance(value, list):
        return ",".join(f"{number:g}" for number in value)
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value).lower()


# --- reading ------------------------------------------------------------------------------------------------------


def parse_preprocessing(text: str) -> Preprocessing:
    """A declaration from JSON, or from words: a name ("torch"), pairs ("scale=-1..1,fit=crop,size=224x192"), or both.

    Where a name stands alone for a whole recipe, "torch" brings the cut that goes with it. Raises BadFeeding.
    """
    text = text.strip()
    if len(text) > _MAX_CHARACTERS:
        raise _wrong(Text("this is no declaration: it is longer than {limit} kB", limit=_MAX_CHARACTERS >> 10))
    return _from_object(_json_object(text) if text.startswith(("{", "[")) else _pairs(text))


def _json_object(text: str) -> Mapping[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise _wrong(Text("this is not JSON: {reason}", reason=exc)) from None
    if not isinstance(content, dict):
        raise _wrong(Text("an object is needed, such as {example}", example='{"scale": "0..1"}'))
    return content


def _pairs(text: str) -> Mapping[str, Any]:
    """Words to the values that JSON would have. A part without "=" goes on with the numbers of the part before it."""
    found: dict[str, Any] = {}
    key = ""
    for number, part in enumerate(text.split(",")):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if equals:
            key = name
            found[key] = _value(key, value)
        elif number == 0:
            found["scale"] = name
            if name == "torch" and "fit" not in text:
                found["fit"] = Fit.CROP.value
        elif key in ("mean", "std"):
            before = found[key] if isinstance(found[key], list) else [found[key]]
            found[key] = [*before, _value(key, name)]
        else:
            raise _wrong(Text("{part} is not of the form key=value", part=part.strip() or '""'))
    return found


def _value(key: str, text: str) -> Any:
    if key == "size":
        sides = text.lower().split("x")
        numbers = [int(side) if side.strip().isdecimal() else side for side in sides]
        return numbers if len(numbers) > 1 else numbers[0]
    if key in ("mean", "std", "crop_ratio"):
        try:
            return float(text)
        except ValueError:
            return text
    if key == "antialias":
        return {"true": True, "false": False}.get(text.lower(), text)
    return text


def _from_object(content: Mapping[str, Any]) -> Preprocessing:
    values: dict[str, Any] = {}
    for key, value in content.items():
        if key not in _READERS:
            known = ", ".join(_READERS)
            raise _wrong(Text("there is no key {key}; there are: {known}", key=str(key)[:40], known=known))
        name, read = _READERS[key]
        values[name] = read(key, value)
    if "scale" in values and ("mean" in values or "std" in values):
        raise _wrong(Text("scale is given, and mean or std as well; one of them is enough"))
    if "crop_ratio" in values and values.get("fit") is not Fit.CROP:
        raise _wrong(Text("crop_ratio goes with fit=crop"))
    return Preprocessing(**values)


Choice = TypeVar("Choice", bound=enum.Enum)


def _one_of(kind: type[Choice]) -> Callable[[str, Any], Choice]:
    def read(key: str, value: Any) -> Choice:
        for one in kind:
            if one.value == value:
                return one
        raise _not_one_of(key, value, [str(one.value) for one in kind])

    return read


def _scale(key: str, value: Any) -> str:
    if value not in SCALES:
        raise _not_one_of(key, value, SCALES)
    return str(value)


def _numbers(key: str, value: Any) -> Triple:
    numbers = value if isinstance(value, list) else [value]
    if len(numbers) not in (1, 3) or not all(_is_number(number) for number in numbers):
        raise _wrong(Text("{key} must be a number, or three for red, green and blue", key=key))
    if key == "std" and not all(abs(number) >= 1e-6 for number in numbers):
        raise _wrong(Text("std must not be zero, as pixels are divided by it"))
    return tuple(float(number) for number in numbers)


def _ratio(key: str, value: Any) -> float:
    if not _is_number(value) or not 0.05 <= value <= 1:
        raise _wrong(Text("crop_ratio must be a number from 0.05 to 1"))
    return float(value)


def _size(key: str, value: Any) -> tuple[int, int]:
    sides = value if isinstance(value, list) else [value, value]
    if len(sides) != 2 or not all(type(side) is int and 1 <= side <= _MAX_SIZE_PX for side in sides):
        raise _wrong(Text("size must be height x width in pixels, each from 1 to {most}", most=_MAX_SIZE_PX))
    return sides[0], sides[1]


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _not_one_of(key, value, ("true", "false"))
    return value


_READERS: Mapping[str, tuple[str, Callable[[str, Any], Any]]] = {
    "scale": ("scale", _scale),
    "mean": ("mean", _numbers),
    "std": ("std", _numbers),
    "fit": ("fit", _one_of(Fit)),
    "crop_ratio": ("crop_ratio", _ratio),
    "size": ("size_px", _size),
    "resize": ("resize", _one_of(Resize)),
    "antialias": ("antialias", _flag),
    "channels": ("channels", _one_of(Channels)),
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6


def _not_one_of(key: str, value: Any, choices: Any) -> BadFeeding:
    listed = ", ".join(choices)
    shown = json.dumps(value, ensure_ascii=False)[:60]
    return _wrong(Text("{key} is {value}, and must be one of: {choices}", key=key, value=shown, choices=listed))


def _wrong(reason: Text) -> BadFeeding:
    return BadFeeding(setting=Text("How images are fed"), reason=reason)
