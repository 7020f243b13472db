"""What may reach the model: checks that need no decoding, so that a hostile request costs almost nothing.

Every refusal is an HTTP status, a stable code and a sentence of our own. Standard library only.
"""

from __future__ import annotations

import enum
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

# Real files stay far below both; without an end, a body of tiny blocks would keep this reader busy for seconds.
_MAX_SEGMENTS = 5_000
_MAX_GIF_BLOCKS = 500_000
_MAX_PNG_CHUNKS = 100_000

_WEBP_ANIMATED = 0x02  # a flag of the extended header

# A JPEG may come in several scans, ten for a progressive one as a rule. An empty scan takes ten bytes and costs the
# decoder a pass over every pixel, so a few hundred kilobytes of them would keep it busy for minutes.
_MAX_SCANS = 100

# libpng unpacks every compressed text, though nobody reads it: up to 8 MB out of 8 kB, 30 ms each.
_MAX_PNG_TEXTS = 40
_PNG_TEXTS = (b"zTXt", b"iTXt")

# A JPEG marker with a length behind it. Decoders step over stray bytes, fill bytes (FF FF) and markers without a
# length (01, restart, start of image), so do we.
_JPEG_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")


class Refused(Exception):
    """A request that gets no prediction. `message` is safe to send: it never quotes an exception, path or key."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


class ImageFormat(enum.Enum):
    """The formats that TensorFlow decodes."""

    JPEG = "JPEG"
    PNG = "PNG"
    GIF = "GIF"
    BMP = "BMP"
    WEBP = "WebP"


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What an image says about itself. `pixels` counts all frames that a decoder would unpack."""

    format: ImageFormat
    width: int
    height: int
    pixels: int = field(default=0)


# First bytes of what people send besides: naming it is worth more than "unsupported".
_REFUSED_MAGIC = (
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"II+\x00", "a TIFF image"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL image"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 image"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (b"8BPS", "a Photoshop image"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "XML text"),
    (b"<", "HTML text"),
    (b"{", "JSON text"),
    (b"[", "JSON text"),
    (b"--", "a form"),
)
_ISO_BRANDS = {b"avif": "an AVIF image", b"avis": "an AVIF image", b"mif1": "a HEIF image", b"msf1": "a HEIF image"}
_HEIC_BRANDS = (b"hei", b"hev", b"hec")


def check_image(body: bytes, max_pixels: int) -> ImageHeader:
    """The header of an image that may be decoded.

    Raises Refused: 400 for an empty, unknown or broken image, 415 for a format that is not decoded here, 422 for
    more than `max_pixels` (decoding them is what would exhaust the memory).
    """
    if not body:
        raise Refused(400, "empty_body", "The request has no body. Send the bytes of one image.")
    format_ = _format(body)
    try:
        header = _READERS[format_](body)
    except (struct.error, IndexError):
        raise _broken(format_) from None
    if header.width <= 0 or header.height <= 0:
        raise _broken(format_)
    if header.pixels > max_pixels:
        raise Refused(
            422,
            "too_many_pixels",
            f"The image has {header.pixels / 1e6:.0f} megapixels; at most {max_pixels / 1e6:g} are decoded.",
        )
    if format_ is ImageFormat.WEBP and body[12:16] == b"VP8X" and body[20] & _WEBP_ANIMATED:
        # TensorFlow 2.21's decode_image without a number of channels, which is its default, writes beyond its buffer
        # on these: one request would end the worker.
        raise _unsupported("an animated WebP image")
    return header


def _broken(format_: ImageFormat) -> Refused:
    return Refused(400, "broken_image", f"The {format_.value} image is damaged or cut short.")


def _format(body: bytes) -> ImageFormat:
    if body.startswith(b"\xff\xd8\xff"):
        return ImageFormat.JPEG
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return ImageFormat.PNG
    if body.startswith((b"GIF87a", b"GIF89a")):
        return ImageFormat.GIF
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return ImageFormat.WEBP
    if body.startswith(b"BM"):
        return ImageFormat.BMP
    if body[4:8] == b"ftyp":
        heic_or_film = "a HEIC image" if body[8:11] in _HEIC_BRANDS else "a film"
        raise _unsupported(_ISO_BRANDS.get(body[8:12], heic_or_film))
    start = body[:64].lstrip()
    for magic, name in _REFUSED_MAGIC:
        if body.startswith(magic) or start.startswith(magic):
            raise _unsupported(name)
    raise Refused(400, "not_an_image", "This is not an image. Send the bytes of one image, not text or a form.")


def _unsupported(what: str) -> Refused:
    message = f"This is {what}. Send the bytes of a JPEG or PNG image (GIF, BMP and WebP often work too)."
    return Refused(415, "unsupported_format", message)


def _header(format_: ImageFormat, width: int, height: int) -> ImageHeader:
    return ImageHeader(format_, width, height, width * height)


def _jpeg(body: bytes) -> ImageHeader:
    """Walk the segments to the frame header (SOFn), which holds the size."""
    offset = 2
    for _ in range(_MAX_SEGMENTS):
        found = _JPEG_MARKER.search(body, offset)
        if not found:
            break
        marker, offset = body[found.end() - 1], found.end()
        if marker in (0xD9, 0xDA):  # end of image, or pixel data, before any size
            break
        (length,) = struct.unpack_from(">H", body, offset)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", body, offset + 3)
            _check_scans(body, offset + length)
            return _header(ImageFormat.JPEG, width, height)
        if length < 2:
            break
        offset += length
    raise _broken(ImageFormat.JPEG)


def _check_scans(body: bytes, offset: int) -> None:
    """Raise Refused unless an end follows `offset`, after the frame header, and not too many scans lie before it.

    TensorFlow refuses a JPEG without its end marker. Found here, one that was cut short costs no call of the model.
    """
    scans = 0
    for _ in range(_MAX_SEGMENTS):
        found = _JPEG_MARKER.search(body, offset)
        if not found:
            break
        marker = body[found.end() - 1]
        if marker == 0xD9:
            return
        scans += marker == 0xDA
        if scans > _MAX_SCANS:
            message = f"The JPEG image is stored in more than {_MAX_SCANS} scans. Save it as an ordinary JPEG."
            raise Refused(422, "too_many_scans", message)
        (length,) = struct.unpack_from(">H", body, found.end())
        offset = found.end() + length
    raise _broken(ImageFormat.JPEG)


def _png(body: bytes) -> ImageHeader:
    """Every chunk is to end within the body: libpng would first make room for the 2 GB that a length may promise."""
    length, kind, width, height = struct.unpack_from(">I4sII", body, 8)
    if length != 13 or kind != b"IHDR":
        raise _broken(ImageFormat.PNG)
    offset = 8
    texts = 0
    for _ in range(_MAX_PNG_CHUNKS):
        length, kind = struct.unpack_from(">I4s", body, offset)
        offset += 12 + length  # length, kind and checksum are 12 bytes themselves
        texts += kind in _PNG_TEXTS
        if offset > len(body):
            break
        if texts > _MAX_PNG_TEXTS:
            message = f"The PNG image holds more than {_MAX_PNG_TEXTS} texts besides the picture. Save it without them."
            raise Refused(422, "too_many_texts", message)
        if kind == b"IEND":
            return _header(ImageFormat.PNG, width, height)
    raise _broken(ImageFormat.PNG)


def _gif(body: bytes) -> ImageHeader:
    """All frames count: the decoder unpacks every one, and each may be larger than the screen it names."""
    width, height, flags = struct.unpack_from("<HHB", body, 6)
    frames = 0
    offset = 13 + _gif_colors(flags)
    is_in_data = False
    try:
        for _ in range(_MAX_GIF_BLOCKS):
            kind = body[offset]
            if is_in_data:  # sub-blocks: a length and that many bytes, until a length of zero
                is_in_data = kind != 0
                offset += 1 + kind
            elif kind == 0x2C:  # image descriptor, colours, and the byte of the code size
                frame_width, frame_height, flags = struct.unpack_from("<HHB", body, offset + 5)
                frames += frame_width * frame_height
                offset += 11 + _gif_colors(flags)
                is_in_data = True
            elif kind == 0x21:  # extension
                offset += 2
                is_in_data = True
            else:  # the trailer, or damage that ends the decoder's reading too
                break
        else:
            raise _broken(ImageFormat.GIF)
    except (struct.error, IndexError):
        pass  # cut short: what was seen so far is what can be unpacked
    return ImageHeader(ImageFormat.GIF, width, height, max(width * height, frames))


def _gif_colors(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _bmp(body: bytes) -> ImageHeader:
    (header_bytes,) = struct.unpack_from("<I", body, 14)
    if header_bytes == 12:
        width, height = struct.unpack_from("<HH", body, 18)
    else:
        width, height = struct.unpack_from("<ii", body, 18)
    return _header(ImageFormat.BMP, abs(width), abs(height))  # a negative height means: top row first


def _webp(body: bytes) -> ImageHeader:
    (size,) = struct.unpack_from("<I", body, 4)
    if size > len(body) - 8:
        raise _broken(ImageFormat.WEBP)
    kind = body[12:16]
    frames = 1
    if kind == b"VP8X":
        width, height = (int.from_bytes(body[at : at + 3], "little") + 1 for at in (24, 27))
        if len(body) < 30:
            raise _broken(ImageFormat.WEBP)
        if body[20] & _WEBP_ANIMATED:  # each frame is unpacked to the size of the canvas
            frames = max(1, body.count(b"ANMF"))
    elif kind == b"VP8 " and body[23:26] == b"\x9d\x01\x2a":
        width, height = (size & 0x3FFF for size in struct.unpack_from("<HH", body, 26))
    elif kind == b"VP8L" and body[20] == 0x2F:
        (bits,) = struct.unpack_from("<I", body, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        raise _broken(ImageFormat.WEBP)
    return ImageHeader(ImageFormat.WEBP, width, height, width * height * frames)


_READERS = {
    ImageFormat.JPEG: _jpeg,
    ImageFormat.PNG: _png,
    ImageFormat.GIF: _gif,
    ImageFormat.BMP: _bmp,
    ImageFormat.WEBP: _webp,
}
