"""From a file to the right pixels: every container, every way up, every fit; compared with Pillow."""

from __future__ import annotations

import io
import random
import struct
import sys
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.fakes.tensorflow import import_tensorflow
from tests.unit.scoring.conftest import SCORING

SIZE = (32, 48)  # height and width of what the model takes


@pytest.fixture
def pixels(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCORING))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import pixels

    return pixels


@pytest.fixture
def feed(pixels) -> Callable[..., Any]:
    """`prepare` of a model that takes float pixels as they are; keys of the declaration as keywords."""
    import preprocessing

    tf = import_tensorflow()

    def make(**declaration: Any) -> Any:
        height, width = declaration.pop("model_size", SIZE)
        values: dict[str, Any] = {"scale": "0..255", "size": (height, width), **declaration}
        how = preprocessing.Preprocessing(**values)
        return pixels.PixelFeed(tf, pixels.PixelInput("float32", None, None, 3, is_channels_first=False), how).prepare

    return make


def scene(size: tuple[int, int] = (96, 64)) -> Image.Image:
    """Smooth, and different in every corner: a turned or mirrored one is another picture."""
    x, y = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]))
    bands = [40 + 180 * x, 30 + 190 * y, 220 - 150 * x * y]
    return Image.fromarray(np.stack(bands, axis=-1).round().astype(np.uint8))


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def clear(image: Image.Image) -> Image.Image:
    """Half transparent: the colours below stay what they are."""
    image = image.convert("RGBA")
    image.putalpha(128)
    return image


def deep() -> bytes:
    """A grey PNG of 16 bits."""
    grey = np.asarray(scene().convert("L")).astype(np.uint16) * 257
    return encoded(Image.fromarray(grey), "PNG")


PALETTE = scene().convert("P", palette=Image.Palette.ADAPTIVE)
OTHER = scene().transpose(Image.Transpose.ROTATE_180)

# Name: the file, how it looks, and how far a pixel may be off.
FILES: dict[str, tuple[bytes, Image.Image, int]] = {
    "plain.jpg": (encoded(scene(), "JPEG", quality=95), scene(), 6),
    "progressive.jpg": (encoded(scene(), "JPEG", quality=95, progressive=True), scene(), 6),
    "grey.jpg": (encoded(scene().convert("L"), "JPEG", quality=95), scene().convert("L").convert("RGB"), 6),
    "cmyk.jpg": (encoded(scene().convert("CMYK"), "JPEG", quality=95), scene(), 8),
    "plain.png": (encoded(scene(), "PNG"), scene(), 1),
    "alpha.png": (encoded(clear(scene()), "PNG"), scene(), 1),
    "grey.png": (encoded(scene().convert("L"), "PNG"), scene().convert("L").convert("RGB"), 1),
    "grey-alpha.png": (encoded(clear(scene()).convert("LA"), "PNG"), scene().convert("L").convert("RGB"), 1),
    "grey-16-bit.png": (deep(), scene().convert("L").convert("RGB"), 1),
    "one-bit.png": (encoded(scene().convert("1"), "PNG"), scene().convert("1").convert("RGB"), 1),
    "palette.png": (encoded(PALETTE, "PNG"), PALETTE.convert("RGB"), 1),
    "palette.gif": (encoded(PALETTE, "GIF"), PALETTE.convert("RGB"), 1),
    "animated.gif": (
        encoded(PALETTE, "GIF", save_all=True, append_images=[OTHER.convert("P")]), PALETTE.convert("RGB"), 1
    ),
    "plain.bmp": (encoded(scene(), "BMP"), scene(), 1),
    "alpha.bmp": (encoded(clear(scene()), "BMP"), scene(), 1),
    "palette.bmp": (encoded(PALETTE, "BMP"), PALETTE.convert("RGB"), 1),
    "grey.bmp": (encoded(scene().convert("L"), "BMP"), scene().convert("L").convert("RGB"), 1),
    "lossy.webp": (encoded(scene(), "WEBP", quality=95), scene(), 8),
    "lossless.webp": (encoded(scene(), "WEBP", lossless=True), scene(), 1),
    "alpha-lossless.webp": (encoded(clear(scene()), "WEBP", lossless=True, exact=True), scene(), 1),
    "alpha-lossy.webp": (encoded(clear(scene()), "WEBP", quality=95, exact=True), scene(), 8),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_every_container_gives_the_right_colours(name, feed):
    body, look, tolerance = FILES[name]
    expected = np.asarray(look.resize(SIZE[::-1], Image.Resampling.BILINEAR), np.float32)
    got = feed()(body)
    assert got.shape == expected.shape
    assert got.dtype == np.float32
    assert np.abs(got - expected).max() <= tolerance


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_photos_are_seen_upright(kind, number, feed):
    exif = Image.Exif()
    exif[0x0112] = number
    body = encoded(scene(), kind, exif=exif, **({"quality": 95} if kind == "JPEG" else {"lossless": True}))
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(body))).convert("RGB")
    expected = np.asarray(upright.resize(SIZE[::-1], Image.Resampling.BILINEAR), np.float32)
    assert np.abs(feed()(body) - expected).max() <= 6


@pytest.mark.parametrize(("resize", "kernel"), [("bilinear", "BILINEAR"), ("bicubic", "BICUBIC")])
@pytest.mark.parametrize("size", [(96, 64), (640, 479), (2000, 1500), (1001, 37), (20, 10)], ids=str)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_stretching_is_pillows(kind, size, resize, kernel, feed, pixels):
    image = scene(size)
    body = encoded(image, kind, **({"quality": 98, "subsampling": 0} if kind == "JPEG" else {}))
    expected = np.asarray(image.resize(SIZE[::-1], Image.Resampling[kernel]), np.float32)
    got = feed(resize=sys.modules["preprocessing"].Resize(resize))(body)
    assert np.abs(got - expected).max() <= 8  # TensorFlow decodes a JPEG by the fast transform, Pillow by the exact one


@pytest.mark.parametrize("size", [(96, 64), (64, 96), (2000, 1500), (50, 1000)], ids=str)
@pytest.mark.parametrize("ratio", [0.875, 1.0])
def test_the_middle_is_cut_out(size, ratio, feed, pixels):
    image = scene(size)
    width, height = size
    full = (width, width * SIZE[0] / SIZE[1]) if width * SIZE[0] <= height * SIZE[1] else (height * 1.5, height)
    wide, tall = (side * ratio for side in full)
    box = ((width - wide) / 2, (height - tall) / 2, (width + wide) / 2, (height + tall) / 2)
    expected = np.asarray(image.resize(SIZE[::-1], Image.Resampling.BILINEAR, box=box), np.float32)
    got = feed(fit=pixels.Fit.CROP, crop_ratio=ratio)(encoded(image, "PNG"))
    assert np.abs(got - expected).max() <= 5


def test_bars_are_black_and_the_picture_is_whole(feed, pixels):
    got = feed(fit=pixels.Fit.PAD)(encoded(Image.new("RGB", (100, 100), (200, 100, 50)), "PNG"))
    assert not got[:, :8].any()
    assert not got[:, 40:].any()
    assert np.allclose(got[:, 8:40], (200, 100, 50), atol=0.5)


def test_without_antialiasing_it_is_tensorflows_own_resize(feed, pixels):
    tf = import_tensorflow()
    image = Image.effect_noise((640, 480), 60).convert("RGB")
    expected = tf.image.resize(np.asarray(image), SIZE, method="bicubic").numpy()
    got = feed(antialias=False, resize=sys.modules["preprocessing"].Resize.BICUBIC)(encoded(image, "PNG"))
    assert np.array_equal(got, expected)


def test_a_large_photo_is_not_unpacked_whole(feed, pixels):
    """A JPEG is shrunk while it is decoded; the colours stay."""
    image = scene((4000, 3000))
    started = time.process_time()
    got = feed()(encoded(image, "JPEG", quality=90))
    spent_s = time.process_time() - started
    expected = np.asarray(image.resize(SIZE[::-1], Image.Resampling.BOX), np.float32)
    assert np.abs(got - expected).max() <= 4
    assert spent_s < 5  # it takes a tenth of a second


@pytest.mark.parametrize("name", ["plain.jpg", "plain.png", "palette.gif", "plain.bmp", "palette.bmp", "lossy.webp"])
def test_what_is_cut_short_is_refused_or_answered(name, feed, pixels):
    body = FILES[name][0]
    prepare = feed()
    for length in range(0, len(body), max(1, len(body) // 40)):
        try:
            assert prepare(body[:length]).shape == (*SIZE, 3)
        except pixels.NotDecoded:
            pass


def test_an_animated_webp_is_refused(feed, pixels):
    body = encoded(scene(), "WEBP", save_all=True, append_images=[OTHER])
    with pytest.raises(pixels.NotDecoded, match="animated"):
        feed()(body)


# --- the orientation alone ------------------------------------------------------------------------------------------


@pytest.fixture
def orientation(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], int]:
    monkeypatch.syspath_prepend(str(SCORING))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    from exif import orientation

    return orientation


def tiff(tag: int = 0x0112, kind: int = 3, count: int = 1, value: int = 6, order: str = ">") -> bytes:
    start = b"MM" if order == ">" else b"II"
    return start + struct.pack(f"{order}HIHHHIHH", 42, 8, 1, tag, kind, count, value, 0)


def jpeg_with(block: bytes, heading: bytes = b"Exif\0\0") -> bytes:
    body = encoded(scene(), "JPEG")
    return body[:2] + b"\xff\xe1" + struct.pack(">H", len(heading + block) + 2) + heading + block + body[2:]


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        pytest.param(tiff(), 6, id="big-endian"),
        pytest.param(tiff(order="<"), 6, id="little-endian"),
        pytest.param(tiff(value=0), 1, id="value-0"),
        pytest.param(tiff(value=9), 1, id="value-9"),
        pytest.param(tiff(kind=4), 1, id="wrong-type"),
        pytest.param(tiff(count=0), 1, id="no-value"),
        pytest.param(tiff(tag=0x010F), 1, id="another-tag"),
        pytest.param(tiff()[:-3], 1, id="cut-short"),
        pytest.param(b"MM\0\x2a\xff\xff\xff\xff", 1, id="directory-far-away"),
        pytest.param(b"MM\0\x2a\0\0\0\x08\xff\xff", 1, id="directory-without-end"),
        pytest.param(b"MM\0\x2b\0\0\0\x08", 1, id="no-tiff"),
        pytest.param(b"", 1, id="empty"),
    ],
)
def test_exif_blocks(block, expected, orientation):
    assert orientation(jpeg_with(block)) == expected


def test_another_programs_block_comes_first(orientation):
    assert orientation(jpeg_with(b"<xmp/>", heading=b"http://ns.adobe.com/xap/1.0/\0")) == 1


def test_mutated_files_never_raise_and_take_no_time(orientation):
    chance = random.Random(7)
    started = time.process_time()
    for kind in ("JPEG", "PNG", "WEBP"):
        exif = Image.Exif()
        exif[0x0112] = 6
        body = encoded(scene((16, 16)), kind, exif=exif)
        assert orientation(body) == 6
        for _ in range(3000):
            mutated = bytearray(body)
            for _ in range(chance.randint(1, 6)):
                mutated[chance.randrange(min(len(mutated), 400))] = chance.randrange(256)
            assert 1 <= orientation(bytes(mutated[: chance.randint(1, len(mutated))])) <= 8
    assert time.process_time() - started < 10


def test_endless_segments_are_left(orientation):
    started = time.process_time()
    assert orientation(b"\xff\xd8" + b"\xff\xe1\x00\x02" * 1_000_000) == 1
    assert orientation(b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0tEXt\0\0\0\0" * 500_000) == 1
    assert orientation(b"\xff\xd8" + b"\xff" * 10_000_000) == 1
    assert time.process_time() - started < 5
