"""Small files with much to unpack, and large bodies with little to say."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from PIL import Image

from tests.image_corpus.case import Case, answered, too_large, too_many_pixels
from tests.image_corpus.surgery import (
    blank_jpeg,
    blank_png,
    empty_scans,
    encoded,
    gif,
    inserted,
    patched,
    png,
    png_chunk,
    progressive_jpeg,
    riff,
    with_size,
)

_LIMIT_MB = 20  # the service's own, scoring/settings.py


def bombs(photo: Image.Image) -> Iterator[Case]:
    plain = encoded(photo, "JPEG")
    yield too_many_pixels("bomb-30000x30000.png", blank_png(30_000, 30_000))
    yield too_many_pixels("bomb-30000x30000.jpg", blank_jpeg(30_016, 30_016))
    yield too_many_pixels("bomb-13000x13000.jpg", blank_jpeg(12_992, 12_992))
    yield too_many_pixels("just-over-the-limit.png", blank_png(7_080, 7_080))
    yield answered("just-under-the-limit.png", blank_png(7_060, 7_060))
    yield answered("just-under-the-limit.jpg", blank_jpeg(7_040, 7_072))
    yield too_many_pixels("promises-65535x65535.jpg", with_size(plain, 65_535, 65_535))
    yield too_many_pixels("promises-2-to-the-31.png", png(2**31 - 1, 2**31 - 1, 8, 2, b""))
    yield too_many_pixels("promises-2-to-the-32.png", png(2**32 - 1, 2**32 - 1, 16, 6, b""))
    yield too_many_pixels("screen-of-65535x65535.gif", gif((65_535, 65_535), (1, 1)))
    yield too_many_pixels("frames-larger-than-the-screen.gif", gif((1, 1), *[(1000, 1000)] * 200))
    yield too_many_pixels("ten-thousand-frames.gif", gif((100, 100), *[(100, 100)] * 10_000))
    yield Case("thousand-empty-scans.jpg", empty_scans(4000, 4000, 1000), 422, "too_many_scans", by_header=True)
    yield answered("sixty-empty-scans.jpg", empty_scans(640, 480, 60))
    text = png_chunk(b"zTXt", b"text\0\0" + zlib.compress(bytes(7_900_000), 9))
    small = encoded(photo, "PNG")
    yield Case("texts-that-unpack-to-8-gb.png", inserted(small, 33, text * 1000), 422, "too_many_texts", by_header=True)
    yield Case("thirty-texts.png", inserted(small, 33, png_chunk(b"zTXt", b"text\0\0") * 30), is_recognised=True)
    yield Case("thousand-scans.jpg", progressive_jpeg(7000, 7000, 1000), 422, "too_many_scans", by_header=True)
    yield answered("sixty-scans.jpg", progressive_jpeg(640, 480, 60))
    bmp = encoded(photo, "BMP")
    yield too_many_pixels("promises-2-to-the-31.bmp", patched(bmp, 18, struct.pack("<ii", 2**31 - 1, -(2**31 - 1))))
    yield too_many_pixels(
        "canvas-of-16777216.webp", riff((b"VP8X", bytes(4) + b"\xff" * 6), (b"VP8L", b"\x2f" + bytes(9)))
    )
    yield too_many_pixels("lossless-of-16384x16384.webp", riff((b"VP8L", b"\x2f\xff\xff\xff\x0f" + bytes(40))))
    canvas = (b"VP8X", b"\x02\0\0\0" + b"\xe7\x03\0" * 2)
    yield too_many_pixels("hundred-frames.webp", riff(canvas, (b"ANIM", bytes(6)), *[(b"ANMF", bytes(24))] * 100))
    yield too_large("body-just-over-the-limit.jpg", plain + bytes(_LIMIT_MB * 1_000_000 + 1 - len(plain)))
    yield too_large("body-of-twice-the-limit.jpg", plain + bytes(2 * _LIMIT_MB * 1_000_000 - len(plain)))
    yield too_large("body-of-100-mb.jpg", plain + bytes(100_000_000))
    yield Case("body-just-under-the-limit.jpg", plain + bytes(_LIMIT_MB * 1_000_000 - len(plain)), is_recognised=True)
