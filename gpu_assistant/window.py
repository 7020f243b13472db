"""The window's composition: the one place where wizard, Tk and the concrete classes meet."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import threading
import tkinter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gpu_assistant import paths
from gpu_assistant.choices import Choices
from gpu_assistant.domain.clock import utc_now
from gpu_assistant.domain.errors import LedgerError, NoScreen
from gpu_assistant.domain.workspace import SignInMethod, WorkspaceRef
from gpu_assistant.i18n import language
from gpu_assistant.practice.file_lock import wait_for_lock
from gpu_assistant.settings import load_settings, read_workspace_config
from gpu_assistant.ui.main_window import MainWindow
from gpu_assistant.ui.run import WindowOptions, run_window
from gpu_assistant.wizard.controller import Controller
from gpu_assistant.wizard.state import FirstWindow

# What page 1 does not need is imported when it is needed, so that the window opens sooner.
if TYPE_CHECKING:
    from gpu_assistant.ledger import Ledger
    from gpu_assistant.ui.camera import Camera
    from gpu_assistant.ui.walk import Walk
    from gpu_assistant.wizard.answers import Answer
    from gpu_assistant.wizard.ports import Workplace

_LOCK = "window.lock"
_HOLDER = "window.json"
_SESSIONS = "sessions"


class LocalWorkplaces:
    """Opens workplaces on this computer's folders. Safe from any thread."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self._folders = paths.user_folders(choices.data_dir)
        self._lock = threading.Lock()
        self._ledger: Ledger | None = None
        self._session: Path | None = None

    @property
    def ledger(self) -> Ledger:
        """The one ledger of the window. Raises LedgerError."""
        from gpu_assistant.ledger import Ledger

        with self._lock:
            if self._ledger is None:
                self._ledger = Ledger(self._folders.ledger)
            return self._ledger

    @property
    def cache_folder(self) -> Path:
        return self._folders.cache

    @property
    def session_folder(self) -> Path:
        if self._session is None or not self._session.is_dir():  # a window that came first threw it away
            sessions = self._folders.data / _SESSIONS
            sessions.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._session = Path(tempfile.mkdtemp(dir=sessions))
        return self._session

    @property
    def saved_choices(self) -> Path:
        return self._folders.data / "wizard.json"

    def read_config(self, path: Path) -> WorkspaceRef | None:
        return read_workspace_config(path)

    def practice_missing(self) -> str:
        from gpu_assistant.app import missing_practice_package

        return missing_practice_package()

    def can_rehearse(self) -> bool:
        from gpu_assistant.practice.rehearsal import missing_package

        return not missing_package()

    def recent(self) -> tuple[WorkspaceRef, ...]:
        return load_settings(self._folders.settings).recent

    def practice(self, on_progress: Callable[[str, float], None]) -> Workplace:
        from gpu_assistant.app import Assistant

        choices = self._choices._replace(practice=True, workspace=None)
        return Assistant(choices, ledger=self.ledger, on_progress=on_progress)

    def azure(self, workspace: WorkspaceRef | None, method: SignInMethod | None, tenant_id: str) -> Workplace:
        from gpu_assistant.app import Assistant

        choices = self._choices._replace(
            practice=False, workspace=workspace, sign_in=method, tenant_id=tenant_id, may_ask=True
        )
        return Assistant(choices, ledger=self.ledger)

    def forget_earlier_sessions(self) -> None:
        """Throw away what a window left that was killed. For the first window only."""
        shutil.rmtree(self._folders.data / _SESSIONS, ignore_errors=True)

    def close(self) -> None:
        """Release the ledger and throw the session's files away."""
        if self._ledger is not None:
            self._ledger.close()
        if self._session is not None:
            shutil.rmtree(self._session, ignore_errors=True)


class _Taken(Exception):
    """Another window holds the lock."""


@contextmanager
def first_window(data_dir: Path) -> Iterator[FirstWindow | None]:
    """Be the window of this data folder for the length of the block; yields who is when it is another."""
    lock, holder = data_dir / _LOCK, data_dir / _HOLDER

    def taken() -> None:
        raise _Taken

    other: FirstWindow | None = None
    with ExitStack() as held:
        try:
            held.enter_context(wait_for_lock(lock, taken))
            holder.write_text(json.dumps({"pid": os.getpid(), "since": utc_now().isoformat()}), encoding="utf-8")
        except _Taken:
            other = _read_holder(holder)
        except OSError:
            pass  # a folder that cannot be written: the ledger will say so, in words
        yield other


def _read_holder(holder: Path) -> FirstWindow:
    try:
        said: Mapping[str, object] = json.loads(holder.read_text(encoding="utf-8"))
        return FirstWindow(int(str(said["pid"])), datetime.fromisoformat(str(said["since"])))
    except (OSError, ValueError, KeyError, TypeError):
        return FirstWindow(0, utc_now())


class WalkOptions(NamedTuple):
    """Walk the wizard from the file `answers`, with pictures of every page in `screenshots` where that is given."""

    answers: Path
    screenshots: Path | None = None


def show_window(choices: Choices, options: WindowOptions, walk: WalkOptions | None = None) -> int:
    """Show the window until it is closed; returns the exit code.

    Raises NoScreen where there is none, LedgerError when there is no folder to keep the record in, and with `walk`
    what ended the walk early.
    """
    data_dir = paths.user_folders(choices.data_dir).data
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as exc:
        raise LedgerError(path=data_dir, reason=exc.strerror or str(exc)) from None
    answers = _read(walk) if walk is not None else ()
    walks: list[Walk] = []
    controllers: list[Controller] = []

    def shown(window: MainWindow) -> None:
        if walk is not None:
            from gpu_assistant.ui.walk import Walk

            walks.append(Walk(window.root, window, controllers[0], answers, camera=_camera(window, walk), say=_tell))
            walks[-1].start()
        elif choices.workspace is not None and not choices.practice:
            controllers[0].open_workspace(choices.workspace, choices.sign_in)

    def make_controller() -> Controller:
        controllers.append(Controller(workplaces, first_window=other))
        return controllers[0]

    workplaces = LocalWorkplaces(choices)
    with first_window(data_dir) as other:
        if other is None:
            workplaces.forget_earlier_sessions()
        try:
            code = run_window(make_controller, options, when_shown=shown)
        except tkinter.TclError as exc:
            if "display" not in str(exc):
                raise
            raise NoScreen(reason=str(exc)) from None
        finally:
            workplaces.close()
    for done in walks:
        if done.error is not None:
            raise done.error
    return code


def _read(walk: WalkOptions) -> tuple[Answer, ...]:
    from gpu_assistant.wizard.answers import read_answers

    return read_answers(walk.answers)


def _camera(window: MainWindow, walk: WalkOptions) -> Camera | None:
    if walk.screenshots is None:
        return None
    from gpu_assistant.ui.camera import Camera
    from gpu_assistant.ui.theme import is_dark

    return Camera(window.root, window, walk.screenshots, dark=is_dark(window.root), language=language())


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
