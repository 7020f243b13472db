"""What a person sends along when they report a problem: enough to understand it, and nothing secret.

It reads log files and may take a moment, so it is for worker threads.

Everything goes through the log's redaction once more, and then through a harsher one: here it is better to black out a
harmless word than to let a key pass. Names of people are left out; names of workspaces and resources are not.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from gpu_assistant import __version__
from gpu_assistant.domain.billing import BillableResource
from gpu_assistant.logs import redact
from gpu_assistant.wizard.state import JobView, WizardState

_LOG_FILES = 4
_TAIL_BYTES = 200_000
"""Of each log file; an hour of talk or so."""
_LOG_LINES = 40
"""Of each job."""
_PACKAGES = (
    *("azureml-core", "cryptography", "keyring", "msal", "pillow", "platformdirs", "requests", "ttkbootstrap"),
    *("tkinterdnd2", "azureml-inference-server-http", "numpy", "tensorflow", "tensorflow-cpu"),
)
_BLACK = "••••"
_HARSHER = (
    # whatever stands behind a word such as key or token
    re.compile(
        r"(?i)((?:key|token|secret|password|passwd|signature|credential|cookie|authorization)s?[\"']?\s*[:=]\s*[\"']?)[^\s\"',;&]{6,}"
    ),
    # a long run of letters of both cases and digits: how keys of Azure and tokens look, and neither ids nor hashes do
    re.compile(r"()(?=[A-Za-z0-9+/_=-]*[a-z])(?=[A-Za-z0-9+/_=-]*[A-Z])(?=[A-Za-z0-9+/_=-]*[0-9])[A-Za-z0-9+_=]{28,}"),
)
_E_MAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class BundleFile:
    """One file of the bundle, as it will be saved."""

    name: str
    text: str

    @property
    def size_bytes(self) -> int:
        """Before it is packed."""
        return len(self.text.encode())


def collect(
    state: WizardState, *, logs: Path, tk_version: str, now: datetime, crashes: Sequence[str] = ()
) -> tuple[BundleFile, ...]:
    """The files of the bundle. `crashes` are reports of errors nobody expected, oldest first. Raises nothing: a log
    that cannot be read is said to be so in its place."""
    rows = {row.ledger_id: row for row in (*state.cleaned_rows, *state.rows)}
    files = [
        BundleFile("about.json", _json(about(tk_version=tk_version, now=now))),
        BundleFile("window.json", _json(state_summary(state))),
        BundleFile("ledger.json", _json([_row(row) for row in rows.values()])),
        BundleFile("errors.txt", "\n\n".join([*_errors(state.jobs.values()), *crashes]) or "none"),
    ]
    files += [BundleFile(f"logs/{path.name}", _tail(path)) for path in _newest(logs)]
    return tuple(BundleFile(file.name, without_secrets(file.text)) for file in files)


def write_bundle(files: Iterable[BundleFile], target: Path) -> None:
    """Save them as a zip, whole or not at all. Raises OSError."""
    draft = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as bundle:
            for file in files:
                bundle.writestr(file.name, file.text)
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def bundle_name(now: datetime) -> str:
    """What to call it."""
    return f"gpu-assistant-report-{now:%Y%m%d-%H%M}.zip"


def without_secrets(text: str) -> str:
    """`text` with everything blacked out that is a secret, or looks a little like one, and without people's names."""
    text = redact(text)
    for pattern in _HARSHER:
        text = pattern.sub(rf"\g<1>{_BLACK}", text)
    text = _E_MAIL.sub("(e-mail)", text)
    home = str(Path.home())
    if len(home) > 1:
        text = text.replace(home, "~").replace(home.replace("\\", "\\\\"), "~")
    return text


def about(*, tk_version: str, now: datetime) -> Mapping[str, Any]:
    """The program and what it stands on."""
    return {
        "made": now.isoformat(timespec="seconds"),
        "gpu-assistant": __version__,
        "python": sys.version,
        "system": platform.platform(),
        "tk": tk_version,
        "desktop": os.environ.get("XDG_CURRENT_DESKTOP", ""),
        "session": os.environ.get("XDG_SESSION_TYPE", ""),
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
    }


def state_summary(state: WizardState) -> Mapping[str, Any]:
    """What the window knew, without accounts, addresses and keys."""
    place = state.place
    return {
        "page": state.step.name.lower(),
        "read_only": state.first_window is not None,
        "ledger_damaged": state.ledger_damaged is not None,
        "practice_missing": state.practice_missing,
        "workspace": None
        if place is None
        else {
            "name": place.site.workspace.name,
            "region": place.site.workspace.region,
            "practice": place.site.practice,
            "scenario": place.scenario,
            "speed": place.speed,
            "keystore_problem": place.keystore_problem,
            "sign_in": place.account.method.value if place.account else "",
        },
        "machine": None
        if state.machine is None
        else {
            "vm_size": state.machine.vm_size,
            "node_count": state.machine.node_count,
            "existing_compute": state.machine.existing_compute,
            "secure": state.machine.secure,
        },
        "offers": _count(state.offers),
        "models": _count(state.models),
        "compute_targets": _count(state.targets),
        "model": state.deployment.model_id,
        "replicas": state.deployment.replicas,
        "max_replicas": state.deployment.max_replicas if state.deployment.autoscale else None,
        "gpus_per_replica": state.deployment.gpus_per_replica,
        "services": [{"name": one.name, "state": one.state.value} for one in state.services],
        "images_scored": sum(1 for one in state.scored if one.image is not None),
        "images_failed": sum(1 for one in state.scored if one.error is not None),
        "jobs": [_job(job) for job in state.jobs.values()],
    }


def _job(job: JobView) -> Mapping[str, Any]:
    return {
        "kind": job.kind.value,
        "phase": job.phase.value,
        "subject": job.subject,
        "seconds": None if job.ended_s is None else round(job.ended_s - job.started_s, 1),
        "steps": [{"name": step.name, "phase": step.phase.value, "doing": step.doing} for step in job.steps],
        "log": list(job.log[-_LOG_LINES:]),
    }


def _errors(jobs: Iterable[JobView]) -> list[str]:
    told = []
    for job in jobs:
        if job.error is not None:
            log = "\n".join(job.error.log.splitlines()[-_LOG_LINES:])
            told.append(f"{job.kind.value}: {job.error.code}: {job.error.title}. {job.error.detail}\n{log}".rstrip())
    return told


def _row(row: BillableResource) -> Mapping[str, Any]:
    """A row of the ledger without its addresses: scoring URI, ARM ids, subscription, tenant."""
    return {
        "kind": row.kind.value,
        "name": row.name,
        "state": row.state.value,
        "workspace": row.workspace.name,
        "region": row.region,
        "vm_size": row.vm_size,
        "node_count": row.node_count,
        "price_per_hour": str(row.price_per_hour.amount) if row.price_per_hour else None,
        "currency": row.price_per_hour.currency if row.price_per_hour else "",
        "owned": row.owned,
        "practice": row.practice,
        "created": row.created.isoformat(),
        "gone": row.gone.isoformat() if row.gone else None,
        "note": row.note,
    }


def _newest(logs: Path) -> list[Path]:
    try:
        files = [path for path in logs.iterdir() if path.is_file() and ".log" in path.name]
        return sorted(files, key=lambda path: path.stat().st_mtime, reverse=True)[:_LOG_FILES]
    except OSError:
        return []


def _tail(path: Path) -> str:
    """The end of a file, from the beginning of a line."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _TAIL_BYTES, 0))
            data = file.read(_TAIL_BYTES)
    except OSError as exc:
        return f"could not be read: {exc.strerror}"
    if size > _TAIL_BYTES:
        # a line cut in two could hide the word by which a secret is known
        data = data.partition(b"\n")[2]
    return data.decode("utf-8", errors="replace")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _count(found: Sequence[object] | None) -> int | None:
    return None if found is None else len(found)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
