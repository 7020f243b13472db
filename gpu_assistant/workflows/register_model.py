"""Put a SavedModel from this computer into the workspace's registry."""

from __future__ import annotations

from pathlib import Path

from gpu_assistant.backends.base import UploadProgress, WorkspaceBackend
from gpu_assistant.domain.billing import CREATED_BY, CREATED_BY_TAG
from gpu_assistant.domain.model import RegisteredModel
from gpu_assistant.domain.text import Text
from gpu_assistant.jobs.job import Job
from gpu_assistant.saved_model import read_saved_model, usable_signatures


def register_model(name: str, folder: Path, *, backend: WorkspaceBackend, job: Job) -> RegisteredModel:
    """Upload `folder` as the next version of `name`.

    Raises a ModelError before anything is sent when TensorFlow could not serve it or images cannot be fed to it.
    """
    with job.step(Text("Check {folder}", folder=folder.name)):
        summary = read_saved_model(folder)
        usable_signatures(summary)
        for warning in summary.warnings:
            job.log(warning)
    with job.step(Text("Register {name}", name=name)):
        return backend.register_model(
            name, summary.folder, tags={CREATED_BY_TAG: CREATED_BY}, on_upload=lambda seen: _show(job, seen)
        )


def _show(job: Job, seen: UploadProgress) -> None:
    fraction = seen.done_bytes / seen.total_bytes if seen.total_bytes else None
    done_mb, total_mb = seen.done_bytes / 1e6, seen.total_bytes / 1e6
    job.doing(Text("{done_mb:.1f} of {total_mb:.1f} MB", done_mb=done_mb, total_mb=total_mb), fraction)
