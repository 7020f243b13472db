"""Encoded images to the numbers that a model of pixels takes, as its preprocessing declares.

Decoding is TensorFlow's; the result is the right RGB for every file that is let through: CMYK and grey JPEG, 16-bit
and palette PNG, the first frame of a GIF. Transparency is dropped and the colours below it stay, as the loaders of
training data do it (tf.io.decode_image with three channels, Pillow's convert("RGB")). A photo is turned the way its
Exif orientation says.
"""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from exif import orientation
from preprocessing import Channels, Fit, Preprocessing, PreprocessingError

FLOATS = ("float32", "float16", "bfloat16", "float64")
_GREY_WEIGHTS = (0.299, 0.587, 0.114)  # ITU-R 601, as in Pillow's "L" and tf.image.rgb_to_grayscale
_JPEG_RATIOS = (8, 4, 2)

Pixels = npt.NDArray[Any]

# What Exif's number says must be done to see the picture upright; views, which copy nothing.
_TURNS: dict[int, Callable[[Pixels], Pixels]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels.swapaxes(0, 1)[:, ::-1],
    7: lambda pixels: pixels.swapaxes(0, 1)[::-1, ::-1],
    8: lambda pixels: pixels.swapaxes(0, 1)[::-1],
}


class NotDecoded(Exception):
    """An image that cannot be made into pixels. The text is not for clients."""


@dataclass(frozen=True, slots=True)
class PixelInput:
    """What a signature says about the pixels of one image. A size of None is open."""

    dtype: str
    height: int | None
    width: int | None
    channels: int
    is_channels_first: bool


def pixel_input(dtype: str, shape: list[int | None]) -> PixelInput | None:
    """One image of this shape (three dimensions, the batch left out); None when it is not made for pixels.

    Channels are the dimension of 1 or 3, the last one where both are; a last one that is open is taken for them.
    """
    if dtype not in ("uint8", *FLOATS) or len(shape) != 3:
        return None
    first, second, third = shape
    if third in (1, 3, None) and not (third is None and first in (1, 3)):
        return PixelInput(dtype, first, second, third or 3, is_channels_first=False)
    if first in (1, 3):
        return PixelInput(dtype, second, third, first, is_channels_first=True)
    return None


class PixelFeed:
    """Makes images into arrays for one model. Safe to call from several threads."""

    def __init__(self, tf: Any, wanted: PixelInput, how: Preprocessing) -> None:
        """Raises PreprocessingError when `how` does not suit the model."""
        self._tf = tf
        self._wanted = wanted
        self._how = how
        self.size = _size(wanted, how)
        self.channels = _channels(wanted, how)
        if wanted.dtype == "uint8" and not how.is_identity:
            raise PreprocessingError(
                f"The model takes bytes (uint8), which stay as they are: scale {how.scale} cannot be had."
            )
        if wanted.dtype != "uint8" and not how.scale:
            raise PreprocessingError(f"The preprocessing of a model that takes {wanted.dtype} needs a scale.")
        if self.channels is Channels.GREY and (len(set(how.mean)) > 1 or len(set(how.std)) > 1):
            raise PreprocessingError(
                f"The model takes one grey channel, and scale {how.scale} has a number of its own for each colour."
            )
        order = [2, 1, 0] if self.channels is Channels.BGR else [0, 1, 2]
        kept = slice(0, 1) if self.channels is Channels.GREY else slice(0, 3)
        self._mean = np.array(how.mean, np.float32)[order][kept]
        self._std = np.array(how.std, np.float32)[order][kept]
        self._dtype = tf.as_dtype(wanted.dtype).as_numpy_dtype
        # More at once would be no faster, and a PNG being decoded takes 6 bytes for each of its pixels.
        self._decoders = threading.BoundedSemaphore(max(2, _cpu_count()))

    def prepare(self, image: bytes) -> Pixels:
        """One image as the model takes it, without a batch dimension. Raises NotDecoded."""
        # Beside a GPU these small steps would queue up behind the model.
        with self._decoders, self._tf.device("/CPU:0"):
            return self._finish(self._fit(self._decode(image)))

    # --- decoding ---------------------------------------------------------------------------------------------------

    def _decode(self, image: bytes) -> Pixels:
        """RGB, upright, and no smaller than twice what is needed unless the file is."""
        tf = self._tf
        try:
            if image.startswith(b"\xff\xd8"):
                ratio = self._jpeg_ratio(tf.io.extract_jpeg_shape(image).numpy())
                pixels = tf.io.decode_jpeg(image, channels=3, ratio=ratio).numpy()
            elif image.startswith(b"BM"):
                pixels = _bmp_colors(image, tf.io.decode_bmp(image).numpy())
            else:
                channels = _webp_channels(image) if image[8:12] == b"WEBP" else 3
                pixels = tf.io.decode_image(image, channels=channels, expand_animations=False).numpy()
        except (tf.errors.InvalidArgumentError, struct.error) as exc:
            raise NotDecoded(str(exc)) from exc
        rgb: Pixels = pixels[..., :3]
        turn = _TURNS.get(orientation(image))
        return rgb if turn is None else turn(rgb)

    def _jpeg_ratio(self, shape: Pixels) -> int:
        """By how much a JPEG may be shrunk while it is decoded, which saves most of the time and memory."""
        kept = self._how.crop_ratio if self._how.fit is Fit.CROP else 1.0
        spare = min(int(shape[0]), int(shape[1])) * kept / (2 * max(self.size))
        return next((ratio for ratio in _JPEG_RATIOS if ratio <= spare), 1)

    # --- fitting ----------------------------------------------------------------------------------------------------

    def _fit(self, pixels: Pixels) -> Pixels:
        """Float RGB pixels of 0 to 255 in the model's size; the kernel may overshoot a little."""
        height, width = self.size
        if self._how.fit is Fit.CROP:
            pixels = _middle(pixels, height, width, self._how.crop_ratio)
        if self._how.fit is not Fit.PAD:
            return self._resized(pixels, height, width)
        scale = min(height / pixels.shape[0], width / pixels.shape[1])
        inner = [max(1, round(side * scale)) for side in pixels.shape[:2]]
        top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
        padded = np.zeros((height, width, 3), np.float32)
        padded[top : top + inner[0], left : left + inner[1]] = self._resized(pixels, *inner)
        return padded

    def _resized(self, pixels: Pixels, height: int, width: int) -> Pixels:
        how = self._how
        if how.antialias:
            pixels = _shrunk(pixels, pixels.shape[0] // (2 * height), pixels.shape[1] // (2 * width))
        resized = self._tf.image.resize(
            np.ascontiguousarray(pixels), [height, width], method=how.resize.value, antialias=how.antialias
        )
        result: Pixels = resized.numpy()
        return result

    # --- numbers ----------------------------------------------------------------------------------------------------

    def _finish(self, pixels: Pixels) -> Pixels:
        if self.channels is Channels.GREY:
            pixels = (pixels @ np.array(_GREY_WEIGHTS, np.float32))[..., np.newaxis]
        elif self.channels is Channels.BGR:
            pixels = pixels[..., ::-1]
        if self._wanted.dtype == "uint8":
            pixels = np.clip(np.rint(pixels), 0, 255)
        elif not self._how.is_identity:
            pixels = (pixels - self._mean) / self._std
        if self._wanted.is_channels_first:
            pixels = pixels.transpose(2, 0, 1)
        return np.ascontiguousarray(pixels, dtype=self._dtype)


def _size(wanted: PixelInput, how: Preprocessing) -> tuple[int, int]:
    """The model's own size; what it leaves open comes from the declaration, which must not contradict it."""
    own = (wanted.height, wanted.width)
    given = how.size or (None, None)
    for mine, asked in zip(own, given, strict=True):
        if mine and asked and mine != asked:
            raise PreprocessingError(
                f"The model takes images {_sides(own)}, and its preprocessing says {_sides(given)} (height x width)."
            )
    height, width = wanted.height or given[0], wanted.width or given[1]
    if not height or not width:
        raise PreprocessingError('The model takes images of any size; its preprocessing must say which, "size".')
    return height, width


def _channels(wanted: PixelInput, how: Preprocessing) -> Channels:
    channels = how.channels or (Channels.GREY if wanted.channels == 1 else Channels.RGB)
    if (channels is Channels.GREY) is not (wanted.channels == 1):
        raise PreprocessingError(
            f"The model takes {wanted.channels} channel(s), and its preprocessing says {channels.value}."
        )
    return channels


def _sides(size: tuple[int | None, int | None]) -> str:
    return " x ".join(str(side or "any") for side in size)


def _middle(pixels: Pixels, height: int, width: int, ratio: float) -> Pixels:
    """The largest middle part that has the proportions of height and width, times `ratio`."""
    rows, columns = pixels.shape[:2]
    if rows * width <= columns * height:
        tall, wide = float(rows), rows * width / height
    else:
        tall, wide = columns * height / width, float(columns)
    tall, wide = max(1, int(tall * ratio)), max(1, int(wide * ratio))
    top, left = (rows - tall) // 2, (columns - wide) // 2
    return pixels[top : top + tall, left : left + wide]


def _shrunk(pixels: Pixels, by_height: int, by_width: int) -> Pixels:
    """Means of blocks of pixels: what a resize of TensorFlow, which makes floats of all of them, is spared."""
    rows, columns = max(1, by_height), max(1, by_width)
    if rows * columns == 1:
        return pixels
    height, width = pixels.shape[0] // rows, pixels.shape[1] // columns
    total = np.zeros((height, width, 3), np.float32)
    for row in range(rows):
        for column in range(columns):
            total += pixels[row : row + rows * height : rows, column : column + columns * width : columns]
    total /= rows * columns
    return total


def _webp_channels(image: bytes) -> int:
    """TensorFlow wants to be told whether a WebP has transparency.

    Animated ones are refused: TensorFlow 2.21 writes beyond its buffer when it decodes one.
    """
    if image[12:16] == b"VP8X":
        if image[20] & 0x02:
            raise NotDecoded("an animated WebP")
        return 4 if image[20] & 0x10 else 3
    if image[12:16] == b"VP8L":
        return 4 if struct.unpack_from("<I", image, 21)[0] >> 28 & 1 else 3
    return 3


def _bmp_colors(image: bytes, pixels: Pixels) -> Pixels:
    """TensorFlow gives the numbers of a palette's colours as if they were grey; look them up."""
    if pixels.shape[2] != 1:
        return pixels
    first, header_bytes = struct.unpack_from("<II", image, 10)
    palette = np.frombuffer(image[14 + header_bytes : first], np.uint8)
    if header_bytes < 40 or len(palette) < 4:
        raise NotDecoded("a BMP of 8 bits without a palette")
    colors = palette[: len(palette) // 4 * 4].reshape(-1, 4)[:, 2::-1]
    return colors[np.minimum(pixels[..., 0], len(colors) - 1)]


def _cpu_count() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
