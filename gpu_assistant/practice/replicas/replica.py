"""One replica of a deployed service: its files, its environment, its processes and what it wrote.

The processes are: the guard (`guard.py`), below it Microsoft's inference server (`server.py`)
and below that its workers, which run the uploaded entry script.
"""

from __future__ import annotations

import enum
import http.client
import logging
import os
import re
import shutil
import site
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gpu_assistant.practice.constants import LOOPBACK_HOST, WORKSPACE
from gpu_assistant.practice.python_path import child_python_path

log = logging.getLogger(__name__)

_END_TIMEOUT_S = 15.0
_LOG_TAIL_BYTES = 2 * 1024 * 1024
_EXCEPTION_LINE = re.compile(r"(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Warning)(?::.*)?")
_OWN_EXCEPTIONS = "azureml_inference_server_http."

INHERITED_VARIABLES = frozenset(
    {
        # what a Python process needs to start at all, and nothing that is the user's own business
        *("PATH", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ"),
        *("VIRTUAL_ENV", "CONDA_PREFIX", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
        *("SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT"),
    }
)
"""Variables of the practice server that its replicas may see. No proxies, no tokens, no home folder."""


@dataclass(frozen=True, slots=True)
class ReplicaSpec:
    """What runs in every replica of a service.

    `source_dir` is the unpacked source tree and `entry_script` relative to it (`src/score.py`). `models` maps
    `name:version` to the folder that holds the model's files. `work_dir/<service>` is where links, logs and
    temporary files go. `environment` are the deployment's own variables. Each replica is given `concurrent_requests`
    at a time; a request beyond waits for `queue_wait_ms` at most.
    """

    service: str
    source_dir: Path
    entry_script: str
    models: Mapping[str, Path]
    environment: Mapping[str, str]
    replicas: int
    work_dir: Path
    scoring_timeout_ms: int = 60_000
    concurrent_requests: int = 1
    queue_wait_ms: int = 500

    @property
    def folder(self) -> Path:
        """The service's own folder."""
        return self.work_dir / self.service


class ReplicaStatus(enum.Enum):
    """Where a replica, or all of a service's replicas taken together, stand."""

    STARTING = "starting"
    HEALTHY = "healthy"
    CRASHED = "crashed"
    ABSENT = "absent"


class Replica:
    """Starts at once; `status` follows in the background. Safe to use from several threads."""

    def __init__(self, spec: ReplicaSpec, number: int, environment: Mapping[str, str]) -> None:
        self.log_path = spec.folder / f"replica-{number}.log"
        self.port = 0
        self._status = ReplicaStatus.STARTING
        self._name = f"{spec.service}/{number}"
        self._process = self._spawn(spec, environment)
        self._watcher = threading.Thread(target=self._watch, name=f"practice-replica-{self._name}", daemon=True)
        self._watcher.start()

    @property
    def status(self) -> ReplicaStatus:
        """STARTING until the server has answered once, then HEALTHY; CRASHED once its processes are gone."""
        return self._status

    def crash_cause(self) -> str:
        """The line of the log that says why: the last exception that is not the server's own."""
        for line in reversed(self.log_lines()):
            if _EXCEPTION_LINE.fullmatch(line) and not line.startswith(_OWN_EXCEPTIONS):
                return line[:500]
        return "The inference server ended without saying why."

    def log_lines(self) -> list[str]:
        """What the replica wrote, at most the last two megabytes of it."""
        try:
            with self.log_path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _LOG_TAIL_BYTES))
                return file.read().decode("utf-8", errors="replace").splitlines()
        except OSError:
            return []

    def begin_stop(self) -> None:
        """Let the guard know that it is over; returns at once."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def wait_stopped(self) -> None:
        """Return when every process of this replica has ended."""
        try:
            self._process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            log.error("the guard of %s did not end in %.0f s; it is killed", self._name, _END_TIMEOUT_S)
            self._process.kill()
            self._process.wait()
        self._watcher.join(_END_TIMEOUT_S)

    def _spawn(self, spec: ReplicaSpec, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        listening = socket.create_server((LOOPBACK_HOST, 0), backlog=64)
        with listening, self.log_path.open("wb") as output:
            self.port = listening.getsockname()[1]
            passed = listening.fileno() if os.name == "posix" else -1
            entry_script = str(spec.source_dir / spec.entry_script)
            return subprocess.Popen(
                [
                    *(sys.executable, "-m", "gpu_assistant.practice.replicas.guard"),
                    *(str(passed), entry_script, str(self.port)),
                ],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=spec.folder / "home",  # an empty folder: nothing there can be imported by accident
                start_new_session=True,  # Ctrl-C in the server's terminal is for the server
                pass_fds=() if passed < 0 else (passed,),
            )

    def _watch(self) -> None:
        if self._answers():
            self._status = ReplicaStatus.HEALTHY
        code = self._process.wait()
        self._status = ReplicaStatus.CRASHED
        log.info("replica %s ended with code %d", self._name, code)

    def _answers(self) -> bool:
        """Ask for the health page once and wait for as long as it takes.

        The socket listens before the worker does, so the question waits in its queue until `init()` is over,
        and the kernel closes it when the last process that could answer is gone: no polling is needed.
        """
        connection = http.client.HTTPConnection(LOOPBACK_HOST, self.port, timeout=None)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def prepare_folder(spec: ReplicaSpec) -> Path:
    """Lay the models out as Azure does and make private home and temporary folders; gives AZUREML_MODEL_DIR.

    With one model that is its version's folder, with several their common root. Raises OSError.
    """
    remove_folder(spec)
    root = spec.folder / "azureml-models"
    root.mkdir(parents=True)
    for part in ("home", "tmp"):
        (spec.folder / part).mkdir()
    placed = root
    for model_id, stored in spec.models.items():
        name, _, version = model_id.rpartition(":")
        placed = root / name / version
        placed.parent.mkdir(exist_ok=True)
        _link_folder(stored.resolve(), placed)
    return placed if len(spec.models) == 1 else root


def remove_folder(spec: ReplicaSpec) -> None:
    """Remove what `prepare_folder` and the replicas made, and nothing else that may lie there."""
    for part in ("azureml-models", "home", "tmp"):
        shutil.rmtree(spec.folder / part, ignore_errors=True)  # removes links, not what they lead to
    for written in spec.folder.glob("replica-*.log"):
        written.unlink(missing_ok=True)
    try:
        spec.folder.rmdir()
    except OSError:
        pass  # absent, or not ours alone


def replica_environment(spec: ReplicaSpec, model_dir: Path, *, cores_per_replica: int) -> dict[str, str]:
    """The variables a replica starts with: a few inherited ones, the deployment's, and the server's own."""
    inherited = {name: value for name, value in os.environ.items() if name.upper() in INHERITED_VARIABLES}
    threads = str(max(1, cores_per_replica))
    defaults = {
        "OMP_NUM_THREADS": threads,
        "TF_NUM_INTRAOP_THREADS": threads,
        "TF_NUM_INTEROP_THREADS": threads,
        "SCORING_TIMEOUT_MS": str(spec.scoring_timeout_ms),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    private = str(spec.folder / "tmp")
    fixed = {
        "AML_APP_ROOT": str(spec.source_dir),
        "AZUREML_ENTRY_SCRIPT": spec.entry_script,
        "AZUREML_MODEL_DIR": str(model_dir),
        "SERVICE_NAME": spec.service,
        "WORKSPACE_NAME": WORKSPACE,
        "HOME": str(spec.folder / "home"),
        "USERPROFILE": str(spec.folder / "home"),
        **{name: private for name in ("TMPDIR", "TEMP", "TMP")},
        # HOME has moved; packages installed with `pip install --user` are still to be found.
        "PYTHONUSERBASE": site.getuserbase(),
        "PYTHONPATH": child_python_path(),
    }
    return {**inherited, **defaults, **spec.environment, **fixed}


def _link_folder(stored: Path, placed: Path) -> None:
    try:
        placed.symlink_to(stored, target_is_directory=True)
    except OSError:  # Windows without the right to make links
        shutil.copytree(stored, placed)
