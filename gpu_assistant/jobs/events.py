"""What a job tells about itself: a closed union of plain facts, so that a face can be tested without a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gpu_assistant.domain.errors import AssistantError


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step begins. `usually_s` is how long it takes in Azure as a rule, 0 when it is quick."""

    step: str
    usually_s: float


@dataclass(frozen=True, slots=True)
class StepProgress:
    """Inside a step: what is being done, and how far (0..1) when that is known."""

    step: str
    doing: str
    fraction: float | None
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A step is over. `skipped` when there was nothing to do."""

    step: str
    elapsed_s: float
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line for the log view."""

    text: str


@dataclass(frozen=True, slots=True)
class JobSucceeded:
    """The end, with what the workflow returned."""

    result: object


@dataclass(frozen=True, slots=True)
class JobFailed:
    """The end, with what went wrong."""

    error: AssistantError


@dataclass(frozen=True, slots=True)
class JobCancelled:
    """The end that the person asked for."""


JobEvent: TypeAlias = StepStarted | StepProgress | StepFinished | LogLine | JobSucceeded | JobFailed | JobCancelled
