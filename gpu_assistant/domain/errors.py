"""Everything that can go wrong, in the words of the person at the screen.

Each error has a stable `code`, a `title` for its class, a `template` that is filled with the facts of the
instance, and at least one `Remedy` that a button or a command can carry out. Instances take facts, not
sentences, so the texts can be translated: a face shows `translate(error.template).format(**error.facts)`.
What is still being billed travels in `billable`.
"""

from __future__ import annotations

import enum
import string
from dataclasses import dataclass
from typing import Any, ClassVar

from gpu_assistant.domain.billing import BillableResource

QUOTA_URL = "https://portal.azure.com/#view/Microsoft_Azure_Capacity/QuotaMenuBlade/~/myQuotas"
STATUS_URL = "https://status.azure.com/status"
SUPPORT_URL = "https://portal.azure.com/#blade/Microsoft_Azure_Support/HelpAndSupportBlade"


class Action(enum.Enum):
    """What a remedy does; faces map these to a page, a job or a command."""

    RETRY = "retry"
    WAIT = "wait"
    SIGN_IN = "sign_in"
    CHOOSE_WORKSPACE = "choose_workspace"
    CHOOSE_VM_SIZE = "choose_vm_size"
    CHOOSE_MODEL = "choose_model"
    CHOOSE_NAME = "choose_name"
    CHOOSE_IMAGE = "choose_image"
    EDIT_DEPLOYMENT = "edit_deployment"
    SHOW_LOG = "show_log"
    REFRESH_KEYS = "refresh_keys"
    CLEAN_UP = "clean_up"
    OPEN_URL = "open_url"
    INSTALL = "install"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing that helps, short enough for a button."""

    action: Action
    label: str
    url: str = ""


RETRY = Remedy(Action.RETRY, "Try again")
CLEAN_UP = Remedy(Action.CLEAN_UP, "Delete what was created")
SIGN_IN = Remedy(Action.SIGN_IN, "Sign in again")
CHOOSE_VM_SIZE = Remedy(Action.CHOOSE_VM_SIZE, "Choose another VM size")
CHOOSE_NAME = Remedy(Action.CHOOSE_NAME, "Choose another name")
SHOW_LOG = Remedy(Action.SHOW_LOG, "Read the log")
EDIT_DEPLOYMENT = Remedy(Action.EDIT_DEPLOYMENT, "Change the deployment's settings")
ASK_QUOTA = Remedy(Action.OPEN_URL, "Ask Azure for more quota", QUOTA_URL)
AZURE_STATUS = Remedy(Action.OPEN_URL, "See whether Azure has an outage", STATUS_URL)
REPORT = Remedy(Action.REPORT, "Report this")


class AssistantError(Exception):
    """The root. Raise a subclass with the facts its template names; a missing fact is a TypeError at once.

    Crosses process borders by pickling. `log` may hold lines that explain it; never a secret.
    """

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Something went wrong"
    template: ClassVar[str] = "{reason}"
    remedies: tuple[Remedy, ...] = (RETRY, REPORT)

    def __init__(self, *, remedies: tuple[Remedy, ...] = (), log: str = "", **facts: object) -> None:
        missing = needed_facts(self.template) - facts.keys()
        if missing:
            raise TypeError(f"{type(self).__name__} needs the facts {sorted(missing)}")
        self.facts = facts
        self.log = log
        self.billable: tuple[BillableResource, ...] = ()
        if remedies:
            self.remedies = remedies
        super().__init__(self.detail)

    @property
    def detail(self) -> str:
        """The instance in one or two sentences, in English."""
        return self.template.format(**self.facts)

    def __str__(self) -> str:
        return f"{self.title}: {self.detail}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), dict(self.__dict__))


def _rebuild(cls: type[AssistantError], state: dict[str, Any]) -> AssistantError:
    error = cls.__new__(cls)
    error.__dict__.update(state)
    error.args = (error.detail,)
    return error


def needed_facts(template: str) -> set[str]:
    """The names a template wants filled."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


# --- sign-in and access -------------------------------------------------------------------------------------


class SignInError(AssistantError):
    """Nobody is signed in, or Azure does not believe it."""

    code = "sign_in"
    title = "Sign-in did not work"
    remedies: tuple[Remedy, ...] = (SIGN_IN,)


class NotSignedIn(SignInError):
    code = "not_signed_in"
    title = "Nobody is signed in to Azure"
    template = "Sign in to use workspace {workspace}, or add --practice to try everything without an account."


class SignInFailed(SignInError):
    code = "sign_in_failed"
    template = "{reason}"


class SignInTimedOut(SignInError):
    code = "sign_in_timed_out"
    title = "Sign-in was not finished in time"
    template = "Nobody finished signing in within {minutes} minutes."


class WrongTenant(SignInError):
    code = "wrong_tenant"
    title = "Signed in to another directory"
    template = (
        "The account belongs to directory {tenant}, which cannot see subscription {subscription}. "
        "Sign in with the directory (tenant) that owns the subscription."
    )


class TokenExpired(SignInError):
    code = "token_expired"
    title = "The sign-in has expired"
    template = "Azure no longer accepts the sign-in{during}. Nothing was lost: sign in again and go on."


class AzureCliMissing(SignInError):
    code = "azure_cli_missing"
    title = "No Azure CLI login found"
    template = "{reason}"
    remedies: tuple[Remedy, ...] = (Remedy(Action.SIGN_IN, "Sign in with the browser instead"),)


class AccessDenied(AssistantError):
    code = "access_denied"
    title = "Azure says this account may not do that"
    template = "{what} was refused: {reason}"
    remedies: tuple[Remedy, ...] = (
        Remedy(Action.CHOOSE_WORKSPACE, "Choose another workspace"),
        Remedy(Action.SIGN_IN, "Sign in with another account"),
    )


# --- reaching Azure -----------------------------------------------------------------------------------------


class AzureError(AssistantError):
    """Azure could not be reached, or answered something unusable."""

    code = "azure"
    title = "Azure gave no usable answer"
    remedies: tuple[Remedy, ...] = (RETRY, AZURE_STATUS)


class CannotReachAzure(AzureError):
    code = "cannot_reach_azure"
    title = "Azure cannot be reached"
    template = "{what} failed: {reason}. Check the network, VPN or proxy."
    remedies: tuple[Remedy, ...] = (RETRY,)


class TooManyRequests(AzureError):
    code = "too_many_requests"
    title = "Azure asks to slow down"
    template = "{what} was refused because there were too many requests."
    remedies: tuple[Remedy, ...] = (Remedy(Action.WAIT, "Wait a minute, then try again"),)


class AzureFault(AzureError):
    code = "azure_fault"
    title = "Azure has a problem of its own"
    template = "{what} failed with HTTP {status}: {reason}"


class UnexpectedAnswer(AzureError):
    code = "unexpected_answer"
    template = "{what}: {reason}"
    remedies: tuple[Remedy, ...] = (RETRY, REPORT)


class DeadlinePassed(AzureError):
    code = "deadline_passed"
    title = "No answer in time"
    template = "{what} gave no answer within {seconds:.0f} seconds."
    remedies: tuple[Remedy, ...] = (RETRY,)


class OutcomeUnknown(UnexpectedAnswer):
    """The SDK process ended while something was being changed: whether Azure did it can only be read."""

    code = "outcome_unknown"
    title = "It is not known whether Azure did it"
    template = "{what} was cut off before Azure's answer came. Look at what exists before trying again."


class Conflict(AzureError):
    code = "conflict"
    title = "Azure is busy with another operation on this"
    template = "{what}: {reason}"
    remedies: tuple[Remedy, ...] = (Remedy(Action.WAIT, "Wait a minute, then try again"),)


class Cancelled(AssistantError):
    """The person stopped it. Not a failure, but what is left must be said."""

    code = "cancelled"
    title = "Stopped"
    template = "{what} was stopped."
    remedies: tuple[Remedy, ...] = (CLEAN_UP,)


class WorkspaceNotFound(AssistantError):
    code = "workspace_not_found"
    title = "Workspace not found"
    template = "There is no workspace {workspace} in resource group {resource_group} of {subscription}."
    remedies: tuple[Remedy, ...] = (Remedy(Action.CHOOSE_WORKSPACE, "Choose another workspace"),)


class BadSetting(AssistantError):
    """A value that can be refused before anything is asked of Azure."""

    code = "bad_setting"
    title = "A setting cannot be right"
    template = "{setting}: {reason}"
    remedies: tuple[Remedy, ...] = (EDIT_DEPLOYMENT,)


# --- VM sizes, quota, compute -------------------------------------------------------------------------------


class QuotaError(AssistantError):
    code = "quota"
    title = "Not enough GPU quota"
    remedies: tuple[Remedy, ...] = (ASK_QUOTA, CHOOSE_VM_SIZE)


class QuotaTooSmall(QuotaError):
    code = "quota_too_small"
    template = "{family} in {region}: {needed_vcpus} vCPUs needed, {free_vcpus} free of {limit_vcpus} allowed."


class QuotaRefused(QuotaError):
    """Azure refused at creation; its own numbers are in its text."""

    code = "quota_refused"
    template = "Azure refused {name}: {reason}"


class VmSizeError(AssistantError):
    code = "vm_size"
    title = "This VM size cannot be used"
    remedies: tuple[Remedy, ...] = (CHOOSE_VM_SIZE,)


class VmSizeUnknown(VmSizeError):
    code = "vm_size_unknown"
    template = "{vm_size} is not an N-series VM size that is known.{suggestion}"


class VmSizeRetired(VmSizeError):
    code = "vm_size_retired"
    template = "{vm_size} was retired on {retired_on}. Use {replacement} instead."


class VmSizeNotAvailable(VmSizeError):
    code = "vm_size_not_available"
    template = "{vm_size} cannot be had in {region}: {reason}"


class CapacityGone(VmSizeError):
    code = "capacity_gone"
    title = "Azure has no free machine of this size now"
    template = "{reason}"
    remedies: tuple[Remedy, ...] = (Remedy(Action.WAIT, "Try again later"), CHOOSE_VM_SIZE)


class ComputeError(AssistantError):
    code = "compute"
    title = "The compute target has a problem"
    remedies: tuple[Remedy, ...] = (CLEAN_UP, RETRY)


class ComputeNameTaken(ComputeError):
    code = "compute_name_taken"
    title = "The name of the compute target is taken"
    template = "There is already a compute target {name} in this workspace, and it is not the one asked for."
    remedies: tuple[Remedy, ...] = (CHOOSE_NAME,)


class ComputeFailed(ComputeError):
    code = "compute_failed"
    title = "The compute target could not be created"
    template = "Azure could not create {name}: {reason}"


class ComputeNotFound(ComputeError):
    code = "compute_not_found"
    title = "Compute target not found"
    template = "There is no compute target {name} in this workspace."
    remedies: tuple[Remedy, ...] = (CHOOSE_NAME,)


class StillCreating(ComputeError):
    code = "still_creating"
    title = "Azure is taking longer than usual"
    template = "Azure still reports {state} for {name} after {minutes:.0f} minutes. It exists and bills."
    remedies: tuple[Remedy, ...] = (Remedy(Action.WAIT, "Keep waiting"), CLEAN_UP)


# --- models -------------------------------------------------------------------------------------------------


class ModelError(AssistantError):
    code = "model"
    title = "The model cannot be used"
    template = "{reason}"
    remedies: tuple[Remedy, ...] = (Remedy(Action.CHOOSE_MODEL, "Choose another model"),)


class ModelNotFound(ModelError):
    code = "model_not_found"
    title = "Model not found"
    template = "There is no model {name} in this workspace.{suggestion}"


class ModelUploadFailed(ModelError):
    code = "model_upload_failed"
    title = "The model could not be registered"
    template = "{name} could not be registered: {reason}"
    remedies: tuple[Remedy, ...] = (RETRY,)


# --- web services -------------------------------------------------------------------------------------------


class ServiceError(AssistantError):
    code = "service"
    title = "The web service has a problem"
    remedies: tuple[Remedy, ...] = (SHOW_LOG, CLEAN_UP)


class ServiceNameTaken(ServiceError):
    code = "service_name_taken"
    title = "The name of the web service is taken"
    template = "There is already a web service {name} in this workspace."
    remedies: tuple[Remedy, ...] = (CHOOSE_NAME,)


class ServiceNotFound(ServiceError):
    code = "service_not_found"
    title = "Web service not found"
    template = "There is no web service {name} in this workspace.{suggestion}"
    remedies: tuple[Remedy, ...] = (Remedy(Action.RETRY, "Deploy it first"),)


class ImageBuildFailed(ServiceError):
    code = "image_build_failed"
    title = "The container image could not be built"
    template = "The image of {name} could not be built: {cause}"
    remedies: tuple[Remedy, ...] = (SHOW_LOG, EDIT_DEPLOYMENT, CLEAN_UP)


class EntryScriptCrashed(ServiceError):
    code = "entry_script_crashed"
    title = "The scoring script stopped while it started"
    template = "init() of {name} raised: {cause}"


class OutOfMemory(ServiceError):
    code = "out_of_memory"
    title = "The web service ran out of memory"
    template = "{name} was stopped because it needed more than {memory_gb:g} GB."
    remedies: tuple[Remedy, ...] = (Remedy(Action.EDIT_DEPLOYMENT, "Give it more memory"), SHOW_LOG, CLEAN_UP)


class NotSchedulable(ServiceError):
    code = "not_schedulable"
    title = "The cluster has no room for the web service"
    template = "{name} could not be placed: {reason}"
    remedies: tuple[Remedy, ...] = (EDIT_DEPLOYMENT, CHOOSE_VM_SIZE, CLEAN_UP)


class NotHealthyInTime(ServiceError):
    code = "not_healthy_in_time"
    title = "The web service did not become healthy in time"
    template = "Azure still reports {state} for {name} after {minutes:.0f} minutes."
    remedies: tuple[Remedy, ...] = (SHOW_LOG, Remedy(Action.WAIT, "Keep waiting"), CLEAN_UP)


class ServiceFailed(ServiceError):
    code = "service_failed"
    title = "The web service failed"
    template = "{name} failed: {cause}"


# --- scoring ------------------------------------------------------------------------------------------------


class ScoringError(AssistantError):
    code = "scoring"
    title = "The image was not scored"
    template = "{reason}"
    remedies: tuple[Remedy, ...] = (RETRY,)


class BadImage(ScoringError):
    code = "bad_image"
    title = "This file cannot be scored"
    template = "{path}: {reason}"
    remedies: tuple[Remedy, ...] = (Remedy(Action.CHOOSE_IMAGE, "Choose another image"),)


class KeyRejected(ScoringError):
    code = "key_rejected"
    title = "The service does not accept the key"
    template = "{name} refused both the stored key and the one Azure gives now."
    remedies: tuple[Remedy, ...] = (Remedy(Action.REFRESH_KEYS, "Make a new key"),)


class ServiceBusy(ScoringError):
    code = "service_busy"
    title = "The service is busy"
    template = "{name} answered HTTP {status}: more requests than it can take."
    remedies: tuple[Remedy, ...] = (Remedy(Action.WAIT, "Try again in a moment"), EDIT_DEPLOYMENT)


class ServiceNotAnswering(ScoringError):
    code = "service_not_answering"
    title = "The service does not answer"
    template = "{name}: {reason}"
    remedies: tuple[Remedy, ...] = (RETRY, SHOW_LOG)


class ServiceScriptFailed(ScoringError):
    code = "service_script_failed"
    title = "The scoring script failed on this image"
    template = "{name} answered HTTP {status}: {reason}"
    remedies: tuple[Remedy, ...] = (SHOW_LOG, Remedy(Action.CHOOSE_IMAGE, "Choose another image"))


class ScoringTimedOut(ScoringError):
    code = "scoring_timed_out"
    title = "The service took too long"
    template = "{name} gave no answer within {seconds:.0f} seconds."
    remedies: tuple[Remedy, ...] = (RETRY, EDIT_DEPLOYMENT)


# --- clean-up, ledger, keys, practice -----------------------------------------------------------------------


class CleanUpError(AssistantError):
    code = "clean_up"
    title = "Not everything is gone"
    template = "{left} could not be proven gone: {reason}"
    remedies: tuple[Remedy, ...] = (
        Remedy(Action.CLEAN_UP, "Delete again"),
        Remedy(Action.OPEN_URL, "Look in the Azure portal", "https://portal.azure.com"),
    )


class LedgerError(AssistantError):
    code = "ledger"
    title = "The record of what bills cannot be used"
    template = "{path}: {reason}"
    remedies: tuple[Remedy, ...] = (
        RETRY,
        Remedy(Action.OPEN_URL, "Look in the Azure portal", "https://portal.azure.com"),
    )


class KeystoreError(AssistantError):
    code = "keystore"
    title = "The keyring cannot be used"
    template = "{reason}"
    remedies: tuple[Remedy, ...] = (RETRY,)


class PracticeError(AssistantError):
    code = "practice"
    title = "The practice workspace did not start"
    template = "{reason}"
    remedies: tuple[Remedy, ...] = (RETRY, REPORT)


class PracticeNotInstalled(PracticeError):
    code = "practice_not_installed"
    title = "The practice workspace is not installed"
    template = '{package} is missing. Install it with: pip install "gpu-assistant[practice]"'
    remedies: tuple[Remedy, ...] = (Remedy(Action.INSTALL, 'Run pip install "gpu-assistant[practice]"'),)
