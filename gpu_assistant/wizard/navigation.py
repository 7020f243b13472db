"""Which pages are open, and which comes next. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpu_assistant.domain.text import Text
from gpu_assistant.i18n import mark
from gpu_assistant.wizard.state import JobKind, Step, WizardState

if TYPE_CHECKING:
    from gpu_assistant.domain.billing import BillableResource
    from gpu_assistant.domain.compute import VmSizeOffer
    from gpu_assistant.workflows.score_image import Endpoint

TITLES = {
    Step.WORKSPACE: mark("Workspace"),
    Step.MACHINE: mark("Machine"),
    Step.DEPLOY: mark("Deploy"),
    Step.SCORE: mark("Score"),
    Step.CLEAN_UP: mark("Clean up"),
}


def blocked(state: WizardState, step: Step) -> str:
    """Why a page cannot be opened now, as a Text; empty when it can."""
    if step is Step.WORKSPACE:
        return ""
    if state.place is None:
        return Text("Open a workspace first")
    if step is Step.DEPLOY and state.machine is None:
        return Text("Choose a machine first")
    if step is Step.SCORE and endpoint(state) is None:
        if state.is_busy(JobKind.DEPLOY):
            return Text("The web service is still being deployed")
        return Text("Deploy a model first")
    return ""


def is_done(state: WizardState, step: Step) -> bool:
    """Whether the page has given what the next one needs."""
    match step:
        case Step.WORKSPACE:
            return state.place is not None
        case Step.MACHINE:
            return state.machine is not None
        case Step.DEPLOY:
            return endpoint(state) is not None
        case Step.SCORE:
            return any(scored.image is not None for scored in state.scored)
        case Step.CLEAN_UP:
            return state.report is not None and not state.report.left and not here(state)


def next_step(state: WizardState) -> Step | None:
    """The page after this one, when it can be opened."""
    if state.step is Step.CLEAN_UP:
        return None
    following = Step(state.step + 1)
    return None if blocked(state, following) else following


def previous_step(state: WizardState) -> Step | None:
    """The page before this one."""
    return None if state.step is Step.WORKSPACE else Step(state.step - 1)


def landing(state: WizardState, left_at: Step) -> Step:
    """The page to go on at in a workspace that was open before, where the person left it at the page `left_at`.

    That page if it can be opened, else the last one before it that can. A web service must be there by Azure's own
    word, which is fresh now; and after a clean-up that left nothing, the journey begins anew.
    """
    if left_at is Step.CLEAN_UP and not here(state):
        return Step.WORKSPACE
    for step in sorted(Step, reverse=True):
        if step <= left_at and not blocked(state, step) and (step is not Step.SCORE or _still_answers(state)):
            return step
    return Step.WORKSPACE


def _still_answers(state: WizardState) -> bool:
    """Whether Azure lists the web service that images go to, and as one that may answer."""
    target = endpoint(state)
    from gpu_assistant.domain.service import ServiceState  # late: page 1 has none

    ended = (ServiceState.FAILED, ServiceState.DELETING)
    return any(one.name == target.name and one.state not in ended for one in state.services) if target else False


def here(state: WizardState) -> tuple[BillableResource, ...]:
    """The open rows of the opened workspace."""
    if state.place is None:
        return ()
    azure_id = state.place.site.workspace.azure_id.lower()
    return tuple(row for row in state.rows if row.workspace.azure_id.lower() == azure_id)


def endpoints(state: WizardState) -> tuple[Endpoint, ...]:
    """The web services that can be asked, newest first; those that Azure listed but the ledger does not know last."""
    if state.place is None:
        return ()
    from gpu_assistant.domain.billing import ResourceKind, ResourceState  # late: page 1 needs none of them
    from gpu_assistant.domain.service import ServiceState
    from gpu_assistant.workflows.score_image import Endpoint

    ours = sorted(
        (
            row
            for row in here(state)
            if row.kind is ResourceKind.WEB_SERVICE and row.state is ResourceState.LIVE and row.scoring_uri
        ),
        key=lambda row: row.created,
        reverse=True,
    )
    found = {row.name: Endpoint(row.name, row.scoring_uri) for row in ours}
    known = {row.name for row in here(state) if row.kind is ResourceKind.WEB_SERVICE}
    for service in state.services:
        if service.scoring_uri and service.state is ServiceState.HEALTHY and service.name not in known:
            found.setdefault(service.name, Endpoint(service.name, service.scoring_uri))
    return tuple(found.values())


def endpoint(state: WizardState) -> Endpoint | None:
    """The web service that images go to: the chosen one, else the newest."""
    there = endpoints(state)
    for one in there:
        if one.name == state.service_name:
            return one
    return there[0] if there else None


def offer(state: WizardState, vm_size: str) -> VmSizeOffer | None:
    """The offer of that name."""
    for one in state.offers or ():
        if one.vm_size.name.lower() == vm_size.lower():
            return one
    return None


def can_choose(one: VmSizeOffer) -> bool:
    """Whether a VM size may be picked. With unknown quota Azure has the last word."""
    from gpu_assistant.domain.compute import Availability  # late: page 1 has none

    return one.availability in (Availability.AVAILABLE, Availability.UNKNOWN)


def can_change(state: WizardState) -> bool:
    """Whether this window may change anything in Azure: not a second window, and not while another change runs."""
    return state.first_window is None and not state.is_busy(JobKind.DEPLOY, JobKind.CLEAN_UP, JobKind.REGISTER)
