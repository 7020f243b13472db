"""A desk that answers in a person's place and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gpu_assistant.ui.desk import Mood


class PaperDesk:
    """Stands in for `Desk`. Dialogs answer with `folder`, `files` and `save_to`; the lists say what was done."""

    can_drop = True

    def __init__(self, files: Sequence[Path] = ()) -> None:
        self.folder: Path | None = None
        self.files = tuple(files)
        self.save_to: Path | None = None
        self.proposed: list[str] = []
        self.copied: list[str] = []
        self.toasts: list[str] = []
        self.browsed: list[str] = []
        self.shown_files: list[Path] = []

    def open_files(self, *, title: str, patterns: Sequence[tuple[str, str]] = ()) -> tuple[Path, ...]:
        return self.files

    def open_folder(self, *, title: str) -> Path | None:
        return self.folder

    def save_file(self, *, title: str, name: str, pattern: str = "*") -> Path | None:
        self.proposed.append(name)
        return self.save_to

    def ask(
        self, *, title: str, text: str, choices: Sequence[str], default: int = 0, danger: int | None = None
    ) -> int | None:
        return default

    def toast(self, text: str, mood: Mood = Mood.INFO) -> None:
        self.toasts.append(text)

    def copy(self, text: str, *, forget_after_s: float | None = None) -> None:
        self.copied.append(text)

    def browse(self, url: str) -> None:
        self.browsed.append(url)

    def show_file(self, path: Path) -> None:
        self.shown_files.append(path)
