"""The screen map tells what a person sees, where it is, and never a secret."""

from __future__ import annotations

import stat
import tkinter
from pathlib import Path
from tkinter import ttk

import pytest
from PIL import Image

from gpu_assistant.domain.secret import Secret
from gpu_assistant.ui.screen_map import ScreenMap, named, secret
from gpu_assistant.ui.theme import Root
from tests.ui.demo import Demo
from tests.ui.in_process import pump_until, view_of
from tests.ui.view import Item


def test_the_map_tells_what_a_person_sees(demo: Demo) -> None:
    view = demo.person.wait_for(lambda view: view if view.find("demo.bar/cup") else None)
    items = {item.name: item for item in view.items}
    assert view.windows[0].title == "Demo: widgets"
    assert items["demo.greet"].role == "button"
    assert items["demo.greet"].text == "Greet"
    assert items["demo.greet"].enabled
    assert not items["demo.off"].enabled
    assert items["demo.tls"].role == "checkbox"
    assert items["demo.region"].role == "combobox"
    assert items["demo.drop"].role == "area"
    assert view.find("espresso") == items["demo.bar/espresso"]
    assert [item.text for item in view.items if item.role == "tab"] == ["Curl", "Python code"]
    assert [item.text for item in view.items if item.role == "heading"] == ["Gpu", "Price"]
    rows = view.rows("demo.sizes")
    assert [row.values for row in rows[:2]] == [("T4 × 0", "$0.50"), ("T4 × 1", "$1.50")]
    assert 5 <= len(rows) <= 6, "of forty rows only those that show"
    assert items["demo.log"].text.splitlines()[0] == "first line"
    assert "the last line" not in items["demo.log"].text, "it is scrolled out of view"
    assert "demo.below" not in items, "a page that lies under another cannot be seen"
    assert "demo.above" in items


def test_rects_are_where_the_mouse_finds_the_widget(demo: Demo) -> None:
    x, y, width, height = demo.person.see("demo.drop").rect
    folder = demo.person.program.screen_map.parent
    shown = demo.person.screenshot(folder / "shot.png")
    with Image.open(shown) as picture:
        flat = picture.convert("RGB")
    inside = (flat.getpixel((x, y)), flat.getpixel((x + width - 1, y + height - 1)))
    assert inside == ((0xDD, 0xDD, 0xEE), (0xDD, 0xDD, 0xEE))
    assert flat.getpixel((x - 1, y)) != (0xDD, 0xDD, 0xEE)


def test_a_secret_is_never_described(demo: Demo) -> None:
    person = demo.person
    person.click("demo.key")
    person.type("s3cret-k3y")
    assert person.see("demo.key").text == "•" * len("s3cret-k3y")
    assert person.see("demo.bare_key").text == "••••"
    written = person.program.screen_map.read_text(encoding="utf-8")
    assert "s3cret" not in written
    assert "0123456789" not in written


def test_the_file_is_its_owners_alone_and_rests_when_nothing_changes(demo: Demo) -> None:
    file = demo.person.program.screen_map
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    demo.person.press("F12")  # means nothing to the window
    before = file.stat()
    demo.person.press("F12")
    after = file.stat()
    assert after.st_mtime_ns > before.st_mtime_ns, "Tk was looked at again"
    assert after.st_ino == before.st_ino, "but the file was not written again"


def test_the_screen_map_of_a_window_in_this_process(root: Root, tmp_path: Path) -> None:
    file = tmp_path / "screen.json"
    screen_map = ScreenMap(root, file, interval_ms=20)
    frame = secret(ttk.Frame(root))
    named(ttk.Label(frame, text="inside a secret frame"), "test.inside").pack()
    frame.pack()
    key = Secret("a-key-that-lives")
    ttk.Label(root, text=f"Key: {key.reveal()}").pack()
    named(ttk.Label(root, text="sig=abcdefghijkl of an address"), "test.address").pack()
    pump_until(root, lambda: file.exists() and "test.address" in file.read_text(encoding="utf-8"))
    written = file.read_text(encoding="utf-8")
    assert "inside a secret frame" not in written
    assert "a-key-that-lives" not in written, "a living secret is blacked out, marked or not"
    assert "abcdefghijkl" not in written, "and so is what looks like a signature"
    screen_map.close()


def test_one_look_at_a_window_in_this_process(root: Root) -> None:
    ttk.Button(root, text="Go", style="link.TButton").pack()
    tip = tkinter.Toplevel(root)
    tip.overrideredirect(True)
    ttk.Label(tip, text="a tip").pack()
    view = pump_until(root, lambda: view if (view := view_of(root)).find("a tip") else None)
    assert view.windows[0].name == str(tip)
    button = view.find("Go")
    assert button
    assert button.role == "link"
    covered = Item("test.covered", "button", "", True, False, view.windows[0].rect, window=".")
    assert view.free_point(covered) is None, "the tip lies over it"


def test_a_map_that_cannot_be_written_is_complained_about_once(
    root: Root, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "not yet"
    ScreenMap(root, folder / "screen.json", interval_ms=10)
    pump_until(root, lambda: caplog.records)
    ticks: list[int] = []
    root.after(200, lambda: ticks.append(1))
    pump_until(root, lambda: ticks)
    assert len(caplog.records) == 1
    folder.mkdir()
    pump_until(root, (folder / "screen.json").exists)
