"""A folder of 10,000 images, dropped in one go: the window says how far it is, does not grow, and stops when asked.

The whole folder would take minutes, so it is stopped on the way; what was answered until then must all be in the table.
"""

from __future__ import annotations

import csv
import os
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from PIL import Image

from tests.ui.file_manager import FileManager
from tests.ui.journeys.journey import LABELS, OPEN_S, PRACTICE, deploy_by_command, sample_photos
from tests.ui.person import Person
from tests.ui.view import View

MANY = 10_000
WARM = 1_000
"""By then every cache of the window is as full as it gets."""
THEN_S = 20.0
MOST_GROWTH_MB = 8.0
STOPS_IN_S = 1.0


def test_a_folder_of_ten_thousand_images(
    start_window: Callable[..., Person], file_manager: Callable[..., FileManager], tmp_path: Path
) -> None:
    data_dir = tmp_path / "service"
    deploy_by_command(data_dir)
    folder = _make_many(tmp_path)
    person = start_window(*PRACTICE, "--page", "score", data_dir=data_dir)
    target = person.see("score.drop", OPEN_S)
    file_manager(folder.parent).drag([folder], to=target.rect)

    person.wait_for(lambda view: _said(view, "Scoring") > 0, what="progress")
    first = person.see("score.progress")
    person.wait_for(lambda view: _said(view, "Scoring") >= WARM, 120.0, f"{WARM} answers")
    assert _share(person.see("score.progress").text) > _share(first.text)
    warm_mb, later_mb = _memory_while_it_runs(person)
    assert later_mb - warm_mb < MOST_GROWTH_MB, f"{warm_mb:.1f} MiB became {later_mb:.1f} MiB"

    answered, took_s = _stop(person)
    assert took_s < STOPS_IN_S
    assert WARM < answered < MANY
    person.press("Escape")  # nothing is open that it could close; the answers stay
    rows = _save(person, tmp_path / "answers so far.csv")
    assert len(rows) == answered
    assert len({row["file"] for row in rows}) == answered
    assert {Path(row["file"]).parent for row in rows} == {folder}
    assert {row["label_1"] for row in rows if Path(row["file"]).stem.endswith("0")} == {LABELS["coffee.jpg"]}


def _make_many(folder: Path) -> Path:
    """10,000 names for two small photos; those that end in 0 are the coffee."""
    photos = []
    for name in ("coffee.jpg", "chelsea.jpg"):
        with Image.open(sample_photos()[name]) as photo:
            small = photo.convert("RGB").resize((160, 120))
        photos.append(folder / f"small {name}")
        small.save(photos[-1], quality=85)
    many = folder / "pictures" / "ten thousand"
    many.mkdir(parents=True)
    for number in range(MANY):
        os.link(photos[0 if number % 10 == 0 else 1], many / f"{number:05d}.jpg")
    return many


def _said(view: View, what: str) -> int:
    """How many are answered, when that sentence is on screen; else 0."""
    item = view.find("score.batch")
    found = re.match(rf"{what}: ([\d,]+) of 10,000 images", item.text) if item is not None else None
    return int(found[1].replace(",", "")) if found else 0


def _share(progress: str) -> float:
    return float(progress.split("/")[0])


def _memory_while_it_runs(person: Person) -> tuple[float, float]:
    """Memory of the window's process in MiB, medians of the first and the last quarter of the watch."""
    process = psutil.Process(person.program.process.pid)
    seen = []
    until = time.monotonic() + THEN_S
    before = _said(person.view, "Scoring")
    while time.monotonic() < until:
        seen.append(process.memory_info().rss / 2**20)
        time.sleep(0.25)
    person.wait_for(lambda view: _said(view, "Scoring") > before, what="further progress")
    quarter = len(seen) // 4
    return statistics.median(seen[:quarter]), statistics.median(seen[-quarter:])


def _stop(person: Person) -> tuple[int, float]:
    """Click Stop; how many are answered then, and how long it took until the window said so."""
    person.hover("score.stop")
    asked_ns = time.time_ns()
    person.screen.xdotool("click", "1")
    view = person.wait_for(lambda view: view if _said(view, "Stopped") else None, what="word that it stopped")
    return _said(view, "Stopped"), (view.looked_at_ns - asked_ns) / 1e9


def _save(person: Person, target: Path) -> list[dict[str, str]]:
    """Save by the page's button and read the table."""
    person.click("score.save_batch")
    person.wait_for(lambda view: view.focus and view.focus.endswith(".ent"), what="file dialog")
    person.press("ctrl+slash")  # Tk's own way to select all
    person.type(str(target))
    person.press("Return")
    person.see(f"Saved: {target.name}")
    with target.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
