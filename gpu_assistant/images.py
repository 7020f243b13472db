"""From a file to the bytes that are sent: what a person expects of their picture."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from gpu_assistant.domain.errors import BadImage
from gpu_assistant.domain.text import Text

MAX_FILE_BYTES = 100 * 1024 * 1024
"""The router of an AKS web service takes 100 MB a request (documented)."""
MAX_PIXELS = 120_000_000
_LARGEST_SIDE = 2048
_JPEG_QUALITY = 95
_SENT_AS_THEY_ARE = ("JPEG",)
_HEIC_BRANDS = (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc")
_EXIF_ORIENTATION = 0x0112

Image.MAX_IMAGE_PIXELS = None  # Pillow would warn or raise on opening; the header's size is checked here instead


def prepare_image(path: Path) -> bytes:
    """The JPEG bytes to send for an image file. Blocks on decoding; raises BadImage with the reason.

    An upright JPEG of ordinary size goes out untouched. Everything else that Pillow reads (PNG, WebP, GIF's first
    frame, TIFF, BMP, CMYK, 16 bit) is turned upright by its EXIF flag, put on white where it is transparent,
    scaled to at most 2048 pixels, and encoded anew: models of the kind this program deploys take JPEG for sure.
    """
    content = _read(path)
    if content[4:12] in _HEIC_BRANDS:
        raise BadImage(path=path.name, reason=Text("HEIC pictures cannot be read here; export it as JPEG or PNG"))
    if content[4:12] == b"ftypavif":
        raise BadImage(path=path.name, reason=Text("AVIF pictures cannot be read here; export it as JPEG or PNG"))
    try:
        with Image.open(io.BytesIO(content)) as image:
            return _to_jpeg(image, content, path)
    except UnidentifiedImageError:
        raise BadImage(path=path.name, reason=Text("it is not an image that can be read")) from None
    except (OSError, SyntaxError, ValueError, EOFError) as exc:
        raise BadImage(path=path.name, reason=Text("the image is damaged ({why})", why=exc)) from None


def _read(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise BadImage(path=path.name, reason=Text("it is a folder"))
        size = path.stat().st_size
        if size == 0:
            raise BadImage(path=path.name, reason=Text("the file is empty"))
        if size > MAX_FILE_BYTES:
            reason = Text("{size_mb:.0f} MB is more than the 100 MB a request may have", size_mb=size / 1e6)
            raise BadImage(path=path.name, reason=reason)
        return path.read_bytes()
    except FileNotFoundError:
        raise BadImage(path=str(path), reason=Text("there is no such file")) from None
    except OSError as exc:
        raise BadImage(path=path.name, reason=exc.strerror or Text("it cannot be read")) from None


def _to_jpeg(image: Image.Image, content: bytes, path: Path) -> bytes:
    width, height = image.size
    if width * height > MAX_PIXELS:
        limit = MAX_PIXELS // 10**6
        reason = Text("{width}×{height} is more than {limit} million pixels", width=width, height=height, limit=limit)
        raise BadImage(path=path.name, reason=reason)
    if image.mode in ("I", "F"):
        raise BadImage(path=path.name, reason=Text("it has more than 16 bits a pixel"))
    upright = image.getexif().get(_EXIF_ORIENTATION, 1) == 1
    if image.format in _SENT_AS_THEY_ARE and upright and image.mode in ("RGB", "L"):
        image.draft(image.mode, (64, 64))  # decode small: only to see that the file is whole
        image.load()
        if max(width, height) <= 2 * _LARGEST_SIDE:
            return content
        image = Image.open(io.BytesIO(content))
    if image.format == "JPEG":
        image.draft(None, (_LARGEST_SIDE, _LARGEST_SIDE))
    turned = ImageOps.exif_transpose(image)
    turned.thumbnail((_LARGEST_SIDE, _LARGEST_SIDE), reducing_gap=2.0)
    sent = io.BytesIO()
    _on_white(turned).save(sent, "JPEG", quality=_JPEG_QUALITY)
    return sent.getvalue()


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        return image.point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")
