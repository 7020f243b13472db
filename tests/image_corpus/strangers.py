"""What people send besides pictures that are decoded here."""

from __future__ import annotations

import base64
import gzip
import io
import random
import struct
import zipfile
from collections.abc import Iterator

from PIL import Image

from tests.image_corpus.case import Case, foreign, not_an_image
from tests.image_corpus.surgery import encoded

_HEIF = b"\0\0\0\x18ftyp%s\0\0\0\0mif1heic" + bytes(200)


def strangers(photo: Image.Image) -> Iterator[Case]:
    yield from _other_pictures(photo)
    yield from _documents(photo)
    yield from _nothing(photo)


def _other_pictures(photo: Image.Image) -> Iterator[Case]:
    yield foreign("little-endian.tiff", encoded(photo, "TIFF"))
    yield foreign("compressed.tiff", encoded(photo, "TIFF", compression="tiff_lzw"))
    yield foreign("big-endian.tiff", b"MM\0*\0\0\0\x08" + bytes(200))
    yield foreign("big.tiff", encoded(photo, "TIFF", big_tiff=True))
    yield foreign("telephone.heic", _HEIF.replace(b"%s", b"heic"))
    yield foreign("burst.heic", _HEIF.replace(b"%s", b"hevc"))
    yield foreign("plain.heif", _HEIF.replace(b"%s", b"mif1"))
    yield foreign("heic-called.jpg", _HEIF.replace(b"%s", b"heix"))
    yield foreign("picture.avif", _HEIF.replace(b"%s", b"avif"))
    yield foreign("animated.avif", _HEIF.replace(b"%s", b"avis"))
    yield foreign("codestream.jxl", b"\xff\x0a" + bytes(200))
    yield foreign("container.jxl", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(200))
    yield foreign("picture.jp2", b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(200))
    yield foreign("codestream.j2k", b"\xff\x4f\xff\x51" + bytes(200))
    yield foreign("layers.psd", b"8BPS\0\x01" + bytes(200))
    yield foreign("icon.ico", encoded(photo.resize((32, 32)), "ICO"))
    yield foreign("film.mp4", _HEIF.replace(b"%s", b"isom"))
    yield foreign("film.mov", _HEIF.replace(b"%s", b"qt  "))
    yield not_an_image("pixels.ppm", encoded(photo, "PPM"))
    yield not_an_image("pixels.tga", encoded(photo, "TGA"))
    yield not_an_image("texture.dds", encoded(photo, "DDS"))
    yield not_an_image("sound.wav", b"RIFF" + struct.pack("<I", 236) + b"WAVE" + bytes(228))


def _documents(photo: Image.Image) -> Iterator[Case]:
    jpeg = encoded(photo, "JPEG")
    text = base64.b64encode(jpeg)
    form = (
        b'--edge\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n' + jpeg + b"\r\n--edge--\r\n"
    )
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(zipfile.ZipInfo("a.jpg"), jpeg)
    yield foreign("form-upload.txt", form)
    yield foreign("base64.json", b'{"image": "' + text + b'"}')
    yield foreign("list-of-images.json", b'["' + text + b'"]')
    yield foreign("photo.zip", archive.getvalue())
    yield foreign("photo.pdf", b"%PDF-1.7\n" + jpeg)
    yield foreign("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>')
    yield foreign("drawing-with-declaration.svg", b'<?xml version="1.0"?>\n<svg/>')
    yield foreign("page.html", b"\n\n  <!DOCTYPE html><title>Sign in</title>")
    yield not_an_image("base64.txt", text)
    yield not_an_image("data-address.txt", b"data:image/jpeg;base64," + text)
    yield not_an_image("url-encoded-form.txt", b"image=%FF%D8%FF&name=a.jpg")
    yield not_an_image("drawing.svgz", gzip.compress(b"<svg/>", mtime=0))
    yield not_an_image("git-lfs-pointer.jpg", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")


def _nothing(photo: Image.Image) -> Iterator[Case]:
    jpeg = encoded(photo, "JPEG")
    yield Case("empty.jpg", b"", 400, "empty_body", by_header=True)
    yield not_an_image("one-byte.jpg", b"\xff")
    yield not_an_image("two-bytes.jpg", b"\xff\xd8")
    yield not_an_image("zeros.jpg", bytes(100_000))
    yield not_an_image("random.jpg", b"\x01" + random.Random(4).randbytes(100_000))
    yield not_an_image("text.jpg", b"a photo of a cup of coffee")
    yield not_an_image("korean.txt", "커피 한 잔".encode())
    yield not_an_image("utf-16.txt", "coffee".encode("utf-16"))
    yield not_an_image("one-byte-before.jpg", b"\0" + jpeg)
    yield not_an_image("first-byte-lost.jpg", jpeg[1:])
    yield not_an_image("line-ends-turned.png", encoded(photo, "PNG").replace(b"\r\n", b"\n"))
    yield not_an_image("read-as-text.jpg", jpeg.decode("latin-1").encode())
