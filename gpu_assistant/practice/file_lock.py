"""A lock between processes that the system lets go when its holder dies."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_LOOK_AGAIN_S = 0.2


@contextmanager
def wait_for_lock(file: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock on `file` for the length of the block. `waiting` is called now and then until it is free.

    The file stays: deleting it would let two processes lock two files of the same name.
    """
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _try_lock(handle):
            waiting()
            time.sleep(_LOOK_AGAIN_S)
        yield
    finally:
        os.close(handle)  # lets the lock go


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
