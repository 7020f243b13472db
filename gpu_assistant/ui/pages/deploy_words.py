"""What the Deploy page says, and when. Pure."""

from __future__ import annotations

import enum
from decimal import Decimal

from gpu_assistant.domain.text import Text
from gpu_assistant.i18n import tr
from gpu_assistant.wizard.money import price_text
from gpu_assistant.wizard.navigation import can_change, endpoints, offer
from gpu_assistant.wizard.preflight import Verdict, preflight
from gpu_assistant.wizard.state import JobKind, Phase, WizardState

_ROOM = 60
"""So many letters of a reason fit beside the main button; the checklist has the whole of it."""


class Scene(enum.Enum):
    """What the page shows."""

    FORM = "form"
    WORKING = "working"
    CLEANING = "cleaning"
    FAILED = "failed"
    DONE = "done"


def scene_of(state: WizardState) -> Scene:
    """What the state asks for."""
    job = state.job(JobKind.DEPLOY)
    if state.is_busy(JobKind.DEPLOY):
        return Scene.WORKING
    if state.is_busy(JobKind.CLEAN_UP):
        return Scene.CLEANING
    if job is not None and job.phase is Phase.FAILED:
        return Scene.FAILED
    if job is not None and job.phase is Phase.DONE and any(one.name == job.subject for one in endpoints(state)):
        return Scene.DONE
    return Scene.FORM


def deploy_label(state: WizardState) -> str:
    """The main button, with the money in it."""
    machine = state.machine
    if machine is None:
        return tr("Deploy")
    if machine.existing_compute:
        return tr("Deploy · no extra cost")
    found = offer(state, machine.vm_size)
    price = found.price.times(machine.node_count) if found is not None and found.price is not None else None
    hourly = hourly_words(price.amount if price else None, price.currency if price else "")
    if is_practice(state):
        return tr("Deploy · free here, in Azure {price}", price=hourly)
    return tr("Deploy · {price}", price=hourly)


def why_not(state: WizardState) -> str:
    """The first thing that keeps the main button from being pressed."""
    if state.first_window is not None:
        return tr("Another window works with this data folder; this one only looks.")
    for check in preflight(state):
        if check.verdict in (Verdict.PROBLEM, Verdict.WAITING):
            detail = tr(check.detail)
            if detail and len(detail) <= _ROOM:
                return detail
            return tr("Not yet: {title}", title=check.title)
    if not can_change(state):
        return tr("Something else is still being changed in the workspace.")
    return tr("Choose a model")


def hourly_words(amount: Decimal | None, currency: str) -> str:
    """ "$0.53 per hour", or "price unknown"."""
    if amount is None:
        return price_text(None, currency)
    return tr("{price} per hour", price=price_text(amount, currency))


def is_practice(state: WizardState) -> bool:
    """Whether nothing here costs money."""
    return state.place is not None and state.place.site.practice


def speed(state: WizardState) -> float:
    """How much faster than Azure it goes here."""
    return state.place.speed if state.place is not None else 1.0


def log_lines(text: str) -> tuple[str, ...]:
    """A log as lines, and a line that says so when there is nothing in it."""
    return tuple(text.splitlines()) or (Text("(the log is empty)"),)
