"""The surface with real inference servers: what a scenario breaks really breaks, and the log says so."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gpu_assistant.practice.azure.clock import Clock
from gpu_assistant.practice.replicas.pool import InferencePool
from tests.fakes.practice_client import Azure

DEADLINE_S = 90.0


@pytest.fixture
def pool() -> Iterator[InferencePool]:
    pool = InferencePool()
    yield pool
    pool.stop_all()


def deployed(folder: Path, pool: InferencePool, scenario: str | None = None, **changes: Any) -> Azure:
    azure = Azure(folder, Clock(math.inf), pool, scenario)  # type: ignore[arg-type]
    azure.register_model()
    assert azure.create_cluster().status == 201
    assert azure.deploy(**changes).status == 202
    return azure


def final_state(azure: Azure) -> str:
    deadline = time.monotonic() + DEADLINE_S
    while (state := azure.service()["state"]) == "Transitioning":
        assert time.monotonic() < deadline, azure.json("GET", azure.mms("/services/svc/logs"))["content"]
        time.sleep(0.05)
    return str(state)


def log(azure: Azure) -> str:
    return str(azure.json("GET", azure.mms("/services/svc/logs?tail=5000"))["content"])


def test_a_service_answers_through_its_key_and_is_gone_after_deletion(tmp_path: Path, pool: InferencePool) -> None:
    azure = deployed(tmp_path, pool)
    assert final_state(azure) == "Healthy"
    answer = azure.score(azure.keys()["primaryKey"])
    assert (answer.status, answer.body) == (200, b'"jpeg"')
    azure.send("DELETE", azure.mms("/services/svc"))
    assert azure.send("GET", azure.mms("/services/svc")).status == 404
    assert pool.services == ()


def test_a_crash_in_init_is_in_the_log_with_its_line(tmp_path: Path, pool: InferencePool) -> None:
    azure = deployed(tmp_path, pool, "init-crashes")
    assert final_state(azure) == "Failed"
    assert "ValueError: Could not find SavedModel .pb" in log(azure)
    assert "score.py" in log(azure)
    assert "CrashLoopBackOff" in json.dumps(azure.service()["error"])


def test_a_container_without_memory_is_killed(tmp_path: Path, pool: InferencePool) -> None:
    azure = deployed(tmp_path, pool, "out-of-memory")
    assert final_state(azure) == "Failed"
    assert "Perhaps out of memory?" in log(azure)
    assert "OOMKilled" in json.dumps(azure.service()["error"])
