"""Starts jobs on worker threads and keeps those that change Azure from overtaking one another."""

from __future__ import annotations

import enum
import logging
import threading
from collections.abc import Callable

from gpu_assistant.domain.errors import AssistantError, Cancelled, UnexpectedAnswer
from gpu_assistant.domain.text import Text
from gpu_assistant.jobs.events import JobCancelled, JobEvent, JobFailed, JobSucceeded
from gpu_assistant.jobs.job import Job

log = logging.getLogger(__name__)


class Lane(enum.Enum):
    """Jobs of one lane run one after another; lanes run beside each other, so a drop is answered meanwhile."""

    CHANGES = "changes"
    SCORING = "scoring"
    READS = "reads"
    OPEN = "open"
    """Signing in may wait for a person; what is open already must stay usable meanwhile."""
    DISK = "disk"
    TRIALS = "trials"
    """Rehearsals and load tests: each would disturb the other's figures."""


class JobRunner:
    """Runs a workflow with its job on a daemon thread. All methods are safe from any thread."""

    def __init__(self) -> None:
        self._lanes = {lane: threading.Lock() for lane in Lane}

    def start(
        self, work: Callable[[Job], object], job: Job, emit: Callable[[JobEvent], None], lane: Lane
    ) -> threading.Thread:
        """Run `work(job)`; the last event emitted is JobSucceeded, JobFailed or JobCancelled."""
        thread = threading.Thread(target=self._run, args=(work, job, emit, lane), name=lane.value, daemon=True)
        thread.start()
        return thread

    def _run(self, work: Callable[[Job], object], job: Job, emit: Callable[[JobEvent], None], lane: Lane) -> None:
        with self._lanes[lane]:
            emit(_run_to_end(work, job))


def _run_to_end(work: Callable[[Job], object], job: Job) -> JobSucceeded | JobFailed | JobCancelled:
    """Run `work(job)` on this thread and say how it ended; a bug becomes a failure that can be reported."""
    try:
        return JobSucceeded(work(job))
    except Cancelled:
        return JobCancelled()
    except AssistantError as exc:
        log.info("job failed: %s", exc)
        return JobFailed(exc)
    except Exception as exc:
        log.exception("bug in a job")
        return JobFailed(UnexpectedAnswer(what=Text("gpu-assistant itself"), reason=f"{type(exc).__name__}: {exc}"))
