"""Virtual time: what takes ten minutes in Azure takes as long as the user likes to wait in practice.

Nothing runs on a timer. A long operation remembers the `Moment` it began, and whoever reads it asks the clock
whether its duration has passed. So a server that was killed goes on where it was.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

_LEAP_S = 7 * 24 * 3600.0  # longer than anything takes; what infinite speed has finished must stay finished


@dataclass(frozen=True, slots=True)
class Moment:
    """When something began: virtual seconds for durations, wall-clock seconds for the time stamps people read."""

    virtual_s: float
    wall_s: float

    @property
    def iso(self) -> str:
        """The wall-clock time as Azure prints it."""
        return iso_time(self.wall_s)


def iso_time(wall_s: float) -> str:
    """Seconds since the epoch as `2026-11-22T17:00:00.000000+00:00`."""
    return datetime.fromtimestamp(wall_s, timezone.utc).isoformat(timespec="microseconds")


class Clock:
    """Virtual time = real time × speed. Safe to use from several threads.

    At speed `math.inf` every duration has passed at once. `resume_at_s` continues the virtual time of an
    earlier run, so that nothing ever becomes younger.
    """

    def __init__(
        self,
        speed: float = 1.0,
        *,
        resume_at_s: float | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._lock = threading.Lock()
        self._monotonic = monotonic
        self._wall = wall
        self._base_virtual_s = wall() if resume_at_s is None else resume_at_s
        self._base_real_s = monotonic()
        self._speed = _checked(speed)

    @property
    def speed(self) -> float:
        """How many virtual seconds pass in a real one."""
        return self._speed

    def set_speed(self, speed: float) -> None:
        """Change the speed from now on. The virtual time does not jump; only infinite speed leaves it far ahead."""
        speed = _checked(speed)
        with self._lock:
            self._base_virtual_s = self._horizon_s()
            self._base_real_s = self._monotonic()
            self._speed = speed

    def continue_from(self, virtual_s: float) -> None:
        """Move forward to where an earlier run stopped; never backwards."""
        with self._lock:
            self._base_virtual_s = max(self._now_s(), virtual_s)
            self._base_real_s = self._monotonic()

    def now_s(self) -> float:
        """Virtual seconds since the epoch."""
        with self._lock:
            return self._now_s()

    def horizon_s(self) -> float:
        """The virtual time to go on from later: beyond everything that is over at the present speed."""
        with self._lock:
            return self._horizon_s()

    def wall_s(self) -> float:
        """Real seconds since the epoch: time stamps and signatures are real even when waiting is not."""
        return self._wall()

    def moment(self) -> Moment:
        """Now."""
        return Moment(self.now_s(), self._wall())

    def has_passed(self, since: Moment, duration_s: float, *, at_least_real_s: float = 0.0) -> bool:
        """Whether a thing that takes `duration_s` is over; some also take real seconds at any speed."""
        if self._wall() - since.wall_s < at_least_real_s:
            return False
        return self.elapsed_s(since) >= duration_s

    def elapsed_s(self, since: Moment) -> float:
        """Virtual seconds since a moment; infinite at infinite speed."""
        with self._lock:
            return math.inf if math.isinf(self._speed) else max(0.0, self._now_s() - since.virtual_s)

    def _now_s(self) -> float:
        rate = 1.0 if math.isinf(self._speed) else self._speed
        return self._base_virtual_s + (self._monotonic() - self._base_real_s) * rate

    def _horizon_s(self) -> float:
        return self._now_s() + (_LEAP_S if math.isinf(self._speed) else 0.0)


class ManualClock(Clock):
    """A clock that moves only when a test says so."""

    def __init__(self, start_s: float = 1_795_000_000.0, *, speed: float = 1.0) -> None:
        self._hand_s = start_s
        super().__init__(speed, monotonic=lambda: self._hand_s, wall=lambda: self._hand_s)

    def advance(self, seconds: float) -> None:
        """Let real seconds pass (virtual ones × speed)."""
        self._hand_s += seconds


@dataclass(frozen=True, slots=True)
class Durations:
    """How long things take in Azure, in seconds: the order of magnitude that people report."""

    cluster_create_s: float = 600.0
    cluster_attach_s: float = 300.0
    cluster_delete_s: float = 300.0
    cluster_detach_s: float = 30.0
    image_build_s: float = 360.0
    """The first time for an environment; the image is kept in the registry after that."""
    service_rollout_s: float = 180.0
    service_delete_s: float = 30.0
    unschedulable_s: float = 300.0
    """Kubernetes tries this long to find a node before the deployment fails (`00:05:00` in the message)."""


def _checked(speed: float) -> float:
    if not speed > 0:
        raise ValueError(f"the speed must be above 0, not {speed}")
    return speed
