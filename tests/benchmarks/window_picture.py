"""How long it takes from dropping a photo of 24 million pixels until it is on screen.

    python -m tests.benchmarks.window_picture [DROPS]

The photos (6000 × 4000, JPEG, each a file of its own) are dropped on the real window while a practice service scores
them; the preview counts as there when the X server has drawn it. The bars of the design are 250 ms, and 50 ms for the
longest time that the window does not react meanwhile (the gaps of a 10 ms timer).
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from gpu_assistant.wizard.state import JobKind
from tests.benchmarks.ticker import Ticker
from tests.benchmarks.window import Condition, Driven, Row, benchmark_place, conditions, play, print_table, sample_photo

BAR_MS, BAR_GAP_MS = 250.0, 50.0
_SIZE = (6000, 4000)
_TILE = 500
_SETTLES_S = 0.5


@dataclass(frozen=True)
class Shown:
    """One drop. `gap_ms` is the longest gap of the ticker from the drop until the preview was there."""

    ms: float
    gap_ms: float


def measure(drops: int) -> tuple[Shown, ...]:
    """Each drop but the first, which also makes the widgets."""
    shown: list[Shown] = []

    def script(driven: Driven) -> Iterator[Condition]:
        yield from driven.deploy()
        photos = make_photos(sample_photo(driven, 0), folder, drops + 1)
        ticker = Ticker(driven.root, driven.where)
        for photo in photos:
            yield from _drop(driven, photo, ticker, shown)
        yield from driven.clean_up()

    with benchmark_place() as folder:
        play(script, folder)
    return tuple(shown[1:])


def _drop(driven: Driven, photo: Path, ticker: Ticker, shown: list[Shown]) -> Iterator[Condition]:
    began_s = time.perf_counter()
    driven.controller.drop((photo,))
    yield lambda: _shows(driven, photo)
    driven.finish_drawing()
    there_s = time.perf_counter()
    yield lambda: ticker.has_ticked_since(there_s)
    shown.append(Shown((there_s - began_s) * 1000, ticker.longest_ms(began_s, there_s)))
    yield lambda: not driven.controller.state.is_busy(JobKind.SCORE)
    yield lambda: time.perf_counter() - there_s > _SETTLES_S  # thumbnails are made, the next one begins at rest


def make_photos(pattern: Path, folder: Path, count: int) -> tuple[Path, ...]:
    """Photos of 24 million pixels with as much detail as a camera's, from a small one."""
    dice = random.Random(24)
    with Image.open(pattern) as image:
        small = image.convert("RGB")
    tile, whole = small.resize((_TILE, _TILE)), small.resize(_SIZE)
    for x in range(0, _SIZE[0], _TILE):
        for y in range(0, _SIZE[1], _TILE):
            part = whole.crop((x, y, x + _TILE, y + _TILE))
            whole.paste(Image.blend(part, tile.rotate(dice.choice((0, 90, 180, 270))), 0.3), (x, y))
    first = folder / "photo-0.jpg"
    whole.save(first, quality=92)
    photos = [first, *(folder / f"photo-{number}.jpg" for number in range(1, count))]
    for photo in photos[1:]:
        photo.write_bytes(first.read_bytes())
    return tuple(photos)


def _shows(driven: Driven, photo: Path) -> bool:
    try:
        drawn = driven.find("score.picture").describe()  # type: ignore[attr-defined]
    except LookupError:
        return False
    return any(entry["text"] == photo.name and entry.get("state") == "shown" for entry in drawn)


def table(shown: Sequence[Shown]) -> tuple[Row, ...]:
    """The median and the longest gap of all."""
    times = [one.ms for one in shown]
    return (
        Row("drop → preview on screen", statistics.median(times), "ms", bar=BAR_MS, spread=(min(times), max(times))),
        Row("longest gap meanwhile", max(one.gap_ms for one in shown), "ms", bar=BAR_GAP_MS),
    )


def main() -> int:
    """Print the table; 1 when a bar is missed."""
    drops = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    shown = measure(drops)
    return print_table(
        conditions(f"{drops} photos of {_SIZE[0]} × {_SIZE[1]}, medians, practice scores them"), table(shown)
    )


if __name__ == "__main__":
    sys.exit(main())
