"""An inference pool without processes: what became of a service is said by the test."""

from __future__ import annotations

from dataclasses import dataclass, field

from gpu_assistant.practice.front.http import Request, Response
from gpu_assistant.practice.replicas.pool import ServiceHealth
from gpu_assistant.practice.replicas.replica import ReplicaSpec, ReplicaStatus


@dataclass
class FakePool:
    """`outcome` is the state that a started service has from then on; `started` are the specs, in order."""

    outcome: ServiceHealth = field(default_factory=lambda: ServiceHealth(ReplicaStatus.HEALTHY))
    started: list[ReplicaSpec] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    states: dict[str, ServiceHealth] = field(default_factory=dict)
    forwarded: list[Request] = field(default_factory=list)

    def start(self, spec: ReplicaSpec) -> None:
        self.started.append(spec)
        self.states[spec.service] = self.outcome

    def state(self, service: str) -> ServiceHealth:
        return self.states.get(service, ServiceHealth(ReplicaStatus.ABSENT))

    def log(self, service: str, tail_lines: int) -> str:
        lines = [f"{service} line {number}" for number in range(10)]
        return "\n".join(lines[-tail_lines:])

    def forward(self, service: str, request: Request) -> Response:
        self.forwarded.append(request)
        return Response.of_json({"service": service, "bytes": len(request.body)})

    def stop(self, service: str) -> None:
        self.stopped.append(service)
        self.states.pop(service, None)

    def stop_all(self) -> None:
        for service in list(self.states):
            self.stop(service)
