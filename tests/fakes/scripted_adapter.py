"""A small adapter for the tests of the SDK process: every method does one thing a real SDK does to its host."""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from gpu_assistant.backends.base import BackendConfig
from gpu_assistant.domain.errors import ServiceNameTaken
from gpu_assistant.domain.secret import Secret


class ScriptedAdapter:
    """Made inside the SDK process."""

    def __init__(self, config: BackendConfig) -> None:
        self._config = config
        self._gate = threading.Barrier(3)

    def echo(self, value: object) -> object:
        return value

    def pid(self) -> int:
        return os.getpid()

    def environment(self) -> Mapping[str, str]:
        return dict(os.environ)

    def arguments(self) -> list[str]:
        return sys.argv

    def token(self) -> Secret | None:
        return self._config.token

    def workspace_name(self) -> str:
        return self._config.workspace.name if self._config.workspace else ""

    def count(self, to: int, *, on_event: Callable[[int], None]) -> int:
        for number in range(to):
            on_event(number)
        return to

    def tick(self, times: int, pause_s: float, *, on_event: Callable[[int], None]) -> str:
        for number in range(times):
            time.sleep(pause_s)
            on_event(number)
        return "done"

    def hang(self) -> None:
        threading.Event().wait()

    def hang_once(self, marker: str) -> str:
        """Hangs in the first process that is asked, answers in the next."""
        path = Path(marker)
        if path.exists():
            return "answered by the second process"
        path.touch()
        threading.Event().wait()
        raise AssertionError("unreachable")

    def meet(self) -> str:
        """Returns only when three calls are inside at the same time."""
        self._gate.wait(timeout=30)
        return threading.current_thread().name

    def refuse(self) -> None:
        raise ServiceNameTaken(name="resnet", log="a line")

    def crash(self) -> None:
        raise KeyError("azure-asyncoperation")

    def crash_with_a_broken_text(self) -> None:
        class HollowError(Exception):
            def __str__(self) -> str:
                raise TypeError("'NoneType' object is not iterable")

        raise HollowError

    def unpackable(self) -> object:
        return threading.Lock()

    def exit(self) -> None:
        raise SystemExit(3)

    def die(self) -> None:
        os._exit(9)

    def print_everywhere(self, text: str) -> None:
        print(f"python {text}", flush=True)
        print(f"error {text}", file=sys.stderr, flush=True)
        ctypes.CDLL(None).puts(f"c {text}".encode())
        ctypes.CDLL(None).fflush(None)

    def log(self, name: str, level: int, text: str) -> None:
        logger = logging.getLogger(name)
        logger.setLevel(logging.DEBUG)
        logger.log(level, text)

    def read_stdin(self) -> str:
        return sys.stdin.read()
