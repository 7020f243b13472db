"""Processes of our own that start clean: nothing of the program's main module runs in them a second time."""

from __future__ import annotations

import multiprocessing
import sys
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

_spawning = threading.Lock()


def start_process(target: Callable[[Connection], None], *, name: str) -> tuple[BaseProcess, Connection]:
    """Run `target(connection)` in a new process; returns it with our end of a pipe to it. Any thread.

    `target` is a function of an importable module. The process is a daemon: multiprocessing ends it when the program
    exits without doing so. It must end by itself when its end of the pipe tells that the program is gone.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=True)
    process = context.Process(target=target, args=(theirs,), name=name, daemon=True)
    with _without_main_module():
        process.start()
    theirs.close()
    return process, ours


@contextmanager
def _without_main_module() -> Iterator[None]:
    """Keep spawn from running the program's main module a second time, inside the new process.

    Spawn does so in order to unpickle what is defined there; nothing that crosses these pipes is. It would load the
    window's modules once more, and start a script that has no `__main__` guard over again.
    """
    with _spawning:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main
