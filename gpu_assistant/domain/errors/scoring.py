"""Asking a web service about an image."""

from __future__ import annotations

from gpu_assistant.domain.errors.base import EDIT_DEPLOYMENT, RETRY, SHOW_LOG, Action, AssistantError, Remedy


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
