"""Odd files that are pictures all the same. All but two kinds that TensorFlow's decoder declines are answered."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from PIL import Image

from tests.image_corpus.case import Case, answered, broken, foreign, seen
from tests.image_corpus.surgery import (
    STORED_AS,
    deep_png,
    encoded,
    frame_header,
    inserted,
    interlaced_png,
    jpeg_segment,
    patched,
    png_chunk,
    with_orientation,
)

_HUGE = (8000, 5000)  # 40 megapixels


def pictures(photo: Image.Image) -> Iterator[Case]:
    yield from _jpegs(photo)
    yield from _pngs(photo)
    yield from _gifs(photo)
    yield from _bmps(photo)
    yield from _webps(photo)
    yield from _sizes(photo)
    yield from _wrong_extensions(photo)


def _jpegs(photo: Image.Image) -> Iterator[Case]:
    plain = encoded(photo, "JPEG", quality=90)
    yield seen("baseline.jpg", plain)
    yield seen("progressive.jpg", encoded(photo, "JPEG", quality=90, progressive=True))
    yield seen("grey.jpg", encoded(photo.convert("L"), "JPEG", quality=90))
    yield seen("cmyk.jpg", encoded(photo.convert("CMYK"), "JPEG", quality=90))
    yield answered("quality-1.jpg", encoded(photo, "JPEG", quality=1))
    yield seen("no-subsampling.jpg", encoded(photo, "JPEG", quality=90, subsampling="4:4:4"))
    yield seen("restart-markers.jpg", encoded(photo, "JPEG", quality=90, restart_marker_blocks=3))
    for orientation in STORED_AS:
        # The sample model decodes image files itself and sees those of 5 to 8 lying on their side.
        as_it_is = seen if orientation < 5 else answered
        yield as_it_is(f"exif-orientation-{orientation}.jpg", with_orientation(photo, orientation))
    exif = Image.Exif()
    exif[0x0112] = 77
    yield seen("exif-orientation-77.jpg", encoded(photo, "JPEG", exif=exif))
    yield seen("exif-of-random-bytes.jpg", inserted(plain, 2, jpeg_segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff")))
    thumbnail = encoded(photo.resize((160, 120)), "JPEG")
    yield seen("jpeg-inside-its-exif.jpg", inserted(plain, 2, jpeg_segment(0xE1, b"Exif\0\0" + thumbnail)))
    yield seen("comment-of-64-kb.jpg", inserted(plain, 2, jpeg_segment(0xFE, b"\xff\xd9" * 32_000)))
    yield seen(
        "hundred-icc-segments.jpg", inserted(plain, 2, jpeg_segment(0xE2, b"ICC_PROFILE\0" + bytes(60_000)) * 100)
    )
    yield seen("fill-bytes-before-markers.jpg", inserted(plain, frame_header(plain), b"\xff" * 1000))
    yield seen("garbage-after-the-end.jpg", plain + bytes(range(256)) * 100)
    yield seen("film-after-the-photo.jpg", plain + b"\0\0\0\x18ftypmp42" + bytes(10_000))
    yield seen("two-photos-in-a-row.jpg", plain + plain)


def _pngs(photo: Image.Image) -> Iterator[Case]:
    plain = encoded(photo, "PNG")
    yield seen("rgb.png", plain)
    yield seen("alpha.png", encoded(photo.convert("RGBA"), "PNG"))
    yield seen("grey.png", encoded(photo.convert("L"), "PNG"))
    yield seen("grey-with-alpha.png", encoded(photo.convert("LA"), "PNG"))
    yield seen("palette.png", encoded(photo.convert("P", palette=Image.Palette.ADAPTIVE), "PNG"))
    yield seen("sixteen-bit.png", deep_png(photo))
    yield seen("interlaced.png", interlaced_png(photo))
    yield answered("sixteen-bit-grey.png", encoded(photo.convert("I;16"), "PNG"))
    yield answered("one-bit.png", encoded(photo.convert("1"), "PNG"))
    clear = photo.convert("RGBA")
    clear.putalpha(0)
    yield seen("all-transparent.png", encoded(clear, "PNG"))
    yield seen("animated.png", encoded(photo, "PNG", save_all=True, append_images=[photo.rotate(180)]))
    yield seen("garbage-after-the-end.png", plain + bytes(5000))
    unknown = png_chunk(b"heLo", b"a chunk nobody knows")
    yield seen("thousand-unknown-chunks.png", inserted(plain, 33, unknown * 1000))


def _gifs(photo: Image.Image) -> Iterator[Case]:
    flat = photo.convert("P", palette=Image.Palette.ADAPTIVE)
    yield seen("plain.gif", encoded(flat, "GIF"))
    yield seen("interlaced.gif", encoded(flat, "GIF", interlace=1))
    yield seen("transparent.gif", encoded(flat, "GIF", transparency=0))
    plain = Image.new("P", flat.size)
    yield seen("animated-photo-first.gif", encoded(flat, "GIF", save_all=True, append_images=[plain] * 5))
    yield answered("animated-photo-last.gif", encoded(plain, "GIF", save_all=True, append_images=[flat]))
    yield seen(
        "cut-in-the-second-frame.gif", encoded(flat, "GIF", save_all=True, append_images=[flat.rotate(9)])[:-9000]
    )


def _bmps(photo: Image.Image) -> Iterator[Case]:
    plain = encoded(photo, "BMP")
    yield seen("plain.bmp", plain)
    yield answered("alpha.bmp", encoded(photo.convert("RGBA"), "BMP"))
    yield answered("grey.bmp", encoded(photo.convert("L"), "BMP"))
    yield answered("top-row-first.bmp", patched(plain, 22, struct.pack("<i", -photo.height)))
    yield broken("one-bit.bmp", encoded(photo.convert("1"), "BMP"))


def _webps(photo: Image.Image) -> Iterator[Case]:
    yield seen("lossy.webp", encoded(photo, "WEBP"))
    yield seen("lossless.webp", encoded(photo, "WEBP", lossless=True))
    yield seen("alpha.webp", encoded(photo.convert("RGBA"), "WEBP"))
    yield foreign("animated.webp", encoded(photo, "WEBP", save_all=True, append_images=[photo.rotate(90)]))
    exif = Image.Exif()
    exif[0x0112] = 1
    yield seen("with-exif.webp", encoded(photo, "WEBP", exif=exif))


def _sizes(photo: Image.Image) -> Iterator[Case]:
    for kind in ("JPEG", "PNG", "GIF", "BMP", "WEBP"):
        yield answered(f"one-pixel.{kind.lower()}", encoded(photo.resize((1, 1)), kind))
    yield answered("one-pixel-wide.jpg", encoded(photo.resize((1, 5000)), "JPEG"))
    yield answered("one-pixel-high.png", encoded(photo.resize((5000, 1)), "PNG"))
    yield answered("as-wide-as-jpeg-can.jpg", encoded(photo.resize((65500, 1)), "JPEG"))
    yield seen("forty-megapixels.jpg", encoded(photo.resize(_HUGE), "JPEG"))
    yield seen("forty-megapixels-progressive.jpg", encoded(photo.resize(_HUGE), "JPEG", progressive=True))


def _wrong_extensions(photo: Image.Image) -> Iterator[Case]:
    yield seen("png-called.jpg", encoded(photo, "PNG"))
    yield seen("jpeg-called.png", encoded(photo, "JPEG"))
    yield seen("jpeg-called.heic", encoded(photo, "JPEG"))
    yield seen("webp-called.jpg", encoded(photo, "WEBP"))
    yield seen("gif-called.bmp", encoded(photo.convert("P", palette=Image.Palette.ADAPTIVE), "GIF"))
