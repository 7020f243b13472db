"""The memory of the workspace: whole after any end, and what cannot be read is set aside."""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path

import pytest

from gpu_assistant.practice.azure.clock import ManualClock
from gpu_assistant.practice.azure.records import Fate, Model, Service, Settled, Tables, from_plain, to_plain
from gpu_assistant.practice.azure.state_file import StateFile


def model(name: str) -> Model:
    return Model(name, 1, "2026-11-22", {"name": name, "kvTags": {"a": "b"}})


def test_a_change_is_on_disk_when_it_is_made(tmp_path: Path) -> None:
    state = StateFile(tmp_path, ManualClock())
    with state.change() as tables:
        tables.models["a:1"] = model("a")
    with StateFile(tmp_path, ManualClock()).read() as tables:
        assert tables.models == {"a:1": model("a")}


def test_a_change_that_fails_half_way_is_saved_as_far_as_it_came(tmp_path: Path) -> None:
    state = StateFile(tmp_path, ManualClock())

    def fail_half_way() -> None:
        with state.change() as tables:
            tables.models["a:1"] = model("a")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail_half_way()
    with StateFile(tmp_path, ManualClock()).read() as tables:
        assert list(tables.models) == ["a:1"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\x00\x01\xff",
        b"[]",
        b'{"format": 1}',
        b'{"format": 99, "tables": {}}',
        b'{"format": 1, "tables": {"models": {"a:1": {"name": 5}}}}',
        b'{"format": 1, "tables": {"unheard_of": {}}}',
    ],
    ids=["empty", "truncated", "binary", "a list", "no tables", "newer format", "wrong type", "unknown table"],
)
def test_a_damaged_file_is_set_aside_and_the_workspace_starts_empty(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state.json").write_bytes(content)
    with caplog.at_level(logging.WARNING):
        state = StateFile(tmp_path, ManualClock())
    with state.read() as tables:
        assert tables == Tables()
    assert (tmp_path / "state.damaged-1.json").read_bytes() == content
    assert "state.damaged-1.json" in caplog.text


def test_a_half_written_new_file_does_no_harm(tmp_path: Path) -> None:
    state = StateFile(tmp_path, ManualClock())
    with state.change() as tables:
        tables.models["a:1"] = model("a")
    (tmp_path / "state.json.new").write_bytes(b'{"format": 1, "tab')
    with StateFile(tmp_path, ManualClock()).change() as tables:
        assert list(tables.models) == ["a:1"]


def test_virtual_time_goes_on_where_it_was(tmp_path: Path) -> None:
    fast = ManualClock(1000.0, speed=60)
    state = StateFile(tmp_path, fast)
    fast.advance(100)
    state.save()
    later = ManualClock(1100.0)
    StateFile(tmp_path, later)
    assert later.now_s() == 7000.0


def test_what_infinite_speed_has_finished_is_finished_after_a_restart(tmp_path: Path) -> None:
    clock = ManualClock(speed=math.inf)
    state = StateFile(tmp_path, clock)
    began = clock.moment()
    state.save()
    later = ManualClock()
    StateFile(tmp_path, later)
    assert later.has_passed(began, 3600)


def test_records_come_back_as_they_were() -> None:
    moment = ManualClock().moment()
    service = Service("s", "uid", "aks", {"a": [1, None]}, "c", "u", moment, 1.5, 2.0, "op", Fate.NEVER_HEALTHY)
    tables = Tables(services={"s": service})
    again = from_plain(Tables, json.loads(json.dumps(to_plain(tables))))
    assert again == tables
    assert again.services["s"].settled is Settled.NOT_YET
