"""What pages may ask of the desktop around them, so that tests can answer in a person's place."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class Mood(enum.Enum):
    """How a passing message is meant; shown by a symbol as well as by colour."""

    INFO = "info"
    GOOD = "good"
    WARNING = "warning"


class Desk(Protocol):
    """File dialogs, the clipboard, the browser, passing messages. Tk thread only; dialogs block as dialogs do."""

    @property
    def can_drop(self) -> bool:
        """Whether files can be dropped on the window."""
        ...

    def open_files(self, *, title: str, patterns: Sequence[tuple[str, str]] = ()) -> tuple[Path, ...]:
        """Files the person chose; empty when they thought better of it. `patterns` are (name, "*.jpg *.png")."""
        ...

    def open_folder(self, *, title: str) -> Path | None: ...

    def save_file(self, *, title: str, name: str, pattern: str = "*") -> Path | None:
        """Where to save, `name` proposed."""
        ...

    def ask(
        self, *, title: str, text: str, choices: Sequence[str], default: int = 0, danger: int | None = None
    ) -> int | None:
        """One question, one button for each choice; the index chosen, None for Escape."""
        ...

    def toast(self, text: str, mood: Mood = Mood.INFO) -> None:
        """A message that goes away by itself."""
        ...

    def copy(self, text: str, *, forget_after_s: float | None = None) -> None:
        """Put text on the clipboard. With `forget_after_s` it is cleared then, if it is still there."""
        ...

    def browse(self, url: str) -> None:
        """Open an https address in the browser."""
        ...

    def show_file(self, path: Path) -> None:
        """Open a file or folder with the desktop's own program."""
        ...
