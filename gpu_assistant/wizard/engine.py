"""The wizard's workers: jobs run on threads, what they say is folded into the state on one thread."""

from __future__ import annotations

import itertools
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass

from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.jobs.events import JobCancelled, JobEvent, JobFailed, JobSucceeded
from gpu_assistant.jobs.job import Job, Pace
from gpu_assistant.jobs.runner import JobRunner, Lane
from gpu_assistant.wizard.events import CancelAsked, JobBegan, JobSaid, WizardEvent
from gpu_assistant.wizard.reduce import reduce
from gpu_assistant.wizard.state import JobKind, WizardState
from gpu_assistant.wizard.store import Store

Afterwards = Callable[[object], None]

_DRAIN_AT_MOST_S = 0.008
"""So long may one drain take: a flood of answers must not make the window stutter."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """The last word of a job, and what to do with it."""

    kind: JobKind
    job: Job
    said: JobSucceeded | JobFailed | JobCancelled
    number: int
    on_done: Afterwards | None
    on_cancelled: Callable[[Job], None] | None


class Engine:
    """Changes the state. Its methods belong to one thread, the window's; `tell` and `call` are for workers."""

    def __init__(self, store: Store | None = None, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store = store or Store()
        self._monotonic = monotonic
        self._queue: queue.SimpleQueue[WizardEvent | _Ended | Callable[[], None]] = queue.SimpleQueue()
        self._runner = JobRunner()
        self._numbers = itertools.count(1)
        self._live: dict[JobKind, list[Job]] = {}

    @property
    def state(self) -> WizardState:
        """What is known now."""
        return self._store.state

    def now_s(self) -> float:
        """The clock of `started_s`."""
        return self._monotonic()

    # --- for workers ------------------------------------------------------------------------------------------

    def tell(self, event: WizardEvent) -> None:
        """Fold an event into the state soon. Any thread."""
        self._queue.put(event)

    def call(self, action: Callable[[], None]) -> None:
        """Do something on the window's thread soon. Any thread."""
        self._queue.put(action)

    # --- for the window's thread --------------------------------------------------------------------------------

    def fold(self, event: WizardEvent) -> None:
        """Fold an event into the state now."""
        before = self.state
        self._store.state = reduce(before, event)
        if self.state is not before:
            self._store.publish()

    def pump(self) -> None:
        """Take in what workers said; listeners hear of it once."""
        before = self.state
        until = self._monotonic() + _DRAIN_AT_MOST_S
        while True:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                break
            if isinstance(item, _Ended):
                self._end(item)
            elif callable(item):
                item()
            else:
                self._store.state = reduce(self.state, item)
            if self._monotonic() > until:
                break
        if self.state is not before:
            self._store.publish()

    def start(
        self,
        kind: JobKind,
        work: Callable[[Job], object],
        *,
        lane: Lane,
        pace: Pace | None = None,
        subject: str = "",
        on_done: Afterwards | None = None,
        on_cancelled: Callable[[Job], None] | None = None,
    ) -> Job:
        """Run `work(job)` on a thread. The callbacks come on the window's thread, after the state shows the end."""
        number = next(self._numbers)
        job = Job(lambda event: self.tell(JobSaid(kind, number, event, self._monotonic())), pace=pace)
        self._live.setdefault(kind, []).append(job)
        self.fold(JobBegan(kind, number, self._monotonic(), subject))

        def ended(said: JobEvent) -> None:
            assert isinstance(said, JobSucceeded | JobFailed | JobCancelled)
            self._queue.put(_Ended(kind, job, said, number, on_done, on_cancelled))

        self._runner.start(work, job, ended, lane)
        return job

    def is_busy(self, *kinds: JobKind) -> bool:
        """Whether a job of these kinds has not ended, watched or not."""
        return any(self._live.get(kind) for kind in kinds)

    def cancel(self, kind: JobKind, meaning: CancelMeaning) -> None:
        """Stop all jobs of a kind."""
        for job in self._live.get(kind, ()):
            job.cancel(meaning)
        self.fold(CancelAsked(kind, meaning))

    def cancel_all(self) -> None:
        """Leave everything: the window closes. What runs in Azure goes on."""
        for jobs in self._live.values():
            for job in jobs:
                job.cancel(CancelMeaning.STOP_WATCHING)

    def _end(self, end: _Ended) -> None:
        self._live[end.kind].remove(end.job)
        self._store.state = reduce(self.state, JobSaid(end.kind, end.number, end.said, self._monotonic()))
        match end.said:
            case JobSucceeded(result=result) if end.on_done is not None:
                end.on_done(result)
            case JobCancelled() if end.on_cancelled is not None:
                end.on_cancelled(end.job)
