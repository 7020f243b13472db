"""One replica of what would be deployed, on this computer: the same files, variables and server, without a workspace.

The layout is the container's: the uploaded folder below AML_APP_ROOT, the model at .../azureml-models/NAME/VERSION/
in a folder of its own name. What is not the container's: no GPU, this computer's packages, no limit of memory.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from gpu_assistant.domain.errors import RehearsalError, RehearsalNotInstalled
from gpu_assistant.domain.service import DeploymentSpec
from gpu_assistant.domain.text import Text
from gpu_assistant.practice.constants import LOOPBACK_HOST
from gpu_assistant.practice.replicas.replica import (
    Replica,
    ReplicaSpec,
    ReplicaStatus,
    prepare_folder,
    replica_environment,
)

_UPLOADED_AS = "scoring"
_FORGOTTEN_S = 24 * 3600.0
_TENSORFLOWS = ("tensorflow", "tensorflow-cpu", "tensorflow-intel", "tensorflow-macos")


class LocalStage:
    """This computer as a place to rehearse on; what is written goes below `work_folder`, and goes with each replica."""

    def __init__(self, work_folder: Path) -> None:
        self._work_folder = work_folder

    def require_packages(self) -> None:
        """Raises RehearsalNotInstalled, naming the first package that is missing."""
        missing = missing_package()
        if missing:
            raise RehearsalNotInstalled(package=missing)

    def start_replica(self, spec: DeploymentSpec, model_folder: Path) -> LocalReplica:
        """One replica of `spec`, started. Raises RehearsalNotInstalled or RehearsalError."""
        self.require_packages()
        self._forget_old()
        return LocalReplica(spec, model_folder, self._work_folder)

    def _forget_old(self) -> None:
        """Throw away what a program left that was killed in the middle of a rehearsal."""
        for folder in self._work_folder.glob("rehearsal-*"):
            try:
                is_old = time.time() - folder.stat().st_mtime > _FORGOTTEN_S
            except OSError:
                continue  # somebody else was faster
            if is_old:
                shutil.rmtree(folder, ignore_errors=True)

    def versions(self) -> Mapping[str, str]:
        """What is installed here, by the names that the deployed environment uses."""
        return installed_versions()


class LocalReplica:
    """Starts at once. `close()` ends every process and removes what was written; the model itself is only linked."""

    def __init__(self, spec: DeploymentSpec, model_folder: Path, work_folder: Path) -> None:
        """Raises RehearsalError when the files cannot be laid out in a new folder below `work_folder`."""
        try:
            work_folder.mkdir(parents=True, exist_ok=True)
            self._folder = Path(tempfile.mkdtemp(prefix="rehearsal-", dir=work_folder))
        except OSError as exc:
            raise _no_room(exc) from None
        try:
            replica = _lay_out(spec, model_folder, self._folder)
            environment = replica_environment(replica, prepare_folder(replica), cores_per_replica=os.cpu_count() or 1)
            self._replica = Replica(replica, 1, environment)
        except OSError as exc:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise _no_room(exc) from None

    @property
    def scoring_uri(self) -> str:
        """Where it answers, without a key; on this computer's own address only."""
        return f"http://{LOOPBACK_HOST}:{self._replica.port}/score"

    @property
    def is_ready(self) -> bool:
        """Whether init() is over and images can be sent."""
        return self._replica.status is ReplicaStatus.HEALTHY

    @property
    def has_ended(self) -> bool:
        """Whether its processes are gone although nobody closed it."""
        return self._replica.status is ReplicaStatus.CRASHED

    def log_lines(self) -> list[str]:
        """What it wrote so far, at most the last two megabytes."""
        return self._replica.log_lines()

    def close(self) -> None:
        """End it; returns when every process is gone."""
        self._replica.begin_stop()
        self._replica.wait_stopped()
        shutil.rmtree(self._folder, ignore_errors=True)


def missing_package() -> str:
    """The first package that a rehearsal needs and that is not installed; empty when all are. Imports none of them."""
    for package, module in (
        ("tensorflow", "tensorflow"),
        ("azureml-inference-server-http", "azureml_inference_server_http"),
    ):
        if importlib.util.find_spec(module) is None:
            return package
    return ""


def installed_versions() -> Mapping[str, str]:
    """What stands here in place of the deployed environment, by the names that its definition uses."""
    found = {"python": platform.python_version()}
    for name, distributions in (
        ("tensorflow", _TENSORFLOWS),
        ("azureml-inference-server-http", ("azureml-inference-server-http",)),
    ):
        for distribution in distributions:
            try:
                found[name] = importlib.metadata.version(distribution)
            except importlib.metadata.PackageNotFoundError:
                continue
            break
    return found


def _lay_out(spec: DeploymentSpec, model_folder: Path, folder: Path) -> ReplicaSpec:
    sources, registered = folder / "sources", folder / "registered"
    clean = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(spec.source_folder, sources / _UPLOADED_AS, ignore=clean)
    for name, text in spec.source_files.items():
        (sources / _UPLOADED_AS / name).write_text(text, encoding="utf-8")
    registered.mkdir()
    name, _, version = spec.model_id.rpartition(":")
    _link(model_folder.resolve(), registered / (model_folder.resolve().name or name))
    entry_script = f"{_UPLOADED_AS}/{spec.entry_script}"
    return ReplicaSpec(
        service=spec.service_name,
        source_dir=sources,
        entry_script=entry_script,
        models={f"{name}:{version}": registered},
        environment={"AZUREML_SOURCE_DIRECTORY": _UPLOADED_AS, **spec.environment_variables},
        replicas=1,
        work_dir=folder / "replica",
        scoring_timeout_ms=spec.scoring_timeout_ms,
    )


def _link(model: Path, placed: Path) -> None:
    try:
        placed.symlink_to(model, target_is_directory=True)
    except OSError:  # Windows without the right to make links
        shutil.copytree(model, placed)


def _no_room(exc: OSError) -> RehearsalError:
    return RehearsalError(
        reason=Text("The files cannot be laid out on this computer: {why}", why=exc.strerror or str(exc))
    )
