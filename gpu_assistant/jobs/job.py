"""One piece of long work: its steps, its waiting, and the two honest meanings of cancel."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from gpu_assistant import logs
from gpu_assistant.domain.errors import (
    AssistantError,
    AzureFault,
    Cancelled,
    CannotReachAzure,
    DeadlinePassed,
    TooManyRequests,
)
from gpu_assistant.domain.text import Text, known_text
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.jobs.events import JobEvent, LogLine, StepFinished, StepProgress, StepStarted

T = TypeVar("T")

# While Azure works on something, these are weather, not an answer about the thing waited for.
_WEATHER = (CannotReachAzure, TooManyRequests, AzureFault, DeadlinePassed)


class Pace(NamedTuple):
    """How fast time passes where the work is done: in Azure, or in a practice workspace in a hurry.

    Azure is asked every `poll_s`. Lost connections and the like are borne for `patience_s`. A resource that
    Azure does not show is believed to be absent once `settle_s` have passed since it may have been created.
    `compute_timeout_s` and `service_timeout_s` end the watching, not the work.
    """

    poll_s: float = 5.0
    patience_s: float = 600.0
    settle_s: float = 120.0
    compute_timeout_s: float = 45 * 60
    service_timeout_s: float = 45 * 60
    delete_timeout_s: float = 40 * 60


class Job:
    """Given to a workflow. Runs on one worker thread; `cancel` may be called from any other.

    `emit` receives every event on the worker's thread.
    """

    def __init__(
        self,
        emit: Callable[[JobEvent], None],
        *,
        pace: Pace | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pace = pace or Pace()
        self.cancelled = threading.Event()
        self.cancel_meaning: CancelMeaning | None = None
        self.created: list[str] = []
        """Ledger ids of what this job created: what *Stop and clean up* deletes."""
        self._emit = emit
        self._monotonic = monotonic
        self._step = ""
        self._step_started = 0.0

    def cancel(self, meaning: CancelMeaning) -> None:
        """Stop soon. A wait is left at once; a request to Azure in flight is ended with the SDK process."""
        self.cancel_meaning = meaning
        self.cancelled.set()

    def raise_if_cancelled(self) -> None:
        """Raises Cancelled when the person stopped the job."""
        if self.cancelled.is_set():
            raise Cancelled(what=self._step or Text("The work"))

    @contextlib.contextmanager
    def step(self, name: str, *, usually_s: float = 0.0) -> Iterator[None]:
        """One line of the story. Not entered when the job is cancelled."""
        self.raise_if_cancelled()
        self._step, self._step_started = name, self._monotonic()
        self._emit(StepStarted(name, usually_s))
        with logs.bound(step=name):
            yield
        self._emit(StepFinished(name, self._elapsed_s()))

    def skip(self, name: str) -> None:
        """Say that a step was not needed."""
        self._emit(StepFinished(name, 0.0, skipped=True))

    def doing(self, text: str, fraction: float | None = None) -> None:
        """Tell what happens inside the present step."""
        self._emit(StepProgress(self._step, text, fraction, self._elapsed_s()))

    def log(self, text: str) -> None:
        """Add lines to the job's log."""
        for line in text.splitlines():
            self._emit(LogLine(text if line == text else line))  # a sentence of ours stays a Text

    def wait(
        self,
        read: Callable[[], T],
        *,
        until: Callable[[T], bool],
        describe: Callable[[T], str],
        timeout_s: float,
        on_timeout: Callable[[T | None, float], AssistantError],
        poll_s: float | None = None,
    ) -> T:
        """Read until it is so. Sleeps on the cancel event, so a cancel is felt at once.

        Lost connections, 429 and 5xx are borne for `pace.patience_s`, then raised. After `timeout_s` raises what
        `on_timeout(last value, minutes)` gives.
        """
        poll_s = self.pace.poll_s if poll_s is None else poll_s
        started = self._monotonic()
        trouble_since: float | None = None
        last: T | None = None
        while True:
            self.raise_if_cancelled()
            try:
                last = read()
            except _WEATHER as exc:
                trouble_since = self._monotonic() if trouble_since is None else trouble_since
                if self._monotonic() - trouble_since >= self.pace.patience_s:
                    raise
                self.doing(Text("{trouble}; still trying", trouble=known_text(exc.title)))
            else:
                trouble_since = None
                self.doing(describe(last))
                if until(last):
                    return last
            elapsed_s = self._monotonic() - started
            if elapsed_s >= timeout_s:
                raise on_timeout(last, elapsed_s / 60)
            self.cancelled.wait(poll_s)

    def _elapsed_s(self) -> float:
        return self._monotonic() - self._step_started
