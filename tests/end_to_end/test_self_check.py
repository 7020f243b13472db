"""`gpu-assistant --self-check` tells the truth about a good installation and about broken ones."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import CommandLine, clean_environment
from tests.secret_service import SecretService
from tests.ui.screen import Screen, ScreenSize, open_screen

DEFAULT = ("--self-check", "--json")

_TIDY_UP_ELSEWHERE = """
import gc, threading
gc.disable()
from gpu_assistant import self_check
print(tuple(finding.part for finding in self_check._window() if finding.works))
other = threading.Thread(target=gc.collect)
other.start()
other.join()
"""


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with open_screen(ScreenSize.PLAIN) as opened:
        yield opened


@pytest.fixture
def secret_service(tmp_path: Path) -> Iterator[SecretService]:
    service = SecretService(tmp_path / "keyring")
    service.start()
    yield service
    service.close()


def test_all_of_it_works(gpu_assistant: CommandLine, screen: Screen, secret_service: SecretService) -> None:
    environment = {**secret_service.environment, "DISPLAY": screen.display}
    gpu_assistant.environment = environment
    told = gpu_assistant(*DEFAULT).json
    assert told["works"]
    assert {part: one["works"] for part, one in told["parts"].items()} == dict.fromkeys(
        ("files", "window", "drop", "keyring", "sdk", "practice"), True
    )
    assert told["parts"]["keyring"]["seen"] == "keyring.backends.SecretService.Keyring"
    assert told["parts"]["drop"]["seen"].startswith("tkdnd 2.")
    assert secret_service.entries() == {}  # what it tried the keyring with is gone again


def test_no_other_thread_finds_what_is_left_of_the_window(screen: Screen) -> None:
    """Python tidies up on whatever thread has just made an object; Tcl ends the program of one that is not its own."""
    done = subprocess.run(
        [sys.executable, "-c", _TIDY_UP_ELSEWHERE],
        env={**clean_environment(), "DISPLAY": screen.display},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "('window', 'drop')\n"


def test_without_a_keyring_the_program_still_works(gpu_assistant: CommandLine, screen: Screen) -> None:
    ran = gpu_assistant("--self-check", DISPLAY=screen.display)
    (line,) = [line for line in ran.out.splitlines() if line.startswith("  keyring")]
    assert "missing" in line
    assert "No OS keyring answers here; keys are kept in memory for this session." in line


def test_without_a_screen_there_is_no_window(gpu_assistant: CommandLine) -> None:
    ran = gpu_assistant(*DEFAULT, check=False)
    assert ran.code == 1
    parts = ran.json["parts"]
    assert not parts["window"]["works"]
    assert "DISPLAY" in parts["window"]["seen"]
    assert parts["sdk"]["works"]
    assert "drop" not in parts  # nobody can say


def test_a_broken_sdk_is_named(gpu_assistant: CommandLine, tmp_path: Path) -> None:
    package = tmp_path / "azureml"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('half of azureml-core is missing')", encoding="utf-8")
    ran = gpu_assistant(*DEFAULT, check=False, PYTHONPATH=f"{tmp_path}:{Path(__file__).parents[2]}")
    assert ran.code == 1
    assert not ran.json["parts"]["sdk"]["works"]
    assert "half of azureml-core is missing" in ran.json["parts"]["sdk"]["seen"]
    assert "Traceback" not in ran.err


def test_missing_files_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from gpu_assistant import self_check

    monkeypatch.setattr(self_check.paths, "resource", lambda *parts: tmp_path.joinpath(*parts))
    finding = self_check._files()
    assert not finding.works
    assert str(tmp_path / "vm_sizes.toml") in finding.seen
    assert "score.py" not in finding.seen


def test_it_is_done_instead_of_something_else_not_beside_it(gpu_assistant: CommandLine) -> None:
    ran = gpu_assistant("--self-check", "--install-desktop-entry", check=False)
    assert ran.code == 2
    assert "not allowed with argument" in ran.err
