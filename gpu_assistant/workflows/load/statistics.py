"""What a load test counts, and when it has seen enough. Pure.

Times go into buckets that are 1 % wide, so a test of an hour takes no more memory than one of a second, and any
quantile is right to half a per cent. Counts, means and the extremes are exact.
"""

from __future__ import annotations

import enum
import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from gpu_assistant.domain.text import Text

_LEAST_MS = 0.01
_WIDTH = math.log(1.01)
_HOPELESS_WINDOWS = 3
_ENOUGH_ANSWERS = 100
"""Fewer say nothing about the slowest hundredth."""


class Outcome(enum.Enum):
    """What came of one request. BUSY is a refusal, the right answer to too many requests, and no error."""

    ANSWERED = Text("answered")
    BUSY = Text("refused: busy (HTTP 429 or 503)")
    IMAGE_REFUSED = Text("the image was refused (HTTP 400, 413, 415 or 422)")
    KEY_REFUSED = Text("the key was refused (HTTP 401 or 403)")
    NOT_FOUND = Text("not found (HTTP 404)")
    TIMED_OUT_THERE = Text("timed out in the service (HTTP 408 or 504)")
    SCRIPT_FAILED = Text("the scoring script failed (HTTP 424, 500 or 502)")
    OTHER_STATUS = Text("another HTTP status")
    NO_CONNECTION = Text("no connection")
    NOT_TRUSTED = Text("the connection is not trusted (TLS)")
    CUT = Text("the connection was cut")
    TIMED_OUT_HERE = Text("no answer within the time limit of a request")
    TOO_LARGE = Text("the answer was too large")

    @property
    def is_error(self) -> bool:
        """Whether the service (or the way to it) failed the request."""
        return self not in (Outcome.ANSWERED, Outcome.BUSY)


_OF_STATUS = {
    **dict.fromkeys((429, 503), Outcome.BUSY),
    **dict.fromkeys((400, 413, 415, 422), Outcome.IMAGE_REFUSED),
    **dict.fromkeys((401, 403), Outcome.KEY_REFUSED),
    404: Outcome.NOT_FOUND,
    **dict.fromkeys((408, 504), Outcome.TIMED_OUT_THERE),
    **dict.fromkeys((424, 500, 502), Outcome.SCRIPT_FAILED),
}


def outcome_of(status: int) -> Outcome:
    """What an HTTP status means. Redirects are not followed, and are no answer."""
    if 200 <= status < 300:
        return Outcome.ANSWERED
    return _OF_STATUS.get(status, Outcome.OTHER_STATUS)


class Latencies:
    """Times in milliseconds, counted. Not safe from two threads at once."""

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self._sum_ms = 0.0
        self.count = 0
        self.least_ms = math.inf
        self.most_ms = 0.0

    def add(self, time_ms: float) -> None:
        """Count one."""
        self._buckets[math.ceil(math.log(max(time_ms, _LEAST_MS) / _LEAST_MS) / _WIDTH)] += 1
        self._sum_ms += time_ms
        self.count += 1
        self.least_ms = min(self.least_ms, time_ms)
        self.most_ms = max(self.most_ms, time_ms)

    @property
    def mean_ms(self) -> float | None:
        """The mean; None for no times."""
        return self._sum_ms / self.count if self.count else None

    def quantile(self, share: float) -> float | None:
        """The least time that `share` (0 to 1) of all times do not exceed; None for no times."""
        rank = max(math.ceil(share * self.count), 1)
        seen = 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= rank:
                middle = _LEAST_MS * math.exp((bucket - 0.5) * _WIDTH)
                return min(max(middle, self.least_ms), self.most_ms)
        return None

    def copy(self) -> Latencies:
        """As they are now."""
        same = Latencies()
        same._buckets = Counter(self._buckets)
        same._sum_ms, same.count = self._sum_ms, self.count
        same.least_ms, same.most_ms = self.least_ms, self.most_ms
        return same


@dataclass(frozen=True, slots=True)
class Window:
    """One stretch of a test, by when answers came. `at_s` is its end, counted from the first request."""

    at_s: float
    seconds: float
    is_warm_up: bool
    answered: int
    refused: int
    failed: int
    p50_ms: float | None = None
    p90_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Totals:
    """What the measured part of a test came to, so far.

    `answered` counts answers that came while measuring, in `seconds`; the times are of requests that started then.
    `latencies` count from when a request was due, `request_ms` from when it left, which differs only with a fixed rate.
    `server_ms` and `model_ms` are what the answers themselves tell (empty when they do not). `unfinished` requests had
    no answer at the end, and `unsent` ones were due and never left: both are in `latencies` with the age they had.
    `own_lag_ms` is by how much the sending process woke up late, for a request that was due or to look after the
    others, `cpu_share` how busy it was (1: one core): what tells whether this computer or the service was the limit.
    """

    seconds: float = 0.0
    answered: int = 0
    latencies: Latencies = field(default_factory=Latencies)
    request_ms: Latencies = field(default_factory=Latencies)
    server_ms: Latencies = field(default_factory=Latencies)
    model_ms: Latencies = field(default_factory=Latencies)
    own_lag_ms: Latencies = field(default_factory=Latencies)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    sent_bytes: int = 0
    connections: int = 0
    unfinished: int = 0
    unsent: int = 0
    cpu_share: float = 0.0

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds if self.seconds else 0.0

    @property
    def refused(self) -> int:
        """How many were refused because the service was busy."""
        return self.outcomes[Outcome.BUSY]

    @property
    def failed(self) -> int:
        """How many ended in an error."""
        return sum(count for outcome, count in self.outcomes.items() if outcome.is_error)

    @property
    def network_ms(self) -> float | None:
        """The mean of what is not the server's own time; None when the answers do not tell it."""
        whole, server = self.request_ms.mean_ms, self.server_ms.mean_ms
        return None if whole is None or server is None else max(whole - server, 0.0)


def is_stable(windows: Sequence[Window], *, count: int, within: float) -> bool:
    """Whether the last `count` measured windows agree about the throughput, to a share of `within` of their mean.

    Chance alone makes a window of few answers differ, so the windows are first put together to stretches of at least
    100 answers, as long as there are three of them to compare.
    """
    measured = [window for window in windows if not window.is_warm_up]
    if len(measured) < count or within <= 0:
        return False
    last = measured[-count:]
    answered = sum(window.answered for window in last)
    if answered < _ENOUGH_ANSWERS:
        return False
    stretches = max(min(answered // _ENOUGH_ANSWERS, count), 3)
    edges = [round(number * count / stretches) for number in range(stretches + 1)]
    rates = [
        sum(window.answered for window in last[start:end]) / sum(window.seconds for window in last[start:end])
        for start, end in itertools.pairwise(edges)
    ]
    mean = sum(rates) / len(rates)
    return all(abs(rate - mean) <= within * mean for rate in rates)


def is_hopeless(windows: Sequence[Window]) -> bool:
    """Whether asking on makes no sense: some windows in a row with errors and without a single answer."""
    last = windows[-_HOPELESS_WINDOWS:]
    return len(last) == _HOPELESS_WINDOWS and all(window.failed and not window.answered for window in last)
