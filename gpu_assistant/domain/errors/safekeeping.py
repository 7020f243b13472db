"""What protects money and keys: clean-up, ledger, keystore; and the practice workspace."""

from __future__ import annotations

from gpu_assistant.domain.errors.base import REPORT, RETRY, Action, AssistantError, Remedy


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


class NoScreen(AssistantError):
    code = "no_screen"
    title = "The window cannot be opened"
    template = (
        "There is no screen to open it on ({reason}). The commands do the same without one: see gpu-assistant --help."
    )
    remedies: tuple[Remedy, ...] = (RETRY,)
