"""Adds requests up, into windows by when they ended and into totals by when they were to start."""

from __future__ import annotations

import time
from collections import Counter
from typing import Protocol

from gpu_assistant.workflows.load.statistics import Latencies, Outcome, Totals, Window


class Ended(Protocol):
    """One request that is over; all moments are monotonic seconds."""

    @property
    def due_s(self) -> float: ...
    @property
    def sent_s(self) -> float: ...
    @property
    def lag_s(self) -> float | None: ...
    @property
    def end_s(self) -> float: ...
    @property
    def outcome(self) -> Outcome: ...
    @property
    def server_ms(self) -> float | None: ...
    @property
    def model_ms(self) -> float | None: ...


class Count:
    """For one thread. The latency of a request counts from when it was due, whenever it really left."""

    def __init__(self, start_s: float, measure_from_s: float, window_s: float) -> None:
        self._start_s = start_s
        self._measure_from_s = measure_from_s
        self._window_s = window_s
        self._stopped_s: float | None = None
        self._cpu_s = 0.0
        self._cpu_from_s: float | None = None
        self._latencies, self._requests = Latencies(), Latencies()
        self._server, self._model, self._lag = Latencies(), Latencies(), Latencies()
        self._outcomes: Counter[Outcome] = Counter()
        self._answered = 0
        self._unfinished = self._unsent = 0
        self._begin_window(start_s)

    @property
    def window_end_s(self) -> float:
        """When the present window is over. The warm-up is cut into windows of its own."""
        end_s = self._window_start_s + self._window_s
        if self._window_start_s < self._measure_from_s:
            # never a sliver of a window before the measuring begins
            return self._measure_from_s if end_s > self._measure_from_s - self._window_s / 2 else end_s
        return end_s

    def add(self, ended: Ended) -> None:
        """Count one request."""
        latency_ms = (ended.end_s - ended.due_s) * 1000
        self._window_outcomes[ended.outcome] += 1
        if ended.outcome is Outcome.ANSWERED:
            self._window_latencies.add(latency_ms)
            if ended.end_s >= self._measure_from_s and self._stopped_s is None:
                self._answered += 1
        if ended.due_s < self._measure_from_s:
            return
        self._outcomes[ended.outcome] += 1
        if ended.lag_s is not None:
            self._lag.add(ended.lag_s * 1000)
        if ended.outcome is Outcome.ANSWERED:
            self._latencies.add(latency_ms)
            self._requests.add((ended.end_s - ended.sent_s) * 1000)
            for times, told in ((self._server, ended.server_ms), (self._model, ended.model_ms)):
                if told is not None:
                    times.add(told)

    def add_lag(self, lag_s: float) -> None:
        """Count by how much this process woke up late: a computer that is too busy shows in nothing else."""
        if self._window_start_s >= self._measure_from_s and self._stopped_s is None:
            self._lag.add(max(lag_s, 0.0) * 1000)

    def add_unfinished(self, due_s: float, now_s: float) -> None:
        """Count a request that has no answer at the end: it took at least so long."""
        if due_s >= self._measure_from_s:
            self._unfinished += 1
            self._latencies.add((now_s - due_s) * 1000)

    def add_unsent(self, due_s: float, now_s: float) -> None:
        """Count a request that was due and could not even leave, because all senders were waiting for answers."""
        if due_s >= self._measure_from_s:
            self._unsent += 1
            self._latencies.add((now_s - due_s) * 1000)

    def close_window(self) -> Window:
        """The window up to now; the next one begins."""
        now_s = time.monotonic()
        if self._cpu_from_s is None and now_s >= self._measure_from_s:
            self._cpu_from_s, self._cpu_s = now_s, time.process_time()
        outcomes, latencies = self._window_outcomes, self._window_latencies
        window = Window(
            at_s=now_s - self._start_s,
            seconds=now_s - self._window_start_s,
            is_warm_up=self._window_start_s < self._measure_from_s,
            answered=outcomes[Outcome.ANSWERED],
            refused=outcomes[Outcome.BUSY],
            failed=sum(many for outcome, many in outcomes.items() if outcome.is_error),
            p50_ms=latencies.quantile(0.5),
            p90_ms=latencies.quantile(0.9),
            p95_ms=latencies.quantile(0.95),
            p99_ms=latencies.quantile(0.99),
        )
        self._begin_window(now_s)
        return window

    def stop(self) -> None:
        """The measuring is over; answers that come now still tell their time, and no longer count as throughput."""
        self._stopped_s = self._window_start_s  # the end of the last window

    def totals(self, connections: int, sent_bytes: int) -> Totals:
        """What it came to, as a value of its own."""
        end_s = self._stopped_s or self._window_start_s
        cpu_s = time.process_time() - self._cpu_s
        watched_s = time.monotonic() - self._cpu_from_s if self._cpu_from_s is not None else 0.0
        return Totals(
            seconds=max(end_s - self._measure_from_s, 0.0),
            answered=self._answered,
            latencies=self._latencies.copy(),
            request_ms=self._requests.copy(),
            server_ms=self._server.copy(),
            model_ms=self._model.copy(),
            own_lag_ms=self._lag.copy(),
            outcomes=Counter(self._outcomes),
            sent_bytes=sent_bytes,
            connections=connections,
            unfinished=self._unfinished,
            unsent=self._unsent,
            cpu_share=cpu_s / watched_s if watched_s > 0.1 else 0.0,
        )

    def _begin_window(self, now_s: float) -> None:
        self._window_start_s = now_s
        self._window_outcomes: Counter[Outcome] = Counter()
        self._window_latencies = Latencies()
