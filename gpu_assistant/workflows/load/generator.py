"""What runs in the process that makes the load: senders on threads, and a loop that counts, watches and decides.

A process of its own, for two reasons. The window would stutter under so many threads; and the window would slow the
senders down, whose every delay counts as the service's. The key comes over the pipe, never by a command line.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

from gpu_assistant.workflows.load.counting import Count
from gpu_assistant.workflows.load.http import Caller
from gpu_assistant.workflows.load.setting import LoadSetting
from gpu_assistant.workflows.load.statistics import Outcome, Totals, Window, is_hopeless, is_stable

_LOOK_S = 0.02
_LAST_ANSWERS_S = 10.0
"""So long is waited at the end for requests that are on their way."""
_REST_S = 0.05
_LONGEST_REST_S = 1.0
"""A refused sender waits as long as the service asks, at most so long: a loop of refusals would tell nothing."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the process is told first. `key` in clear: the pipe is between the two processes alone."""

    uri: str
    key: str
    images: tuple[bytes, ...]
    setting: LoadSetting


@dataclass(frozen=True, slots=True)
class Moment:
    """What the process tells after each window, and at the end with `is_last` (then `window` may be None)."""

    window: Window | None
    totals: Totals
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """One request: when it was to leave and did, how late by our own fault, when it ended (all monotonic seconds)."""

    due_s: float
    sent_s: float
    lag_s: float | None
    end_s: float
    outcome: Outcome
    server_ms: float | None
    model_ms: float | None


def main(pipe: Connection) -> None:
    """Entry point of the process. Never returns; it ends when the other end of the pipe is closed."""
    with contextlib.suppress(ValueError, OSError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the program decides
    try:
        order: Order = pipe.recv()
        threading.Thread(target=_end_with_the_program, args=(pipe,), daemon=True).start()
        for moment in generate(order):
            pipe.send(moment)
    except (EOFError, OSError):
        pass
    finally:
        os._exit(0)


def generate(order: Order) -> Iterator[Moment]:
    """Make the load, and tell what came of it window by window. Blocks between the moments."""
    setting = order.setting
    samples: queue.SimpleQueue[Sample] = queue.SimpleQueue()
    start_s = time.monotonic()
    schedule = _Schedule(start_s, setting.rate_per_s)
    senders = [_Sender(number, order, schedule, samples) for number in range(setting.concurrency)]
    count = Count(start_s, start_s + setting.warm_up_s, setting.window_s)
    windows: list[Window] = []
    for sender in senders:
        sender.start()
    try:
        while not _is_enough(windows, setting):
            _watch(senders, samples, count, until_s=count.window_end_s)
            window = count.close_window()
            windows.append(window)
            yield Moment(window, count.totals(_connections(senders), _sent(senders)))
        count.stop()
        schedule.stop()
        _watch(senders, samples, count, until_s=time.monotonic() + min(setting.deadline_s, _LAST_ANSWERS_S))
        now_s = time.monotonic()
        for due_s in schedule.missed():
            count.add_unsent(due_s, now_s)
        for sender in senders:
            if sender.due_s:
                count.add_unfinished(sender.due_s, now_s)
        yield Moment(None, count.totals(_connections(senders), _sent(senders)), is_last=True)
    finally:
        schedule.stop()
        for sender in senders:
            sender.caller.cut()


def _end_with_the_program(pipe: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.recv()
    os._exit(0)


def _is_enough(windows: Sequence[Window], setting: LoadSetting) -> bool:
    if is_hopeless(windows) or is_stable(windows, count=setting.stable_windows, within=setting.stable_within):
        return True
    return sum(window.seconds for window in windows if not window.is_warm_up) >= setting.limit_s - setting.window_s / 2


def _watch(senders: Sequence[_Sender], samples: queue.SimpleQueue[Sample], count: Count, *, until_s: float) -> None:
    """Count answers and cut what is late, until that moment or until the last sender is done."""
    while (now_s := time.monotonic()) < until_s and any(sender.is_alive() for sender in senders):
        for sender in senders:
            if 0 < sender.caller.deadline <= now_s:
                sender.caller.cut()
        planned_s = min(_LOOK_S, until_s - now_s)
        time.sleep(planned_s)
        count.add_lag(time.monotonic() - now_s - planned_s)
        _take(samples, count)
    _take(samples, count)


def _take(samples: queue.SimpleQueue[Sample], count: Count) -> None:
    with contextlib.suppress(queue.Empty):
        while True:
            count.add(samples.get_nowait())


def _connections(senders: Sequence[_Sender]) -> int:
    return sum(sender.caller.connections for sender in senders)


def _sent(senders: Sequence[_Sender]) -> int:
    return sum(sender.caller.sent_bytes for sender in senders)


class _Schedule:
    """Says which request is next and when it is due. Safe from all senders."""

    def __init__(self, start_s: float, rate_per_s: float | None) -> None:
        self._start_s = start_s
        self._rate_per_s = rate_per_s
        self._lock = threading.Lock()
        self._given = 0
        self._stopped_s: float | None = None
        self.over = threading.Event()

    def next(self) -> tuple[int, float] | None:
        """Number and due time (0: now) of the next request; None when there is none any more."""
        with self._lock:
            if self._stopped_s is not None:
                return None
            number, self._given = self._given, self._given + 1
        return number, self._start_s + number / self._rate_per_s if self._rate_per_s else 0.0

    def stop(self) -> None:
        """No more requests. May be called again."""
        with self._lock:
            if self._stopped_s is None:
                self._stopped_s = time.monotonic()
        self.over.set()

    def missed(self) -> Iterator[float]:
        """When those requests were due that were due before the end and never given out."""
        if self._rate_per_s and self._stopped_s is not None:
            due = int((self._stopped_s - self._start_s) * self._rate_per_s)
            for number in range(self._given, due + 1):
                yield self._start_s + number / self._rate_per_s


class _Sender(threading.Thread):
    """Asks for requests and sends them, one after another. `due_s` is that of the one on its way, 0 without."""

    def __init__(self, number: int, order: Order, schedule: _Schedule, samples: queue.SimpleQueue[Sample]) -> None:
        super().__init__(name=f"load-{number}", daemon=True)
        self.caller = Caller(order.uri, order.key, order.images)
        self.due_s = 0.0
        self._deadline_s = order.setting.deadline_s
        self._schedule = schedule
        self._samples = samples

    def run(self) -> None:
        while (turn := self._schedule.next()) is not None:
            number, due_s = turn
            lag_s = self._wait_for(due_s)
            if due_s and lag_s is None and self._schedule.over.is_set() and due_s > time.monotonic():
                return  # it was not due before the end
            wait_s = self._send(number, due_s, lag_s)
            if wait_s:
                self._schedule.over.wait(wait_s)
        self.caller.close()

    def _wait_for(self, due_s: float) -> float | None:
        """Wait until it is due. By how much this thread woke up late; None when there was nothing to wait for."""
        early_s = due_s - time.monotonic() if due_s else 0.0
        if early_s <= 0 or self._schedule.over.wait(early_s):
            return None
        return max(time.monotonic() - due_s, 0.0)

    def _send(self, number: int, due_s: float, lag_s: float | None) -> float:
        """Send one; for how long to rest afterwards, because the service was too busy."""
        start_s = time.monotonic()
        self.due_s = due_s or start_s
        self.caller.deadline = start_s + self._deadline_s
        reply = self.caller.ask(number)
        self.caller.deadline = 0.0
        self._samples.put(
            Sample(self.due_s, start_s, lag_s, time.monotonic(), reply.outcome, reply.server_ms, reply.model_ms)
        )
        self.due_s = 0.0
        if reply.outcome is Outcome.ANSWERED:
            return 0.0
        return min(reply.wait_s or _REST_S, _LONGEST_REST_S)
