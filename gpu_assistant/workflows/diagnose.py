"""Why a compute target or a web service failed, in one line that a person can act on."""

from __future__ import annotations

import logging
import re

from gpu_assistant.backends.base import WorkspaceBackend
from gpu_assistant.domain.compute import ComputeTarget
from gpu_assistant.domain.errors import (
    AssistantError,
    CapacityGone,
    ComputeFailed,
    EntryScriptCrashed,
    ImageBuildFailed,
    NotSchedulable,
    OutOfMemory,
    QuotaRefused,
    ServiceFailed,
    VmSizeNotAvailable,
)
from gpu_assistant.domain.service import DeploymentSpec, WebService
from gpu_assistant.domain.text import Text

log = logging.getLogger(__name__)

_NO_REASON = Text("no reason was given")
_EXCEPTION_LINE = re.compile(r"^(?:[\w.]+\.)?\w*(?:Error|Exception|Exit|Interrupt|Warning)\b.*")
_SERVERS_OWN = "azureml_inference_server_http."  # it wraps what the script raised in an exception of its own
_BUILD_ERROR_LINE = re.compile(r"(?i)\b(error|failed|conflict|no matching distribution|cannot)\b")


def explain_compute_failure(target: ComputeTarget, region: str) -> AssistantError:
    """The error for a compute target that Azure could not create, from Azure's own text."""
    text = target.error or Text("Azure gave no reason")
    lowered = text.lower()
    if "allocationfailed" in lowered or "overconstrained" in lowered:
        return CapacityGone(reason=text)
    if "quota" in lowered:
        return QuotaRefused(name=target.name, reason=text)
    if "capacity" in lowered:
        return CapacityGone(reason=text)
    if "skunotavailable" in lowered:
        return VmSizeNotAvailable(vm_size=target.vm_size, region=target.region or region, reason=text)
    return ComputeFailed(name=target.name, reason=text)


def explain_service_failure(service: WebService, spec: DeploymentSpec, backend: WorkspaceBackend) -> AssistantError:
    """The error for a web service that failed: Azure's code, else the line of its log that matters.

    Reads the logs of the init and the scoring container; a log that cannot be read leaves Azure's own text.
    """
    name = service.name
    said = f"{service.error_code} {service.error}"
    lowered = said.lower()
    if "couldn't schedule" in lowered or "insufficient nvidia.com/gpu" in lowered or "unschedulable" in lowered:
        return NotSchedulable(name=name, reason=service.error or service.error_code)
    text = _read_logs(backend, name)
    if "imagebuild" in lowered or "image build" in lowered:
        cause = _last_match(_BUILD_ERROR_LINE, text) or service.error or _NO_REASON
        return ImageBuildFailed(name=name, cause=cause, log=text)
    if "oomkilled" in f"{lowered} {text.lower()}" or "exit code 137" in f"{lowered} {text.lower()}":
        return OutOfMemory(name=name, memory_gb=spec.memory_gb, log=text)
    crash = last_exception(text)
    if crash:
        return EntryScriptCrashed(name=name, cause=crash, log=text)
    return ServiceFailed(name=name, cause=service.error or service.error_code or _NO_REASON, log=text)


def last_exception(text: str) -> str:
    """The last line of a log that names an exception of the script's; empty when there is none."""
    scripts_own = (line for line in text.splitlines() if not line.lstrip().startswith(_SERVERS_OWN))
    return _last_match(_EXCEPTION_LINE, "\n".join(scripts_own))


def _last_match(pattern: re.Pattern[str], text: str) -> str:
    found = [line.strip() for line in text.splitlines() if pattern.search(line.strip())]
    return found[-1][:300] if found else ""


def _read_logs(backend: WorkspaceBackend, name: str) -> str:
    parts = []
    for init_container in (True, False):
        try:
            parts.append(backend.service_log(name, lines=500, init_container=init_container))
        except AssistantError as exc:
            log.info("no log of %s (init container: %s): %s", name, init_container, exc.code)
    return "\n".join(part for part in parts if part)
