"""A bounded amount of something, mostly memory, that threads share."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator


class NoRoom(Exception):
    """The part that was asked for did not become free."""


class Room:
    """Parts of `size` for those who hold them. More than `size` counts as all of it, so that everyone gets a turn."""

    def __init__(self, size: float) -> None:
        self._size = size
        self._free = size
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def hold(self, part: float, deadline: float) -> Iterator[None]:
        """Wait for a part until `deadline` (time.monotonic's clock), and keep it for the block. Raises NoRoom."""
        part = min(part, self._size)
        with self._changed:
            while self._free < part:
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    raise NoRoom
                self._changed.wait(left_s)
            self._free -= part
        try:
            yield
        finally:
            self.give_back(part)

    def take(self, part: float) -> None:
        """Take a part now. Raises NoRoom. Whoever takes, gives back."""
        with self._changed:
            if self._free < part:
                raise NoRoom
            self._free -= part

    def give_back(self, part: float) -> None:
        """Free a part."""
        with self._changed:
            self._free += part
            self._changed.notify_all()
