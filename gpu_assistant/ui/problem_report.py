"""Collects a problem report off the Tk thread, shows it, and saves it where the person wants it."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gpu_assistant.i18n import tr
from gpu_assistant.ui.desk import Desk, Mood
from gpu_assistant.ui.errands import Errands
from gpu_assistant.wizard.controller import Controller

if TYPE_CHECKING:
    from gpu_assistant.ui.widgets.support_sheet import SupportSheet
    from gpu_assistant.wizard.support import BundleFile


class ProblemReport:
    """`show` is what "Report a problem" does. Tk thread."""

    def __init__(self, root: tk.Misc, controller: Controller, desk: Desk, errands: Errands, logs: Path | None) -> None:
        self._root = root
        self._controller = controller
        self._desk = desk
        self._errands = errands
        self._logs = logs or Path("no-logs")
        self._crashes: list[str] = []
        self._sheet: SupportSheet | None = None

    def show(self) -> None:
        """Collect, then show; one report at a time."""
        if self._sheet is not None and self._sheet.winfo_exists():
            self._sheet.lift()
            return
        from gpu_assistant.wizard.support import collect

        state = self._controller.state
        now = self._controller.utc_now()
        tk_version = str(self._root.tk.call("info", "patchlevel"))
        crashes = tuple(self._crashes)
        self._errands.run(
            lambda: collect(state, logs=self._logs, tk_version=tk_version, now=now, crashes=crashes), self._present
        )

    def save_crash(self, text: str) -> None:
        """A crash report is to be kept: it goes into the problem report too."""
        self._crashes.append(text)
        target = self._desk.save_file(title=tr("Save report…"), name="gpu-assistant-crash.txt", pattern="*.txt")
        if target is not None:
            self._errands.run(lambda: _write_text(target, text), self._told(target))

    def _present(self, files: tuple[BundleFile, ...]) -> None:
        if self._sheet is not None and self._sheet.winfo_exists():
            return
        from gpu_assistant.ui.widgets.support_sheet import SupportSheet

        self._sheet = SupportSheet(self._root, files, lambda: self._save(files))
        self._sheet.show(self._sheet.save, resizable=True)

    def _save(self, files: Sequence[BundleFile]) -> None:
        from gpu_assistant.wizard.support import bundle_name

        name = bundle_name(self._controller.utc_now().astimezone())
        target = self._desk.save_file(title=tr("Save report…"), name=name, pattern="*.zip")
        if target is None:
            return
        if self._sheet is not None:
            self._sheet.close()
        self._errands.run(lambda: _write_bundle(files, target), self._told(target))

    def _told(self, target: Path) -> Callable[[str], None]:
        def tell(problem: str) -> None:
            if problem:
                self._desk.toast(tr("Not saved: {reason}", reason=problem), Mood.WARNING)
            else:
                self._desk.toast(tr("Saved as {file}", file=str(target)), Mood.GOOD)

        return tell


def _write_bundle(files: Sequence[BundleFile], target: Path) -> str:
    """Why it could not be saved; empty when it was."""
    from gpu_assistant.wizard.support import write_bundle

    try:
        write_bundle(files, target)
    except OSError as exc:
        return exc.strerror or str(exc)
    return ""


def _write_text(target: Path, text: str) -> str:
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as exc:
        return exc.strerror or str(exc)
    return ""
