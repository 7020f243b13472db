"""How the chosen model will be called, fed and labelled, from what is known. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gpu_assistant.domain.errors import AssistantError
from gpu_assistant.workflows.feeding import Feeding, FeedingWish, fed, feeding_of, labels_problem
from gpu_assistant.workflows.plan import DeployRequest

if TYPE_CHECKING:
    from gpu_assistant.wizard.state import WizardState


def wish(state: WizardState) -> FeedingWish:
    """What the person said about the chosen model."""
    choice = state.deployment
    return FeedingWish(choice.signature, choice.output, choice.preprocess)


def feeding(state: WizardState) -> Feeding | None:
    """What follows for the chosen model; None while it is not known, or when it cannot be used."""
    found = state.inspections.get(state.deployment.model_id)
    if found is None or isinstance(found, AssistantError):
        return None
    return feeding_of(found, wish(state))


def chosen_labels(state: WizardState) -> tuple[str, ...] | AssistantError | None:
    """The labels that were chosen in place of the model's own, or why they cannot be had; None until they are read."""
    return state.labels.get(state.deployment.labels) if state.deployment.labels else ()


def labels_obstacle(state: WizardState) -> AssistantError | None:
    """Why the chosen labels cannot be used."""
    labels = chosen_labels(state)
    if isinstance(labels, AssistantError):
        return labels
    found = feeding(state)
    return labels_problem(labels, found.class_count) if labels and found is not None else None


def with_feeding(request: DeployRequest, state: WizardState) -> DeployRequest:
    """The request with all that the scoring script has to be told, as far as it is known and makes sense."""
    found = state.inspections.get(state.deployment.model_id)
    if found is None or isinstance(found, AssistantError):
        return request
    asked = wish(state)
    how = feeding_of(found, asked)
    if how.problem is None:
        request = fed(request, how, found, asked)
    labels = chosen_labels(state)
    return replace(request, labels=labels) if isinstance(labels, tuple) else request
