"""A real file manager on the test's screen, to drag real files out of."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from PIL import Image, PngImagePlugin

from tests.ui.screen import Screen, wait_until

Rect = Sequence[int]
"""x, y, width, height in screen pixels."""

# Told apart by a program at a glance, and used by no theme.
_COLOURS = [
    (231, 29, 160), (29, 160, 231), (160, 231, 29), (120, 40, 200), (240, 120, 10), (10, 140, 110),
    (90, 60, 30), (250, 210, 40), (40, 60, 250), (190, 10, 40), (110, 230, 200), (200, 150, 230),
]  # fmt: skip
_FOLDER_COLOUR = (150, 75, 110)
_WINDOW_SETTINGS = """[ui]
side_pane_mode=hidden;1
show_statusbar=0
toolbar=hidden
view_mode=icon
"""
_FILE_SETTINGS = """[config]
thumbnail_max=0
[ui]
show_thumbnail=1
"""
_GLIB_KEEPS = "/~!$&'()*+,:=@"
"""What glib leaves unescaped in a file address, besides letters and digits."""
_START_S = 30.0


@dataclass(frozen=True)
class FileManager:
    """A pcmanfm window on one folder. The files in it may be anything: every one is shown as a square of one colour."""

    screen: Screen
    window: str
    icons: Mapping[str, tuple[int, int]]
    """File name to the middle of its icon, counted from the window's corner."""

    def drag(self, files: Sequence[Path], *, to: Rect) -> None:
        """Select the files and drop them in `to`, as a hand does it; afterwards the window puts itself away."""
        unknown = [file.name for file in files if file.name not in self.icons]
        assert not unknown, f"not in the file manager: {unknown}; there are {sorted(self.icons)}"
        self._come_to_front(beside=to)
        left, top, width, height = self._geometry()
        spots = [(left + self.icons[file.name][0], top + self.icons[file.name][1]) for file in files]
        if len(spots) > 1:
            self._select(spots)
        self._pull(spots[0], _uncovered_point(to, (left, top, width, height)))
        self.screen.xdotool("windowminimize", self.window)

    def _come_to_front(self, *, beside: Rect) -> None:
        screen_width, screen_height, _dpi = self.screen.size.value
        self.screen.xdotool("windowmap", self.window, "windowactivate", self.window)
        width, height = self._geometry()[2:]
        corners = [(x, y) for x in (0, screen_width - width) for y in (0, screen_height - height)]
        x, y = min(corners, key=lambda corner: _common_area((*corner, width, height), beside))
        self.screen.xdotool("windowmove", self.window, str(x), str(y))
        last: list[tuple[int, int, int, int]] = []

        def has_come_to_rest() -> bool:
            last.append(self._geometry())
            return len(last) > 2 and last[-1] == last[-2] == last[-3] and abs(last[-1][0] - x) < 80

        wait_until(has_come_to_rest, _START_S, "the file manager does not move")

    def _select(self, spots: Sequence[tuple[int, int]]) -> None:
        first, *others = [(str(x), str(y)) for x, y in spots]
        words = ["mousemove", *first, "sleep", "0.1", "click", "1", "sleep", "0.1", "keydown", "ctrl"]
        for spot in others:
            words += ["mousemove", *spot, "sleep", "0.1", "click", "1", "sleep", "0.1"]
        self.screen.xdotool(*words, "keyup", "ctrl")

    def _pull(self, start: tuple[int, int], target: tuple[int, int]) -> None:
        words = ["mousemove", str(start[0]), str(start[1]), "sleep", "0.15", "mousedown", "1", "sleep", "0.15"]
        for step in range(1, 5):  # far enough to be a drag and not a click
            words += ["mousemove", str(start[0] + 3 * step), str(start[1] + 3 * step), "sleep", "0.03"]
        for step in range(1, 13):
            x, y = (start[axis] + (target[axis] - start[axis]) * step // 12 for axis in (0, 1))
            words += ["mousemove", str(x), str(y), "sleep", "0.02"]
        words += ["mousemove", str(target[0] + 3), str(target[1]), "sleep", "0.35", "mouseup", "1"]
        self.screen.xdotool(*words)

    def _geometry(self) -> tuple[int, int, int, int]:
        return _geometry(self.screen, self.window)


@contextlib.contextmanager
def open_file_manager(screen: Screen, folder: Path, home: Path) -> Iterator[FileManager]:
    """Show `folder` in a new file manager whose home folder is `home` (empty): 12 files and one folder at most."""
    files = sorted(file for file in folder.iterdir() if file.is_file())
    folders = [inner for inner in folder.iterdir() if inner.is_dir()]
    assert len(files) <= len(_COLOURS), f"{len(files)} files in {folder}; {len(_COLOURS)} can be told apart"
    assert len(folders) <= 1, f"{folders} in {folder}; one can be told apart"
    colours = dict(zip(files, _COLOURS, strict=False))
    for file, colour in colours.items():
        _paint_thumbnail(home, file, colour)
    scale = screen.size.value[2] // 96
    for inner in folders:
        colours[inner] = _FOLDER_COLOUR
        _paint_folder_icon(home, 48 * scale)
    for name, text in (
        (
            ".config/pcmanfm/default/pcmanfm.conf",
            f"{_WINDOW_SETTINGS}win_width={460 * scale}\nwin_height={340 * scale}\n",
        ),
        (".config/libfm/libfm.conf", f"{_FILE_SETTINGS}big_icon_size={48 * scale}\n"),
    ):
        (home / name).parent.mkdir(parents=True)
        (home / name).write_text(text)
    process = subprocess.Popen(
        ["dbus-run-session", "--", "pcmanfm", str(folder)],
        env={
            **{name: value for name, value in screen.environment.items() if not name.startswith("XDG_")},
            "HOME": str(home),
            "LANG": "C.UTF-8",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # ended as a group: left behind, it would take over the next one's folder
    )
    try:
        pattern = f"^{re.escape(folder.name)}$"
        window = wait_until(
            lambda: screen.xdotool("search", "--onlyvisible", "--name", pattern, check=False),
            _START_S,
            "pcmanfm shows no window",
        ).splitlines()[-1]
        screen.xdotool("windowactivate", window)
        yield FileManager(screen, window, _find_icons(screen, window, colours, home / "icons.png"))
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


def _paint_thumbnail(home: Path, file: Path, colour: tuple[int, int, int]) -> None:
    """Put a picture of one colour where file managers keep the small pictures of files, whatever the file holds."""
    address = "file://" + quote(str(file), safe=_GLIB_KEEPS)
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Thumb::URI", address)
    notes.add_text("Thumb::MTime", str(int(file.stat().st_mtime)))
    folder = home / ".cache/thumbnails/normal"
    folder.mkdir(parents=True, exist_ok=True)
    picture = Image.new("RGB", (128, 128), colour)
    picture.save(folder / f"{hashlib.md5(address.encode()).hexdigest()}.png", pnginfo=notes)


def _paint_folder_icon(home: Path, size: int) -> None:
    """Folders have no small pictures, but the icon theme of this home is ours."""
    places = home / f".local/share/icons/hicolor/{size}x{size}/places"
    places.mkdir(parents=True)
    Image.new("RGB", (size, size), _FOLDER_COLOUR).save(places / "folder.png")


def _find_icons(
    screen: Screen, window: str, colours: Mapping[Path, tuple[int, int, int]], picture: Path
) -> dict[str, tuple[int, int]]:
    """Where the icons are, once all have been drawn and stay where they are."""
    last: dict[str, tuple[int, int]] = {}

    def found() -> dict[str, tuple[int, int]] | None:
        nonlocal last
        screen.screenshot(picture)
        with Image.open(picture) as shown:
            flat = shown.convert("RGB")
        places = {file.name: middle for file, colour in colours.items() if (middle := _middle(flat, colour))}
        at_rest = places == last and len(places) == len(colours)
        last = places
        return places if at_rest else None

    icons = wait_until(
        found, _START_S, lambda: f"no icon of {sorted({file.name for file in colours} - set(last))} in {picture}"
    )
    left, top, _width, _height = _geometry(screen, window)
    return {name: (x - left, y - top) for name, (x, y) in icons.items()}


def _geometry(screen: Screen, window: str) -> tuple[int, int, int, int]:
    told = dict(line.split("=") for line in screen.xdotool("getwindowgeometry", "--shell", window).split())
    return int(told["X"]), int(told["Y"]), int(told["WIDTH"]), int(told["HEIGHT"])


def _middle(picture: Image.Image, colour: tuple[int, int, int]) -> tuple[int, int] | None:
    """The middle of the area of exactly this colour; None when there is too little of it for an icon."""
    bands = [band.point([255 if value == wanted else 0 for value in range(256)])
             for band, wanted in zip(picture.split(), colour, strict=True)]  # fmt: skip
    both = Image.merge("RGB", bands).convert("L").point([255 if value > 253 else 0 for value in range(256)])
    box = both.getbbox()
    if box is None or box[2] - box[0] < 24 or box[3] - box[1] < 24:
        return None
    return (box[0] + box[2]) // 2, (box[1] + box[3]) // 2


def _common_area(one: Rect, other: Rect) -> int:
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(0, width) * max(0, height)


def _uncovered_point(target: Rect, window: Rect) -> tuple[int, int]:
    """A point of `target` that the window (with its frame) leaves free, as near to the middle as can be."""
    frame = (window[0] - 40, window[1] - 60, window[2] + 80, window[3] + 100)
    middle = (target[0] + target[2] // 2, target[1] + target[3] // 2)
    points = [
        (target[0] + target[2] * column // 12, target[1] + target[3] * row // 12)
        for column in range(1, 12)
        for row in range(1, 12)
    ]
    free = [point for point in [middle, *points] if _common_area((*point, 1, 1), frame) == 0]
    assert free, f"the file manager at {window} covers all of {target}"
    return min(free, key=lambda point: abs(point[0] - middle[0]) + abs(point[1] - middle[1]))
