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
from gpu_assistant.domain.service import ServiceState, WebService
from gpu_assistant.domain.text import Text

log = logging.getLogger(__name__)

_NO_REASON = Text("no reason was given")
_EXCEPTION_LINE = re.compile(r"^(?:[\w.]+\.)?\w*(?:Error|Exception|Exit|Interrupt|Warning)\b.*")
_STARTS = "Booting worker with pid"
_GAVE_UP = ("User's init function failed", "Worker failed to boot")
_SERVES = "ready for serving traffic"
_KILLED = "Perhaps out of memory?"
"""Words of gunicorn's and of Microsoft's inference server in their logs (both read in real ones)."""
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


def explain_service_failure(service: WebService, backend: WorkspaceBackend, *, memory_gb: float) -> AssistantError:
    """The error for a web service that failed: Azure's code, else the line of its log that matters.

    Reads the logs of the init and the scoring container; a log that cannot be read leaves Azure's own text.
    `memory_gb` is what each replica may use, 0 where that is not known.
    """
    lowered = _said(service)
    if "couldn't schedule" in lowered or "insufficient nvidia.com/gpu" in lowered or "unschedulable" in lowered:
        return NotSchedulable(name=service.name, reason=service.error or service.error_code)
    return _explain(service, _read_logs(backend, service.name), memory_gb)


def why_it_will_not_come(service: WebService, backend: WorkspaceBackend) -> AssistantError | None:
    """Why a web service that does not answer will not, unless somebody changes it; None where it still may.

    Azure calls one unhealthy that loads its model as well as one whose container ends again and again. The log of the
    container tells them apart: it is begun anew with every start. Of other states nothing is read.
    """
    if service.state is ServiceState.FAILED:
        return explain_service_failure(service, backend, memory_gb=service.memory_gb)
    if service.state is not ServiceState.UNHEALTHY:
        return None
    text = _read_logs(backend, service.name)
    if "crashloopbackoff" in _said(service) or _did_not_start(text) or _killed_again_and_again(text):
        return _explain(service, text, service.memory_gb)
    return None


def _said(service: WebService) -> str:
    return f"{service.error_code} {service.error}".lower()


def _explain(service: WebService, text: str, memory_gb: float) -> AssistantError:
    name, lowered = service.name, _said(service)
    if "imagebuild" in lowered or "image build" in lowered:
        cause = _last_match(_BUILD_ERROR_LINE, text) or service.error or _NO_REASON
        return ImageBuildFailed(name=name, cause=cause, log=text)
    both = f"{lowered} {text.lower()}"
    if "oomkilled" in both or "exit code 137" in both or _killed_again_and_again(text):
        if memory_gb > 0:
            return OutOfMemory(name=name, memory_gb=memory_gb, log=text)
        return ServiceFailed(name=name, cause=Text("it needed more memory than it has"), log=text)
    crash = last_exception(text)
    if crash:
        return EntryScriptCrashed(name=name, cause=crash, log=text)
    return ServiceFailed(name=name, cause=service.error or service.error_code or _NO_REASON, log=text)


def _did_not_start(text: str) -> bool:
    """Whether the latest start that the log tells of ended before the script was ready: gunicorn then gives up."""
    latest = text.rpartition(_STARTS)[2]
    return any(said in latest for said in _GAVE_UP)


def _killed_again_and_again(text: str) -> bool:
    """Whether the system killed the process that loads the model, and then the one that was started in its place.

    One that was killed once may have served before; gunicorn replaces it, without end.
    """
    return text.rpartition(_SERVES)[2].count(_KILLED) > 1


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
