"""The drawings of the score page: what can be read on them."""

from __future__ import annotations

import tkinter as tk
from pathlib import Path
from typing import Any

import pytest

from gpu_assistant.domain.scoring import Prediction
from gpu_assistant.ui.theme import BOLD, Root, px, use_dark
from gpu_assistant.ui.widgets.bars import Bars, percent_words
from gpu_assistant.ui.widgets.drawing import Drawing, mixed
from gpu_assistant.ui.widgets.drop_zone import DropZone
from gpu_assistant.ui.widgets.headline import Headline
from gpu_assistant.ui.widgets.histogram import Histogram, spread_of
from gpu_assistant.ui.widgets.latency_split import LatencySplit, ms_words
from gpu_assistant.ui.widgets.sparkline import LATEST, Sparkline
from gpu_assistant.ui.widgets.thumbnails import Mark, Thumb, Thumbnails
from tests.fakes.pictures import picture
from tests.ui.in_process import pump_until


def _place(root: tk.Tk, widget: Drawing, size: str = "420x300") -> None:
    root.geometry(size)
    widget.pack(fill="both", expand=True)
    root.update()


def _texts(root: tk.Tk, widget: Drawing) -> list[str]:
    root.update()
    for entry in widget.describe():
        x, y, width, height = entry["rect"]
        assert x >= -1 and y >= -1, entry  # noqa: PT018
        assert x + width <= widget.winfo_width() + 1, entry
        assert y + height <= widget.winfo_height() + 1, entry
    return [entry["text"] for entry in widget.describe()]


# --- bars ----------------------------------------------------------------------------------------------------------

ANSWER = (
    Prediction(967, 0.9423, "espresso"),
    Prediction(968, 0.031, "cup"),
    Prediction(504, 0.0112, None),
    Prediction(969, 0.0041, "eggnog, a sweet drink with a name that is far too long for any window there ever was"),
    Prediction(960, 0.0002, "chocolate sauce"),
    Prediction(1, 0.0001, "a sixth one"),
)


def test_five_bars_with_labels_and_percent(root: Root) -> None:
    bars = Bars(root)
    _place(root, bars)
    bars.show(ANSWER)
    texts = _texts(root, bars)
    assert texts[:3] == ["espresso 94.2%", "cup 3.1%", "class 504 1.1%"]
    assert texts[4] == "chocolate sauce < 0.1%"
    assert len(texts) == 5
    entries = bars.describe()
    assert entries[0]["share"] == pytest.approx(0.9423)
    assert entries[3]["shown"].endswith("…"), "a long label is cut"
    assert entries[1]["shown"] == "cup"


@pytest.mark.parametrize(("height", "least"), [(200, 5), (90, 4), (50, 2), (12, 1)])
def test_bars_never_overlap_however_low_the_place(root: Root, height: int, least: int) -> None:
    bars = Bars(root)
    bars.place(x=0, y=0, width=300, height=height)
    bars.show(ANSWER)
    root.update()
    shown = bars.describe()
    assert len(shown) >= least
    assert shown[0]["rect"][3] >= min(bars.line(BOLD), height)
    assert all(one["rect"][1] + one["rect"][3] <= height for one in shown)


def test_an_empty_answer_and_one_that_is_awaited_say_nothing(root: Root) -> None:
    bars = Bars(root)
    _place(root, bars)
    bars.show((), waiting=True)
    assert _texts(root, bars) == []
    assert bars.find_all(), "the tracks of the answer to come are drawn"
    bars.show(())
    assert _texts(root, bars) == []
    assert not bars.find_all()


@pytest.mark.parametrize(
    ("share", "words"), [(1.0, "100.0%"), (0.0, "0.0%"), (0.00049, "< 0.1%"), (0.0005, "0.1%"), (0.12345, "12.3%")]
)
def test_percent(share: float, words: str) -> None:
    assert percent_words(share) == words


def test_a_theme_switch_draws_again_in_other_colours(root: Root) -> None:
    bars = Bars(root)
    _place(root, bars)
    bars.show(ANSWER)
    root.update()
    before = bars.cget("background")
    use_dark(root, True)
    root.update()
    assert bars.cget("background") != before
    assert _texts(root, bars)[0] == "espresso 94.2%"


def test_mixed_colours() -> None:
    assert mixed("#ffffff", "#000000", 0.5) == "#808080"
    assert mixed("#102030", "#ffffff", 1.0) == "#102030"


# --- headline, latency ---------------------------------------------------------------------------------------------


def test_a_long_headline_is_cut_on_screen_and_whole_in_words(root: Root) -> None:
    headline = Headline(root)
    _place(root, headline)
    name = "사진 " * 60 + ".jpg"
    headline.show(name, "espresso")
    assert _texts(root, headline) == [name, "espresso"]
    assert headline.describe()[0]["shown"].endswith("…")
    assert headline.describe()[1]["shown"] == "espresso"


def test_network_and_model(root: Root) -> None:
    split = LatencySplit(root)
    _place(root, split)
    split.show(37.4, 1250.0)
    assert _texts(root, split) == ["Network 37 ms", "Model 1.25 s"]
    split.show(-0.2, 0.0)  # the model's clock and ours may differ by a hair
    assert _texts(root, split) == ["Network 0.0 ms", "Model 0.0 ms"]
    split.show(None, None)
    assert _texts(root, split) == []


@pytest.mark.parametrize(("time_ms", "words"), [(4.24, "4.2 ms"), (84.4, "84 ms"), (999.4, "999 ms"), (1000, "1.00 s")])
def test_times(time_ms: float, words: str) -> None:
    assert ms_words(time_ms) == words


# --- timing --------------------------------------------------------------------------------------------------------


def test_a_sparkline_names_the_slowest_and_the_latest(root: Root) -> None:
    line = Sparkline(root)
    _place(root, line)
    assert _texts(root, line) == ["No answers yet"]
    line.show((100.0, 300.0, 120.0))
    assert _texts(root, line) == ["3 requests, slowest 300 ms, latest 120 ms"]
    line.show((100.0,))
    assert _texts(root, line) == ["1 request, slowest 100 ms, latest 100 ms"]
    line.show((0.0, 0.0))
    assert _texts(root, line) == ["2 requests, slowest 0.0 ms, latest 0.0 ms"]
    line.show([float(number) for number in range(5000)])
    root.update()
    assert line.describe()[0]["count"] == LATEST


def test_a_histogram_names_median_and_95th_percentile(root: Root) -> None:
    histogram = Histogram(root)
    _place(root, histogram)
    assert _texts(root, histogram) == []
    histogram.show([float(number) for number in range(101, 201)])
    texts = _texts(root, histogram)
    assert texts[:2] == ["median 150 ms", "95% within 195 ms"]
    assert "100 ms to" in texts[2]


SPREADS: dict[str, tuple[list[float], int]] = {
    "one value": ([80.0], 1),
    "all the same": ([80.0] * 50, 1),
    "two far apart": ([10.0, 1000.0], 21),
    "zero": ([0.0, 0.0, 0.0], 1),
    "microseconds": ([0.01, 0.02, 0.03], 1),
}


@pytest.mark.parametrize("name", SPREADS)
def test_spreads(name: str) -> None:
    values, bins = SPREADS[name]
    spread = spread_of(values)
    assert spread is not None
    assert sum(spread.counts) == len(values)
    assert len(spread.counts) == bins


def test_slow_ones_do_not_stretch_the_picture() -> None:
    spread = spread_of([100.0 + at % 10 for at in range(200)] + [9000.0])
    assert spread is not None
    assert spread.is_open
    assert spread.bin_ms <= 5
    assert spread.counts[-1] >= 1
    assert sum(spread.counts) == 201
    assert spread_of([]) is None


# --- drop zone -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sequence", ["<Key-Return>", "<Key-space>", "<Button-1>"])
def test_the_drop_zone_opens_files(root: Root, sequence: str) -> None:
    opened: list[bool] = []
    zone = DropZone(root, on_open=lambda: opened.append(True), can_drop=True)
    _place(root, zone)
    assert _texts(root, zone)[0] == "Drop an image here"
    assert "Ctrl+O" in _texts(root, zone)[1]
    zone.focus_force()
    root.update()
    zone.event_generate(sequence, **({"x": 50, "y": 50} if "Button" in sequence else {}))
    assert opened == [True]


def test_the_drop_zone_says_what_letting_go_does_and_what_works_without_dragging(root: Root) -> None:
    zone = DropZone(root, on_open=lambda: None, can_drop=False)
    _place(root, zone)
    assert _texts(root, zone)[0] == "Choose an image"
    zone.hover(True)
    assert _texts(root, zone)[0] == "Let go to score"


# --- thumbnails ----------------------------------------------------------------------------------------------------


def _strip(root: Root, tmp_path: Path, count: int, selected: list[int]) -> tuple[Thumbnails, list[Thumb]]:
    strip = Thumbnails(root, on_select=selected.append)
    _place(root, strip, "420x120")
    (tmp_path / "red.jpg").write_bytes(picture())
    thumbs = [Thumb(number, tmp_path / "red.jpg", Mark.GOOD, "espresso") for number in range(1, count + 1)]
    strip.show(thumbs, count)
    root.update()
    return strip, thumbs


def _cells(strip: Thumbnails) -> list[dict[str, Any]]:
    return [entry for entry in strip.describe() if entry["role"] == "thumbnail"]


def test_the_strip_follows_the_latest(root: Root, tmp_path: Path) -> None:
    strip, thumbs = _strip(root, tmp_path, 3, [])
    assert [cell["number"] for cell in _cells(strip)] == [1, 2, 3]
    assert [cell["selected"] for cell in _cells(strip)] == [False, False, True]
    assert _texts(root, strip)[0] == "red.jpg espresso"
    strip.show([*thumbs, *(Thumb(number, tmp_path / "red.jpg", Mark.PENDING) for number in range(4, 12))], 11)
    _texts(root, strip)
    assert _cells(strip)[-1]["number"] == 11
    assert _cells(strip)[-1]["mark"] == Mark.PENDING.value
    assert [entry["text"] for entry in strip.describe() if entry["role"] == "button"] == ["Older images"]


def _captions(strip: Thumbnails) -> list[str]:
    """What is written below the pictures."""
    below = min(int(cell["rect"][1]) for cell in _cells(strip)) + px(strip, 60)
    written = [item for item in strip.find_all() if strip.type(item) == "text" and strip.coords(item)[1] > below]
    for item in written:
        left, _top, right, bottom = strip.bbox(item)
        cell = next(cell for cell in _cells(strip) if cell["rect"][0] - 1 <= left < cell["rect"][0] + cell["rect"][2])
        assert right <= cell["rect"][0] + cell["rect"][2] + 1, "it runs into the next one"
        assert bottom <= strip.winfo_height(), "it is cut off below"
    return [strip.itemcget(item, "text") for item in written]


def test_each_thumbnail_says_its_answer(root: Root, tmp_path: Path) -> None:
    strip = Thumbnails(root, on_select=lambda number: None)
    _place(root, strip, "420x120")
    (tmp_path / "red.jpg").write_bytes(picture())
    words = {1: (Mark.GOOD, "cat"), 2: (Mark.GOOD, "Brabancon griffon"), 3: (Mark.BAD, "No answer")}
    strip.show([Thumb(number, tmp_path / "red.jpg", *said) for number, said in words.items()], 2)
    root.update()
    cat, griffon, refused = _captions(strip)
    assert (cat, refused) == ("cat", "No answer")
    assert griffon.startswith("Brabanc")
    assert griffon.endswith("…")


def test_clicks_arrows_and_wheel(root: Root, tmp_path: Path) -> None:
    selected: list[int] = []
    strip, thumbs = _strip(root, tmp_path, 12, selected)
    first = _cells(strip)[0]
    x, y, width, height = (int(edge) for edge in first["rect"])
    strip.event_generate("<Button-1>", x=x + width // 2, y=y + height // 2)
    assert selected == [first["number"]]
    strip.show(thumbs, first["number"])
    strip.focus_force()
    root.update()
    for sequence in ("<Key-Left>", "<Key-Right>", "<Key-Home>", "<Key-End>"):
        strip.event_generate(sequence)
    assert selected[1:] == [first["number"] - 1, first["number"] + 1, 1, 12]
    strip.show(thumbs, 1)
    root.update()
    assert _cells(strip)[0]["number"] == 1, "what was chosen is brought into sight"
    newer = next(entry for entry in strip.describe() if entry["text"] == "Newer images")
    strip.event_generate("<Button-1>", x=int(newer["rect"][0]) + 3, y=20)
    root.update()
    assert _cells(strip)[0]["number"] > 1
    strip.event_generate("<Button-4>")
    strip.event_generate("<Button-4>")
    strip.event_generate("<Button-4>")
    root.update()
    assert _cells(strip)[0]["number"] == 1


def test_only_what_is_in_sight_is_decoded(root: Root, tmp_path: Path) -> None:
    strip = Thumbnails(root, on_select=lambda number: None)
    _place(root, strip, "420x120")
    for number in range(30):
        (tmp_path / f"{number}.jpg").write_bytes(picture() if number != 28 else b"broken")
    thumbs = [Thumb(number, tmp_path / f"{number}.jpg", Mark.GOOD) for number in range(30)]
    strip.show(thumbs, 29)
    root.update()
    numbers = [cell["number"] for cell in _cells(strip)]
    assert numbers == [27, 28, 29]
    in_sight = {tmp_path / f"{number}.jpg" for number in numbers}
    pump_until(root, lambda: in_sight <= strip.decoded)
    assert strip.decoded == in_sight


def test_the_strip_of_the_latest_200_keeps_few_pictures(root: Root, tmp_path: Path) -> None:
    strip = Thumbnails(root, on_select=lambda number: None)
    _place(root, strip, "420x120")
    for number in range(200):
        (tmp_path / f"{number}.jpg").write_bytes(picture(size=(8, 8)))
    thumbs = [Thumb(number, tmp_path / f"{number}.jpg", Mark.GOOD) for number in range(200)]
    for at in range(3, 200, 4):
        strip.show(thumbs, at)
        wanted = tmp_path / f"{at}.jpg"
        pump_until(root, lambda wanted=wanted: wanted in strip.decoded)
    assert len(strip.decoded) <= 64
