"""The deployed services of the practice workspace: real inference servers behind one small switchboard."""

from __future__ import annotations

import http.client
import itertools
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from gpu_assistant.practice.constants import LOOPBACK_HOST
from gpu_assistant.practice.front.http import Request, Response
from gpu_assistant.practice.replicas.replica import (
    Replica,
    ReplicaSpec,
    ReplicaStatus,
    prepare_folder,
    remove_folder,
    replica_environment,
)

MAX_REPLICAS = 2
MAX_BODY_BYTES = 100 * 1024 * 1024
_SERVICE_PREFIX = "/api/v1/service/"
# Headers that speak of one connection, and the key, which ends at the front door in Azure too.
_NOT_FORWARDED = frozenset(
    {
        *("host", "connection", "keep-alive", "transfer-encoding", "content-length", "te", "trailer", "upgrade"),
        *("expect", "authorization", "proxy-authorization", "proxy-connection"),
    }
)


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """How a service's replicas stand; `detail` says why when they crashed."""

    status: ReplicaStatus
    detail: str = ""


class _Service:
    """A service's replicas, who take turns and get no more requests at a time than the deployment allows."""

    def __init__(self, spec: ReplicaSpec, replicas: list[Replica]) -> None:
        self.spec = spec
        self.replicas = replicas
        self._turn = itertools.count()
        self._busy = dict.fromkeys(replicas, 0)
        self._freed = threading.Condition()

    @contextmanager
    def take_turn(self) -> Iterator[Replica | None]:
        """The next healthy replica with a free place, waited for as long as the deployment says; None without one."""
        deadline = time.monotonic() + self.spec.queue_wait_ms / 1000
        with self._freed:
            while (replica := self._next()) is None and self._is_healthy():
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    break
                self._freed.wait(left_s)
            if replica is not None:
                self._busy[replica] += 1
        try:
            yield replica
        finally:
            if replica is not None:
                with self._freed:
                    self._busy[replica] -= 1
                    self._freed.notify()

    def _is_healthy(self) -> bool:
        return any(replica.status is ReplicaStatus.HEALTHY for replica in self.replicas)

    def _next(self) -> Replica | None:
        first = next(self._turn)
        count = len(self.replicas)
        in_turn = [self.replicas[(first + offset) % count] for offset in range(count)]
        free = (replica for replica in in_turn if self._busy[replica] < self.spec.concurrent_requests)
        return next((replica for replica in free if replica.status is ReplicaStatus.HEALTHY), None)


class InferencePool:
    """Runs, watches and ends replicas. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._start_lock = threading.Lock()
        self._services: dict[str, _Service] = {}

    @property
    def services(self) -> tuple[str, ...]:
        """Names of the services that have processes, crashed ones included until they are stopped."""
        with self._lock:
            return tuple(self._services)

    def start(self, spec: ReplicaSpec) -> None:
        """Start a service in the background, in place of one of the same name. Raises OSError on a full disk."""
        with self._start_lock:  # two starts of one name at once must not leave a service nobody knows
            self.stop(spec.service)
            model_dir = prepare_folder(spec)
            count = max(1, min(spec.replicas, MAX_REPLICAS))
            environment = replica_environment(spec, model_dir, cores_per_replica=_usable_cores() // count)
            replicas = [Replica(spec, number, environment) for number in range(1, count + 1)]
            with self._lock:
                self._services[spec.service] = _Service(spec, replicas)

    def state(self, service: str) -> ServiceHealth:
        """The service's state: STARTING while any replica starts, then HEALTHY if any of them is."""
        found = self._find(service)
        if found is None:
            return ServiceHealth(ReplicaStatus.ABSENT)
        statuses = {replica.status for replica in found.replicas}
        for status in (ReplicaStatus.STARTING, ReplicaStatus.HEALTHY):
            if status in statuses:
                return ServiceHealth(status)
        return ServiceHealth(ReplicaStatus.CRASHED, found.replicas[0].crash_cause())

    def log(self, service: str, tail_lines: int) -> str:
        """The last lines the replicas wrote; with two replicas one after the other, each under a heading."""
        found = self._find(service)
        if found is None:
            return ""
        parts: list[str] = []
        for number, replica in enumerate(found.replicas, start=1):
            if len(found.replicas) > 1:
                parts.append(f"==> replica {number} of {len(found.replicas)} <==")
            parts += replica.log_lines()[-tail_lines:] if tail_lines > 0 else []
        return "\n".join(parts) + "\n" if parts else ""

    def forward(self, service: str, request: Request) -> Response:
        """Hand a request to the next healthy replica that has a place for it. Whoever calls has checked the key.

        Answers as AKS does: 413 above 100 MB, 503 with no healthy replica or none that got free in time, 502 where
        the script's answer is 500 or its process died over the request, 504 after the scoring timeout.
        """
        if len(request.body) > MAX_BODY_BYTES:
            return Response.of_error(413, "RequestEntityTooLarge", "The request is larger than 100 MB.")
        found = self._find(service)
        for _ in range(MAX_REPLICAS):
            if found is None:
                break
            with found.take_turn() as replica:
                if replica is None:
                    break
                try:
                    return _ask(replica.port, service, request, found.spec.scoring_timeout_ms / 1000)
                except ConnectionRefusedError:
                    continue  # died a moment ago; its watcher will notice
                except TimeoutError:
                    return Response.of_error(504, "GatewayTimeout", "The scoring script did not answer in time.")
                except (OSError, http.client.HTTPException):
                    return Response.of_error(
                        502, "BadGateway", "The scoring process ended while it worked on the request."
                    )
        return Response.of_error(503, "ServiceUnavailable", "No replica of the service is ready.")

    def stop(self, service: str) -> None:
        """End a service's processes and return when they are gone. Nothing happens when there are none."""
        with self._lock:
            found = self._services.pop(service, None)
        if found is not None:
            _end([found])

    def stop_all(self) -> None:
        """End every service's processes and return when they are gone."""
        with self._lock:
            services = list(self._services.values())
            self._services.clear()
        _end(services)

    def _find(self, service: str) -> _Service | None:
        with self._lock:
            return self._services.get(service)


def _end(services: list[_Service]) -> None:
    replicas = [replica for service in services for replica in service.replicas]
    for replica in replicas:
        replica.begin_stop()
    for replica in replicas:
        replica.wait_stopped()
    for service in services:
        remove_folder(service.spec)


def _ask(port: int, service: str, request: Request, timeout_s: float) -> Response:
    path = request.path.removeprefix(_SERVICE_PREFIX + service) or "/"
    target = quote(path) + (f"?{request.raw_query}" if request.raw_query else "")
    connection = http.client.HTTPConnection(LOOPBACK_HOST, port, timeout=timeout_s)
    try:
        connection.request(request.method, target, request.body, _forwarded(request.headers))
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    # azureml-fe rewrites an error of the script, so that a 500 always means the platform itself.
    status = 502 if answer.status == 500 else answer.status
    return Response(status, body, _forwarded(dict(answer.getheaders())))


def _forwarded(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _NOT_FORWARDED}


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
