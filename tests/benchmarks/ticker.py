"""How long a window does not react: a timer that should fire every 10 ms, and what was going on when it was late."""

from __future__ import annotations

import heapq
import sys
import threading
import time
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from gpu_assistant.ui.theme import Root

_EVERY_MS = 10
_LATE_S = 0.025
_SAMPLE_EVERY_S = 0.004
_WORST_KEPT = 12
_SCHEDULING = Path("/proc/thread-self/schedstat")


@dataclass(frozen=True, order=True)
class Gap:
    """From one tick to the next. `cpu_ms` is what the UI thread computed meanwhile, `queued_ms` how long it waited for
    a processor; the rest it waited for others: the X server, or a thread of Python."""

    ms: float
    at_s: float
    cpu_ms: float = field(compare=False)
    queued_ms: float = field(compare=False)
    where: str = field(compare=False)
    calls: tuple[str, ...] = field(default=(), compare=False)
    """What the UI thread was found at, the most frequent first, where that was watched."""

    def __str__(self) -> str:
        parts = f"{self.cpu_ms:.1f} of it computing, {self.queued_ms:.1f} without a processor"
        text = f"    {self.ms:6.1f} ms ({parts}) at {self.at_s:6.1f} s, {self.where}"
        return "\n".join([text, *(f"             {call}" for call in self.calls)])


class Ticker:
    """Ticks from now on until `stop` or the window's end. Tk thread.

    With `watch` another thread looks where the UI thread is while a tick is late; that costs a little itself.
    """

    def __init__(self, root: Root, where: Callable[[], str], *, watch: bool = False) -> None:
        self._root = root
        self._where = where
        self._gaps_ms = array("d")
        self._worst: list[Gap] = []
        self._began_s = self._last_s = time.perf_counter()
        self._cpu_s, self._queued_s = time.thread_time(), _queued_s()
        self._last_where = where()
        self._watch = _Watch(lambda: self._last_s) if watch else None
        self._timer = root.after(_EVERY_MS, self._tick)

    @property
    def gaps_ms(self) -> tuple[float, ...]:
        """All gaps so far, in their order."""
        return tuple(self._gaps_ms)

    @property
    def worst(self) -> tuple[Gap, ...]:
        """The longest, the longest first."""
        return tuple(sorted(self._worst, reverse=True))

    def has_ticked_since(self, moment_s: float) -> bool:
        """Whether there was a tick after this moment of `time.perf_counter()`."""
        return self._last_s > moment_s

    def longest_ms(self, begin_s: float, end_s: float) -> float:
        """The longest gap that touched this time; moments of `time.perf_counter()`."""
        longest, tick_s = 0.0, self._last_s
        for ms in reversed(self._gaps_ms):
            if tick_s < begin_s:
                break
            if tick_s - ms / 1000 <= end_s:
                longest = max(longest, ms)
            tick_s -= ms / 1000
        return longest

    def stop(self) -> None:
        """No more ticks."""
        self._root.after_cancel(self._timer)
        if self._watch is not None:
            self._watch.stop()

    def _tick(self) -> None:
        now_s, cpu_s, queued_s = time.perf_counter(), time.thread_time(), _queued_s()
        ms = (now_s - self._last_s) * 1000
        self._gaps_ms.append(ms)
        if len(self._worst) < _WORST_KEPT or ms > self._worst[0].ms:
            computing_ms, queued_ms = (cpu_s - self._cpu_s) * 1000, (queued_s - self._queued_s) * 1000
            self._keep(Gap(ms, now_s - self._began_s, computing_ms, queued_ms, self._last_where, self._calls()))
        self._last_where = self._where()
        self._cpu_s, self._queued_s = cpu_s, queued_s
        self._last_s = now_s
        self._timer = self._root.after(_EVERY_MS, self._tick)

    def _keep(self, gap: Gap) -> None:
        if len(self._worst) < _WORST_KEPT:
            heapq.heappush(self._worst, gap)
        else:
            heapq.heapreplace(self._worst, gap)

    def _calls(self) -> tuple[str, ...]:
        return self._watch.take() if self._watch is not None else ()


def _queued_s() -> float:
    """How long this thread has waited for a processor since it began: the second number of Linux's schedstat."""
    return int(_SCHEDULING.read_text(encoding="ascii").split()[1]) / 1e9 if _SCHEDULING.exists() else 0.0


class _Watch:
    """Looks at the stack of the thread that makes it while `last_s` is long ago."""

    def __init__(self, last_s: Callable[[], float]) -> None:
        self._last_s = last_s
        self._watched = threading.get_ident()
        self._seen: Counter[str] = Counter()
        self._end = threading.Event()
        threading.Thread(target=self._look, name="watch", daemon=True).start()

    def take(self) -> tuple[str, ...]:
        """What was seen since the last call."""
        seen, self._seen = self._seen, Counter()
        return tuple(f"{count} × {calls}" for calls, count in seen.most_common(3))

    def stop(self) -> None:
        """Look no more."""
        self._end.set()

    def _look(self) -> None:
        while not self._end.wait(_SAMPLE_EVERY_S):
            frame = sys._current_frames().get(self._watched)
            if frame is not None and time.perf_counter() - self._last_s() > _LATE_S:
                self._seen[_calls_of(frame)] += 1


def _calls_of(frame: FrameType | None) -> str:
    """The calls in the program's own code, the innermost last, and what they called in the end."""
    calls: list[str] = []
    while frame is not None and len(calls) < 6:
        name = frame.f_globals.get("__name__", "")
        if not calls or name.startswith("gpu_assistant."):
            calls.append(f"{name.removeprefix('gpu_assistant.')}:{frame.f_code.co_name}:{frame.f_lineno}")
        frame = frame.f_back
    return " > ".join(reversed(calls))
