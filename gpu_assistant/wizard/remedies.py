"""From a remedy on an error's button to what the controller does about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpu_assistant.domain.errors import Action, Remedy
from gpu_assistant.domain.service import WhichKey
from gpu_assistant.domain.workspace import SignInMethod
from gpu_assistant.wizard.navigation import endpoint
from gpu_assistant.wizard.state import JobKind, Step

if TYPE_CHECKING:
    from gpu_assistant.wizard.controller import Controller

_PAGES = {
    Action.CHOOSE_WORKSPACE: Step.WORKSPACE,
    Action.CHOOSE_VM_SIZE: Step.MACHINE,
    Action.CHOOSE_MODEL: Step.DEPLOY,
    Action.CHOOSE_NAME: Step.DEPLOY,
    Action.EDIT_DEPLOYMENT: Step.DEPLOY,
    Action.CHOOSE_IMAGE: Step.SCORE,
}


def carry_out(controller: Controller, remedy: Remedy, kind: JobKind) -> str:
    """Do it; returns the address to open for OPEN_URL, else ""."""
    action = remedy.action
    if action in _PAGES:
        controller.dismiss(kind)
        controller.go(_PAGES[action])
    elif action in (Action.RETRY, Action.WAIT):
        controller.repeat(kind)
    elif action is Action.SIGN_IN:
        _sign_in_again(controller, kind)
    elif action is Action.SHOW_LOG:
        name = _service_of(controller, kind)
        if name:
            controller.read_service_log(name)
    elif action is Action.REFRESH_KEYS:
        controller.dismiss(kind)
        controller.new_key(WhichKey.PRIMARY)
    elif action is Action.CLEAN_UP:
        controller.dismiss(kind)
        controller.go(Step.CLEAN_UP)
        controller.clean_up()
    return remedy.url if action is Action.OPEN_URL else ""


def _sign_in_again(controller: Controller, kind: JobKind) -> None:
    place = controller.state.place
    if place is None or place.site.practice:
        controller.repeat(kind)  # practice signs in by itself
        return
    method = place.account.method if place.account is not None else SignInMethod.BROWSER
    controller.go(Step.WORKSPACE)
    controller.open_workspace(place.site.workspace, method)


def _service_of(controller: Controller, kind: JobKind) -> str:
    job = controller.state.job(kind)
    if job is not None and job.error is not None and "name" in job.error.facts and kind is not JobKind.SCORE:
        return str(job.error.facts["name"])
    target = endpoint(controller.state)
    return target.name if target is not None else (job.subject if job is not None else "")
