"""What is tried out: a deployment on this computer before it costs anything, and how much a web service takes."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gpu_assistant.backends.base import DownloadProgress, OnPrompt
from gpu_assistant.domain.text import Text
from gpu_assistant.jobs.job import Job
from gpu_assistant.jobs.runner import Lane
from gpu_assistant.scoring_client import ScoringClient
from gpu_assistant.wizard.engine import Engine
from gpu_assistant.wizard.events import KeystoreLooked, LoadMoved, ModelFolderKnown, RehearsalEnded
from gpu_assistant.wizard.navigation import endpoint
from gpu_assistant.wizard.ports import ConnectedBackend, Workplace
from gpu_assistant.wizard.preflight import deploy_request
from gpu_assistant.wizard.state import JobKind, Rehearsed
from gpu_assistant.workflows.score_image import Endpoint, Scorer

# What makes processes, reads pictures and speaks TLS is loaded when it is needed, not with the window.
if TYPE_CHECKING:
    from gpu_assistant.workflows.load.results import LoadRun
    from gpu_assistant.workflows.load.setting import LoadSetting
    from gpu_assistant.workflows.rehearse import Rehearsal


class Trials:
    """What the Deploy and the Score page ask for. Belongs to the window's thread."""

    def __init__(self, engine: Engine, *, session_folder: Callable[[], Path], on_prompt: OnPrompt) -> None:
        self._engine = engine
        self._session_folder = session_folder
        self._on_prompt = on_prompt
        self._numbers = itertools.count(1)

    # --- before a deployment ------------------------------------------------------------------------------------------

    def rehearse(self, workplace: Workplace, images: Sequence[Path]) -> None:
        """Run what the present choices would deploy on this computer; its files are fetched first where they are not
        here. Nothing is created."""
        request = deploy_request(self._engine.state)
        if request is None or self._engine.is_busy(JobKind.REHEARSE):
            return
        model_id = request.model
        self._engine.fold(RehearsalEnded(None))
        known = self._engine.state.model_folders.get(model_id)

        def work(job: Job) -> Rehearsal:
            from gpu_assistant.workflows.rehearse import rehearse

            folder = known if known is not None and known.is_dir() else self._fetch(workplace, model_id, job)
            held = rehearse(
                request, folder, images, shipment=workplace.shipment, stage=workplace.rehearsal_stage(), job=job
            )
            self._engine.tell(RehearsalEnded(Rehearsed(model_id, request, held)))
            return held

        self._engine.start(JobKind.REHEARSE, work, lane=Lane.TRIALS, subject=model_id)

    def forget_rehearsal(self) -> None:
        """The person has read how it went."""
        self._engine.fold(RehearsalEnded(None))

    def _fetch(self, workplace: Workplace, model_id: str, job: Job) -> Path:
        with job.step(Text("Copy {model} to this computer", model=model_id)):
            told = f"{workplace.site.workspace.azure_id.lower()}\n{model_id}"
            target = self._session_folder() / "models" / hashlib.sha256(told.encode()).hexdigest()[:24]
            folder = self._backend(workplace, job).download_model(
                model_id, target, on_download=lambda seen: _show(job, seen)
            )
            self._engine.tell(ModelFolderKnown(model_id, folder))
            return folder

    # --- after it -----------------------------------------------------------------------------------------------------

    def start_load_test(self, workplace: Workplace, setting: LoadSetting, images: Sequence[Path]) -> None:
        """Ask the web service as the setting says; the state shows it window by window."""
        target = endpoint(self._engine.state)
        if target is None or self._engine.is_busy(JobKind.LOAD):
            return
        number = next(self._numbers)

        def show(run: LoadRun) -> None:
            self._engine.tell(LoadMoved(replace(run, number=number)))

        def work(job: Job) -> LoadRun:
            from gpu_assistant.workflows.load.run import prepare_target, run_load_test

            client = ScoringClient()
            try:
                asked = prepare_target(images, self._scorer(workplace, target, client, job), job=job)
            finally:
                client.close()
                self._engine.tell(KeystoreLooked(workplace.keystore.problem))  # the key came from there, or not
            return run_load_test(asked, setting, job=job, on_moment=show)

        self._engine.start(JobKind.LOAD, work, lane=Lane.TRIALS, subject=target.name)

    def save_load_table(self, target: Path) -> str:
        """Save all load tests of the session as a table; "" or why not."""
        from gpu_assistant.workflows.load.table import save_table

        if not self._engine.state.load_runs:
            return Text("There was no load test yet")
        try:
            save_table(self._engine.state.load_runs, target)
        except OSError as exc:
            return Text("{file} cannot be written: {reason}", file=target.name, reason=exc.strerror or str(exc))
        return ""

    def _scorer(self, workplace: Workplace, target: Endpoint, client: ScoringClient, job: Job) -> Scorer:
        return Scorer(
            target,
            site=workplace.site,
            ledger=workplace.ledger,
            keystore=workplace.keystore,
            client=client,
            backend=lambda: self._backend(workplace, job),
        )

    def _backend(self, workplace: Workplace, job: Job) -> ConnectedBackend:
        return workplace.connect(self._on_prompt).bound_to(job.cancelled)


def _show(job: Job, seen: DownloadProgress) -> None:
    fraction = seen.done_bytes / seen.total_bytes if seen.total_bytes else None
    done_mb, total_mb = seen.done_bytes / 1e6, max(seen.done_bytes, seen.total_bytes) / 1e6
    job.doing(Text("{done_mb:.1f} of {total_mb:.1f} MB", done_mb=done_mb, total_mb=total_mb), fraction)
