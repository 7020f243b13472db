"""From Azure's JSON to the domain: states, errors, times, and resources with keys missing."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from gpu_assistant.backends.base import Phase
from gpu_assistant.backends.sdk_v1 import convert
from gpu_assistant.domain.compute import ComputeState
from gpu_assistant.domain.service import ServiceState
from gpu_assistant.domain.workspace import WorkspaceRef

WORKSPACE = WorkspaceRef("sub", "rg", "ws")


@pytest.mark.parametrize(
    ("word", "state", "phase"),
    [
        ("Creating", ComputeState.CREATING, Phase.PROVISIONING),
        ("Succeeded", ComputeState.READY, Phase.READY),
        ("Failed", ComputeState.FAILED, Phase.FAILED),
        ("Canceled", ComputeState.FAILED, Phase.FAILED),
        ("Deleting", ComputeState.DELETING, Phase.DELETING),
        ("Hibernating", ComputeState.UNKNOWN, Phase.UNKNOWN),
        (None, ComputeState.UNKNOWN, Phase.UNKNOWN),
    ],
)
def test_compute_states(word: str | None, state: ComputeState, phase: Phase) -> None:
    body = {"name": "gpu-aks", "properties": {"provisioningState": word}}
    assert convert.compute_target(body).state is state
    assert convert.compute_status(body).phase is phase
    assert convert.compute_status(body).said == (word or "")


@pytest.mark.parametrize(
    ("word", "state", "phase"),
    [
        ("Transitioning", ServiceState.TRANSITIONING, Phase.PROVISIONING),
        ("Healthy", ServiceState.HEALTHY, Phase.READY),
        ("Unhealthy", ServiceState.UNHEALTHY, Phase.FAILED),
        ("Failed", ServiceState.FAILED, Phase.FAILED),
        ("TimedOut", ServiceState.FAILED, Phase.FAILED),
        ("Cancelled", ServiceState.FAILED, Phase.FAILED),
        ("Deleting", ServiceState.DELETING, Phase.DELETING),
        ("Scaling", ServiceState.UNKNOWN, Phase.UNKNOWN),
    ],
)
def test_service_states(word: str, state: ServiceState, phase: Phase) -> None:
    body = {"name": "resnet", "state": word}
    assert convert.web_service(body, workspace=WORKSPACE).state is state
    assert convert.service_status(body, workspace=WORKSPACE).phase is phase


@pytest.mark.parametrize(
    ("replicas", "scaling", "gpu", "gpus"),
    [
        (3, {"autoscaleEnabled": False, "minReplicas": 1}, 2, 6),
        (3, {"autoscaleEnabled": True, "minReplicas": 2, "maxReplicas": 5}, 1, 2),
        (3, None, 1, 3),
        (3, {"autoscaleEnabled": False}, None, 0),
        (None, None, 1, 0),
        (float("inf"), None, 1, 0),
    ],
)
def test_the_gpus_that_a_service_holds_at_least(
    replicas: float | None, scaling: dict[str, Any] | None, gpu: int | None, gpus: int
) -> None:
    resources = {"cpu": 1, "memoryInGB": 3.5, "gpu": gpu}
    body = {"numReplicas": replicas, "autoScaler": scaling, "containerResourceRequirements": resources}
    seen = convert.web_service(body, workspace=WORKSPACE)
    assert (seen.gpus, seen.memory_gb) == (gpus, 3.5)


@pytest.mark.parametrize(
    "body", [{}, {"properties": None}, {"name": None, "properties": {"properties": None}, "tags": None}]
)
def test_a_resource_that_cannot_be_read_whole_is_still_there(body: dict[str, Any]) -> None:
    assert convert.compute_target(body).state is ComputeState.UNKNOWN
    assert convert.web_service(body, workspace=WORKSPACE).state is ServiceState.UNKNOWN


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ({"error": {"code": "QuotaExceeded", "message": "no room"}}, "QuotaExceeded", "no room"),
        (
            {"code": "BadRequest", "message": "bad", "details": [{"code": "X", "message": "why"}]},
            "BadRequest",
            "bad X: why",
        ),
        ([{"error": {"code": "A", "message": "one"}}, {"code": "B", "message": "two"}], "A", "one; two"),
        ('{"error": {"code": "A", "message": "in a string"}}', "A", "in a string"),
        ("plain words", "", "plain words"),
        ({"error": {"error": {"code": "Deep", "message": "nested"}}}, "Deep", "nested"),
        ({"Code": "Old", "Message": "capitals"}, "Old", "capitals"),
        (None, "", ""),
        ({}, "", ""),
        (7, "", ""),
    ],
)
def test_errors_in_every_shape(body: Any, code: str, text: str) -> None:
    assert convert.azure_error(body) == (code, text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-22T17:00:00Z", datetime(2026, 11, 22, 17, tzinfo=timezone.utc)),
        ("2026-11-22T17:00:00.1234567+00:00", datetime(2026, 11, 22, 17, 0, 0, 123456, tzinfo=timezone.utc)),
        ("2026-11-22T17:00:00.5", datetime(2026, 11, 22, 17, 0, 0, 500000, tzinfo=timezone.utc)),
        (datetime(2026, 11, 22, 17), datetime(2026, 11, 22, 17, tzinfo=timezone.utc)),
        ("yesterday", None),
        (None, None),
        ("", None),
    ],
)
def test_times(value: object, expected: datetime | None) -> None:
    assert convert.moment(value) == expected


def test_an_attached_cluster_is_not_owned_though_it_carries_our_tag() -> None:
    body = {
        "name": "theirs",
        "tags": {"created-by": "gpu-assistant", "ledger-id": "1"},
        "properties": {"isAttachedCompute": True, "provisioningState": "Succeeded"},
    }
    found = convert.found_compute(convert.compute_target(body))
    assert found.owned is False


def test_a_cluster_that_only_hosts_our_service_is_not_owned() -> None:
    body = {"name": "theirs", "tags": None, "properties": {"isAttachedCompute": False}}
    assert convert.found_compute(convert.compute_target(body)).owned is False
