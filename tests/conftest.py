"""For every test: no real keyring, no address outside this computer, and a command line to run."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
_NO_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "REQUESTS_CA_BUNDLE")


def clean_environment(**more: str) -> dict[str, str]:
    """The environment for a program under test: nothing of this machine's network or keyring."""
    kept = {name: value for name, value in os.environ.items() if name not in _NO_PROXIES}
    kept.pop("DBUS_SESSION_BUS_ADDRESS", None)
    kept.pop("DISPLAY", None)
    return {**kept, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", **more}


@pytest.fixture(autouse=True)
def _stay_on_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that connects anywhere else fails; the programs it starts are held by their own proxy."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(("127.", "::1")):
            raise AssertionError(f"a test connects to {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its standard output as JSON."""
        return json.loads(self.out)


@dataclass
class CommandLine:
    """`gpu-assistant` as a person runs it, on a data folder of its own. `spoken` keeps all it ever printed."""

    data_dir: Path
    environment: dict[str, str] = field(default_factory=clean_environment)
    spoken: list[str] = field(default_factory=list)

    def command(self, *words: str) -> list[str]:
        """The words to start, with this data folder."""
        return [sys.executable, "-m", "gpu_assistant", words[0], "--data-dir", str(self.data_dir), *words[1:]]

    def __call__(self, *words: str, timeout_s: float = 240.0, check: bool = True, **environment: str) -> Ran:
        """Run to the end; with `check` a failure shows what was printed."""
        done = subprocess.run(
            self.command(*words),
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            stdin=subprocess.DEVNULL,
            cwd=self.data_dir,
        )
        self.spoken += [done.stdout, done.stderr]
        assert not check or done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return Ran(done.returncode, done.stdout, done.stderr)

    def stop_practice(self) -> None:
        """End the practice server of this data folder, if one runs."""
        self("practice", "--stop", check=False)


def new_command_line() -> Iterator[CommandLine]:
    """A command line with a data folder that is removed at the end, practice server included."""
    with tempfile.TemporaryDirectory(prefix="gpa-") as folder:
        line = CommandLine(Path(folder))
        try:
            yield line
        finally:
            line.stop_practice()


@pytest.fixture
def gpu_assistant() -> Iterator[CommandLine]:
    """A fresh data folder for one test."""
    yield from new_command_line()


@pytest.fixture(scope="module")
def shared_gpu_assistant() -> Iterator[CommandLine]:
    """One data folder and one practice server for the tests of a module, which leave it empty."""
    yield from new_command_line()
