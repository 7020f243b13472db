"""Image files taken apart and put together by hand, for what no library would write."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

from PIL import Image

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"

# Of the eight EXIF orientations: what was done to the upright picture before it was stored.
STORED_AS: dict[int, Image.Transpose | None] = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """The file Pillow writes; `options` are its own."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def with_orientation(image: Image.Image, orientation: int) -> bytes:
    """A JPEG that shows `image` upright to a reader that heeds EXIF."""
    transpose = STORED_AS[orientation]
    stored = image if transpose is None else image.transpose(transpose)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(stored, "JPEG", quality=90, exif=exif)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, depth: int, color: int, data: bytes, *more: bytes, interlaced: bool = False) -> bytes:
    """A PNG of these header fields; `data` is compressed already, `more` are chunks before it."""
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced)
    chunks = (png_chunk(b"IHDR", header), *more, png_chunk(b"IDAT", data), png_chunk(b"IEND", b""))
    return PNG_MAGIC + b"".join(chunks)


def png_chunks(body: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of every chunk."""
    offset = len(PNG_MAGIC)
    while offset < len(body):
        (length,) = struct.unpack_from(">I", body, offset)
        yield body[offset + 4 : offset + 8], offset, offset + 12 + length
        offset += 12 + length


def without_chunk(body: bytes, unwanted: bytes) -> bytes:
    kept = (body[start:end] for kind, start, end in png_chunks(body) if kind != unwanted)
    return PNG_MAGIC + b"".join(kept)


def deep_png(image: Image.Image) -> bytes:
    """RGB with sixteen bits a channel, which Pillow reads but does not write."""
    width, height = image.size
    samples = image.convert("RGB").tobytes()
    wide = bytes(byte for sample in samples for byte in (sample, sample))
    rows = (b"\0" + wide[y * width * 6 : (y + 1) * width * 6] for y in range(height))
    return png(width, height, 16, 2, zlib.compress(b"".join(rows)))


def interlaced_png(image: Image.Image) -> bytes:
    """A grey PNG in the seven passes of Adam7."""
    width, height = image.size
    pixels = image.convert("L").tobytes()
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    rows = bytearray()
    for x, y, step_x, step_y in passes:
        for row in range(y, height, step_y):
            if x < width:
                rows += b"\0" + pixels[row * width + x : (row + 1) * width : step_x]
    return png(width, height, 8, 0, zlib.compress(bytes(rows)), interlaced=True)


def blank_png(width: int, height: int) -> bytes:
    """A real black PNG of any size, one bit a pixel: a hundred kilobytes hold a gigapixel."""
    packer = zlib.compressobj(9)
    rows_at_once = 500
    rows = bytes((1 + (width + 7) // 8) * rows_at_once)
    data = b"".join(packer.compress(rows) for _ in range(height // rows_at_once))
    data += packer.compress(rows[: len(rows) // rows_at_once * (height % rows_at_once)]) + packer.flush()
    return png(width, height, 1, 0, data)


def blank_jpeg(width: int, height: int) -> bytes:
    """A real grey JPEG of any size in multiples of 32: six bits for each block of 8 x 8 pixels."""
    small = encoded(Image.new("L", (8, 8), 128), "JPEG")
    head = with_size(small[: start_of_scan(small)], width, height)
    # A block is 00 (no change of brightness) and 1010 (nothing else in it); four blocks make three bytes.
    return head + b"\x28\xa2\x8a" * (width * height // 256) + b"\xff\xd9"


def progressive_jpeg(width: int, height: int, scans: int) -> bytes:
    """A real grey picture of nothing, refined `scans` times by nothing: 15 bits for up to 32766 blocks."""
    blocks = -(-width // 8) * -(-height // 8)
    frame = b"\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\0"
    one_code = b"\x01" + bytes(15)  # of one bit
    head = (
        jpeg_segment(0xDB, b"\0" + b"\x01" * 64)
        + jpeg_segment(0xC2, frame)
        + jpeg_segment(0xC4, b"\0" + one_code + b"\0")  # it means: no change of brightness
        + jpeg_segment(0xC4, b"\x10" + one_code + b"\xe0")  # it means: nothing in the next 16384 blocks or more
        + jpeg_segment(0xDA, b"\x01\x01\0\0\0\0")
        + bytes(-(-blocks // 8))
    )
    bits = "".join(f"0{min(blocks - done, 32766) & 16383:014b}" for done in range(0, blocks, 32766))
    bits += "1" * (-len(bits) % 8)
    refinement = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    return b"\xff\xd8" + head + (jpeg_segment(0xDA, b"\x01\x01\0\x01\x3f\0") + refinement) * scans + b"\xff\xd9"


def empty_scans(width: int, height: int, scans: int) -> bytes:
    """A baseline JPEG of three components whose first is announced `scans` times, without a bit of data."""
    frame = b"\x08" + struct.pack(">HH", height, width) + b"\x03\x01\x11\0\x02\x11\0\x03\x11\0"
    one_code = b"\x01" + bytes(15)
    head = (
        jpeg_segment(0xDB, b"\0" + b"\x01" * 64)
        + jpeg_segment(0xC0, frame)
        + jpeg_segment(0xC4, b"\0" + one_code + b"\0")
        + jpeg_segment(0xC4, b"\x10" + one_code + b"\0")
    )
    return b"\xff\xd8" + head + jpeg_segment(0xDA, b"\x01\x01\0\0\x3f\0") * scans + b"\xff\xd9"


def jpeg_segments(body: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of every segment up to the start of the scan, which is the last."""
    offset = 2
    marker = 0
    while marker != 0xDA:
        marker = body[offset + 1]
        (length,) = struct.unpack_from(">H", body, offset + 2)
        yield marker, offset, offset + 2 + length
        offset += 2 + length


def start_of_scan(body: bytes) -> int:
    """The offset of the first byte of coded pixels."""
    return max(end for _, _, end in jpeg_segments(body))


def without_segment(body: bytes, unwanted: int) -> bytes:
    kept = (body[start:end] for marker, start, end in jpeg_segments(body) if marker != unwanted)
    return body[:2] + b"".join(kept) + body[start_of_scan(body) :]


def frame_header(body: bytes) -> int:
    """The offset of a JPEG's SOF0 or SOF2 marker."""
    return next(start for marker, start, _ in jpeg_segments(body) if marker in (0xC0, 0xC2))


def with_size(body: bytes, width: int, height: int) -> bytes:
    """The same JPEG, promising another size."""
    return patched(body, frame_header(body) + 5, struct.pack(">HH", height, width))


def patched(body: bytes, offset: int, replacement: bytes) -> bytes:
    return body[:offset] + replacement + body[offset + len(replacement) :]


def inserted(body: bytes, offset: int, more: bytes) -> bytes:
    return body[:offset] + more + body[offset:]


def jpeg_segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    """A WebP of these chunks."""
    inner = b"".join(name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks)
    return b"RIFF" + struct.pack("<I", len(inner) + 4) + b"WEBP" + inner


def gif(screen: tuple[int, int], *frames: tuple[int, int], colors: int = 1) -> bytes:
    """A GIF of empty frames of these sizes."""
    head = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80 | colors - 1, 0, 0) + bytes(3 << colors)
    return (
        head
        + b"".join(b"\x2c" + struct.pack("<HHHHB", 0, 0, *size, 0) + b"\x02\x02\x4c\x01\0" for size in frames)
        + b"\x3b"
    )
