"""The entry in the applications menu of a Linux desktop, for the person who installs it; no other account is touched.

Written into the person's data folder (`XDG_DATA_HOME`, else `~/.local/share`): `applications/gpu-assistant.desktop`
and the icon in `icons/hicolor`. Desktops watch both folders, so no other program has to be run.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from gpu_assistant import paths

_APP = "gpu-assistant"
_ICON_SIZES_PX = (16, 32, 48, 64, 128, 256)
_SCRIPTS = (_APP, f"{_APP}-window")
_OURS = ("Exec=", "TryExec=", "Path=")
# Of https://specifications.freedesktop.org/desktop-entry-spec/latest/exec-variables.html
_PLAIN_ARGUMENT = re.compile(r"[^\s\"'\\><~|&;$*?#()`%=]+")


@dataclass(frozen=True, slots=True)
class Launch:
    """How the desktop starts the program."""

    command: tuple[str, ...]
    folder: Path | None = None
    """Where it must be started; None for anywhere."""


def is_supported() -> bool:
    """Whether desktops of this system read such entries."""
    return sys.platform.startswith(("linux", "freebsd"))


def find_launch(started_as: str) -> Launch:
    """The way to start this very program again. `started_as` is `sys.argv[0]`.

    The script that pip made if that was what was started, else this Python with the package.
    """
    if getattr(sys, "frozen", False):
        return Launch((sys.executable,))
    script = Path(started_as).absolute()  # a link of pipx stays a link, and so outlives an update
    if script.name in _SCRIPTS and os.access(script, os.X_OK):
        return Launch((str(script),))
    checkout = paths.resource().parent
    return Launch((sys.executable, "-m", "gpu_assistant"), checkout if (checkout / "gpu_assistant").is_dir() else None)


def install(launch: Launch, data_home: Path | None = None) -> Path:
    """Write entry and icons, over older ones; returns the entry. Raises OSError."""
    home = data_home or _data_home()
    for source, target in _icons(home):
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(target, source.read_bytes())
    _touch_theme(home)
    entry = _entry(home)
    entry.parent.mkdir(parents=True, exist_ok=True)
    _write(entry, entry_text(launch).encode())
    return entry


def remove(data_home: Path | None = None) -> bool:
    """Delete what `install` wrote; whether there was an entry. Raises OSError."""
    home = data_home or _data_home()
    entry = _entry(home)
    was_there = entry.exists()
    for file in (entry, *(target for _, target in _icons(home))):
        file.unlink(missing_ok=True)
    _touch_theme(home)
    return was_there


def entry_text(launch: Launch) -> str:
    """The desktop file that starts the program as `launch` says."""
    template = paths.resource("desktop", f"{_APP}.desktop").read_text(encoding="utf-8")
    lines = [line for line in template.splitlines() if not line.startswith(_OURS)]
    lines += [f"TryExec={_string(launch.command[0])}", f"Exec={_string(_command_line(launch.command))}"]
    lines += [f"Path={_string(str(launch.folder))}"] if launch.folder is not None else []
    return "\n".join(lines) + "\n"


def _command_line(command: Sequence[str]) -> str:
    """A value for Exec before it is written as a string: quoted where needed, `%` doubled."""
    if "%" in command[0]:
        command = ("env", *command)  # GLib looks for the program before it has undone the doubling
    return " ".join(_argument(word).replace("%", "%%") for word in command)


def _argument(word: str) -> str:
    if _PLAIN_ARGUMENT.fullmatch(word):
        return word
    return '"' + re.sub(r'(["`$\\])', r"\\\1", word) + '"'


def _string(text: str) -> str:
    """A value of type string: a backslash is doubled, once more for what `_argument` already escaped."""
    if any(ord(character) < ord(" ") for character in text):
        raise OSError(f"no desktop entry can name {text!r}")
    return text.replace("\\", "\\\\")


def _data_home() -> Path:
    return Path(platformdirs.user_data_dir())


def _entry(home: Path) -> Path:
    return home / "applications" / f"{_APP}.desktop"


def _icons(home: Path) -> Iterator[tuple[Path, Path]]:
    """Each icon file of ours and its place in the icon theme that every desktop falls back on."""
    theme = home / "icons" / "hicolor"
    for size in _ICON_SIZES_PX:
        yield paths.resource("icons", f"{_APP}-{size}.png"), theme / f"{size}x{size}" / "apps" / f"{_APP}.png"
    yield paths.resource("icons", f"{_APP}.svg"), theme / "scalable" / "apps" / f"{_APP}.svg"


def _touch_theme(home: Path) -> None:
    """An icon cache that is older than its folder is not believed."""
    theme = home / "icons" / "hicolor"
    if theme.is_dir():
        os.utime(theme)


def _write(target: Path, content: bytes) -> None:
    """Readers see the old file or the new one, never a part: the menu looks as soon as something changes."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
