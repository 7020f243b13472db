"""Compute targets and the AKS clusters behind them: state, no HTTP.

States are derived from the clock whenever somebody looks. A detached cluster stays, and goes on using quota.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from gpu_assistant.practice.azure import bodies
from gpu_assistant.practice.azure.clock import Clock
from gpu_assistant.practice.azure.quota import name_problem, purpose_problem, quota_problem, size_problem
from gpu_assistant.practice.azure.records import (
    ComputeTarget,
    Deletion,
    Failure,
    ManagedCluster,
    Operation,
    Subject,
    Tables,
)
from gpu_assistant.practice.azure.scenarios import ScenarioBook
from gpu_assistant.practice.azure.state_file import StateFile
from gpu_assistant.practice.constants import REGION

DEFAULT_NODE_COUNT = 3
DEFAULT_VM_SIZE = "Standard_D3_v2"


class RefusedError(Exception):
    """A request that Azure would refuse, in Azure's words."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Clusters:
    """Creates, reads and removes compute targets. Safe to use from several threads.

    `on_target_gone` is told the name of a compute target that has ceased to exist.
    """

    def __init__(
        self, state: StateFile, clock: Clock, book: ScenarioBook, on_target_gone: Callable[[str], None]
    ) -> None:
        self._state = state
        self._clock = clock
        self._book = book
        self._on_target_gone = on_target_gone

    def targets(self) -> list[ComputeTarget]:
        """Every compute target, oldest first."""
        self._settle()
        with self._state.read() as tables:
            return list(tables.compute_targets.values())

    def target(self, name: str) -> ComputeTarget | None:
        """A compute target by its name, in any case."""
        self._settle()
        with self._state.read() as tables:
            return tables.compute_targets.get(name.casefold())

    def clusters(self) -> list[ManagedCluster]:
        """Every AKS cluster, attached or not."""
        self._settle()
        with self._state.read() as tables:
            return list(tables.clusters.values())

    def cluster(self, name: str) -> ManagedCluster | None:
        """An AKS cluster by its name, in any case."""
        self._settle()
        with self._state.read() as tables:
            return tables.clusters.get(name.casefold())

    def provisioning_state(self, target: ComputeTarget) -> str:
        """`Creating`, `Succeeded`, `Failed` or `Deleting`."""
        if target.deletion is not None:
            return "Deleting"
        if not self._is_over(target):
            return "Creating"
        return "Failed" if target.failure else "Succeeded"

    def create(self, name: str, location: str, properties: Mapping[str, Any], tags: Mapping[str, str]) -> Operation:
        """Begin to create or attach what the `properties` of a PUT describe. Raises RefusedError, MalformedError."""
        self._settle()
        with self._state.change() as tables:
            existing = tables.compute_targets.get(name.casefold())
            if existing is not None:
                return self._update(tables, existing, properties, tags)
            failure = name_problem(name)
            if failure:
                raise RefusedError(failure)
            if properties.get("computeType") != "AKS":
                kind = properties.get("computeType")
                raise RefusedError(Failure("UnsupportedComputeType", f"Practice has no compute of type {kind}."))
            region = bodies.text(properties, "computeLocation") or location
            if region.casefold().replace(" ", "") != REGION:
                raise RefusedError(
                    Failure("LocationNotAvailable", f"Practice sells only in '{REGION}', not in '{region}'.")
                )
            if bodies.text(properties, "resourceId"):
                return self._attach(tables, name, properties, tags)
            return self._create(tables, name, properties, tags)

    def remove(self, name: str, action: str) -> Operation:
        """Begin to delete or detach a compute target. Raises RefusedError."""
        self._settle()
        with self._state.change() as tables:
            target = tables.compute_targets.get(name.casefold())
            if target is None:
                raise RefusedError(Failure("ResourceNotFound", f"Compute '{name}' was not found.", status=404))
            if action == "delete" and target.is_attached:
                raise RefusedError(
                    Failure("BadRequest", f"Compute '{name}' was attached, not created here: it can only be detached.")
                )
            deletion = target.deletion or self._deletion(action)
            tables.compute_targets[name.casefold()] = replace(target, deletion=deletion)
            failure = deletion.failure
            return self._record(tables, Subject.COMPUTE_DELETE, name, deletion.duration_s, failure, deletion)

    def delete_cluster(self, name: str) -> bool:
        """Delete an AKS cluster directly, as its owner may do in the portal. False when there is none."""
        with self._state.change() as tables:
            return tables.clusters.pop(name.casefold(), None) is not None

    def tag(self, name: str, tags: Mapping[str, str]) -> bool:
        """Replace the tags of a compute target. False when there is none."""
        with self._state.change() as tables:
            target = tables.compute_targets.get(name.casefold())
            if target is not None:
                tables.compute_targets[name.casefold()] = replace(target, tags=dict(tags))
            return target is not None

    def is_over(self, operation: Operation) -> bool:
        """Whether an operation has come to its end."""
        return self._clock.has_passed(operation.began, operation.duration_s, at_least_real_s=operation.at_least_real_s)

    def operation(self, operation_id: str) -> Operation | None:
        """An operation by its id."""
        self._settle()
        with self._state.read() as tables:
            return tables.operations.get(operation_id)

    def _create(self, tables: Tables, name: str, properties: Mapping[str, Any], tags: Mapping[str, str]) -> Operation:
        inner = bodies.table(properties, "properties")
        vm_size = bodies.text(inner, "agentVmSize") or DEFAULT_VM_SIZE
        node_count = int(bodies.number(inner, "agentCount") or DEFAULT_NODE_COUNT)
        purpose = bodies.text(inner, "clusterPurpose") or "FastProd"
        catalog = self._book.catalog
        today = datetime.fromtimestamp(self._clock.wall_s(), timezone.utc).date()
        size = catalog.size(vm_size)
        failure = size_problem(catalog, vm_size, today)
        if failure is None and size is not None:
            failure = purpose_problem(size, node_count, purpose) or quota_problem(
                catalog, tables.clusters.values(), size, node_count
            )
        if failure or size is None:
            raise RefusedError(failure or Failure("BadRequest", f"The VM size {vm_size} is unknown."))
        plan = self._book.playing.cluster_create
        duration_s = self._book.durations.cluster_create_s * (plan.at if plan else 1.0)
        cluster = ManagedCluster(
            f"{name}{secrets.token_hex(4)}", size.name, node_count, self._clock.moment(), dict(tags)
        )
        tables.clusters[cluster.name.casefold()] = cluster
        return self._add_target(
            tables,
            ComputeTarget(
                name=name,
                cluster=cluster.name,
                vm_size=size.name,
                node_count=node_count,
                purpose=purpose,
                location=REGION,
                began=cluster.created,
                duration_s=duration_s,
                failure=Failure(plan.code, plan.message) if plan else None,
                load_balancer_type=bodies.text(inner, "loadBalancerType") or "PublicIp",
                load_balancer_subnet=bodies.text(inner, "loadBalancerSubnet"),
                ssl=_without_certificate(inner),
                description=bodies.text(properties, "description"),
                tags=dict(tags),
            ),
        )

    def _attach(self, tables: Tables, name: str, properties: Mapping[str, Any], tags: Mapping[str, str]) -> Operation:
        cluster_name = str(properties["resourceId"]).rsplit("/", 1)[-1]
        cluster = tables.clusters.get(cluster_name.casefold())
        if cluster is None:
            raise RefusedError(
                Failure("ClusterNotFound", f"The AKS cluster '{cluster_name}' was not found.", status=404)
            )
        if any(target.cluster == cluster.name for target in tables.compute_targets.values()):
            raise RefusedError(
                Failure("ComputeAlreadyAttached", f"The AKS cluster '{cluster.name}' is attached already.")
            )
        inner = bodies.table(properties, "properties")
        return self._add_target(
            tables,
            ComputeTarget(
                name=name,
                cluster=cluster.name,
                vm_size=cluster.vm_size,
                node_count=cluster.node_count,
                purpose=bodies.text(inner, "clusterPurpose") or "FastProd",
                location=REGION,
                began=self._clock.moment(),
                duration_s=self._book.durations.cluster_attach_s,
                is_attached=True,
                ssl=_without_certificate(inner),
                tags=dict(tags),
            ),
        )

    def _add_target(self, tables: Tables, target: ComputeTarget) -> Operation:
        tables.compute_targets[target.name.casefold()] = target
        return self._record(tables, Subject.COMPUTE_CREATE, target.name, target.duration_s, target.failure)

    def _update(
        self, tables: Tables, target: ComputeTarget, properties: Mapping[str, Any], tags: Mapping[str, str]
    ) -> Operation:
        # The SDK's `update` sends back the whole resource with another TLS part; a second create does not.
        if str(properties.get("resourceId") or "").rsplit("/", 1)[-1].casefold() != target.cluster.casefold():
            raise RefusedError(
                Failure("Conflict", f"A compute with the name '{target.name}' exists already.", status=409)
            )
        inner = bodies.table(properties, "properties")
        changed = replace(target, ssl=_without_certificate(inner), tags=dict(tags) or target.tags)
        tables.compute_targets[target.name.casefold()] = changed
        return self._record(tables, Subject.COMPUTE_CREATE, target.name, 0.0, None)

    def _deletion(self, action: str) -> Deletion:
        durations = self._book.durations
        duration_s = durations.cluster_delete_s if action == "delete" else durations.cluster_detach_s
        plan = self._book.deletion_fails("compute")
        failure = Failure(plan.code, plan.message) if plan and plan.fail_times else None
        return Deletion(
            self._clock.moment(),
            duration_s,
            action,
            at_least_real_s=plan.at_least_real_s if plan else 0.0,
            failure=failure,
            is_ignored=bool(plan and plan.ignored),
        )

    def _record(
        self,
        tables: Tables,
        subject: Subject,
        name: str,
        duration_s: float,
        failure: Failure | None,
        deletion: Deletion | None = None,
    ) -> Operation:
        operation = Operation(
            operation_id=str(uuid.uuid4()),
            subject=subject,
            name=name,
            began=deletion.began if deletion else self._clock.moment(),
            duration_s=duration_s,
            at_least_real_s=deletion.at_least_real_s if deletion else 0.0,
            failure=failure,
        )
        tables.operations[operation.operation_id] = operation
        return operation

    def _is_over(self, thing: ComputeTarget | Deletion) -> bool:
        return self._clock.has_passed(thing.began, thing.duration_s, at_least_real_s=thing.at_least_real_s)

    def _settle(self) -> None:
        with self._state.read() as tables:
            due = [
                target
                for target in tables.compute_targets.values()
                if target.deletion is not None and self._is_over(target.deletion)
            ]
        for target in due:
            self._end_deletion(target)

    def _end_deletion(self, target: ComputeTarget) -> None:
        key, deletion = target.name.casefold(), target.deletion
        with self._state.change() as tables:
            if deletion is None or tables.compute_targets.get(key) != target:
                return  # another reader was faster
            if deletion.failure or deletion.is_ignored:
                tables.compute_targets[key] = replace(target, deletion=None)
                return
            del tables.compute_targets[key]
            if deletion.action == "delete":
                tables.clusters.pop(target.cluster.casefold(), None)
        self._on_target_gone(target.name)


def _without_certificate(inner: Mapping[str, Any]) -> dict[str, Any] | None:
    # The private key of a TLS certificate is sent in clear and must not be kept.
    ssl = bodies.table(inner, "sslConfiguration")
    return {key: value for key, value in ssl.items() if key not in ("key", "cert")} or None
