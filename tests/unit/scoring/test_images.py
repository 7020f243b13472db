"""The header checks alone: no TensorFlow, and no file that makes them fail or linger."""

from __future__ import annotations

import io
import random
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.fakes.pictures import GOOD, gif_with_frames, picture

LIMIT = 50_000_000


@pytest.fixture
def images(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "scoring"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import images

    return images


@pytest.mark.parametrize("name", GOOD)
def test_sizes_agree_with_pillow(name, images):
    header = images.check_image(GOOD[name], LIMIT)
    with Image.open(io.BytesIO(GOOD[name])) as image:
        assert (header.width, header.height) == image.size
        assert header.format.value.upper() == image.format


@pytest.mark.parametrize("size", [(1, 1), (17, 31), (640, 480), (3000, 2)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_sizes_of_every_kind(kind, size, images):
    header = images.check_image(picture(size=size, kind=kind), LIMIT)
    assert (header.width, header.height, header.pixels) == (*size, size[0] * size[1])


def test_exif_with_a_thumbnail_does_not_mislead(images):
    thumbnail = picture(size=(16, 16))
    exif = b"\xff\xe1" + (len(thumbnail) + 8).to_bytes(2, "big") + b"Exif\0\0" + thumbnail
    whole = picture(size=(200, 100))
    header = images.check_image(whole[:2] + exif + whole[2:], LIMIT)
    assert (header.width, header.height) == (200, 100)


def test_frames_larger_than_their_gif_are_counted(images):
    assert images.check_image(gif_with_frames(3, (1000, 500)), LIMIT).pixels == 1_500_000


def test_mutated_images_are_read_or_refused(images):
    chance = random.Random(11)
    for _ in range(3000):
        body = bytearray(chance.choice(list(GOOD.values())))
        for _ in range(chance.choice((1, 3, 10))):
            body[chance.randrange(min(len(body), 80))] = chance.randrange(256)
        try:
            images.check_image(bytes(body[: chance.choice((20, 60, None))]), LIMIT)
        except images.Refused as refused:
            assert 400 <= refused.status < 500  # noqa: PT017 - both outcomes are right


SLOW = {
    "fill-bytes": b"\xff\xd8" + b"\xff" * 20_000_000,
    "stuffed-bytes": b"\xff\xd8\xff" + b"\x00\xff" * 10_000_000,
    "restart-markers": b"\xff\xd8" + b"\xff\xd0" * 10_000_000,
    "empty-segments": b"\xff\xd8" + b"\xff\xe0\x00\x02" * 5_000_000,
    "stray-bytes": b"\xff\xd8\xff\xe0\x00\x02" + bytes(20_000_000),
    "one-byte-blocks.gif": b"GIF89a" + bytes(7) + b"\x21\xfe" + b"\x01a" * 10_000_000,
    "empty-extensions.gif": b"GIF89a" + b"\1\0\1\0" + bytes(3) + b"\x21\xfe\x00" * 7_000_000,
    "tiny-frames.gif": gif_with_frames(1_000_000, (1, 1)),
}


@pytest.mark.parametrize("name", SLOW)
def test_no_body_keeps_the_reader_busy(name, images):
    start = time.process_time()
    with pytest.raises(images.Refused):
        images.check_image(SLOW[name], LIMIT)
    assert time.process_time() - start < 1.0
