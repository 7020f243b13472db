"""Azure cannot be reached, or its answer is of no use."""

from __future__ import annotations

from gpu_assistant.domain.errors.base import (
    AZURE_STATUS,
    CLEAN_UP,
    EDIT_DEPLOYMENT,
    REPORT,
    RETRY,
    Action,
    AssistantError,
    Remedy,
)


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


class BadFeeding(BadSetting):
    """How the model is to be called, fed with images or labelled cannot be right."""

    code = "bad_feeding"
