"""Web services and their operations as JSON. The SDK reads nearly every key without asking whether it is there."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from gpu_assistant.practice.azure import bodies
from gpu_assistant.practice.azure.clock import Clock
from gpu_assistant.practice.azure.deployment import Deployment
from gpu_assistant.practice.azure.records import Failure, Fate, Service, Settled

SERVICE_PATH = "/api/v1/service/"


def service_body(service: Service, state: str, port: int) -> dict[str, Any]:
    """A service; `scoringUri` is set from the moment it was Healthy once."""
    request = service.request
    auto, data = bodies.table(request, "autoScaler"), bodies.table(request, "dataCollection")
    deployment = Deployment(request)
    resources, probe = (
        bodies.table(request, "containerResourceRequirements"),
        bodies.table(request, "livenessProbeRequirements"),
    )
    image = bodies.table(request, "environmentImageRequest")
    has_address = service.settled is Settled.SUCCEEDED
    body: dict[str, Any] = {
        "id": service.name,
        "name": service.name,
        "computeType": "AKS",
        "computeName": service.compute_target,
        "createdTime": service.created,
        "updatedTime": service.updated,
        "createdBy": None,
        "description": request.get("description"),
        "kvTags": request.get("kvTags") or {},
        "properties": request.get("properties") or {},
        "appInsightsEnabled": bool(request.get("appInsightsEnabled")),
        "authEnabled": request.get("authEnabled") is not False,
        "aadAuthEnabled": bool(request.get("aadAuthEnabled")),
        "autoScaler": {
            "autoscaleEnabled": deployment.is_autoscaled,
            "minReplicas": auto.get("minReplicas") or 1,
            "maxReplicas": auto.get("maxReplicas") or 10,
            "refreshPeriodInSeconds": auto.get("refreshPeriodInSeconds") or 1,
            "targetUtilization": auto.get("targetUtilization") or 70,
        },
        "containerResourceRequirements": {
            "cpu": resources.get("cpu") or 0.1,
            "cpuLimit": resources.get("cpuLimit"),
            "memoryInGB": resources.get("memoryInGB") or 0.5,
            "memoryInGBLimit": resources.get("memoryInGBLimit"),
            "gpu": resources.get("gpu"),
        },
        "dataCollection": {
            "eventHubEnabled": bool(data.get("eventHubEnabled")),
            "storageEnabled": bool(data.get("storageEnabled")),
        },
        "livenessProbeRequirements": {
            "periodSeconds": probe.get("periodSeconds") or 10,
            "initialDelaySeconds": probe.get("initialDelaySeconds") or 310,
            "timeoutSeconds": probe.get("timeoutSeconds") or 2,
            "successThreshold": probe.get("successThreshold") or 1,
            "failureThreshold": probe.get("failureThreshold") or 3,
        },
        "maxConcurrentRequestsPerContainer": deployment.concurrent_requests_per_replica,
        "maxQueueWaitMs": deployment.queue_wait_ms,
        "numReplicas": deployment.replicas,
        "scoringTimeoutMs": request.get("scoringTimeoutMs") or 60000,
        "scoringUri": f"http://127.0.0.1:{port}{SERVICE_PATH}{service.name}/score" if has_address else None,
        "namespace": request.get("namespace"),
        "imageId": None,
        "state": state,
        "deploymentStatus": state,
        "modelIds": image.get("modelIds") or [],
    }
    environment = image.get("environment")
    if isinstance(environment, dict) and environment.get("python"):
        body["environmentImageRequest"] = {"environment": environment}
    if service.failure is not None and service.settled is Settled.FAILED:
        body["error"] = error_body(service.failure)
    return body


def error_body(failure: Failure) -> dict[str, Any]:
    """A failure as it stands in services and operations."""
    details = [{"code": detail.code, "message": detail.message} for detail in failure.details]
    return {
        "code": failure.code,
        "statusCode": failure.status,
        "message": failure.message,
        "details": details,
    }


def deployment_progress(service: Service, clock: Clock) -> tuple[dict[str, Any], str]:
    """`operationDetails` and the whole `streamingOperationLog` of a deployment, as of now.

    Entries never change once told and carry the time Azure would have needed; the SDK counts characters.
    """
    is_built = clock.has_passed(service.began, service.build_s)
    is_over = service.settled is not Settled.NOT_YET
    entries = [(0.0, "Registering the environment.")]
    entries.append((1.0, "Use the existing image." if service.build_s == 0 else "Building image.."))
    if is_built and service.fate is not Fate.BUILD_FAILS:
        deployed_s = service.build_s + 5.0
        entries.append((deployed_s, "Submitting deployment to compute.."))
        entries.append((deployed_s + 5.0, f"Checking the status of deployment {service.name}.."))
        if clock.has_passed(service.began, service.build_s + service.rollout_s * 0.8):
            entries.append((deployed_s + 10.0, f"Checking the status of inference endpoint {service.name}."))
    if is_over:
        word = "Succeeded" if service.settled is Settled.SUCCEEDED else "Failed"
        entries.append((service.build_s + service.rollout_s, word))
    is_building = not is_built or service.fate is Fate.BUILD_FAILS
    states = {Settled.NOT_YET: "Running", Settled.SUCCEEDED: "Succeeded", Settled.FAILED: "Failed"}
    details = {
        "subOperationType": "BuildEnvironment" if is_building else "DeployService",
        "subOperationState": states[service.settled],
    }
    stream = "#".join(f"{_stamp(service.began.wall_s + after_s)}|{text}" for after_s, text in entries)
    return details, stream


def _stamp(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s, timezone.utc).strftime("%Y%m%d%H%M%S")
