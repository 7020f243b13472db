"""An image file as it is shown: upright, on white, no larger than its place. Pillow only; for worker threads."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageOps

from gpu_assistant.images import MAX_FILE_BYTES, MAX_PIXELS

_GROW_AT_MOST = 4.0
"""A tiny picture is enlarged so that it can be made out, but not until it is nothing but squares."""
_EXIF_ORIENTATION = 0x0112
_SIDEWAYS = (5, 6, 7, 8)


class NoPreview(Exception):
    """The file cannot be shown as a picture. Why is told when it is scored."""


def decode_preview(path: Path, box: tuple[int, int]) -> Image.Image:
    """The picture in `path` as RGB, scaled to fit into `box` (width, height in pixels). Blocks; raises NoPreview.

    It shows what is sent to the service: turned upright by the EXIF flag, transparency on white, an animation's first
    frame. A JPEG is decoded at a fraction of its size, so a photo of 24 million pixels takes some tens of milliseconds.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise NoPreview
        with Image.open(path) as image:
            if image.width * image.height > MAX_PIXELS:
                raise NoPreview
            return _fit(image, (max(box[0], 1), max(box[1], 1)))
    except NoPreview:
        raise
    except Exception:
        # a damaged file makes Pillow's plug-ins raise nearly anything: struct.error, KeyError, EOFError, zlib.error…
        raise NoPreview from None


def _fit(image: Image.Image, box: tuple[int, int]) -> Image.Image:
    is_sideways = image.getexif().get(_EXIF_ORIENTATION, 1) in _SIDEWAYS
    room = (box[1], box[0]) if is_sideways else box
    scale = min(room[0] / image.width, room[1] / image.height)
    if image.format == "JPEG" and scale < 1:
        image.draft(None, (round(image.width * scale), round(image.height * scale)))
    if image.mode != "RGB":
        image = _to_rgb(image)
    if scale < 1:
        image.thumbnail(room, reducing_gap=2.0)
    else:
        grown = min(scale, _GROW_AT_MOST)
        size = (max(round(image.width * grown), 1), max(round(image.height * grown), 1))
        exif = image.getexif()
        image = image.resize(size, Image.Resampling.BICUBIC)
        image.getexif().update(exif)
    upright = ImageOps.exif_transpose(image)
    upright.load()
    return upright


def _to_rgb(image: Image.Image) -> Image.Image:
    """The same in RGB, its EXIF kept. Sixteen bits and more are brought to eight by their own range."""
    exif = image.getexif()
    if image.mode.startswith("I;16"):
        flat = image.point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    elif image.mode in ("I", "F"):
        flat = _by_range(image)
    elif image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        flat = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    else:
        flat = image.convert("RGB")
    flat.getexif().update(exif)
    return flat


def _by_range(image: Image.Image) -> Image.Image:
    low, high = (float(edge) for edge in image.getextrema())  # type: ignore[arg-type]
    factor = 255.0 / (high - low) if high > low else 0.0
    return image.point(lambda value: value * factor + -low * factor).convert("L").convert("RGB")
