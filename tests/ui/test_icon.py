"""The icon: as it was drawn, on the window, and in the class that the desktop file names."""

from __future__ import annotations

import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image, ImageChops

from gpu_assistant import paths
from gpu_assistant.ui.icon import set_icon
from gpu_assistant.ui.theme import Root
from tests import draw_icons

_NOT_SEEN = 3
"""Of 255: what another version of Pillow may round otherwise."""


@pytest.mark.parametrize("size_px", draw_icons.SIZES_PX)
def test_the_files_are_what_the_program_draws(size_px: int) -> None:
    with Image.open(paths.resource("icons", f"gpu-assistant-{size_px}.png")) as file:
        difference = ImageChops.difference(file.convert("RGBA"), draw_icons.draw(size_px))
    assert max(high for _, high in difference.getextrema()) <= _NOT_SEEN


def test_svg_and_ico_are_of_the_same_drawing() -> None:
    svg = paths.resource("icons", "gpu-assistant.svg").read_text(encoding="utf-8")
    assert svg == draw_icons.to_svg()
    assert ElementTree.fromstring(svg).get("viewBox") == "0 0 16 16"
    with Image.open(paths.resource("icons", "gpu-assistant.ico")) as ico:
        assert (16, 16) in ico.info["sizes"]
        assert max(ico.info["sizes"]) == (128, 128)


@pytest.mark.parametrize("ground", ["#ffffff", "#202124"], ids=["light", "dark"])
def test_it_stands_out_of_light_and_dark(ground: str) -> None:
    """The contrast of tile to ground is that which WCAG asks of a picture, and of tick to chip that of a text."""
    assert _contrast(draw_icons.TILE, ground) >= 3.0
    assert _contrast(draw_icons.TILE, draw_icons.CHIP) >= 4.5


def test_every_window_carries_it_in_several_sizes(root: Root) -> None:
    icon = _property(root, "_NET_WM_ICON")
    assert [size for size in (16, 32, 48, 64, 128) if f"Icon ({size} x {size})" in icon] == [16, 32, 48, 64, 128]


def test_the_class_is_what_the_desktop_file_says(root: Root) -> None:
    entry = paths.resource("desktop", "gpu-assistant.desktop").read_text(encoding="utf-8")
    (wanted,) = [line.partition("=")[2] for line in entry.splitlines() if line.startswith("StartupWMClass=")]
    assert _property(root, "WM_CLASS").strip() == f'WM_CLASS(STRING) = "gpu-assistant", "{wanted}"'


def test_a_missing_picture_is_no_reason_to_fail(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(paths, "resource", lambda *parts: tmp_path.joinpath(*parts))
    set_icon(root)
    assert "no icon" in caplog.text


def _property(root: Root, name: str) -> str:
    root.update()
    words = ["xprop", "-name", root.title(), name]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=30).stdout


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
