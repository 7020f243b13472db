"""Models and their files."""

from __future__ import annotations

from gpu_assistant.domain.errors.base import RETRY, Action, AssistantError, Remedy


class ModelError(AssistantError):
    code = "model"
    title = "The model cannot be used"
    template = "{reason}"
    remedies: tuple[Remedy, ...] = (Remedy(Action.CHOOSE_MODEL, "Choose another model"),)


class ModelNotFound(ModelError):
    code = "model_not_found"
    title = "Model not found"
    template = "There is no model {name} in this workspace.{suggestion}"


class ModelNotReadable(ModelError):
    """It may well be servable, but its files cannot be looked into."""

    code = "model_not_readable"
    title = "The model cannot be looked into"
    template = "{model} was registered in a way that cannot be looked into before deploying."


class ModelUploadFailed(ModelError):
    code = "model_upload_failed"
    title = "The model could not be registered"
    template = "{name} could not be registered: {reason}"
    remedies: tuple[Remedy, ...] = (RETRY,)
