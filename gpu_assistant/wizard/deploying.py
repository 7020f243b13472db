"""Machines, models, deployments and their end: the jobs that run the workflows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from gpu_assistant.backends.base import OnPrompt
from gpu_assistant.domain.errors import AssistantError
from gpu_assistant.domain.model import RegisteredModel
from gpu_assistant.domain.service import WebService
from gpu_assistant.domain.text import Text
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.jobs.job import Job
from gpu_assistant.jobs.runner import Lane
from gpu_assistant.wizard import events as e
from gpu_assistant.wizard.engine import Engine
from gpu_assistant.wizard.ports import ConnectedBackend, Workplace, Workplaces
from gpu_assistant.wizard.preflight import deploy_request
from gpu_assistant.wizard.state import JobKind, Step
from gpu_assistant.workflows.clean_up import CleanUpReport, clean_up
from gpu_assistant.workflows.deploy import Deployment, deploy
from gpu_assistant.workflows.feeding import read_labels
from gpu_assistant.workflows.inspect_model import inspect_registered_model
from gpu_assistant.workflows.plan import source_files
from gpu_assistant.workflows.reconcile import reconcile
from gpu_assistant.workflows.register_model import register_model

_SHOWN_FILES = (".py", ".yml")


class Deploying:
    """What the machine, deploy and clean-up pages ask for. Belongs to the window's thread."""

    def __init__(
        self, engine: Engine, workplaces: Workplaces, *, on_prompt: OnPrompt, now: Callable[[], datetime]
    ) -> None:
        self._engine = engine
        self._workplaces = workplaces
        self._on_prompt = on_prompt
        self._now = now

    # --- reading ------------------------------------------------------------------------------------------------------

    def read_machines(self, workplace: Workplace) -> None:
        """VM sizes with quota and price, the clusters that exist, and the web services that hold GPUs there."""
        if self._engine.is_busy(JobKind.MACHINES):
            return

        def work(job: Job) -> None:
            with job.step(Text("Read VM sizes, prices and quota")):
                backend = self._backend(workplace, job)
                self._engine.tell(e.MachinesRead(tuple(backend.vm_size_offers()), tuple(backend.compute_targets())))
                self._engine.tell(e.ServicesRead(tuple(backend.web_services())))

        self._engine.start(JobKind.MACHINES, work, lane=Lane.READS)

    def read_models(self, workplace: Workplace, *, choose: Callable[[str], None]) -> None:
        """The registered models. When there is only one, it is chosen."""
        if self._engine.is_busy(JobKind.MODELS):
            return

        def work(job: Job) -> tuple[RegisteredModel, ...]:
            with job.step(Text("Read the registered models")):
                models = tuple(self._backend(workplace, job).models())
            self._engine.tell(e.ModelsRead(models))
            return models

        def done(result: object) -> None:
            models: tuple[RegisteredModel, ...] = result  # type: ignore[assignment]
            if len({model.name for model in models}) == 1 and not self._engine.state.deployment.model_id:
                choose(max(models, key=lambda model: model.version).model_id)

        self._engine.start(JobKind.MODELS, work, lane=Lane.READS, on_done=done)

    def inspect(self, workplace: Workplace, model_id: str) -> None:
        """What a model takes and answers, or why it cannot be used."""
        name, _, version = model_id.rpartition(":")

        def work(job: Job) -> None:
            known = [model for model in self._engine.state.models or () if model.model_id == model_id]
            model = (
                known[0] if known else RegisteredModel(name, int(version) if version.isdecimal() else 0, id=model_id)
            )
            try:
                found = inspect_registered_model(
                    model,
                    site=workplace.site,
                    backend=self._backend(workplace, job),
                    cache_folder=self._workplaces.cache_folder,
                    job=job,
                )
            except AssistantError as exc:
                job.raise_if_cancelled()
                self._engine.tell(e.ModelInspected(model_id, exc))
                return
            self._engine.tell(e.ModelInspected(model_id, found))

        self._engine.start(JobKind.INSPECT, work, lane=Lane.READS, subject=model_id)

    def read_labels(self, source: str) -> None:
        """The names of the classes from a file of this computer, or of ImageNet's."""

        def work(job: Job) -> None:
            try:
                self._engine.tell(e.LabelsRead(source, read_labels(source)))
            except AssistantError as exc:
                self._engine.tell(e.LabelsRead(source, exc))

        self._engine.start(JobKind.DISK, work, lane=Lane.DISK, subject=source)

    def read_log(self, workplace: Workplace, name: str) -> None:
        """The log of a web service."""

        def work(job: Job) -> None:
            with job.step(Text("Read the log of {name}", name=name)):
                text = self._backend(workplace, job).service_log(name)
                self._engine.tell(e.ServiceLogRead(name, text))

        self._engine.start(JobKind.SERVICE_LOG, work, lane=Lane.READS, subject=name)

    def shipped_files(self, workplace: Workplace) -> Mapping[str, str]:
        """What is uploaded with a deployment: a dozen small files of the program's own."""
        folder = workplace.shipment.scoring_folder
        files = sorted(path for path in folder.iterdir() if path.suffix in _SHOWN_FILES and path.is_file())
        request = deploy_request(self._engine.state)
        own = source_files(request) if request is not None else {}
        return {**own, **{path.name: path.read_text(encoding="utf-8") for path in files}}

    # --- changing -----------------------------------------------------------------------------------------------------

    def register(self, workplace: Workplace, name: str, folder: Path, *, choose: Callable[[str], None]) -> None:
        """Upload a SavedModel of this computer and choose it."""

        def work(job: Job) -> RegisteredModel:
            backend = self._backend(workplace, job)
            model = register_model(name, folder, backend=backend, job=job)
            self._engine.tell(e.ModelsRead(tuple(backend.models())))
            return model

        def done(result: object) -> None:
            assert isinstance(result, RegisteredModel)
            self._engine.fold(e.ModelFolderKnown(result.model_id, folder))
            choose(result.model_id)

        self._engine.start(JobKind.REGISTER, work, lane=Lane.CHANGES, pace=workplace.pace, subject=name, on_done=done)

    def deploy(self, workplace: Workplace) -> None:
        """Deploy what was chosen; a deployment that is stopped with CLEAN_UP is cleaned up after."""
        request = deploy_request(self._engine.state)
        if request is None:
            return

        def work(job: Job) -> Deployment:
            try:
                return deploy(
                    request,
                    site=workplace.site,
                    backend=self._backend(workplace, job),
                    ledger=workplace.ledger,
                    keystore=workplace.keystore,
                    job=job,
                    shipment=workplace.shipment,
                )
            finally:  # what a failed deployment left behind bills too
                self._engine.tell(e.LedgerRead(workplace.ledger.open_rows()))
                self._engine.tell(e.KeystoreLooked(workplace.keystore.problem))

        def done(result: object) -> None:
            assert isinstance(result, Deployment)
            self._engine.fold(e.ServiceChosen(result.service.name))
            if self._engine.state.step is Step.DEPLOY:
                self._engine.fold(e.Went(Step.SCORE))

        def cancelled(job: Job) -> None:
            if job.cancel_meaning is CancelMeaning.CLEAN_UP and job.created:
                self.clean_up(workplace, only=frozenset(job.created))

        self._engine.start(
            JobKind.DEPLOY,
            work,
            lane=Lane.CHANGES,
            pace=workplace.pace,
            subject=request.service_name,
            on_done=done,
            on_cancelled=cancelled,
        )

    def refresh(self, workplace: Workplace) -> None:
        """Compare the ledger with Azure, and see which services answer."""

        def work(job: Job) -> None:
            with job.step(Text("Ask Azure what exists")):
                backend = self._backend(workplace, job)
                seen = reconcile(
                    site=workplace.site,
                    backend=backend,
                    ledger=workplace.ledger,
                    keystore=workplace.keystore,
                    settle_s=workplace.pace.settle_s,
                    now=self._now,
                )
                self._engine.tell(e.LedgerRead(workplace.ledger.open_rows()))
                self._engine.tell(e.Compared(seen, self._now()))
                if seen.problem is None:
                    services: tuple[WebService, ...] = tuple(backend.web_services())
                    self._engine.tell(e.ServicesRead(services))

        self._engine.start(JobKind.REFRESH, work, lane=Lane.READS)

    def clean_up(self, workplace: Workplace, *, only: frozenset[str] | None = None) -> None:
        """Delete everything (or these ledger ids) and prove it gone."""

        def work(job: Job) -> CleanUpReport:
            ledger, site = workplace.ledger, workplace.site
            before = {row.ledger_id for row in ledger.open_rows(site.workspace)}
            report = clean_up(
                site=site,
                backend=self._backend(workplace, job),
                ledger=ledger,
                keystore=workplace.keystore,
                job=job,
                only=only,
                now=self._now,
            )
            # tags may have brought in more rows meanwhile, so what is new since then belongs to it too
            rows = tuple(
                row
                for row in ledger.rows(site.workspace)
                if row.ledger_id in before or row.gone is None or row.ledger_id in (only or ())
            )
            self._engine.tell(e.CleanedUp(report, rows))
            self._engine.tell(e.LedgerRead(ledger.open_rows()))
            self._engine.tell(e.KeystoreLooked(workplace.keystore.problem))  # keys were to be removed there
            return report

        self._engine.start(JobKind.CLEAN_UP, work, lane=Lane.CHANGES, pace=workplace.pace)

    def _backend(self, workplace: Workplace, job: Job) -> ConnectedBackend:
        return workplace.connect(self._on_prompt).bound_to(job.cancelled)
