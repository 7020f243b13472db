"""Pictures that were cut, or changed in one place."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from PIL import Image

from tests.image_corpus.case import Case, answered, broken, seen
from tests.image_corpus.surgery import (
    PNG_MAGIC,
    encoded,
    frame_header,
    inserted,
    jpeg_segments,
    patched,
    png,
    png_chunk,
    png_chunks,
    riff,
    start_of_scan,
    with_size,
    without_chunk,
    without_segment,
)

_CUTS_PERCENT = (5, 25, 50, 75, 95)


def damaged(photo: Image.Image) -> Iterator[Case]:
    yield from _cut(photo)
    yield from _jpegs(photo)
    yield from _pngs(photo)
    yield from _others(photo)


def _cut(photo: Image.Image) -> Iterator[Case]:
    flat = photo.convert("P", palette=Image.Palette.ADAPTIVE)
    wholes = {
        "jpg": encoded(photo, "JPEG", quality=90),
        "progressive.jpg": encoded(photo, "JPEG", quality=90, progressive=True),
        "png": encoded(photo, "PNG"),
        "gif": encoded(flat, "GIF"),
        "bmp": encoded(photo, "BMP"),
        "webp": encoded(photo, "WEBP"),
    }
    for kind, whole in wholes.items():
        for percent in _CUTS_PERCENT:
            length = len(whole) * percent // 100
            yield broken(
                f"cut-at-{percent}-percent.{kind}",
                whole[:length],
                by_header=kind in ("jpg", "progressive.jpg", "png", "webp"),
            )
    jpeg = wholes["jpg"]
    for marker, start, _ in jpeg_segments(jpeg):
        yield broken(f"cut-in-segment-{marker:02x}-at-{start}.jpg", jpeg[: start + 8], by_header=True)
    yield broken("cut-just-before-the-pixels.jpg", jpeg[: start_of_scan(jpeg)], by_header=True)
    yield broken("end-marker-missing.jpg", jpeg[:-2], by_header=True)
    yield broken("first-half-of-the-end-marker.jpg", jpeg[:-1], by_header=True)
    for number, (chunk, start, end) in enumerate(png_chunks(wholes["png"])):
        name = f"cut-in-{chunk.decode().lower()}-{number}.png"
        yield broken(name, wholes["png"][: (start + end) // 2], by_header=True)


def _jpegs(photo: Image.Image) -> Iterator[Case]:
    plain = encoded(photo, "JPEG", quality=90)
    frame = frame_header(plain)
    yield broken("only-magic.jpg", b"\xff\xd8\xff", by_header=True)
    yield broken("only-start-and-end.jpg", b"\xff\xd8\xff\xd9", by_header=True)
    yield broken("no-frame-header.jpg", without_segment(plain, 0xC0), by_header=True)
    yield broken("no-quantisation-tables.jpg", without_segment(plain, 0xDB))
    yield answered("no-huffman-tables.jpg", without_segment(plain, 0xC4))
    yield broken("two-frame-headers.jpg", inserted(plain, frame, plain[frame : frame + 19]))
    yield broken("zero-high.jpg", with_size(plain, photo.width, 0), by_header=True)
    yield broken("zero-wide.jpg", with_size(plain, 0, photo.height), by_header=True)
    yield answered("promises-twice-its-height.jpg", with_size(plain, photo.width, photo.height * 2))
    yield answered("promises-half-its-height.jpg", with_size(plain, photo.width, photo.height // 2))
    yield broken("twelve-bits-a-sample.jpg", patched(plain, frame + 4, b"\x0c"))
    yield broken("no-components.jpg", patched(plain, frame + 9, b"\0"))
    yield broken("two-hundred-components.jpg", patched(plain, frame + 9, b"\xc8"))
    yield broken("sampling-factor-zero.jpg", patched(plain, frame + 11, b"\0"))
    yield broken("sampling-factor-fifteen.jpg", patched(plain, frame + 11, b"\xff"))
    yield broken("table-that-is-not-there.jpg", patched(plain, frame + 12, b"\x03"))
    yield answered("called-arithmetic-coded.jpg", patched(plain, frame + 1, b"\xc9"))
    yield broken("lossless-process.jpg", patched(plain, frame + 1, b"\xc3"))
    yield broken("zero-length-segment.jpg", inserted(plain, 2, b"\xff\xe5\0\0"), by_header=True)
    yield broken("segment-beyond-the-end.jpg", inserted(plain, 2, b"\xff\xe5\xff\xff")[:60_000], by_header=True)
    middle = (start_of_scan(plain) + len(plain)) // 2
    yield answered("thousand-zeros-in-the-pixels.jpg", patched(plain, middle, bytes(1000)))
    yield answered("end-marker-in-the-pixels.jpg", inserted(plain, middle, b"\xff\xd9"))


def _pngs(photo: Image.Image) -> Iterator[Case]:
    plain = encoded(photo, "PNG")
    small = zlib.compress(b"\0" + bytes(30))
    yield broken("only-magic.png", PNG_MAGIC, by_header=True)
    yield broken("magic-twice.png", PNG_MAGIC + plain, by_header=True)
    yield broken("no-pixels.png", without_chunk(plain, b"IDAT"))
    yield broken("no-end-chunk.png", without_chunk(plain, b"IEND"), by_header=True)
    yield broken("header-checksum-wrong.png", patched(plain, 29, b"\0\0\0\0"))
    yield broken("pixel-checksum-wrong.png", patched(plain, len(plain) - 16, b"\0\0\0\0"))
    yield broken("zero-wide.png", png(0, 10, 8, 2, small), by_header=True)
    yield broken("zero-high.png", png(10, 0, 8, 2, small), by_header=True)
    yield broken("depth-three.png", png(10, 1, 3, 2, small))
    yield broken("colour-type-nine.png", png(10, 1, 8, 9, small))
    yield broken("palette-missing.png", png(10, 1, 8, 3, small))
    yield broken("filter-nine.png", png(10, 1, 8, 2, zlib.compress(b"\x09" + bytes(30))))
    yield broken("not-zlib.png", png(10, 1, 8, 2, b"this is not compressed"))
    yield broken("too-few-rows.png", png(10, 100, 8, 2, small))
    yield answered("too-many-rows.png", png(10, 1, 8, 2, zlib.compress(bytes(31_000))))
    for gigabytes in (2, 4):  # libpng would make room for the smaller of the two
        chunk = struct.pack(">I4s", (gigabytes << 30) - 1, b"tEXt")
        yield broken(f"chunk-of-{gigabytes}-gb.png", inserted(plain, 33, chunk), by_header=True)
    unpacked = zlib.compress(bytes(200_000_000), 9)
    yield seen("profile-that-unpacks-to-200-mb.png", inserted(plain, 33, png_chunk(b"iCCP", b"icc\0\0" + unpacked)))
    yield seen("text-that-unpacks-to-200-mb.png", inserted(plain, 33, png_chunk(b"zTXt", b"text\0\0" + unpacked)))


def _others(photo: Image.Image) -> Iterator[Case]:
    yield broken("only-magic.gif", b"GIF89a", by_header=True)
    yield broken("no-frames.gif", b"GIF89a" + struct.pack("<HHBBB", 10, 10, 0, 0, 0) + b"\x3b")
    yield broken("only-magic.bmp", b"BM", by_header=True)
    bmp = encoded(photo, "BMP")
    yield broken("zero-wide.bmp", patched(bmp, 18, struct.pack("<i", 0)), by_header=True)
    yield broken("pixels-beyond-the-end.bmp", patched(bmp, 10, struct.pack("<I", 0x7FFFFFFF)))
    yield broken("depth-of-seven.bmp", patched(bmp, 28, struct.pack("<H", 7)))
    yield broken("only-magic.webp", b"RIFF\x04\0\0\0WEBP", by_header=True)
    yield broken("unknown-first-chunk.webp", riff((b"ABCD", bytes(40))), by_header=True)
    webp = encoded(photo, "WEBP")
    yield answered("pixels-overwritten.webp", patched(webp, 40, bytes(range(256)) * 8))
    yield broken("canvas-without-a-picture.webp", riff((b"VP8X", bytes(4) + b"\x63\0\0\x63\0\0")))
