"""Draws the program's icon: `python -m tests.draw_icons` writes everything in resources/icons again.

A chip with a tick on a blue tile: mid-blue, so that it stands out from light and from dark desktops, and laid on a
grid of 16, so that every size has whole pixels at its edges.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

FOLDER = Path(__file__).parents[1] / "resources" / "icons"
NAME = "gpu-assistant"
SIZES_PX = (16, 32, 48, 64, 128, 256)
"""What desktops ask for."""
_ICO_SIZES_PX = (16, 32, 48, 64, 128)

_GRID = 16
TILE = "#1f6fde"
_PIN = "#bcd7ff"
CHIP = "#ffffff"
_TILE_RADIUS = 3.5
_CHIP_BOX = (3, 3, 13, 13)
_CHIP_RADIUS = 1.5
_PINS = ((5, 1, 7, 15), (9, 1, 11, 15), (1, 5, 15, 7), (1, 9, 15, 11))
"""Bars that the chip lies on; what looks out of it on both sides is its pins. Left, top, right, bottom."""
_TICK = ((5.1, 8.3), (7.2, 10.4), (11, 5.8))
_TICK_WIDTH = 1.8

# Drawn so many times larger, then averaged: Pillow's own lines have no soft edges.
_OVERSAMPLING = 16


def draw(size_px: int) -> Image.Image:
    """The icon with a transparent ground."""
    unit = size_px * _OVERSAMPLING / _GRID
    side = size_px * _OVERSAMPLING
    image = Image.new("RGBA", (side, side))
    pen = ImageDraw.Draw(image)

    def box(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        return left * unit, top * unit, right * unit - 1, bottom * unit - 1  # Pillow's boxes include their end

    pen.rounded_rectangle(box(0, 0, _GRID, _GRID), _TILE_RADIUS * unit, fill=TILE)
    for bar in _PINS:
        pen.rectangle(box(*bar), fill=_PIN)
    pen.rounded_rectangle(box(*_CHIP_BOX), _CHIP_RADIUS * unit, fill=CHIP)
    points = [(x * unit, y * unit) for x, y in _TICK]
    pen.line(points, fill=TILE, width=round(_TICK_WIDTH * unit), joint="curve")
    radius = _TICK_WIDTH * unit / 2
    for x, y in points:  # round ends
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=TILE)
    # Averaged with the colours weighed by their opacity, so the rounded corners get no dark edge.
    return image.convert("RGBa").resize((size_px, size_px), Image.Resampling.BOX).convert("RGBA")


def to_svg() -> str:
    """The same drawing as SVG."""

    def rectangle(left: float, top: float, right: float, bottom: float, colour: str, radius: float = 0) -> str:
        corners = f' rx="{radius}"' if radius else ""
        size = f'width="{right - left}" height="{bottom - top}"'
        return f'  <rect x="{left}" y="{top}" {size}{corners} fill="{colour}"/>'

    tick = " ".join(f"{x},{y}" for x, y in _TICK)
    stroke = f'stroke="{TILE}" stroke-width="{_TICK_WIDTH}" stroke-linecap="round" stroke-linejoin="round"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256" viewBox="0 0 {_GRID} {_GRID}">',
            f"  <title>{NAME}</title>",
            rectangle(0, 0, _GRID, _GRID, TILE, _TILE_RADIUS),
            *(rectangle(*bar, _PIN) for bar in _PINS),
            rectangle(*_CHIP_BOX, CHIP, _CHIP_RADIUS),
            f'  <polyline points="{tick}" fill="none" {stroke}/>',
            "</svg>",
            "",
        ]
    )


def main() -> None:
    """Write every file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    pictures = {size: draw(size) for size in SIZES_PX}
    for size, picture in pictures.items():
        picture.save(FOLDER / f"{NAME}-{size}.png", optimize=True)
    first, *others = (pictures[size] for size in reversed(_ICO_SIZES_PX))
    first.save(
        FOLDER / f"{NAME}.ico",
        sizes=[(size, size) for size in _ICO_SIZES_PX],
        append_images=others,  # each as drawn, not scaled down from the largest
        bitmap_format="bmp",  # Tk reads icons of Windows by itself, and not those that are PNG inside
    )
    (FOLDER / f"{NAME}.svg").write_text(to_svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
