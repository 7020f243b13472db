"""Requests that come side by side answered in batches: a bounded queue between request threads and the model's.

A request thread calls `Batcher.submit` and waits. A few runner threads each take one job and whatever else is
queued by then, up to the batch limit, and make one call for all of them. Nobody waits for a batch to fill: while a
call runs, the next batch gathers by itself.

It knows nothing of images, models or HTTP, and uses the standard library only.
"""

from __future__ import annotations

import collections
import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

In = TypeVar("In")
Out = TypeVar("Out")

logger = logging.getLogger("azmlinfsrv.batching")

_LOOK_AFTER_S = 0.25  # how often a waiting request looks whether the runners are alive
_IDLE_S = 1.0  # bounds a wait that a new job ends; nothing depends on it
_OLD_S = 1.0  # a job that has waited for so long is worth asking whether anybody still wants it
_MAX_RETRY_AFTER_S = 60
_SMOOTHING = 0.2  # weight of the newest call in the average time per job


class QueueFull(Exception):
    """No place, or no hope of an answer in time. `retry_after_s` is when the queue should be worked off."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"the queue is full; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class DeadlinePassed(Exception):
    """The job was not answered in time. A call that is already running goes on; its answer is thrown away."""


class NotWanted(Exception):
    """The job was dropped from the queue, as nobody waits for its answer any more."""


class RunnerDied(Exception):
    """The thread that worked on the job ended in the middle of it. Another takes its place."""


class Closed(Exception):
    """The batcher takes no more jobs."""


@dataclass(frozen=True, slots=True)
class Done(Generic[Out]):
    """An answer, how long its job waited, and how long the call took that answered `batch_size` jobs."""

    value: Out
    queue_s: float
    call_s: float
    batch_size: int


class _Job(Generic[In, Out]):
    __slots__ = ("_is_wanted", "deadline", "done", "error", "finished", "item", "queued_at", "weight")

    def __init__(self, item: In, deadline: float, weight: float, is_wanted: Callable[[], bool] | None) -> None:
        self.item = item
        self.deadline = deadline
        self.weight = weight
        self.queued_at = time.monotonic()
        self.done: Done[Out] | None = None
        self.error: Exception | None = None
        self.finished = threading.Event()
        self._is_wanted = is_wanted

    def succeed(self, done: Done[Out]) -> None:
        self.done = done
        self.finished.set()

    def fail(self, error: Exception) -> None:
        if not self.finished.is_set():
            self.error = error
            self.finished.set()

    def is_alive(self) -> bool:
        """Whether an answer would still find somebody. A dead job is failed on the spot."""
        now = time.monotonic()
        if now >= self.deadline:
            self.fail(DeadlinePassed())
        elif self._is_wanted is not None and now - self.queued_at > _OLD_S and not self._is_wanted():
            self.fail(NotWanted())
        return not self.finished.is_set()


class _Runner(Generic[In, Out]):
    """A thread and what it works on. `busy_since` is 0 between calls."""

    def __init__(self, work: Callable[[_Runner[In, Out]], None], number: int) -> None:
        self.jobs: Sequence[_Job[In, Out]] = ()
        self.busy_since = 0.0
        # A daemon: a call that hangs must not keep the process from ending.
        self.thread = threading.Thread(target=work, args=(self,), name=f"runner-{number}", daemon=True)


class Batcher(Generic[In, Out]):
    """Answers jobs in batches. Safe to use from several threads.

    `call` gets 1 to `max_batch` items and returns as many values in the same order. What it raises:

    - MemoryError for several items: they are tried again in halves, and batches stay that small from then on;
    - any other exception for several items: each is tried again alone, so that only the culprit fails;
    - for a single item: `submit` raises it.

    `max_weight` bounds the sum of the weights in a batch (a heavier single job is a batch of its own). A call that
    runs longer than `stuck_s` is reported to `on_stuck`, once; nothing in a process can end it.
    """

    def __init__(
        self,
        call: Callable[[Sequence[In]], Sequence[Out]],
        *,
        runners: int,
        max_batch: int,
        queue_length: int,
        max_weight: float = math.inf,
        stuck_s: float = math.inf,
        on_stuck: Callable[[], None] = lambda: None,
    ) -> None:
        self._call = call
        self._max_batch = max_batch
        self._queue_length = queue_length
        self._max_weight = max_weight
        self._stuck_s = stuck_s
        self._on_stuck = on_stuck
        self._job_s = 0.0  # average time of a call per job; 0 until one was measured
        self._is_closed = False
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)
        self._queue: collections.deque[_Job[In, Out]] = collections.deque()
        self._started = 0
        self._runners: list[_Runner[In, Out]] = []
        for _ in range(runners):
            self._runners.append(self._start_runner())

    @property
    def max_batch(self) -> int:
        """How many jobs a call gets at most; falls when memory did not suffice."""
        return self._max_batch

    def submit(
        self, item: In, *, deadline: float, weight: float = 0.0, is_wanted: Callable[[], bool] | None = None
    ) -> Done[Out]:
        """Queue an item and wait for its answer, until `deadline` (on time.monotonic's clock) at the latest.

        `is_wanted` is asked, on a runner's thread, before an item that had to wait long is worked on.
        Raises what `call` raised for this item, QueueFull, DeadlinePassed, NotWanted, RunnerDied or Closed.
        """
        job: _Job[In, Out] = _Job(item, deadline, weight, is_wanted)
        with self._lock:
            self._admit(job)
        while not job.finished.wait(min(max(deadline - time.monotonic(), 0.0), _LOOK_AFTER_S)):
            with self._lock:
                self._look_after_runners()
                if time.monotonic() >= deadline:
                    self._abandon(job)
        if job.done is not None:
            return job.done
        raise job.error or DeadlinePassed()

    def close(self, timeout_s: float = 5.0) -> None:
        """Fail what is queued, let running calls end, and return after `timeout_s` at the latest."""
        with self._lock:
            self._is_closed = True
            while self._queue:
                self._queue.popleft().fail(Closed())
            self._arrived.notify_all()
            runners = list(self._runners)
        deadline = time.monotonic() + timeout_s
        for runner in runners:
            runner.thread.join(max(deadline - time.monotonic(), 0.0))

    # The lock is held in these.

    def _admit(self, job: _Job[In, Out]) -> None:
        if self._is_closed:
            raise Closed
        self._look_after_runners()
        now = time.monotonic()
        if now >= job.deadline:
            raise DeadlinePassed
        # A request that would only wait for its deadline is told at once: it may find a free replica instead.
        wait_s = len(self._queue) * self._job_s / len(self._runners)
        if len(self._queue) >= self._queue_length or now + wait_s >= job.deadline:
            raise QueueFull(min(max(math.ceil(wait_s), 1), _MAX_RETRY_AFTER_S))
        self._queue.append(job)
        self._arrived.notify()

    def _abandon(self, job: _Job[In, Out]) -> None:
        if job in self._queue:
            self._queue.remove(job)
        job.fail(DeadlinePassed())

    def _take(self) -> list[_Job[In, Out]]:
        jobs: list[_Job[In, Out]] = []
        weight = 0.0
        while self._queue and len(jobs) < self._max_batch:
            if jobs and weight + self._queue[0].weight > self._max_weight:
                break
            job = self._queue.popleft()
            if job.is_alive():
                jobs.append(job)
                weight += job.weight
        return jobs

    def _look_after_runners(self) -> None:
        """Fail the jobs of runners that died and put new runners in their places; notice a runner that hangs."""
        for place, runner in enumerate(self._runners):
            if not runner.thread.is_alive() and not self._is_closed:
                _fail_all(runner.jobs)
                self._runners[place] = self._start_runner()
            elif runner.busy_since and time.monotonic() - runner.busy_since > self._stuck_s:
                self._stuck_s = math.inf
                logger.critical("a call has been running for %.0f s", time.monotonic() - runner.busy_since)
                self._on_stuck()

    def _start_runner(self) -> _Runner[In, Out]:
        self._started += 1
        runner = _Runner(self._work, self._started)
        runner.thread.start()
        return runner

    # These run on the runners' threads.

    def _work(self, runner: _Runner[In, Out]) -> None:
        """Whatever ends this, the jobs in hand are failed; the next request that looks starts another runner."""
        try:
            while self._next_batch(runner):
                self._answer(runner.jobs)
        except BaseException:
            logger.exception("%s died", runner.thread.name)
        finally:
            _fail_all(runner.jobs)

    def _next_batch(self, runner: _Runner[In, Out]) -> bool:
        with self._lock:
            runner.busy_since = 0.0
            runner.jobs = ()
            while not runner.jobs:
                if self._is_closed:
                    return False
                runner.jobs = self._take()
                if not runner.jobs:
                    self._arrived.wait(_IDLE_S)
            runner.busy_since = time.monotonic()
            return True

    def _answer(self, jobs: Sequence[_Job[In, Out]]) -> None:
        # The retries come after the except clauses: inside, the traceback would keep the failed call's arrays alive.
        try:
            self._call_for(jobs)
            return
        except MemoryError as exc:
            if len(jobs) == 1:
                jobs[0].fail(exc)
                return
            logger.warning("no memory for a batch of %d; batches are half as large from now on", len(jobs))
            step = (len(jobs) + 1) // 2
            with self._lock:
                self._max_batch = min(self._max_batch, len(jobs) // 2)
        except Exception as exc:
            if len(jobs) == 1:
                jobs[0].fail(exc)
                return
            logger.info("a batch of %d failed (%s); each is tried alone", len(jobs), type(exc).__name__)
            step = 1
        for at in range(0, len(jobs), step):
            alive = [job for job in jobs[at : at + step] if job.is_alive()]
            if alive:
                self._answer(alive)

    def _call_for(self, jobs: Sequence[_Job[In, Out]]) -> None:
        started = time.monotonic()
        values = self._call([job.item for job in jobs])
        if len(values) != len(jobs):
            raise RuntimeError(f"{len(jobs)} items got {len(values)} answers")
        call_s = time.monotonic() - started
        for job, value in zip(jobs, values, strict=True):
            job.succeed(Done(value, started - job.queued_at, call_s, len(jobs)))
        with self._lock:
            measured = call_s / len(jobs)
            self._job_s += (measured - self._job_s) * (_SMOOTHING if self._job_s else 1.0)


def _fail_all(jobs: Sequence[_Job[In, Out]]) -> None:
    for job in jobs:
        job.fail(RunnerDied())
