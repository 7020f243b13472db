"""A screen of the tests' own: an X server nobody looks at, with a window manager."""

from __future__ import annotations

import contextlib
import enum
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.conftest import clean_environment

APT_PACKAGES = "xvfb openbox pcmanfm xdotool imagemagick dbus-x11 fonts-dejavu-core fonts-nanum"
_PROGRAMS = ("Xvfb", "openbox", "pcmanfm", "xdotool", "import", "dbus-run-session")
_START_S = 30.0

T = TypeVar("T")


class ScreenSize(enum.Enum):
    """Width, height, dots per inch."""

    PLAIN = (1280, 800, 96)
    SHARP = (2560, 1600, 192)


@dataclass(frozen=True)
class Screen:
    """A running display."""

    display: str
    size: ScreenSize
    home: Path
    """The home folder of the window manager; tests' programs have their own."""

    @property
    def environment(self) -> dict[str, str]:
        """For a program that is to show itself here and knows nothing of this machine."""
        return clean_environment(DISPLAY=self.display)

    def xdotool(self, *words: str, check: bool = True) -> str:
        """Run xdotool on this display; returns what it printed."""
        done = subprocess.run(
            ["xdotool", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
        assert not check or done.returncode == 0, f"xdotool {' '.join(words)}: {done.stderr}"
        return done.stdout.strip()

    def screenshot(self, path: Path) -> Path:
        """Save everything on the display as a picture; the ending tells the format."""
        subprocess.run(["import", "-window", "root", str(path)], env=self.environment, check=True, timeout=60)
        return path


def require_programs() -> None:
    """Fails, with the line to type, when a program that the tests drive is not installed."""
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    assert not missing, f"missing {', '.join(missing)}: apt-get install --no-install-recommends {APT_PACKAGES}"


def wait_until(condition: Callable[[], T | None], timeout_s: float, what: str | Callable[[], str]) -> T:
    """Ask `condition` again and again until it is true and return its answer; AssertionError with `what` after that."""
    deadline = time.monotonic() + timeout_s
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"after {timeout_s:.0f} s: {what if isinstance(what, str) else what()}")
        time.sleep(0.03)
    return answer


@contextlib.contextmanager
def open_screen(size: ScreenSize) -> Iterator[Screen]:
    """Start an X server and openbox, both ended afterwards."""
    require_programs()
    width, height, dpi = size.value
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gpa-screen-")))
        reading, writing = os.pipe()
        # Closing this end early would end the server when it writes to it once more.
        stack.callback(os.close, reading)
        server = subprocess.Popen(
            [
                *("Xvfb", "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24", "-dpi", str(dpi)),
                *("-nolisten", "tcp", "-noreset"),
            ],
            pass_fds=(writing,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stack.callback(end, server)
        os.close(writing)
        screen = Screen(f":{_read_line(reading)}", size, home)
        manager = subprocess.Popen(
            ["openbox", "--sm-disable"],
            env={**screen.environment, "HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_CACHE_HOME": str(home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stack.callback(end, manager)
        wait_until(lambda: screen.xdotool("get_desktop", check=False), _START_S, "openbox has not started")
        # The first key ever pressed makes the server announce a new keyboard; openbox then takes hold of its own keys
        # anew and may miss one, so that key must not be the Alt+F4 of a test.
        screen.xdotool("key", "shift")
        yield screen


def end(process: subprocess.Popen[bytes]) -> None:
    """End one process that the tests started, politely first."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _read_line(descriptor: int) -> str:
    text = b""
    while not text.endswith(b"\n"):
        piece = os.read(descriptor, 64)
        assert piece, "the X server ended before it had a display"
        text += piece
    return text.decode().strip()
