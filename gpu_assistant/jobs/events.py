"""What a job tells about itself: a closed union of plain facts, so that a face can be tested without a job."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from gpu_assistant.domain.errors import AssistantError


class StepStarted(NamedTuple):
    """A step begins. `usually_s` is how long it takes in Azure as a rule, 0 when it is quick."""

    step: str
    usually_s: float


class StepProgress(NamedTuple):
    """Inside a step: what is being done, and how far (0..1) when that is known."""

    step: str
    doing: str
    fraction: float | None
    elapsed_s: float


class StepFinished(NamedTuple):
    """A step is over. `skipped` when there was nothing to do."""

    step: str
    elapsed_s: float
    skipped: bool = False


class LogLine(NamedTuple):
    """One line for the log view."""

    text: str


class JobSucceeded(NamedTuple):
    """The end, with what the workflow returned."""

    result: object


class JobFailed(NamedTuple):
    """The end, with what went wrong."""

    error: AssistantError


class JobCancelled(NamedTuple):
    """The end that the person asked for."""


JobEvent: TypeAlias = StepStarted | StepProgress | StepFinished | LogLine | JobSucceeded | JobFailed | JobCancelled
