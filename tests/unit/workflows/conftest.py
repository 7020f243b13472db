"""What every workflow test needs: a scripted Azure, memory for keys, and a job that does not sleep."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_assistant.jobs.events import JobEvent
from gpu_assistant.jobs.job import Job, Pace
from gpu_assistant.keystore import SessionKeystore
from gpu_assistant.workflows.plan import Shipment
from gpu_assistant.workflows.site import Site
from tests.fakes.scripted_backend import WORKSPACE, ScriptedBackend


@pytest.fixture
def azure() -> ScriptedBackend:
    return ScriptedBackend()


@pytest.fixture
def keystore() -> SessionKeystore:
    return SessionKeystore("")


@pytest.fixture
def site() -> Site:
    return Site(WORKSPACE)


@pytest.fixture
def events() -> list[JobEvent]:
    return []


@pytest.fixture
def job(events: list[JobEvent]) -> Job:
    pace = Pace(poll_s=0.0, patience_s=0.0, settle_s=0.0)
    return Job(events.append, pace=pace)


@pytest.fixture
def shipment(tmp_path: Path) -> Shipment:
    folder = tmp_path / "scoring"
    folder.mkdir()
    (folder / "environment.yml").write_text("dependencies: [python=3.11]")
    (folder / "score.py").write_text("")
    return Shipment(folder)
