"""Every exception of the SDK becomes one of our errors here, once, at the boundary.

The codes and their meaning are those of Azure's troubleshooting documents; each line of the table is tested with
the payload of an answer in `tests/data/azure_errors/`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import requests

from gpu_assistant.backends.sdk_v1.faults import Fault, fault_of, fault_of_response, own_error_in
from gpu_assistant.domain.billing import ResourceKind
from gpu_assistant.domain.errors import (
    AccessDenied,
    Action,
    AssistantError,
    AzureFault,
    BadSetting,
    CannotReachAzure,
    CapacityGone,
    ComputeFailed,
    ComputeNameTaken,
    ComputeNotFound,
    Conflict,
    ModelNotFound,
    ModelUploadFailed,
    NotSchedulable,
    QuotaRefused,
    Remedy,
    ServiceFailed,
    ServiceNameTaken,
    ServiceNotFound,
    TokenExpired,
    TooManyRequests,
    UnexpectedAnswer,
    VmSizeNotAvailable,
    WorkspaceNotFound,
    WrongTenant,
)
from gpu_assistant.domain.text import Text
from gpu_assistant.domain.workspace import WorkspaceRef


@dataclass(frozen=True, slots=True)
class About:
    """What was being done when it failed: the facts that Azure's answer does not repeat.

    `what` begins a sentence ("Creating gpu-aks"). `kind` and `name` are set where one resource is meant, and
    `creating` where a conflict can only be about its name.
    """

    what: str
    kind: ResourceKind | None = None
    name: str = ""
    creating: bool = False
    model: str = ""
    vm_size: str = ""
    region: str = ""
    workspace: WorkspaceRef | None = None


@contextmanager
def translated(about: About | str) -> Iterator[None]:
    """Raise our error for whatever the SDK raises inside."""
    try:
        yield
    except AssistantError:
        raise
    except Exception as exc:
        raise to_assistant_error(exc, about) from exc


def to_assistant_error(exc: BaseException, about: About | str) -> AssistantError:
    """The error for an exception of the SDK, or of the libraries beneath it."""
    own = own_error_in(exc)
    return own if own is not None else explain(fault_of(exc), about)


def error_of_response(response: requests.Response, *, about: About | str) -> AssistantError:
    """The error for an answer that was asked for directly."""
    return explain(fault_of_response(response), about)


def explain(fault: Fault, about: About | str) -> AssistantError:
    """The most specific of our errors for what is known."""
    if isinstance(about, str):
        about = About(about)
    if fault.network:
        return CannotReachAzure(what=about.what, reason=fault.network)
    said = f"{fault.code} {fault.text}"
    for pattern, make in _BY_TEXT:
        found = pattern.search(said)
        if found:
            error = make(fault, about, found)
            if error is not None:
                return error
    return _by_status(fault, about)


_Make = Callable[[Fault, About, "re.Match[str]"], AssistantError | None]


def _wrong_tenant(fault: Fault, about: About, found: re.Match[str]) -> AssistantError:
    subscription = found.groupdict().get("subscription") or (
        about.workspace.subscription_id if about.workspace else Text("asked for")
    )
    return WrongTenant(tenant=found.groupdict().get("tenant") or Text("it was made for"), subscription=subscription)


def _token_expired(fault: Fault, about: About, found: re.Match[str]) -> AssistantError:
    return _expired(about)


def _quota(fault: Fault, about: About, found: re.Match[str]) -> AssistantError:
    return QuotaRefused(name=about.name or about.vm_size or Text("the request"), reason=fault.said)


def _capacity(fault: Fault, about: About, found: re.Match[str]) -> AssistantError:
    return CapacityGone(reason=fault.said)


def _vm_size(fault: Fault, about: About, found: re.Match[str]) -> AssistantError:
    return VmSizeNotAvailable(
        vm_size=about.vm_size or Text("The VM size"), region=about.region or Text("this region"), reason=fault.said
    )


def _denied(fault: Fault, about: About, found: re.Match[str]) -> AssistantError:
    return AccessDenied(what=about.what, reason=fault.said)


def _policy(fault: Fault, about: About, found: re.Match[str]) -> AssistantError:
    ask = Remedy(Action.CHOOSE_WORKSPACE, "Ask the administrator of the policy, or choose another workspace")
    return AccessDenied(what=about.what, reason=fault.said, remedies=(ask,))


def _provider(fault: Fault, about: About, found: re.Match[str]) -> AssistantError:
    url = "https://learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types"
    return AccessDenied(
        what=about.what,
        reason=fault.said,
        remedies=(Remedy(Action.OPEN_URL, "Register the resource provider", url),),
    )


def _network_limit(fault: Fault, about: About, found: re.Match[str]) -> AssistantError:
    return ComputeFailed(name=about.name or Text("the compute target"), reason=fault.said)


def _no_room(fault: Fault, about: About, found: re.Match[str]) -> AssistantError:
    return NotSchedulable(name=about.name or Text("the web service"), reason=fault.said)


def _name_taken(fault: Fault, about: About, found: re.Match[str]) -> AssistantError | None:
    if not about.creating:
        return None
    return _taken(about)


def _model_missing(fault: Fault, about: About, found: re.Match[str]) -> AssistantError:
    return ModelNotFound(name=about.model or about.name or Text("asked for"), suggestion="")


def _service_missing(fault: Fault, about: About, found: re.Match[str]) -> AssistantError:
    return ServiceNotFound(name=about.name, suggestion="")


def _compute_missing(fault: Fault, about: About, found: re.Match[str]) -> AssistantError:
    return ComputeNotFound(name=about.name)


def _workspace_missing(fault: Fault, about: About, found: re.Match[str]) -> AssistantError | None:
    return _no_workspace(about.workspace) if about.workspace else None


def _bad_name(fault: Fault, about: About, found: re.Match[str]) -> AssistantError:
    return BadSetting(setting=about.name or about.model or Text("name"), reason=fault.said)


# Looked through in order; the first that fits and gives an error wins. Azure's codes first, then its sentences.
_BY_TEXT: tuple[tuple[re.Pattern[str], _Make], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), make)
    for pattern, make in (
        (r"logged-in to (?P<tenant>\S+) tenant.*access to (?P<subscription>\S+) subscription", _wrong_tenant),
        (r"InvalidAuthenticationTokenTenant|wrong issuer '[^']*'", _wrong_tenant),
        (r"ExpiredAuthenticationToken|InvalidAuthenticationToken\b|token (is|has) expired", _token_expired),
        (r"OutOfCapacity|lack of Azure Machine Learning capacity|AksCapacityHeavyUsage", _capacity),
        (r"AllocationFailed|OverconstrainedAllocationRequest", _capacity),
        (r"SkuNotAvailable|NotAvailableForSubscription|not available in location", _vm_size),
        (r"VMSizeNotSupported|VmSizeRetired|InvalidVMSize|BadRequestInvalidVMSize", _vm_size),
        (r"PublicIPCountLimitReached|SubnetIsFull|InsufficientSubnetSize|K8sVersionNotSupported", _network_limit),
        (r"OutOfQuota|QuotaExceeded|not enough quota|exceeding (approved|quota)|quota limit", _quota),
        (r"OperationNotAllowed.*quota", _quota),
        (r"RequestDisallowedByPolicy|Load Balancers should not have public IPs", _policy),
        (r"MissingSubscriptionRegistration", _provider),
        (r"AuthorizationFailed", _denied),
        (r"couldn't schedule|insufficient nvidia\.com/gpu|unschedulable|NotEnoughResource", _no_room),
        (r"already exists|already (been )?(taken|used|in use)|NameConflict|NameInUse|AlreadyExists", _name_taken),
        (r"ModelNotFound", _model_missing),
        (r"WebserviceNotFound|ServiceNotFound", _service_missing),
        (r"ComputeTargetNotFound|ComputeNotFound", _compute_missing),
        (r"workspace not found|ResourceNotFound|ResourceGroupNotFound", _workspace_missing),
        (r"is a reserved name|does not match|must (only )?(consist|start|be between)", _bad_name),
    )
)


def _by_status(fault: Fault, about: About) -> AssistantError:
    status = fault.status
    if status == 401:
        return _expired(about)
    if status == 403:
        return AccessDenied(what=about.what, reason=fault.said)
    if status == 404 and about.workspace is not None and about.kind is None:
        return _no_workspace(about.workspace)
    if status == 409:
        return _taken(about) if about.creating and about.kind else Conflict(what=about.what, reason=fault.said)
    if status == 429:
        return TooManyRequests(what=about.what)
    if status is not None and status >= 500:
        return AzureFault(what=about.what, status=status, reason=fault.said)
    if about.creating and about.kind is ResourceKind.COMPUTE_TARGET and status is not None:
        return ComputeFailed(name=about.name, reason=fault.said)
    if about.creating and about.kind is ResourceKind.WEB_SERVICE and status is not None:
        return ServiceFailed(name=about.name, cause=fault.said)
    if about.creating and about.model:
        return ModelUploadFailed(name=about.model, reason=fault.said)
    return UnexpectedAnswer(what=about.what, reason=fault.said)


def _expired(about: About) -> AssistantError:
    what = about.what.inside_a_sentence() if isinstance(about.what, Text) else about.what
    return TokenExpired(during=Text(" (while {what})", what=what) if what else "")


def _taken(about: About) -> AssistantError:
    if about.kind is ResourceKind.WEB_SERVICE:
        return ServiceNameTaken(name=about.name)
    if about.kind is ResourceKind.COMPUTE_TARGET:
        return ComputeNameTaken(name=about.name)
    return Conflict(what=about.what, reason=Text("{name} exists already", name=about.model or about.name))


def _no_workspace(workspace: WorkspaceRef) -> AssistantError:
    return WorkspaceNotFound(
        workspace=workspace.name,
        resource_group=workspace.resource_group,
        subscription=workspace.subscription_id,
    )
