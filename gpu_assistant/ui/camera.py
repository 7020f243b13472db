"""Pictures of the window, in light and dark and in every language, of one and the same moment. Tk thread only."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PIL import ImageGrab

from gpu_assistant.i18n import LANGUAGES
from gpu_assistant.ui.theme import Root

_SETTLE_MS = 450
"""So long may previews that are decoded on a thread take to appear after the window was drawn anew."""


class Posing(Protocol):
    """What the camera needs of the window."""

    def pose(self, *, dark: bool, language: str) -> None:
        """Look like this, in the same state."""
        ...

    def hold(self, still: bool) -> None:
        """Take in nothing that workers say, or go on."""
        ...


class Camera:
    """Saves PNGs named MOMENT-THEME-LANGUAGE.png into `folder`."""

    def __init__(self, root: Root, window: Posing, folder: Path, *, dark: bool, language: str) -> None:
        """`dark` and `language` are how the window looks when no picture is taken."""
        self._root = root
        self._window = window
        self._folder = folder
        self._usual = (dark, language)
        folder.mkdir(parents=True, exist_ok=True)

    def shoot(self, name: str) -> Callable[[], bool]:
        """Begin to take the pictures of this moment; what is returned tells whether they are done."""
        looks = list(itertools.product((False, True), LANGUAGES))
        done = False
        self._window.hold(True)

        def next_look() -> None:
            nonlocal done
            if not looks:
                self._pose(*self._usual)
                self._window.hold(False)
                done = True
                return
            dark, language = looks.pop(0)
            self._pose(dark, language)
            self._root.after(_SETTLE_MS, lambda: save(dark, language))

        def save(dark: bool, language: str) -> None:
            # Everything that waits to be drawn; workers' words are held back meanwhile.
            self._root.update()
            self._root.update()
            self._grab(self._folder / f"{name}-{'dark' if dark else 'light'}-{language}.png")
            next_look()

        next_look()
        return lambda: done

    def _pose(self, dark: bool, language: str) -> None:
        self._window.pose(dark=dark, language=language)
        self._root.lift()

    def _grab(self, file: Path) -> None:
        left, top = self._root.winfo_rootx(), self._root.winfo_rooty()
        box = (left, top, left + self._root.winfo_width(), top + self._root.winfo_height())
        # Without a display name Pillow may start a screenshot program of the desktop instead.
        display = os.environ.get("DISPLAY")
        ImageGrab.grab(box, xdisplay=display).save(file)
