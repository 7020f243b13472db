"""From an accepted deployment to its containers: what will come of it, its files, its processes, its end."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Protocol

from gpu_assistant.practice.azure.blobs import CONTAINER, BlobStore
from gpu_assistant.practice.azure.clock import Clock
from gpu_assistant.practice.azure.clusters import Clusters
from gpu_assistant.practice.azure.deployment import (
    Deployment,
    build_failure,
    crash,
    scheduling_problem,
    unschedulable,
)
from gpu_assistant.practice.azure.image_build import BuildProblem, build_log, find_build_problem
from gpu_assistant.practice.azure.records import Failure, Fate, Service, Settled, Tables
from gpu_assistant.practice.azure.scenarios import ScenarioBook
from gpu_assistant.practice.azure.sources import SourcesError, add_to_script, unpack_sources
from gpu_assistant.practice.azure.state_file import StateFile
from gpu_assistant.practice.front.http import Request, Response
from gpu_assistant.practice.replicas.pool import ServiceHealth
from gpu_assistant.practice.replicas.replica import ReplicaSpec, ReplicaStatus


class Pool(Protocol):
    """What is asked of the inference servers: see `replicas.pool.InferencePool`."""

    def start(self, spec: ReplicaSpec) -> None: ...
    def state(self, service: str) -> ServiceHealth: ...
    def log(self, service: str, tail_lines: int) -> str: ...
    def forward(self, service: str, request: Request) -> Response: ...
    def stop(self, service: str) -> None: ...
    def stop_all(self) -> None: ...


class Rollout:
    """Prepares, starts and judges deployments; changes no record. Safe to use from several threads."""

    def __init__(
        self,
        folder: Path,
        state: StateFile,
        clock: Clock,
        book: ScenarioBook,
        clusters: Clusters,
        store: BlobStore,
        pool: Pool,
    ) -> None:
        self._folder = folder
        self._state = state
        self._clock = clock
        self._book = book
        self._clusters = clusters
        self._store = store
        self._pool = pool

    def plan(self, service: Service, others: Iterable[Service]) -> Service:
        """The service with its fate and its durations, its files laid out. Raises SourcesError.

        `others` are the services that there are; those on the same cluster hold their share of it.
        """
        deployment = Deployment(service.request)
        durations = self._book.durations
        with self._state.read() as tables:
            is_built = deployment.image_hash in tables.images
        problem = self._build_problem(deployment)
        fate, failure = (
            self._foresee(service, deployment, others)
            if problem is None
            else (Fate.BUILD_FAILS, build_failure(problem.message))
        )
        log = build_log(f"azureml/{deployment.image_hash}", deployment.environment, problem)
        self._store.write(CONTAINER, build_log_name(service), log.encode(), overwrite=True)
        if fate is Fate.RUNS:
            unpack_sources(deployment.assets, self._store, self._source_folder(service))
            self._sabotage(service, deployment)
        return replace(
            service,
            fate=fate,
            failure=failure,
            build_s=0.0 if is_built and problem is None else durations.image_build_s,
            rollout_s=durations.unschedulable_s if fate is Fate.UNSCHEDULABLE else durations.service_rollout_s,
        )

    def start(self, service: Service) -> None:
        """Start the containers of a service that is to run, end those of any other. Raises OSError."""
        if service.fate is not Fate.RUNS:
            self._pool.stop(service.name)
            return
        deployment = Deployment(service.request)
        with self._state.read() as tables:
            models = {model_id: model_folder(tables, self._store, model_id) for model_id in deployment.model_ids}
        self._pool.start(
            ReplicaSpec(
                service=service.name,
                source_dir=self._source_folder(service),
                entry_script=deployment.entry_script,
                models=models,
                environment=deployment.environment_variables,
                replicas=deployment.replicas,
                work_dir=self._folder / "replicas",
                scoring_timeout_ms=deployment.scoring_timeout_ms,
                concurrent_requests=deployment.concurrent_requests_per_replica,
                queue_wait_ms=deployment.queue_wait_ms,
            )
        )

    def outcome(self, service: Service) -> tuple[Settled, Failure | None]:
        """Whether the deployment has come to its end by now, and how."""
        is_built = self._clock.has_passed(service.began, service.build_s)
        is_rolled_out = self._clock.has_passed(service.began, service.build_s + service.rollout_s)
        if service.fate is Fate.NEVER_HEALTHY or not is_built:
            return Settled.NOT_YET, None
        if service.fate is Fate.BUILD_FAILS or (service.fate is Fate.UNSCHEDULABLE and is_rolled_out):
            return Settled.FAILED, service.failure
        if service.fate is Fate.UNSCHEDULABLE:
            return Settled.NOT_YET, None
        status = self._pool.state(service.name).status
        if status is ReplicaStatus.CRASHED:
            start = self._book.playing.start
            told = crash(service.name, start.code, start.message) if start else crash(service.name)
            return Settled.FAILED, told
        is_up = status is ReplicaStatus.HEALTHY and is_rolled_out
        return (Settled.SUCCEEDED if is_up else Settled.NOT_YET), None

    def discard(self, service: Service) -> None:
        """End the containers and remove the files."""
        self._pool.stop(service.name)
        shutil.rmtree(self._source_folder(service), ignore_errors=True)

    def _build_problem(self, deployment: Deployment) -> BuildProblem | None:
        planned = self._book.playing.image_build
        return BuildProblem(planned.message, planned.log) if planned else find_build_problem(deployment.environment)

    def _foresee(
        self, service: Service, deployment: Deployment, others: Iterable[Service]
    ) -> tuple[Fate, Failure | None]:
        rollout = self._book.playing.rollout
        target = self._clusters.target(service.compute_target)
        node_count = target.node_count if target else 0
        size = self._book.catalog.size(target.vm_size) if target else None
        if rollout.hides_gpus and deployment.gpus_per_replica:
            return Fate.UNSCHEDULABLE, unschedulable(node_count, "nvidia.com/gpu")
        neighbours = [
            Deployment(other.request)
            for other in others
            if other.name != service.name
            and other.compute_target.casefold() == service.compute_target.casefold()
            and other.fate in (Fate.RUNS, Fate.NEVER_HEALTHY)
        ]
        failure = scheduling_problem(deployment, size, node_count, neighbours)
        if failure is not None:
            return Fate.UNSCHEDULABLE, failure
        return (Fate.NEVER_HEALTHY if rollout.never_healthy else Fate.RUNS), None

    def _sabotage(self, service: Service, deployment: Deployment) -> None:
        start = self._book.playing.start
        if start is None:
            return
        needed_gb = start.memory_below_gb
        if needed_gb is not None and deployment.memory_gb_per_replica >= needed_gb:
            return
        script = self._source_folder(service) / PurePosixPath(deployment.entry_script)
        if script.is_file() and script.resolve().is_relative_to(self._folder.resolve()):
            add_to_script(script, start.entry_script_tail)

    def _source_folder(self, service: Service) -> Path:
        return self._folder / "sources" / service.uid


def build_log_name(service: Service) -> str:
    """The blob that holds the build log of the service's image."""
    return f"ImageLogs/{service.operation_id}/build.log"


def model_folder(tables: Tables, store: BlobStore, model_id: str) -> Path:
    """The folder that appears as `AZUREML_MODEL_DIR`: what was registered lies inside it, under its own name.

    Raises SourcesError when the model is not there any more.
    """
    model = tables.models.get(model_id)
    asset = tables.assets.get(str(model.body.get("url")).removeprefix("aml://asset/")) if model else None
    if asset is None:
        raise SourcesError(f"the model {model_id} is gone")
    artifact = asset.artifacts[0]
    return store.path(CONTAINER, str(artifact.get("prefix") or artifact.get("id"))).parent
