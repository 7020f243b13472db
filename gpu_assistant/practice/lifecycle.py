"""Finding, starting and stopping the practice server of a data folder.

There is at most one per folder, held by a lock that the system lets go however the server ends. `server.json`
says where it answers and holds no secret; whether it still tells the truth is found out by asking.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gpu_assistant import __version__
from gpu_assistant.domain.errors import PracticeError
from gpu_assistant.domain.text import Text
from gpu_assistant.practice import constants, control
from gpu_assistant.practice.file_lock import wait_for_lock
from gpu_assistant.practice.python_path import child_python_path

INFO_FILE = "server.json"
LOG_FILE = "practice.log"
_SERVER_LOCK = "server.lock"
_START_LOCK = "start.lock"

_ANSWER_TIMEOUT_S = 5.0
_START_TIMEOUT_S = 60.0
_READY_TIMEOUT_S = 600.0
_STOP_TIMEOUT_S = 30.0
_SETTLE_TIMEOUT_S = 10.0
_LOOK_AGAIN_S = 0.1
_MAX_LOG_BYTES = 5_000_000
_LOG_TAIL_LINES = 15

Progress = Callable[[str, float], None]
"""Told the stage in English, in words of the catalogue, and the share that is done, in 0..1."""


class PracticeAlreadyRunning(PracticeError):
    """Another process serves this data folder."""

    code = "practice_already_running"


@dataclass(frozen=True, slots=True)
class PracticeInfo:
    """Where a practice server answers, and what the workspace it plays is called. Never holds the token."""

    https_proxy: str
    ca_bundle: Path
    port: int
    pid: int
    subscription_id: str = constants.SUBSCRIPTION_ID
    resource_group: str = constants.RESOURCE_GROUP
    workspace: str = constants.WORKSPACE
    tenant_id: str = constants.TENANT_ID
    region: str = constants.REGION


def practice_folder(data_dir: Path) -> Path:
    """Where the practice workspace of a data folder keeps everything; made by the first server."""
    return data_dir.absolute() / "practice"


def read_info(data_dir: Path) -> PracticeInfo | None:
    """What the last server of this folder wrote, whether or not it still runs. None when it cannot be read."""
    try:
        values = json.loads((practice_folder(data_dir) / INFO_FILE).read_text(encoding="utf-8"))
        return PracticeInfo(**{**values, "ca_bundle": Path(values["ca_bundle"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_info(data_dir: Path, info: PracticeInfo) -> None:
    """Say where this server answers. Readers see the old file or the new one, never a part."""
    folder = practice_folder(data_dir)
    draft = folder / f".{INFO_FILE}.{os.getpid()}"
    draft.write_text(json.dumps({**asdict(info), "ca_bundle": str(info.ca_bundle)}, indent=1), encoding="utf-8")
    os.replace(draft, folder / INFO_FILE)


@contextmanager
def hold_server_lock(data_dir: Path, *, patience_s: float = 1.0) -> Iterator[None]:
    """Be the one server of this folder. Raises PracticeAlreadyRunning when there is one.

    The little patience is for a program that takes the lock for a moment to see whether it is free.
    """
    folder = practice_folder(data_dir)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    started = time.monotonic()

    def is_taken() -> None:
        if time.monotonic() - started >= patience_s:
            raise PracticeAlreadyRunning(reason=Text("A practice server is already running for this data folder."))

    with wait_for_lock(folder / _SERVER_LOCK, is_taken):
        yield


def ask(data_dir: Path, info: PracticeInfo, method: str, path: str, body: object = None) -> Mapping[str, Any]:
    """One control request, with a pass of its own. Raises OSError, or ValueError with the server's sentence."""
    token = control.issue_pass(practice_folder(data_dir))
    connection = http.client.HTTPConnection(constants.LOOPBACK_HOST, info.port, timeout=_ANSWER_TIMEOUT_S)
    try:
        sent = None if body is None else json.dumps(body)
        connection.request(method, path, sent, {"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        value = json.loads(answer.read())
    except http.client.HTTPException as error:
        raise OSError("what answers on the practice port is no practice server") from error
    finally:
        connection.close()
    if not isinstance(value, dict):
        raise OSError("what answers on the practice port is no practice server")
    if answer.status >= 400:
        raise ValueError(str(value.get("error", {}).get("message", f"status {answer.status}")))
    return value


def read_status(data_dir: Path) -> Mapping[str, Any] | None:
    """What the server of this folder says of itself, or None when there is none that answers."""
    info = read_info(data_dir)
    if info is None:
        return None
    try:
        status = ask(data_dir, info, "GET", control.STATUS_PATH)
    except (OSError, ValueError):  # not there, or a stranger on its port
        return None
    return status if status.get("pid") == info.pid else None


def sign_in_token(data_dir: Path) -> str:
    """A sign-in to the workspace that the server of this folder plays. Raises PracticeError when none answers."""
    info = read_info(data_dir)
    try:
        if info is not None:
            return str(ask(data_dir, info, "POST", control.TOKEN_PATH)["token"])
    except (OSError, ValueError, KeyError):
        pass
    raise PracticeError(reason=Text("The practice server stopped answering."))


def find_running(data_dir: Path) -> PracticeInfo | None:
    """The server of this folder if it answers now."""
    return read_info(data_dir) if read_status(data_dir) is not None else None


def ensure_running(
    data_dir: Path,
    *,
    speed: float | None = None,
    scenario: str | None = None,
    debug: bool = False,
    on_progress: Progress = lambda stage, done: None,
    with_sample_model: bool = True,
) -> PracticeInfo:
    """The server of this folder, started in the background if none answers, with the sample model registered.

    `speed` and `scenario` (`none` ends one) are applied to a server that runs already; None leaves them.
    Blocks; the first time on a computer the sample model takes half a minute to convert. Raises PracticeError
    with the reason and the log. Safe when several programs start it at once: one does, the others wait.
    """
    folder = practice_folder(data_dir)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with wait_for_lock(folder / _START_LOCK, _deadline(Text("Another program is starting it and does not finish."))):
        status = _settled_status(data_dir)
        if status is not None and status.get("version") != __version__:
            stop(data_dir)  # left over from before an update: what it plays may not fit this program
            status = None
        if status is None:
            options = ["--debug"] if debug else []
            options += [] if with_sample_model else ["--no-sample-model"]
            _start_in_background(data_dir, speed=speed, scenario=scenario, options=options)
        else:
            _apply_settings(data_dir, speed=speed, scenario=scenario)
        return _wait_until_ready(data_dir, on_progress)


def stop(data_dir: Path) -> bool:
    """Stop the server of this folder and wait until it is gone, inference processes included.

    False when none was running. Raises PracticeError when it does not end in time.
    """
    info = read_info(data_dir) if _settled_status(data_dir) is not None else None
    if info is None:
        return False
    try:
        ask(data_dir, info, "POST", control.STOP_PATH)
    except OSError:
        pass  # it may have ended over the question
    # Its lock is free when everything it had is closed; unlike a pid, a lock is never somebody else's.
    is_late = _deadline(Text("It was asked to stop and did not end."), _STOP_TIMEOUT_S)
    with wait_for_lock(practice_folder(data_dir) / _SERVER_LOCK, is_late):
        return True


def _settled_status(data_dir: Path) -> Mapping[str, Any] | None:
    """The status of the server of this folder, given a moment if it is just starting; None when there is none.

    Raises PracticeError for a server that holds the folder and does not answer.
    """
    last = read_info(data_dir)
    where = Text(" (process {pid}, if it is the last one that did)", pid=last.pid) if last else ""
    silent = Text("A practice server holds {folder} and does not answer{where}.", folder=data_dir, where=where)
    is_late = _deadline(silent, _SETTLE_TIMEOUT_S)
    while True:
        status = read_status(data_dir)
        if status is not None or not _is_held(data_dir):
            return status
        is_late()
        time.sleep(_LOOK_AGAIN_S)


def _is_held(data_dir: Path) -> bool:
    if not practice_folder(data_dir).is_dir():
        return False
    try:
        with hold_server_lock(data_dir, patience_s=0):
            return False
    except PracticeAlreadyRunning:
        return True


def _deadline(reason: str, timeout_s: float = _READY_TIMEOUT_S) -> Callable[[], None]:
    started = time.monotonic()

    def check() -> None:
        if time.monotonic() - started > timeout_s:
            raise PracticeError(reason=reason)

    return check


def _apply_settings(data_dir: Path, *, speed: float | None, scenario: str | None) -> None:
    settings: dict[str, object] = {}
    if speed is not None:
        settings["speed"] = control.speed_to_json(speed)
    if scenario is not None:
        settings["scenario"] = scenario
    info = read_info(data_dir)
    if not settings or info is None:
        return
    try:
        ask(data_dir, info, "PUT", control.SETTINGS_PATH, settings)
    except ValueError as error:
        raise PracticeError(reason=str(error)) from error
    except OSError as error:
        raise PracticeError(reason=Text("The practice server stopped answering.")) from error


def _start_in_background(data_dir: Path, *, speed: float | None, scenario: str | None, options: Sequence[str]) -> None:
    command = [sys.executable, "-m", "gpu_assistant.practice", "--background", "--data-dir", str(data_dir.absolute())]
    if speed is not None:
        command += ["--speed", str(control.speed_to_json(speed))]
    if scenario is not None:
        command += ["--scenario", scenario]
    command += options
    log_path = _log_path(data_dir)
    log_path.parent.mkdir(parents=True, exist_ok=True)
    if log_path.exists() and log_path.stat().st_size > _MAX_LOG_BYTES:
        os.replace(log_path, log_path.with_suffix(".old.log"))
    with log_path.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=practice_folder(data_dir),
            env={**os.environ, "PYTHONPATH": child_python_path()},
            start_new_session=True,
            creationflags=getattr(subprocess, "DETACHED_PROCESS", 0),
        )
    # In a program that lives on, somebody has to take note of the server's end, or it stays as a zombie.
    threading.Thread(target=process.wait, name="practice-server-end", daemon=True).start()
    started = time.monotonic()
    while True:
        status = read_status(data_dir)
        if status is not None and status.get("pid") == process.pid:
            return
        if process.poll() is not None:
            raise PracticeError(reason=_last_words(log_path), log=_log_tail(log_path))
        if time.monotonic() - started > _START_TIMEOUT_S:
            process.kill()
            raise PracticeError(
                reason=Text("It did not answer within {seconds:.0f} seconds.", seconds=_START_TIMEOUT_S),
                log=_log_tail(log_path),
            )
        time.sleep(_LOOK_AGAIN_S)


def _wait_until_ready(data_dir: Path, on_progress: Progress) -> PracticeInfo:
    is_late = _deadline(Text("The sample model was not converted in time."))
    while True:
        status, info = read_status(data_dir), read_info(data_dir)
        if status is None or info is None:
            raise PracticeError(
                reason=Text("The practice server stopped while it was starting."), log=_log_tail(_log_path(data_dir))
            )
        if status["ready"]:
            return info
        on_progress(str(status["stage"]), float(status["done"]))
        is_late()
        time.sleep(_LOOK_AGAIN_S)


def _log_path(data_dir: Path) -> Path:
    return data_dir.absolute() / "logs" / LOG_FILE


def _log_tail(path: Path) -> str:
    try:
        return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_TAIL_LINES:])
    except OSError:
        return ""


def _last_words(path: Path) -> str:
    lines = [line for line in _log_tail(path).splitlines() if line.strip()]
    return lines[-1] if lines else Text("The practice server ended at once.")
