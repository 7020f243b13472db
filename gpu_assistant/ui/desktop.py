"""The desktop around the window, as it really is: file dialogs, clipboard, browser."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tkinter as tk
from collections.abc import Sequence
from pathlib import Path

from gpu_assistant.i18n import tr
from gpu_assistant.ui.desk import Mood
from gpu_assistant.ui.errands import Errands
from gpu_assistant.ui.theme import Root
from gpu_assistant.ui.widgets.question import Question
from gpu_assistant.ui.widgets.toast import Toasts

log = logging.getLogger(__name__)

_OPEN_DEADLINE_S = 20.0
_NO_HISTORY = "x-kde-passwordManagerHint"
"""A clipboard type that asks clipboard histories to leave this content out."""


class Desktop:
    """See `Desk`. `close` forgets what was to be forgotten; the program ends after it."""

    def __init__(self, root: Root, toasts: Toasts, errands: Errands) -> None:
        self._root = root
        self._toasts = toasts
        self._errands = errands
        self._folder = Path.home()
        self._forget_text = ""
        self._forget_timer = ""

    @property
    def can_drop(self) -> bool:
        """Whether files can be dropped on the window."""
        return self._root.can_drop

    # --- dialogs ----------------------------------------------------------------------------------------------

    def open_files(self, *, title: str, patterns: Sequence[tuple[str, str]] = ()) -> tuple[Path, ...]:
        """Files the person chose."""
        from tkinter import filedialog

        kinds = [(name, pattern.split()) for name, pattern in patterns] or [(tr("All files"), ["*"])]
        chosen = filedialog.askopenfilenames(parent=self._root, title=title, initialdir=self._folder, filetypes=kinds)
        return tuple(self._visited(Path(one)) for one in self._root.tk.splitlist(chosen))

    def open_folder(self, *, title: str) -> Path | None:
        """A folder that exists."""
        from tkinter import filedialog

        chosen = filedialog.askdirectory(parent=self._root, title=title, initialdir=self._folder, mustexist=True)
        return self._visited(Path(chosen)) if chosen else None

    def save_file(self, *, title: str, name: str, pattern: str = "*") -> Path | None:
        """Where to save."""
        from tkinter import filedialog

        chosen = filedialog.asksaveasfilename(
            parent=self._root,
            title=title,
            initialdir=self._folder,
            initialfile=name,
            defaultextension=Path(name).suffix,
            filetypes=[(pattern, pattern.split()), (tr("All files"), ["*"])],
        )
        return self._visited(Path(chosen)) if chosen else None

    def ask(
        self, *, title: str, text: str, choices: Sequence[str], default: int = 0, danger: int | None = None
    ) -> int | None:
        """One question; the index chosen, None for Escape."""
        return Question(self._root, title=title, text=text, choices=choices, default=default, danger=danger).ask()

    def toast(self, text: str, mood: Mood = Mood.INFO) -> None:
        """A message that goes away by itself."""
        self._toasts.show(text, mood)

    # --- clipboard --------------------------------------------------------------------------------------------

    def copy(self, text: str, *, forget_after_s: float | None = None) -> None:
        """Put text on the clipboard."""
        self._stop_forgetting()
        self._root.clipboard_clear()
        self._root.clipboard_append(text)
        if forget_after_s is not None:
            if self._root.tk.call("tk", "windowingsystem") == "x11":
                self._root.clipboard_append("secret", type=_NO_HISTORY)
            self._forget_text = text
            self._forget_timer = self._root.after(round(forget_after_s * 1000), self.forget)

    def forget(self) -> None:
        """Clear the clipboard if it still holds what was to be forgotten."""
        text, self._forget_text = self._forget_text, ""
        self._stop_forgetting()
        if not text:
            return
        try:
            # another program's clipboard may take its time to answer; Tk goes on with the window meanwhile
            present = self._root.clipboard_get()
        except tk.TclError:
            return
        if present == text:
            self._root.clipboard_clear()

    def close(self) -> None:
        """Forget now."""
        self.forget()

    def _stop_forgetting(self) -> None:
        self._forget_text = ""
        if self._forget_timer:
            self._root.after_cancel(self._forget_timer)
            self._forget_timer = ""

    # --- other programs ---------------------------------------------------------------------------------------

    def browse(self, url: str) -> None:
        """Open an https address in the browser; anything else is refused."""
        if not url.lower().startswith("https://"):
            log.warning("not opened, for it is no https address: %s", url)
            self.toast(tr("Only https addresses are opened."), Mood.WARNING)
            return
        self._errands.run(lambda: _browse(url), lambda opened: self._tell(opened, url))

    def show_file(self, path: Path) -> None:
        """Open a file or folder with the desktop's own program."""
        self._errands.run(lambda: _open(path), lambda opened: self._tell(opened, str(path)))

    def _tell(self, opened: bool, what: str) -> None:
        if not opened:
            self.copy(what)
            self.toast(tr("This could not be opened here. It is on the clipboard: {what}", what=what), Mood.WARNING)

    def _visited(self, path: Path) -> Path:
        self._folder = path.parent
        return path


def _browse(url: str) -> bool:
    import webbrowser

    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False


def _open(path: Path) -> bool:
    """Whether the desktop took it. May wait some seconds."""
    if not path.exists():
        return False
    if sys.platform == "win32":
        os.startfile(path)
        return True
    opener = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    if opener is None:
        return False
    import subprocess  # late: the window is there before anything is opened with it

    try:
        done = subprocess.run(
            [opener, str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_OPEN_DEADLINE_S,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True  # some openers stay for as long as the program they started
    except OSError:
        return False
    return done.returncode == 0
