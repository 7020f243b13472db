"""Web services: how they fail to become healthy."""

from __future__ import annotations

from gpu_assistant.domain.errors.base import (
    CHOOSE_NAME,
    CHOOSE_VM_SIZE,
    CLEAN_UP,
    EDIT_DEPLOYMENT,
    SHOW_LOG,
    Action,
    AssistantError,
    Remedy,
)


class ServiceError(AssistantError):
    code = "service"
    title = "The web service has a problem"
    remedies: tuple[Remedy, ...] = (SHOW_LOG, CLEAN_UP)


class ServiceNameTaken(ServiceError):
    code = "service_name_taken"
    title = "The name of the web service is taken"
    template = "There is already a web service {name} in this workspace."
    remedies: tuple[Remedy, ...] = (CHOOSE_NAME,)


class ServiceServesAnotherModel(ServiceNameTaken):
    code = "service_serves_another_model"
    title = "The web service serves another model"
    template = "{name} serves {present}, not {wanted}. Deploy under another name, or delete it first."
    remedies: tuple[Remedy, ...] = (CHOOSE_NAME, CLEAN_UP)


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
