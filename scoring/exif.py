"""Which way up a photo is meant to be seen: the orientation that cameras write beside the pixels.

A hostile file gets the answer "as it is" after a bounded search. Standard library only.
"""

from __future__ import annotations

import re
import struct

UPRIGHT = 1
_ORIENTATION_TAG = 0x0112
_SHORT = 3
_MAX_SEGMENTS = 500
_MAX_ENTRIES = 1_000

# A JPEG marker with a length behind it: as decoders do, step over fill bytes and markers without one.
_JPEG_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")


def orientation(image: bytes) -> int:
    """1 to 8 as Exif counts them, for a JPEG, PNG or WebP; 1, upright, wherever nothing sensible is said.

    Never raises.
    """
    try:
        return _in_tiff(_block(image))
    except (struct.error, IndexError):
        return UPRIGHT


def _block(image: bytes) -> bytes:
    """The Exif block, which is a small TIFF file; empty when there is none."""
    if image.startswith(b"\xff\xd8"):
        return _in_jpeg(image)
    if image.startswith(b"\x89PNG\r\n\x1a\n"):
        return _in_chunks(image, 8, ">", b"eXIf")
    if image[:4] == b"RIFF" and image[8:12] == b"WEBP":
        return _in_chunks(image, 12, "<", b"EXIF")
    return b""


def _in_jpeg(image: bytes) -> bytes:
    offset = 2
    for _ in range(_MAX_SEGMENTS):
        found = _JPEG_MARKER.search(image, offset)
        if not found:
            break
        marker, offset = image[found.end() - 1], found.end()
        if marker in (0xD9, 0xDA):  # end of image, or pixel data: Exif stands before both
            break
        (length,) = struct.unpack_from(">H", image, offset)
        if length < 2:
            break
        if marker == 0xE1 and image[offset + 2 : offset + 8] == b"Exif\0\0":
            return image[offset + 8 : offset + length]
        offset += length
    return b""


def _in_chunks(image: bytes, offset: int, order: str, wanted: bytes) -> bytes:
    """PNG and WebP are rows of chunks; PNG has the length before the name and a checksum behind the content."""
    for _ in range(_MAX_SEGMENTS):
        if order == ">":
            length, name = struct.unpack_from(">I4s", image, offset)
            step = 12 + length
        else:
            name, length = struct.unpack_from("<4sI", image, offset)
            step = 8 + length + length % 2
        if name == wanted:
            content = image[offset + 8 : offset + 8 + length]
            return content.removeprefix(b"Exif\0\0")  # some writers keep JPEG's heading
        offset += step
    return b""


def _in_tiff(block: bytes) -> int:
    order = {b"II": "<", b"MM": ">"}.get(block[:2], "")
    if not order:
        return UPRIGHT
    magic, first = struct.unpack_from(f"{order}HI", block, 2)
    if magic != 42:
        return UPRIGHT
    (count,) = struct.unpack_from(f"{order}H", block, first)
    for entry in range(min(count, _MAX_ENTRIES)):
        tag, kind, values, value = struct.unpack_from(f"{order}HHIH", block, first + 2 + 12 * entry)
        if tag == _ORIENTATION_TAG:
            return value if kind == _SHORT and values == 1 and 1 <= value <= 8 else UPRIGHT
    return UPRIGHT
