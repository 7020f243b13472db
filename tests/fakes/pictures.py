"""Images as bytes, good and bad, each under a name that tells what it is."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

RED, GREEN, BLUE = (250, 20, 20), (20, 250, 20), (20, 20, 250)


def picture(
    color: tuple[int, int, int] = RED, size: tuple[int, int] = (64, 48), kind: str = "JPEG", **options: object
) -> bytes:
    """A plain picture; `options` are Pillow's."""
    out = io.BytesIO()
    mode = str(options.pop("mode", "RGB"))
    Image.new("RGB", size, color).convert(mode).save(out, kind, **options)
    return out.getvalue()


def photo(size: tuple[int, int] = (320, 240)) -> bytes:
    """A JPEG with content: cut short, it stays recognisable as such."""
    noise = Image.effect_noise(size, 80).convert("RGB")
    out = io.BytesIO()
    noise.save(out, "JPEG", quality=90)
    return out.getvalue()


def png_of_size(width: int, height: int) -> bytes:
    """A PNG whose header promises that size, and that has almost no data."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def jpeg_of_size(width: int, height: int) -> bytes:
    """A small JPEG whose frame header was changed to promise that size."""
    body = bytearray(picture())
    at = body.index(b"\xff\xc0")
    body[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(body)


def gif_with_frames(frames: int, size: tuple[int, int], screen: tuple[int, int] = (1, 1)) -> bytes:
    """A GIF of empty frames, each larger than the screen it names: small file, much to unpack."""
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, *size, 0) + b"\x02\x02\x4c\x01\x00"
    return b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + bytes(6) + frame * frames + b"\x3b"


def animated_gif() -> bytes:
    out = io.BytesIO()
    first, second = (Image.new("RGB", (64, 48), color) for color in (RED, GREEN))
    first.save(out, "GIF", save_all=True, append_images=[second])
    return out.getvalue()


# Red pictures that must be answered as red (class 1), whatever the container.
GOOD = {
    "plain.jpg": picture(),
    "progressive.jpg": picture(progressive=True),
    "tiny-1x1.jpg": picture(size=(1, 1)),
    "plain.png": picture(kind="PNG"),
    "with-alpha.png": picture(kind="PNG", mode="RGBA"),
    "palette.png": picture(kind="PNG", mode="P"),
    "plain.gif": picture(kind="GIF"),
    "animated-red-first.gif": animated_gif(),
    "plain.bmp": picture(kind="BMP"),
    "lossless.webp": picture(kind="WEBP", lossless=True),
    "lossy.webp": picture(kind="WEBP"),
    "png-called.jpg": picture(kind="PNG"),
}

# Name: body, HTTP status, code, and a part of the message.
REFUSED = {
    "empty.jpg": (b"", 400, "empty_body", "no body"),
    "text.jpg": (b"this is not an image", 400, "not_an_image", "not an image"),
    "random.jpg": (bytes(range(200, 256)) * 4, 400, "not_an_image", "not an image"),
    "only-magic.jpg": (b"\xff\xd8\xff", 400, "broken_image", "JPEG"),
    "only-magic.png": (b"\x89PNG\r\n\x1a\n", 400, "broken_image", "PNG"),
    "only-magic.gif": (b"GIF89a", 400, "broken_image", "GIF"),
    "only-magic.bmp": (b"BM", 400, "broken_image", "BMP"),
    "only-magic.webp": (b"RIFF\x04\0\0\0WEBP", 400, "broken_image", "WebP"),
    "no-frame-header.jpg": (b"\xff\xd8\xff\xd9", 400, "broken_image", "JPEG"),
    "cut-in-the-header.jpg": (photo()[:80], 400, "broken_image", "JPEG"),
    "cut-in-the-middle.jpg": (photo()[:9000], 400, "broken_image", "JPEG"),
    "cut-in-the-middle.png": (picture(kind="PNG", size=(300, 300))[:120], 400, "broken_image", "PNG"),
    "zero-wide.png": (png_of_size(0, 10), 400, "broken_image", "PNG"),
    "no-pixels.png": (png_of_size(10, 10), 400, "broken_image", "PNG"),
    "bomb-30000x30000.png": (png_of_size(30000, 30000), 422, "too_many_pixels", "900 megapixels"),
    "bomb-13000x13000.jpg": (jpeg_of_size(13000, 13000), 422, "too_many_pixels", "169 megapixels"),
    "bomb-of-frames.gif": (gif_with_frames(200, (1000, 1000)), 422, "too_many_pixels", "200 megapixels"),
    "picture.tiff": (picture(kind="TIFF"), 415, "unsupported_format", "a TIFF image"),
    "picture.heic": (b"\0\0\0\x18ftypheic" + bytes(16), 415, "unsupported_format", "a HEIC image"),
    "picture.avif": (b"\0\0\0\x18ftypavif" + bytes(16), 415, "unsupported_format", "an AVIF image"),
    "film.mp4": (b"\0\0\0\x18ftypisom" + bytes(16), 415, "unsupported_format", "a film"),
    "picture.jxl": (b"\xff\x0a" + bytes(20), 415, "unsupported_format", "a JPEG XL image"),
    "drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "unsupported_format", "an SVG drawing"),
    "page.html": (b"\n <html>", 415, "unsupported_format", "HTML"),
    "base64.json": (b'{"image": "/9j/4AAQ"}', 415, "unsupported_format", "JSON"),
    "form.txt": (b"--boundary\r\nContent-Disposition: form-data", 415, "unsupported_format", "a form"),
    "paper.pdf": (b"%PDF-1.7", 415, "unsupported_format", "a PDF document"),
}
