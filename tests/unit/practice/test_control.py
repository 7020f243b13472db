"""The pass that steers the practice server: who makes a good one, and for how long."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_assistant.practice import control
from gpu_assistant.practice.constants import KEY_FILE

NOW_S = 1_800_000_000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [NOW_S]
    monkeypatch.setattr(control.time, "time", lambda: now[0])
    return now


def _folder(path: Path, key: bytes) -> Path:
    path.mkdir()
    (path / KEY_FILE).write_bytes(key)
    return path


def test_a_pass_is_good_for_a_minute(tmp_path: Path, clock: list[float]) -> None:
    mine = _folder(tmp_path / "mine", b"my key")
    text = control.issue_pass(mine)
    assert control.is_good_pass(mine, text)
    clock[0] += 59
    assert control.is_good_pass(mine, text)
    clock[0] += 3
    assert not control.is_good_pass(mine, text)


def test_nobody_else_makes_one(tmp_path: Path, clock: list[float]) -> None:
    mine, other = _folder(tmp_path / "mine", b"my key"), _folder(tmp_path / "other", b"another key")
    until, _, signature = control.issue_pass(mine).partition(".")
    bad = {
        "of another folder": control.issue_pass(other),
        "with a later end": f"{int(until) + 5}.{signature}",
        "with an end a year away, rightly signed": _signed(mine, str(int(NOW_S) + 31_536_000)),
        "cut short": f"{until}.{signature[:-1]}",
        "without a signature": until,
        "of nothing": "",
        "with foreign digits": f"١٢٣.{signature}",
        "with a foreign signature": f"{until}.열쇠",
        "endless": f"{'9' * 400}.{signature}",
    }
    for what, text in bad.items():
        assert not control.is_good_pass(mine, text), what


def test_without_a_key_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        control.issue_pass(tmp_path)
    assert not control.is_good_pass(tmp_path, "1800000000.abc")


def _signed(folder: Path, until: str) -> str:
    return f"{until}.{control._signature(folder, until)}"
