"""From Azure's JSON and the SDK's objects to the words of the domain. The only place where `Any` is at home.

Nothing here fails on a missing key: a resource that cannot be read whole still bills. Words that are not known
become UNKNOWN, never success.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from gpu_assistant.backends.base import Phase, ResourceStatus
from gpu_assistant.domain.billing import (
    CREATED_BY,
    CREATED_BY_TAG,
    LEDGER_ID_TAG,
    FoundResource,
    ResourceHandle,
    ResourceKind,
)
from gpu_assistant.domain.compute import ComputeState, ComputeTarget
from gpu_assistant.domain.model import RegisteredModel
from gpu_assistant.domain.service import ServiceState, WebService
from gpu_assistant.domain.text import Text
from gpu_assistant.domain.workspace import Subscription, WorkspaceRef

# Azure spells the end of a cancelled operation with one l for computes and two for services.
_COMPUTE_STATES = {
    "creating": ComputeState.CREATING,
    "updating": ComputeState.CREATING,
    "succeeded": ComputeState.READY,
    "failed": ComputeState.FAILED,
    "canceled": ComputeState.FAILED,
    "cancelled": ComputeState.FAILED,
    "deleting": ComputeState.DELETING,
}
_SERVICE_STATES = {
    "transitioning": ServiceState.TRANSITIONING,
    "healthy": ServiceState.HEALTHY,
    "unhealthy": ServiceState.UNHEALTHY,
    "failed": ServiceState.FAILED,
    "timedout": ServiceState.FAILED,
    "canceled": ServiceState.FAILED,
    "cancelled": ServiceState.FAILED,
    "deleting": ServiceState.DELETING,
}
_COMPUTE_PHASES = {
    ComputeState.CREATING: Phase.PROVISIONING,
    ComputeState.READY: Phase.READY,
    ComputeState.FAILED: Phase.FAILED,
    ComputeState.DELETING: Phase.DELETING,
    ComputeState.UNKNOWN: Phase.UNKNOWN,
}
_SERVICE_PHASES = {
    ServiceState.TRANSITIONING: Phase.PROVISIONING,
    ServiceState.HEALTHY: Phase.READY,
    ServiceState.UNHEALTHY: Phase.FAILED,
    ServiceState.FAILED: Phase.FAILED,
    ServiceState.DELETING: Phase.DELETING,
    ServiceState.UNKNOWN: Phase.UNKNOWN,
}


def compute_target(body: Any) -> ComputeTarget:
    """A compute resource of type AKS."""
    properties = _part(body, "properties")
    inner = _part(properties, "properties")
    code, error = azure_error(properties.get("provisioningErrors"))
    return ComputeTarget(
        name=str(body.get("name") or ""),
        azure_id=str(body.get("id") or ""),
        vm_size=str(inner.get("agentVmSize") or ""),
        node_count=int(inner.get("agentCount") or 0),
        state=_COMPUTE_STATES.get(_word(properties.get("provisioningState")), ComputeState.UNKNOWN),
        region=str(properties.get("computeLocation") or body.get("location") or ""),
        attached=bool(properties.get("isAttachedCompute")),
        error=f"{code}: {error}" if code and code not in error else error,
        underlying_id=str(properties.get("resourceId") or ""),
        created=moment(properties.get("createdOn")),
        tags=tags_of(body.get("tags")),
    )


def compute_status(body: Any) -> ResourceStatus:
    """The same resource as one status."""
    properties = _part(body, "properties")
    code, error = azure_error(properties.get("provisioningErrors"))
    target = compute_target(body)
    said = str(properties.get("provisioningState") or "")
    return ResourceStatus(_COMPUTE_PHASES[target.state], said=said, error_code=code, error=error)


def compute_type(body: Any) -> str:
    """The kind of a compute resource: `AKS`, `AmlCompute`…"""
    return str(_part(body, "properties").get("computeType") or "")


def web_service(body: Any, *, workspace: WorkspaceRef, stage: str = "") -> WebService:
    """A web service. Model management gives it no ARM id; it gets the one it would have."""
    name = str(body.get("name") or "")
    code, error = azure_error(body.get("error"))
    resources, scaling = _part(body, "containerResourceRequirements"), _part(body, "autoScaler")
    replicas = scaling.get("minReplicas") if scaling.get("autoscaleEnabled") else body.get("numReplicas")
    return WebService(
        name=name,
        azure_id=f"{workspace.azure_id}/services/{name}",
        state=_SERVICE_STATES.get(_word(body.get("state")), ServiceState.UNKNOWN),
        compute_target=str(body.get("computeName") or ""),
        scoring_uri=str(body.get("scoringUri") or ""),
        error_code=code,
        error=error,
        stage=stage,
        created=moment(body.get("createdTime")),
        tags=tags_of(body.get("kvTags")),
        gpus=int(_number(resources.get("gpu")) * _number(replicas)),
        memory_gb=_number(resources.get("memoryInGB")),
    )


def service_status(body: Any, *, workspace: WorkspaceRef, stage: str = "") -> ResourceStatus:
    """The same service as one status."""
    service = web_service(body, workspace=workspace, stage=stage)
    return ResourceStatus(
        _SERVICE_PHASES[service.state],
        said=str(body.get("state") or ""),
        stage=service.stage,
        error_code=service.error_code,
        error=service.error,
    )


_STAGES = {
    "BuildEnvironment": Text("Azure is building the environment"),
    "BuildImage": Text("Azure is building the container image"),
    "DeployService": Text("Azure is starting the containers"),
}


def operation(body: Any) -> tuple[str, str, Any]:
    """Of an operation of model management: its state, what it is doing, and its error."""
    details = _part(body, "operationDetails")
    said = "" if _word(body.get("state")) in ("succeeded", "failed") else str(details.get("subOperationType") or "")
    return str(body.get("state") or ""), _STAGES.get(said, said), body.get("error")


def registered_model(model: Any) -> RegisteredModel:
    """A `Model` of the SDK."""
    return RegisteredModel(
        name=str(model.name),
        version=int(model.version or 0),
        framework=str(model.model_framework or ""),
        created=moment(model.created_time),
        tags=tags_of(model.tags),
        id=str(model.id),
    )


def workspace_ref(workspace: Any, *, tenant_id: str) -> WorkspaceRef:
    """A `Workspace` of the SDK whose resource was read."""
    return WorkspaceRef(
        subscription_id=str(workspace.subscription_id),
        resource_group=str(workspace.resource_group),
        name=str(workspace.name),
        region=str(workspace.location or ""),
        tenant_id=tenant_id,
    )


def subscription(body: Any, *, tenant_id: str) -> Subscription:
    """A subscription as ARM lists it."""
    identifier = str(body.get("subscriptionId") or str(body.get("id") or "").rpartition("/")[2])
    return Subscription(identifier, str(body.get("displayName") or identifier), str(body.get("tenantId") or tenant_id))


def found_compute(target: ComputeTarget) -> FoundResource:
    """A cluster for the clean-up: ours only when it carries the tag and was not merely attached."""
    return FoundResource(
        handle=ResourceHandle(ResourceKind.COMPUTE_TARGET, target.name, target.azure_id),
        state=target.state.value,
        owned=is_ours(target.tags) and not target.attached,
        ledger_id=target.tags.get(LEDGER_ID_TAG, ""),
        vm_size=target.vm_size,
        node_count=target.node_count,
        created=target.created,
    )


def found_service(service: WebService) -> FoundResource:
    """A tagged web service for the clean-up."""
    return FoundResource(
        handle=ResourceHandle(ResourceKind.WEB_SERVICE, service.name, service.azure_id),
        state=service.state.value,
        owned=True,
        ledger_id=service.tags.get(LEDGER_ID_TAG, ""),
        created=service.created,
    )


def is_ours(tags: Mapping[str, str]) -> bool:
    """Whether a resource carries the mark of this program."""
    return tags.get(CREATED_BY_TAG) == CREATED_BY


def azure_error(body: Any) -> tuple[str, str]:
    """Code and text of an error in any of the shapes Azure has for one: nested, a list, JSON in a string."""
    if isinstance(body, str):
        try:
            return azure_error(json.loads(body))
        except ValueError:
            return "", body
    if isinstance(body, list):
        found = [azure_error(item) for item in body]
        codes = [code for code, _ in found if code]
        return (codes[0] if codes else ""), "; ".join(text for _, text in found if text)
    if not isinstance(body, Mapping):
        return "", ""
    if isinstance(body.get("error"), Mapping):
        return azure_error(body["error"])
    code = str(body.get("code") or body.get("Code") or "")
    texts = [str(body.get("message") or body.get("Message") or "")]
    inner_code, inner_text = azure_error(body.get("details") or body.get("innerError") or [])
    if inner_text and inner_text not in texts[0]:
        texts.append(f"{inner_code}: {inner_text}" if inner_code and inner_code not in inner_text else inner_text)
    return code or inner_code, " ".join(text for text in texts if text)


def moment(value: Any) -> datetime | None:
    """A time with its zone; Azure's own have up to seven digits of a second and sometimes no zone."""
    if isinstance(value, datetime):
        found = value
    elif not value:
        return None
    else:
        text = str(value).strip().replace("Z", "+00:00")
        head, dot, tail = text.partition(".")
        if dot:
            digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
            text = f"{head}.{digits[:6].ljust(6, '0')}{tail[len(digits) :]}"
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def _part(body: Any, key: str) -> Mapping[str, Any]:
    part = body.get(key) if isinstance(body, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def _number(value: Any) -> float:
    """A number of Azure's, 0 for anything else."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0


def _word(value: Any) -> str:
    return str(value or "").strip().lower()


def tags_of(value: Any) -> dict[str, str]:
    """Tags as Azure sends them; null is none."""
    return {str(key): str(text) for key, text in value.items()} if isinstance(value, Mapping) else {}
