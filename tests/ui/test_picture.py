"""Pictures as they are shown: every kind of file, off the Tk thread, the latest request only."""

from __future__ import annotations

import io
import threading
import tkinter as tk
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from gpu_assistant.ui.background import Background
from gpu_assistant.ui.preview import NoPreview, decode_preview
from gpu_assistant.ui.widgets import picture as picture_module
from gpu_assistant.ui.widgets.picture import Picture
from tests.fakes import pictures
from tests.ui.in_process import pump_until

BOX = (200, 100)
RED, WHITE = pictures.RED, (255, 255, 255)


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _turned(orientation: int) -> bytes:
    """A wide picture, red at its left, whose EXIF flag says how it was held."""
    image = Image.new("RGB", (80, 40), WHITE)
    image.paste(RED, (0, 0, 40, 40))
    exif = Image.Exif()
    exif[0x0112] = orientation
    return _saved(image, "JPEG", exif=exif, quality=95)


def _see_through() -> bytes:
    """Red at the left, nothing at the right."""
    image = Image.new("RGBA", (80, 40), (0, 0, 0, 0))
    image.paste((*RED, 255), (0, 0, 40, 40))
    return _saved(image, "PNG")


def _palette_see_through() -> bytes:
    image = Image.new("P", (80, 40), 0)
    image.putpalette([0, 0, 0, *RED])
    image.paste(1, (0, 0, 40, 40))
    return _saved(image, "PNG", transparency=0)


# name: content, size in a box of 200×100, colour near the left edge, colour near the right edge
SHOWN: dict[str, tuple[bytes, tuple[int, int], tuple[int, ...], tuple[int, ...]]] = {
    "plain.jpg": (pictures.picture(size=(400, 100)), (200, 50), RED, RED),
    "tall.jpg": (pictures.picture(size=(100, 400)), (25, 100), RED, RED),
    "held-upside-down.jpg": (_turned(3), (200, 100), WHITE, RED),
    "held-sideways.jpg": (_turned(6), (50, 100), RED, RED),  # red is at the top now
    "cmyk.jpg": (_saved(Image.new("CMYK", (80, 40), (0, 255, 255, 0)), "JPEG"), (200, 100), (254, 0, 0), (254, 0, 0)),
    "sixteen-bit-grey.png": (_saved(Image.new("I;16", (80, 40), 0xFFFF), "PNG"), (200, 100), WHITE, WHITE),
    "see-through-becomes-white.png": (_see_through(), (200, 100), RED, WHITE),
    "palette-see-through.png": (_palette_see_through(), (200, 100), RED, WHITE),
    "grey-with-alpha.png": (_saved(Image.new("LA", (80, 40), (0, 0)), "PNG"), (200, 100), WHITE, WHITE),
    "one-bit.png": (_saved(Image.new("1", (80, 40), 1), "PNG"), (200, 100), WHITE, WHITE),
    "float.tiff": (_saved(Image.new("F", (80, 40), 0.5), "TIFF"), (200, 100), (0, 0, 0), (0, 0, 0)),
    "animated-red-first.gif": (pictures.animated_gif(), (133, 100), RED, RED),
    "tiny-is-enlarged-four-times.png": (pictures.picture(size=(1, 1), kind="PNG"), (4, 4), RED, RED),
    "png-called.jpg": (pictures.picture(kind="PNG"), (133, 100), RED, RED),
    "lossy.webp": (pictures.picture(kind="WEBP"), (133, 100), RED, RED),
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_can_be_shown(name: str, tmp_path: Path) -> None:
    content, size, left, right = SHOWN[name]
    (tmp_path / name).write_bytes(content)
    shown = decode_preview(tmp_path / name, BOX)
    assert (shown.mode, shown.size) == ("RGB", size)
    inset = min(2, shown.width // 4)
    for x, wanted in ((inset, left), (shown.width - 1 - inset, right)):
        found = shown.getpixel((x, shown.height // 4))
        assert isinstance(found, tuple)
        assert all(abs(one - other) < 24 for one, other in zip(found, wanted, strict=True)), (found, wanted)


HIDDEN = {
    "empty.jpg": b"",
    "text.jpg": b"not an image",
    "cut-in-the-middle.jpg": pictures.photo()[:9000],
    "cut-in-the-middle.png": _saved(Image.effect_noise((200, 200), 90), "PNG")[:3000],
    "bomb-30000x30000.png": pictures.png_of_size(30000, 30000),
    "zero-wide.png": pictures.png_of_size(0, 10),
    "picture.heic": b"\0\0\0\x18ftypheic" + bytes(16),
    "broken-tiff-header.tiff": b"II*\0\xff\xff\xff\x7f" + bytes(20),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_cannot_be_shown(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(HIDDEN[name])
    with pytest.raises(NoPreview):
        decode_preview(tmp_path / name, BOX)


@pytest.mark.parametrize("where", ["gone.jpg", "."])
def test_a_file_that_is_not_there_and_a_folder(where: str, tmp_path: Path) -> None:
    with pytest.raises(NoPreview):
        decode_preview(tmp_path / where, BOX)


@pytest.fixture
def shown(root: tk.Tk) -> Picture:
    """A picture widget on screen."""
    widget = Picture(root)
    root.geometry("400x300")
    widget.pack(fill="both", expand=True)
    root.update()
    return widget


def _state(widget: Picture) -> str:
    return str(next((entry.get("state", "") for entry in widget.describe()), ""))


def test_a_picture_comes_on_screen(root: tk.Tk, shown: Picture, tmp_path: Path) -> None:
    file = tmp_path / "한글 {1}.jpg"
    file.write_bytes(pictures.picture(size=(800, 300)))
    shown.show(file)
    pump_until(root, lambda: _state(shown) == "shown")
    (entry,) = shown.describe()
    assert entry["text"] == file.name
    x, y, width, height = entry["rect"]
    assert (width, height) == (400, 150)
    assert (x, y) == (0, 75)


def test_a_broken_file_gets_a_placeholder_and_the_next_one_is_shown(
    root: tk.Tk, shown: Picture, tmp_path: Path
) -> None:
    (tmp_path / "text.jpg").write_bytes(b"not an image")
    (tmp_path / "good.jpg").write_bytes(pictures.picture())
    shown.show(tmp_path / "text.jpg")
    pump_until(root, lambda: _state(shown) == "broken")
    shown.show(tmp_path / "good.jpg")
    pump_until(root, lambda: _state(shown) == "shown")
    shown.show(None)
    pump_until(root, lambda: not shown.describe())


def test_the_latest_request_wins(root: tk.Tk, shown: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()
    decoded: list[str] = []

    def slow(path: Path, box: tuple[int, int]) -> Image.Image:
        if path.name == "slow.jpg":
            assert let_go.wait(10)
        decoded.append(path.name)
        return Image.new("RGB", (10, 10))

    monkeypatch.setattr(picture_module, "decode_preview", slow)
    for name in ("slow.jpg", "never.jpg", "latest.jpg"):
        shown.show(tmp_path / name)
    root.update()
    let_go.set()
    pump_until(root, lambda: shown.is_ready)
    pump_until(root, lambda: _state(shown) == "shown")
    assert shown.describe()[0]["text"] == "latest.jpg"
    assert "never.jpg" not in decoded, "what was overtaken before it began is not decoded"


def test_a_larger_window_gets_a_larger_picture(root: tk.Tk, shown: Picture, tmp_path: Path) -> None:
    (tmp_path / "wide.jpg").write_bytes(pictures.picture(size=(1600, 400)))
    shown.show(tmp_path / "wide.jpg")
    pump_until(root, lambda: _state(shown) == "shown")
    root.geometry("600x300")
    pump_until(root, lambda: shown.describe() and shown.describe()[0]["rect"][2] == 600)


def test_holding_something_over_it_says_what_letting_go_does(root: tk.Tk, shown: Picture) -> None:
    shown.hover(True)
    pump_until(root, lambda: [entry["text"] for entry in shown.describe()] == ["Let go to score"])
    shown.hover(False)
    pump_until(root, lambda: not shown.describe())


def test_work_in_the_background_is_done_on_another_thread_and_received_on_this_one(root: tk.Tk) -> None:
    background: Background[int] = Background(root, "test")
    received: list[tuple[object, int]] = []

    def receive(answer: int | Exception) -> None:
        received.append((answer, threading.get_ident()))

    def fail() -> int:
        raise ValueError("as it were")

    background.run(threading.get_ident, receive)
    background.run(fail, receive)
    pump_until(root, lambda: len(received) == 2)
    me = threading.get_ident()
    assert received[0][0] != me
    assert isinstance(received[1][0], ValueError)
    assert [thread for _, thread in received] == [me, me]


def test_what_was_forgotten_is_not_received(root: tk.Tk) -> None:
    background: Background[str] = Background(root, "test")
    received: list[object] = []
    let_go = threading.Event()

    def wait() -> str:
        let_go.wait(10)
        return "forgotten"

    background.run(wait, received.append)
    background.run(lambda: "forgotten too", received.append)
    background.forget()
    let_go.set()
    background.run(lambda: "wanted", received.append)
    pump_until(root, lambda: received == ["wanted"])


def test_the_thread_ends_with_its_owner(root: tk.Tk) -> None:
    owner = tk.Frame(root)
    background: Background[str] = Background(owner, "ends with its owner")
    background.run(lambda: "done", lambda answer: None)

    def threads() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "ends with its owner"]

    assert threads()
    owner.destroy()
    pump_until(root, lambda: not threads())
    background.run(lambda: "too late", lambda answer: None)
    assert not threads()


def test_nothing_is_polled_while_nothing_is_due(root: tk.Tk) -> None:
    background: Background[str] = Background(root, "test")
    done: list[object] = []
    background.run(lambda: "done", done.append)
    pump_until(root, lambda: done)
    pending: Callable[[], str] = lambda: root.tk.call("after", "info")  # noqa: E731
    assert not pending()
