"""A person at the window: sees what the screen map tells, and acts through the X server's mouse and keyboard alone."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.ui.screen import Screen, end, wait_until
from tests.ui.view import Item, View, read_view

PATIENCE_S = 20.0
_FROZEN_S = 10.0  # a window that Tk has not looked at for so long does not answer its person either
_LONGEST_TAB_CYCLE = 300
_END_OF_LOG = 6000

T = TypeVar("T")


@dataclass(frozen=True)
class Program:
    """A started program with a window."""

    process: subprocess.Popen[bytes]
    output: Path
    """Its standard output and errors."""
    screen_map: Path
    data_dir: Path

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self.process.poll() is not None

    def wait_for_end(self, timeout_s: float = PATIENCE_S) -> int:
        """Wait until it has ended by itself; its exit code."""
        wait_until(lambda: self.has_ended, timeout_s, "the program is still there")
        return int(self.process.returncode)

    def end(self) -> None:
        """End it, if it is still there."""
        end(self.process)

    def said(self) -> str:
        """What it printed and logged, the end of it."""
        texts = [f"exit code: {self.process.poll()}"]
        for file in (self.output, *sorted(self.data_dir.glob("logs/*.log"))):
            texts.append(f"--- {file.name}\n{file.read_text(encoding='utf-8', errors='replace')[-_END_OF_LOG:]}")
        return "\n".join(texts)


class Person:
    """Someone who uses `program`. What to act on is said by its name ("deploy.start") or by the text on it.

    Every action waits until the thing is there, enabled, at rest and not covered, and returns when the window has
    been looked at again afterwards. `clicks`, `typed` and `keys` count what the hands did: button presses,
    characters typed as text, single keys.
    """

    def __init__(self, screen: Screen, program: Program) -> None:
        self.screen = screen
        self.program = program
        self.clicks = 0
        self.typed = 0
        self.keys = 0

    # --- eyes -------------------------------------------------------------------------------------------------

    @property
    def view(self) -> View:
        """What is on screen now; waits for the first."""
        return wait_until(self._look, PATIENCE_S, "the program has written no screen map")

    def see(self, what: str, timeout_s: float = PATIENCE_S) -> Item:
        """Wait until `what` is on screen."""
        return self.wait_for(lambda view: view.find(what), timeout_s, f"{what!r} on screen")

    def sees(self, what: str) -> bool:
        """Whether `what` is on screen now."""
        return self.view.find(what) is not None

    def wait_for(self, predicate: Callable[[View], T | None], timeout_s: float = PATIENCE_S, what: str = "") -> T:
        """Wait until `predicate` is true of what is on screen; returns its answer."""

        def ask() -> T | None:
            view = self._look()
            return predicate(view) if view is not None else None

        return wait_until(ask, timeout_s, lambda: f"no {what or 'such state of the window'}\n{self.read()}")

    def read(self) -> View | None:
        """The outline as it is now, None before there is one; also when the program has ended."""
        return read_view(self.program.screen_map)

    def wait_until_gone(self, what: str, timeout_s: float = PATIENCE_S) -> None:
        """Wait until `what` is not on screen any more."""
        self.wait_for(lambda view: view.find(what) is None, timeout_s, f"end of {what!r}")

    def screenshot(self, path: Path) -> Path:
        """Save what the whole screen shows."""
        return self.screen.screenshot(path)

    # --- hands ------------------------------------------------------------------------------------------------

    def click(self, what: str, timeout_s: float = PATIENCE_S) -> None:
        """One click in the middle of it."""
        self._point_at(what, timeout_s)
        self.screen.xdotool("click", "1")
        self.clicks += 1
        self._settle()

    def double_click(self, what: str, timeout_s: float = PATIENCE_S) -> None:
        """Two quick clicks; counted as two."""
        self._point_at(what, timeout_s)
        self.screen.xdotool("click", "--repeat", "2", "--delay", "60", "1")
        self.clicks += 2
        self._settle()

    def hover(self, what: str, timeout_s: float = PATIENCE_S) -> None:
        """Let the pointer rest on it."""
        self._point_at(what, timeout_s)
        self._settle()

    def scroll(self, what: str, notches: int) -> None:
        """Turn the mouse wheel over it; down is positive."""
        self._point_at(what, PATIENCE_S)
        self.screen.xdotool("click", "--repeat", str(abs(notches)), "--delay", "30", "5" if notches > 0 else "4")
        self._settle()

    def press(self, *keys: str) -> None:
        """Press keys one after the other: "Tab", "Return", "space", "Escape", "ctrl+a", "shift+Tab"."""
        for key in keys:
            self.screen.xdotool("key", key)
            self.keys += 1
        self._settle()

    def type(self, text: str) -> None:
        """Type into whatever has the focus."""
        self.screen.xdotool("type", "--delay", "25", "--", text)
        self.typed += len(text)
        self._settle()

    def fill(self, what: str, text: str) -> None:
        """Click into an entry and type in place of what is there."""
        self.click(what)
        self.press("End", "shift+Home")  # Ctrl+A means something else to Tk on X11
        self.type(text)

    def choose(self, combobox: str, text: str) -> None:
        """Open a combobox by mouse and click the entry that reads `text`."""
        self.click(combobox)
        entry = self.wait_for(lambda view: _entry_of_list(view, text), what=f"{text!r} in the list of {combobox}")
        self.click(entry.name)

    def tab_to(self, what: str) -> None:
        """Press Tab until it has the focus. Fails when the focus has gone all the way round without it."""
        passed: list[str | None] = []
        while True:
            view = self.view
            wanted = view.find(what)
            if wanted is not None and wanted.focused:
                return
            gone_round = passed.count(view.focus) >= 2 or len(passed) > _LONGEST_TAB_CYCLE
            way = " → ".join(str(name) for name in passed)
            assert not gone_round, f"Tab never reaches {what!r}; it goes {way}\n{view}"
            passed.append(view.focus)
            self.press("Tab")

    def close_window(self) -> None:
        """Close the active window as the window manager does it (Alt+F4)."""
        self.screen.xdotool("key", "alt+F4")
        self.keys += 1
        self._settle()

    # --- inside -----------------------------------------------------------------------------------------------

    def _look(self) -> View | None:
        assert not self.program.has_ended, f"the program has ended\n{self.program.said()}"
        return self.read()

    def _point_at(self, what: str, timeout_s: float) -> None:
        before: list[View] = []

        def at_rest(view: View) -> tuple[int, int] | None:
            """Two looks, one after the other, have found it in the same place."""
            last = before[-1] if before else None
            if last is None or last.looked_at_ns != view.looked_at_ns:
                before.append(view)
            item = view.find(what)
            if last is None or item is None or not item.enabled or last.looked_at_ns == view.looked_at_ns:
                return None
            old = last.find(what)
            return view.free_point(item) if old is not None and old.rect == item.rect else None

        x, y = self.wait_for(at_rest, timeout_s, f"{what!r} that can be clicked")
        self.screen.xdotool("mousemove", str(x), str(y))

    def _settle(self) -> None:
        """Wait until Tk has had a look that began after what was just done; a program that has ended needs none."""
        # the event needs a moment from the X server to Tk; a look in that moment would be too early
        done_ns = time.time_ns() + 20_000_000

        def has_looked() -> bool:
            if self.program.has_ended:
                return True
            view = self.read()
            return view is not None and view.looked_at_ns > done_ns

        wait_until(has_looked, _FROZEN_S, "the window is frozen: it has not looked at itself since the last action")


def _entry_of_list(view: View, text: str) -> Item | None:
    """The entry of an open combobox list, which is a window of its own."""
    return next(
        (item for item in view.items if item.role == "row" and "popdown" in item.window and item.text == text), None
    )
