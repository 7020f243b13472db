"""Pictures as people have them; each is made here, so its name tells what it is."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gpu_assistant.domain.errors import BadImage
from gpu_assistant.images import prepare_image

RED = (200, 30, 20)


def sent(path: Path) -> Image.Image:
    image = Image.open(io.BytesIO(prepare_image(path)))
    image.load()
    assert image.format == "JPEG"
    return image


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    def save(image: Image.Image, name: str, **options: object) -> Path:
        path = tmp_path / name
        image.save(path, **options)  # type: ignore[arg-type]
        return path

    return save


Save = Callable[..., Path]


def test_an_ordinary_jpeg_goes_out_untouched(save: Save) -> None:
    path = save(Image.new("RGB", (640, 480), RED), "photo.jpg")
    assert prepare_image(path) == path.read_bytes()


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.bmp", "a.tiff", "a.gif", "really a png.jpg"])
def test_other_formats_arrive_as_jpeg_of_the_same_colour(save: Save, name: str) -> None:
    format = "PNG" if "png" in name else None
    image = sent(save(Image.new("RGB", (60, 40), RED), name, format=format))
    assert image.size == (60, 40)
    pixel = image.getpixel((30, 20))
    assert isinstance(pixel, tuple)
    assert all(abs(one - other) < 8 for one, other in zip(pixel, RED, strict=True))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright_by_their_exif_flag(save: Save, orientation: int) -> None:
    upright = Image.new("RGB", (80, 40), "white")
    upright.paste("red", (0, 0, 20, 20))  # top left
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = sent(save(stored, "turned.jpg", exif=exif, quality=95))
    assert image.size == (80, 40)
    pixel = image.getpixel((8, 8))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 150
    assert pixel[1] < 100


def test_transparent_pixels_are_white(save: Save) -> None:
    image = sent(save(Image.new("RGBA", (20, 20), (0, 0, 0, 0)), "transparent.png"))
    assert image.getpixel((10, 10)) == (255, 255, 255)


def test_16_bit_grey_keeps_its_brightness(save: Save) -> None:
    grey = Image.fromarray(np.full((20, 20), 32768, np.uint16))
    pixel = sent(save(grey, "sixteen bit.png")).getpixel((10, 10))
    assert isinstance(pixel, tuple)
    assert abs(pixel[0] - 128) <= 2


def test_cmyk_and_the_first_frame_of_an_animation(save: Save) -> None:
    assert sent(save(Image.new("CMYK", (20, 20), (0, 255, 255, 0)), "cmyk.jpg")).mode == "RGB"
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    pixel = sent(save(frames[0], "animated.gif", save_all=True, append_images=frames[1:])).getpixel((10, 10))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 200


def test_a_24_megapixel_photo_is_made_smaller(save: Save) -> None:
    image = sent(save(Image.new("RGB", (6000, 4000), RED), "camera.jpg"))
    assert max(image.size) == 2048
    assert image.size[0] / image.size[1] == pytest.approx(1.5, abs=0.01)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"just some text, not a picture", "not an image"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "HEIC"),
        (b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00", "AVIF"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, "image"),
    ],
)
def test_what_cannot_be_scored_gets_a_sentence(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "bad.jpg"
    path.write_bytes(content)
    with pytest.raises(BadImage, match=reason):
        prepare_image(path)


@pytest.mark.parametrize("keep", [0.02, 0.3, 0.7, 0.98])
@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_a_picture_cut_short_is_refused(tmp_path: Path, keep: float, format: str) -> None:
    whole = io.BytesIO()
    Image.effect_noise((300, 200), 60).convert("RGB").save(whole, format)
    path = tmp_path / "cut short.img"
    path.write_bytes(whole.getvalue()[: int(len(whole.getvalue()) * keep)])
    with pytest.raises(BadImage):
        prepare_image(path)


def test_a_bomb_is_refused_by_its_header(save: Save) -> None:
    path = save(Image.new("1", (30000, 30000)), "bomb.png")
    assert path.stat().st_size < 200_000
    with pytest.raises(BadImage, match="30000"):
        prepare_image(path)


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(BadImage, match="no such file"):
        prepare_image(tmp_path / "missing.jpg")
    with pytest.raises(BadImage, match="folder"):
        prepare_image(tmp_path)
