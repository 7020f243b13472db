"""Drains what workers put into the controller's queue, on the Tk thread."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

DRAIN_EVERY_MS = 25
TICK_EVERY_MS = 1000


class Dispatcher:
    """Calls `drain` often and `tick` once a second for as long as `root` lives. Tk thread only."""

    def __init__(self, root: tk.Misc, *, drain: Callable[[], None], tick: Callable[[], None]) -> None:
        self._root = root
        self._drain = drain
        self._tick = tick
        self._pending: dict[str, str] = {}

    def start(self) -> None:
        """Begin; also the first drain and tick."""
        self._every("drain", DRAIN_EVERY_MS, self._drain)
        self._every("tick", TICK_EVERY_MS, self._tick)

    def stop(self) -> None:
        """No more calls; before the root is destroyed."""
        for handle in self._pending.values():
            self._root.after_cancel(handle)
        self._pending.clear()

    def _every(self, name: str, delay_ms: int, call: Callable[[], None]) -> None:
        # Scheduled first, so that an error in the call, which is reported elsewhere, does not end the beat.
        self._pending[name] = self._root.after(delay_ms, lambda: self._every(name, delay_ms, call))
        call()
