"""Trying a deployment on this computer first. Nothing that goes wrong here was created, and nothing bills."""

from __future__ import annotations

from gpu_assistant.domain.errors.base import RETRY, Action, AssistantError, Remedy


class RehearsalError(AssistantError):
    code = "rehearsal"
    title = "The rehearsal could not be held"
    template = "{reason}"


class RehearsalNotInstalled(RehearsalError):
    code = "rehearsal_not_installed"
    title = "A rehearsal needs TensorFlow on this computer"
    template = '{package} is missing. Install it with: pip install "gpu-assistant[practice]"'
    remedies: tuple[Remedy, ...] = (Remedy(Action.INSTALL, 'Run pip install "gpu-assistant[practice]"'),)


class RehearsalFailed(RehearsalError):
    code = "rehearsal_failed"
    title = "In Azure this deployment would fail"
    template = "The scoring script stopped while it started: {cause}. {advice} Nothing was created, nothing bills."
    remedies: tuple[Remedy, ...] = (
        Remedy(Action.RETRY, "Rehearse again"),
        Remedy(Action.CHOOSE_MODEL, "Choose another model"),
    )


class RehearsalTooSlow(RehearsalError):
    code = "rehearsal_too_slow"
    title = "The scoring script does not become ready"
    template = "init() has not ended after {seconds:.0f} seconds. Nothing was created, nothing bills."
    remedies: tuple[Remedy, ...] = (RETRY,)
