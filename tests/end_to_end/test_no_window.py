"""Where the window cannot be opened, one readable line says why."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import clean_environment


def run(tmp_path: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gpu_assistant", *options],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_environment(HOME=str(tmp_path), **environment),
        check=False,
    )


@pytest.mark.parametrize("display", ["", "127.0.0.1:99"])
def test_no_screen(tmp_path: Path, display: str) -> None:
    ran = run(tmp_path, "--data-dir", str(tmp_path / "data"), **({"DISPLAY": display} if display else {}))
    assert ran.returncode == 1
    assert ran.stderr.startswith("gpu-assistant: The window cannot be opened.")
    assert "Traceback" not in ran.stderr


def test_a_data_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    ran = run(tmp_path, "--data-dir", str(tmp_path / "data"))
    assert ran.returncode == 1
    assert ran.stderr.startswith("gpu-assistant: The record of what bills cannot be used.")
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--screenshots", "pictures"), "--screenshots needs --answers"),
        (("--answers", "not-there.toml"), "not-there.toml"),
    ],
)
def test_a_walk_that_cannot_begin(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    ran = run(tmp_path, "--data-dir", str(tmp_path / "data"), *options)
    assert ran.returncode in (1, 2)
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_place_may_be_said_before_the_command_or_after_it(tmp_path: Path) -> None:
    for words in (("--data-dir", str(tmp_path / "data"), "status"), ("status", "--data-dir", str(tmp_path / "data"))):
        ran = run(tmp_path, *words)
        assert "Nobody is signed in" in ran.stderr or "Workspace" in ran.stderr, ran.stderr
        assert (tmp_path / "data" / "ledger.sqlite").is_file()
