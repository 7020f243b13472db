"""Web services: accepted, read, changed, deleted. State, no HTTP; `rollout.py` does the work in between.

A service is Healthy only when the time Azure would take has passed *and* its real server answers.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gpu_assistant.practice.azure import bodies
from gpu_assistant.practice.azure.blobs import BlobError
from gpu_assistant.practice.azure.clock import Clock
from gpu_assistant.practice.azure.clusters import Clusters, RefusedError
from gpu_assistant.practice.azure.deployment import Deployment, request_problem, without_secrets
from gpu_assistant.practice.azure.json_patch import apply_patch
from gpu_assistant.practice.azure.records import (
    Deletion,
    Failure,
    Fate,
    Operation,
    Service,
    Settled,
    Subject,
)
from gpu_assistant.practice.azure.rollout import Pool, Rollout
from gpu_assistant.practice.azure.scenarios import ScenarioBook
from gpu_assistant.practice.azure.service_keys import PRIMARY, SECONDARY, KeyMaker
from gpu_assistant.practice.azure.sources import SourcesError
from gpu_assistant.practice.azure.state_file import StateFile
from gpu_assistant.practice.front.http import Request, Response
from gpu_assistant.practice.replicas.replica import ReplicaStatus

log = logging.getLogger(__name__)

_ROLLS_OUT_AGAIN = (
    *("/environmentImageRequest", "/containerResourceRequirements", "/numReplicas", "/autoScaler"),
    *("/scoringTimeoutMs", "/maxConcurrentRequestsPerContainer", "/maxQueueWaitMs"),
)


class Services:
    """The web services of the workspace. Safe to use from several threads."""

    def __init__(
        self,
        state: StateFile,
        clock: Clock,
        book: ScenarioBook,
        clusters: Clusters,
        rollout: Rollout,
        pool: Pool,
        keys: KeyMaker,
    ) -> None:
        self._state = state
        self._clock = clock
        self._book = book
        self._clusters = clusters
        self._rollout = rollout
        self._pool = pool
        self.keys = keys
        self._rolling_out = threading.Lock()

    def all(self) -> list[Service]:
        """Every service, oldest first, as it is now."""
        with self._state.read() as tables:
            names = list(tables.services)
        return [service for service in map(self.find, names) if service is not None]

    def find(self, name: str) -> Service | None:
        """A service as it is now, or None when there is none (any more)."""
        with self._state.read() as tables:
            service = tables.services.get(name)
        if service is not None and service.deletion is not None and self._is_over(service.deletion):
            service = self._end_deletion(service, service.deletion)
        if service is not None and service.settled is Settled.NOT_YET:
            service = self._progress(service)
        return service

    def state_of(self, service: Service) -> str:
        """`Transitioning`, `Healthy`, `Unhealthy`, `Failed` or `Deleting`."""
        if service.deletion is not None:
            return "Deleting"
        if service.settled is Settled.NOT_YET:
            return "Transitioning"
        if service.settled is Settled.FAILED:
            return "Failed"
        is_healthy = self._pool.state(service.name).status is ReplicaStatus.HEALTHY
        return "Healthy" if is_healthy else "Unhealthy"

    def problem(self, name: str, request: Mapping[str, Any]) -> Failure | None:
        """Why `create` would refuse this request. Raises MalformedError."""
        deployment = Deployment(request)
        deployment.check()
        with self._state.read() as tables:
            failure = request_problem(name, deployment, tables.models)
        if failure is not None:
            return failure
        if self.find(name) is not None and not request.get("overwrite"):
            return Failure("Conflict", f"Service {name} with the same name already exists.", 409)
        target_name = bodies.text(request, "computeName") or ""
        target = self._clusters.target(target_name)
        if target is None:
            return Failure("ComputeNotFound", f"Compute target {target_name} was not found.", 404)
        provisioning = self._clusters.provisioning_state(target)
        if provisioning != "Succeeded":
            return Failure(
                "ComputeNotReady",
                f"Compute target {target_name} is not ready: its provisioning state is {provisioning}.",
            )
        return None

    def create(self, request: Mapping[str, Any]) -> Operation:
        """Accept a deployment and begin it. Raises RefusedError, MalformedError."""
        with self._rolling_out:  # two requests for one name must not both find it free
            return self._create(request)

    def patch(self, name: str, operations: Sequence[Mapping[str, Any]]) -> Operation | None:
        """Change a service; the operation when it is rolled out again, None when it is only described anew.

        Raises RefusedError.
        """
        service = self._existing(name)
        try:
            request = apply_patch(service.request, operations)
        except (ValueError, KeyError) as error:
            raise RefusedError(Failure("BadRequest", f"The patch cannot be applied: {error}.")) from None
        failure = self.problem(name, {**request, "overwrite": True})
        if failure is not None:
            raise RefusedError(failure)
        moment = self._clock.moment()
        changed = replace(service, request=without_secrets(request), updated=moment.iso)
        paths = [str(operation.get("path")) for operation in operations]
        if any(path.startswith(_ROLLS_OUT_AGAIN) for path in paths):
            operation_id = str(uuid.uuid4())
            return self._roll_out(
                replace(changed, began=moment, settled=Settled.NOT_YET, failure=None, operation_id=operation_id)
            )
        with self._state.change() as tables:
            tables.services[name] = changed
        return None

    def delete(self, name: str) -> Operation | None:
        """Begin to delete a service; None when there is none."""
        service = self.find(name)
        if service is None:
            return None
        deletion = service.deletion or self._new_deletion()
        operation = Operation(
            operation_id=str(uuid.uuid4()),
            subject=Subject.SERVICE_DELETE,
            name=name,
            began=deletion.began,
            duration_s=deletion.duration_s,
            at_least_real_s=deletion.at_least_real_s,
            failure=deletion.failure,
        )
        with self._state.change() as tables:
            tables.services[name] = replace(service, deletion=deletion)
            tables.operations[operation.operation_id] = operation
        if deletion.failure is None and not deletion.is_ignored:
            self._pool.stop(name)  # the containers go first, as in Kubernetes
        return operation

    def regenerate_key(self, name: str, kind: str, value: str | None) -> Operation:
        """Replace the `Primary` or `Secondary` key, by a derived one or by `value`. Raises RefusedError."""
        service = self._existing(name)
        if kind not in service.key_generations:
            raise RefusedError(Failure("BadRequest", f"There is no key of type '{kind}'."))
        sealed = {other: text for other, text in service.sealed_keys.items() if other != kind}
        if value:
            sealed[kind] = self.keys.seal(value)
        generations = {**service.key_generations, kind: service.key_generations[kind] + 1}
        operation = Operation(str(uuid.uuid4()), Subject.SERVICE_KEYS, name, self._clock.moment())
        with self._state.change() as tables:
            tables.services[name] = replace(service, key_generations=generations, sealed_keys=sealed)
            tables.operations[operation.operation_id] = operation
        return operation

    def log(self, name: str, tail_lines: int) -> str:
        """The last lines that the service's containers wrote. Raises RefusedError."""
        self._existing(name)
        return self._pool.log(name, tail_lines)

    def forward(self, service: Service, request: Request) -> Response:
        """Hand a scoring request to the containers; the key has been checked."""
        if service.settled is not Settled.SUCCEEDED or service.deletion is not None:
            return Response.of_error(503, "ServiceUnavailable", "The service is not ready.")
        return self._pool.forward(service.name, request)

    def operation(self, operation_id: str) -> Operation | None:
        """An operation by its id."""
        with self._state.read() as tables:
            return tables.operations.get(operation_id)

    def names(self) -> tuple[str, ...]:
        """The services that exist, failed ones included."""
        return tuple(service.name for service in self.all())

    def resume(self) -> None:
        """After a restart of the practice server: start the containers of what was deployed before."""
        with self._state.read() as tables:
            services = list(tables.services.values())  # not `all`: without containers it would see them crashed
        for service in services:
            is_wanted = service.settled is not Settled.FAILED and service.deletion is None
            if is_wanted and service.fate is Fate.RUNS:
                try:
                    self._rollout.start(service)
                except (OSError, SourcesError) as error:
                    log.warning("service %s could not be started again: %s", service.name, error)

    def target_is_gone(self, target: str) -> None:
        """The nodes are gone and with them the containers; the services stay, as orphans."""
        failure = Failure("ComputeNotFound", f"Compute target {target} was deleted.", 404)
        for service in self.all():
            if service.compute_target.casefold() == target.casefold():
                self._pool.stop(service.name)
                if service.settled is Settled.NOT_YET:
                    self._settle(service, Settled.FAILED, failure)

    def _create(self, request: Mapping[str, Any]) -> Operation:
        name = bodies.text(request, "name") or ""
        failure = self.problem(name, request)
        if failure is not None:
            raise RefusedError(failure)
        given = bodies.table(request, "keys")
        chosen = {PRIMARY: bodies.text(given, "primaryKey"), SECONDARY: bodies.text(given, "secondaryKey")}
        moment = self._clock.moment()
        service = Service(
            name=name,
            uid=uuid.uuid4().hex,
            compute_target=str(request["computeName"]),
            request=without_secrets(request),
            created=moment.iso,
            updated=moment.iso,
            began=moment,
            build_s=0.0,
            rollout_s=0.0,
            operation_id=str(uuid.uuid4()),
            sealed_keys={kind: self.keys.seal(key) for kind, key in chosen.items() if key},
        )
        return self._roll_out(service)

    def _roll_out(self, service: Service) -> Operation:
        old = self.find(service.name)
        try:
            planned = self._rollout.plan(service, self.all())
        except (SourcesError, BlobError) as error:
            raise RefusedError(Failure("BadRequest", f"The uploaded files cannot be used: {error}.")) from error
        operation = Operation(planned.operation_id, Subject.SERVICE_CREATE, planned.name, planned.began)
        with self._state.change() as tables:
            tables.services[planned.name] = planned
            tables.operations[operation.operation_id] = operation
        if old is not None and old.uid != planned.uid:
            self._rollout.discard(old)
        self._rollout.start(planned)
        return operation

    def _progress(self, service: Service) -> Service:
        settled, failure = self._rollout.outcome(service)
        return service if settled is Settled.NOT_YET else self._settle(service, settled, failure)

    def _settle(self, service: Service, settled: Settled, failure: Failure | None) -> Service:
        ended = replace(service, settled=settled, failure=failure)
        with self._state.change() as tables:
            if tables.services.get(service.name) != service:
                return tables.services.get(service.name, ended)  # another reader was faster
            tables.services[service.name] = ended
            if service.fate is not Fate.BUILD_FAILS:
                tables.images.setdefault(Deployment(service.request).image_hash, self._clock.moment().iso)
        return ended

    def _new_deletion(self) -> Deletion:
        plan = self._book.deletion_fails("service")
        return Deletion(
            self._clock.moment(),
            self._book.durations.service_delete_s,
            at_least_real_s=plan.at_least_real_s if plan else 0.0,
            failure=Failure(plan.code, plan.message) if plan and plan.fail_times else None,
            is_ignored=bool(plan and plan.ignored),
        )

    def _end_deletion(self, service: Service, deletion: Deletion) -> Service | None:
        is_gone = deletion.failure is None and not deletion.is_ignored
        if is_gone:
            self._rollout.discard(service)
        with self._state.change() as tables:
            current = tables.services.get(service.name)
            if current != service:
                return current  # another reader was faster
            if is_gone:
                del tables.services[service.name]
                return None
            kept = replace(service, deletion=None)
            tables.services[service.name] = kept
            return kept

    def _existing(self, name: str) -> Service:
        service = self.find(name)
        if service is None:
            raise RefusedError(Failure("NotFound", f"Service {name} was not found.", 404))
        return service

    def _is_over(self, deletion: Deletion) -> bool:
        return self._clock.has_passed(deletion.began, deletion.duration_s, at_least_real_s=deletion.at_least_real_s)
