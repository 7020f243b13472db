"""A desk that answers as it was told and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gpu_assistant.ui.desk import Mood


class QuietDesk:
    """No dialog, no browser, no clipboard. `files` is what the person chooses; the lists are what was done."""

    def __init__(self, files: Sequence[Path] = ()) -> None:
        self.files = tuple(files)
        self.toasts: list[str] = []
        self.copied: list[str] = []
        self.browsed: list[str] = []

    @property
    def can_drop(self) -> bool:
        return True

    def open_files(self, *, title: str, patterns: Sequence[tuple[str, str]] = ()) -> tuple[Path, ...]:
        return self.files

    def open_folder(self, *, title: str) -> Path | None:
        return None

    def save_file(self, *, title: str, name: str, pattern: str = "*") -> Path | None:
        return None

    def ask(
        self, *, title: str, text: str, choices: Sequence[str], default: int = 0, danger: int | None = None
    ) -> int | None:
        return None

    def toast(self, text: str, mood: Mood = Mood.INFO) -> None:
        self.toasts.append(text)

    def copy(self, text: str, *, forget_after_s: float | None = None) -> None:
        self.copied.append(text)

    def browse(self, url: str) -> None:
        self.browsed.append(url)

    def show_file(self, path: Path) -> None:
        return None
