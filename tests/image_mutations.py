"""Small images with something changed: what a fuzzer sends. The same number gives the same bytes."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable, Sequence

from PIL import Image

from tests.image_corpus.surgery import (
    PNG_MAGIC,
    deep_png,
    encoded,
    interlaced_png,
    jpeg_segments,
    png_chunk,
    png_chunks,
    progressive_jpeg,
    start_of_scan,
    with_orientation,
)

_INTERESTING = (
    0,
    1,
    2,
    7,
    8,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x10000,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
)
_MAX_STEPS = 6

Mutation = Callable[[random.Random, bytes], bytes]


def seeds(photo: Image.Image) -> list[bytes]:
    """Images of 64 to 200 pixels in every format that is decoded, and a few that sit at its edge."""
    small, tiny = photo.convert("RGB").resize((128, 96)), photo.convert("RGB").resize((64, 64))
    flat = tiny.convert("P", palette=Image.Palette.ADAPTIVE)
    return [
        encoded(small, "JPEG"),
        encoded(small, "JPEG", progressive=True),
        encoded(small.convert("L"), "JPEG"),
        encoded(tiny.convert("CMYK"), "JPEG"),
        encoded(small, "JPEG", restart_marker_blocks=2),
        with_orientation(small, 6),
        progressive_jpeg(128, 128, 5),
        encoded(tiny, "PNG"),
        encoded(tiny.convert("RGBA"), "PNG"),
        encoded(flat, "PNG"),
        encoded(tiny.convert("1"), "PNG"),
        deep_png(tiny),
        interlaced_png(tiny),
        encoded(tiny, "PNG", save_all=True, append_images=[tiny.rotate(90)]),
        encoded(flat, "GIF"),
        encoded(flat, "GIF", save_all=True, append_images=[flat.rotate(90), flat.rotate(180)]),
        encoded(tiny, "BMP"),
        encoded(flat, "BMP"),
        encoded(small, "WEBP"),
        encoded(tiny, "WEBP", lossless=True),
        encoded(tiny.convert("RGBA"), "WEBP"),
        encoded(tiny, "WEBP", save_all=True, append_images=[tiny.rotate(90)]),
    ]


def mutated(number: int, seed: int, bodies: Sequence[bytes]) -> bytes:
    """Body `number` of the series that `seed` starts: one of `bodies` after one to six changes."""
    chance = random.Random(f"{seed}/{number}")
    body = chance.choice(bodies)
    if chance.random() < 0.1:
        body = _spliced(chance, body, chance.choice(bodies))
    for _ in range(chance.randint(1, _MAX_STEPS)):
        body = chance.choice(_MUTATIONS)(chance, body) or body
    return body


def _spliced(chance: random.Random, first: bytes, second: bytes) -> bytes:
    return first[: chance.randrange(len(first))] + second[chance.randrange(len(second)) :]


def _flip_bits(chance: random.Random, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(chance.choice((1, 1, 2, 8, 40))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _flip_in_the_head(chance: random.Random, body: bytes) -> bytes:
    changed = bytearray(body)
    changed[chance.randrange(min(len(changed), 700))] = chance.randrange(256)
    return bytes(changed)


def _set_number(chance: random.Random, body: bytes) -> bytes:
    """An interesting number of one, two or four bytes, of either byte order, mostly near the start."""
    kind = chance.choice(("B", ">H", "<H", ">I", "<I"))
    size = struct.calcsize(kind)
    at = chance.randrange(min(len(body), chance.choice((32, 64, 700, 1 << 30))))
    number = chance.choice(_INTERESTING) & (1 << 8 * size) - 1
    return body[:at] + struct.pack(kind, number) + body[at + size :]


def _truncate(chance: random.Random, body: bytes) -> bytes:
    return body[: chance.randrange(1, len(body) + 1)]


def _delete(chance: random.Random, body: bytes) -> bytes:
    at = chance.randrange(len(body))
    return body[:at] + body[at + chance.choice((1, 2, 4, 16, 300)) :]


def _repeat(chance: random.Random, body: bytes) -> bytes:
    at = chance.randrange(len(body))
    part = body[at : at + chance.choice((1, 4, 64, 1000))]
    return body[:at] + part * chance.choice((2, 3, 20)) + body[at + len(part) :]


def _insert(chance: random.Random, body: bytes) -> bytes:
    at = chance.randrange(len(body) + 1)
    return body[:at] + chance.randbytes(chance.choice((1, 2, 4, 100))) + body[at:]


def _zero(chance: random.Random, body: bytes) -> bytes:
    at, size = chance.randrange(len(body)), chance.choice((1, 8, 200))
    return (body[:at] + bytes(size) + body[at + size :])[: len(body)]


def _png_chunk(chance: random.Random, body: bytes) -> bytes:
    """A chunk lost, doubled, moved, or changed with its checksum made right again."""
    chunks = _parts(body)
    if not chunks:
        return body
    at = chance.randrange(len(chunks))
    match chance.randrange(5):
        case 0:
            del chunks[at]
        case 1:
            chunks.insert(at, chunks[at])
        case 2:
            chunks.insert(chance.randrange(len(chunks)), chunks.pop(at))
        case 3:
            kind, content = chunks[at]
            chunks[at] = (kind, _flip_in_the_head(chance, content) if content else chance.randbytes(8))
        case _:
            chunks = [(kind, _repacked(chance, content) if kind == b"IDAT" else content) for kind, content in chunks]
    return PNG_MAGIC + b"".join(png_chunk(kind, content) for kind, content in chunks)


def _parts(body: bytes) -> list[tuple[bytes, bytes]]:
    """Kind and content of a PNG's chunks; none when it is no whole PNG any more."""
    if not body.startswith(PNG_MAGIC):
        return []
    try:
        return [(kind, body[start + 8 : end - 4]) for kind, start, end in png_chunks(body) if end <= len(body)]
    except struct.error:
        return []


def _repacked(chance: random.Random, content: bytes) -> bytes:
    """Pixel data unpacked, changed and packed again."""
    try:
        rows = zlib.decompress(content)
    except zlib.error:
        return content
    return zlib.compress(chance.choice((_flip_bits, _truncate, _repeat, _delete))(chance, rows or b"\0"))


def _jpeg_segment(chance: random.Random, body: bytes) -> bytes:
    """A segment lost, doubled, moved, or changed behind its length."""
    try:
        segments = [body[start:end] for _, start, end in jpeg_segments(body)]
        rest = body[start_of_scan(body) :]
    except (struct.error, IndexError, ValueError):
        return body
    if not body.startswith(b"\xff\xd8") or not segments:
        return body
    at = chance.randrange(len(segments))
    match chance.randrange(5):
        case 0:
            del segments[at]
        case 1:
            segments.insert(at, segments[at])
        case 2:
            segments.insert(chance.randrange(len(segments)), segments.pop(at))
        case 3:
            segments[at] = segments[at][:4] + (_flip_bits(chance, segments[at][4:]) if segments[at][4:] else b"")
        case _:
            return body[:2] + b"".join(segments) + rest + b"".join(segments[-2:]) + rest
    return body[:2] + b"".join(segments) + rest


_MUTATIONS: tuple[Mutation, ...] = (
    *(_flip_bits, _flip_in_the_head, _set_number, _truncate, _delete, _repeat, _insert, _zero),
    *(_set_number, _png_chunk, _png_chunk, _jpeg_segment, _jpeg_segment),
)
