"""The wizard without its window, on the real practice workspace: the SDK process, the server, the model."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpu_assistant.choices import Choices
from gpu_assistant.domain.errors import EntryScriptCrashed, NotSchedulable
from gpu_assistant.domain.scoring import ScoredImage
from gpu_assistant.domain.service import ServiceKeys, WhichKey
from gpu_assistant.practice import lifecycle
from gpu_assistant.window import LocalWorkplaces, first_window
from gpu_assistant.wizard.controller import Controller
from gpu_assistant.wizard.preflight import Verdict, can_deploy, preflight
from gpu_assistant.wizard.state import JobKind, MachineChoice, Phase, Step
from gpu_assistant.workflows.score_image import LOAD_PATIENCE_S
from tests.fakes.workplaces import pump_until

_LONG_S = 120.0


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[Controller]:
    workplaces = LocalWorkplaces(Choices(data_dir=tmp_path / "data", speed=float("inf")))
    controller = Controller(workplaces)
    yield controller
    controller.close()
    workplaces.close()
    lifecycle.stop(tmp_path / "data")


def settle(controller: Controller) -> None:
    pump_until(controller, lambda: not any(job.is_running for job in controller.state.jobs.values()), _LONG_S)
    failed = [job.error for job in controller.state.jobs.values() if job.phase is Phase.FAILED]
    assert not failed, failed


def answered(controller: Controller) -> ScoredImage:
    pump_until(controller, lambda: controller.state.scored and not controller.state.scored[-1].is_pending, _LONG_S)
    latest = controller.state.scored[-1]
    assert latest.image is not None, latest.error
    return latest.image


def deploy(controller: Controller) -> None:
    """Open practice and deploy its model."""
    controller.open_practice()
    settle(controller)
    controller.choose_machine(MachineChoice("Standard_NC4as_T4_v3"))
    controller.go(Step.DEPLOY)
    pump_until(controller, lambda: can_deploy(controller.state), _LONG_S)
    controller.deploy()
    settle(controller)


def test_the_journey(controller: Controller, tmp_path: Path) -> None:
    controller.open_practice()
    settle(controller)
    state = controller.state
    assert state.inspections[state.deployment.model_id]
    controller.choose_machine(MachineChoice("Standard_NC4as_T4_v3"))
    controller.go(Step.MACHINE)
    controller.go(Step.DEPLOY)
    assert can_deploy(controller.state)
    controller.deploy()
    settle(controller)
    assert controller.state.step is Step.SCORE

    coffee = controller.state.samples["coffee.jpg"]
    controller.drop([coffee])
    assert answered(controller).predictions[0].label == "espresso"

    seen: list[ServiceKeys] = []
    controller.with_keys(seen.append)
    pump_until(controller, lambda: seen, _LONG_S)
    controller.new_key(WhichKey.PRIMARY)
    settle(controller)
    controller.with_keys(seen.append)
    pump_until(controller, lambda: len(seen) == 2, _LONG_S)
    assert seen[0].primary != seen[1].primary
    controller.drop([coffee])
    assert answered(controller).predictions[0].label == "espresso", "the new key is used"

    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number:02}.jpg").hardlink_to(coffee) if number % 4 else (folder / f"{number:02}.jpg").touch()
    controller.drop([folder])
    settle(controller)
    batch = controller.state.batch
    assert batch is not None
    assert (batch.total, batch.done, batch.failed, batch.running) == (40, 40, 10, False)
    assert controller.save_csv(tmp_path / "out.csv") == ""
    assert len((tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines()) == 41

    controller.clean_up()
    settle(controller)
    assert controller.state.rows == ()
    assert controller.state.report is not None
    assert not controller.state.report.left


def test_a_practice_server_that_stopped_meanwhile_is_started_again(controller: Controller, tmp_path: Path) -> None:
    controller.open_practice()
    settle(controller)
    assert lifecycle.stop(tmp_path / "data")
    controller.load_machines(again=True)
    settle(controller)
    assert controller.state.offers


def test_an_image_waits_for_a_model_that_is_loaded_anew(controller: Controller, tmp_path: Path) -> None:
    deploy(controller)
    assert lifecycle.stop(tmp_path / "data")
    told: set[str] = set()
    controller.subscribe(lambda state: told.update(one.waits_for for one in state.scored))
    controller.drop([controller.state.samples["coffee.jpg"]])
    assert answered(controller).predictions[0].label == "espresso"
    assert told == {"", "efficientnet-lite0 is loading its model; the image waits for it"}
    controller.clean_up()
    settle(controller)


def test_an_image_does_not_wait_for_a_script_that_stops_whenever_it_starts(
    controller: Controller, tmp_path: Path
) -> None:
    deploy(controller)
    assert lifecycle.stop(tmp_path / "data")
    (script,) = (tmp_path / "data").glob("practice/sources/*/scoring/score.py")
    script.write_text(script.read_text("utf-8") + "\n\ndef init():\n    raise ValueError('the weights are lost')\n")
    dropped_s = time.monotonic()
    controller.drop([controller.state.samples["coffee.jpg"]])
    pump_until(controller, lambda: controller.state.scored and not controller.state.scored[-1].is_pending, _LONG_S)
    error = controller.state.scored[-1].error
    assert isinstance(error, EntryScriptCrashed)
    assert "ValueError: the weights are lost" in error.detail
    assert time.monotonic() - dropped_s < LOAD_PATIENCE_S / 2, "it was not waited for as a model that is loading"
    controller.clean_up()
    settle(controller)


def test_replicas_are_held_against_a_cluster_that_exists(controller: Controller) -> None:
    deploy(controller)
    controller.load_machines(again=True)
    settle(controller)
    (target,) = controller.state.targets or ()
    controller.choose_machine(MachineChoice(existing_compute=target.name))
    assert can_deploy(controller.state), "the same service again: its own GPU does not stand in its way"
    controller.edit_deployment(controller.state.deployment._replace(service_name="another"))
    (refused,) = [check for check in preflight(controller.state) if check.verdict is Verdict.PROBLEM]
    assert isinstance(refused.error, NotSchedulable)
    assert "held by efficientnet-lite0" in refused.detail
    assert not can_deploy(controller.state)
    controller.clean_up()
    settle(controller)


def test_scenarios_are_switched_from_the_window(controller: Controller) -> None:
    controller.open_practice()
    settle(controller)
    controller.set_scenario("quota-too-small")
    pump_until(controller, lambda: controller.state.place and controller.state.place.scenario == "quota-too-small")
    controller.set_scenario("")
    pump_until(controller, lambda: controller.state.place and controller.state.place.scenario == "")


def test_the_first_window_is_told_apart_from_the_second(tmp_path: Path) -> None:
    with first_window(tmp_path) as first, first_window(tmp_path) as second:
        assert first is None
        assert second is not None
        assert second.pid > 0
    with first_window(tmp_path) as after:
        assert after is None


def test_nobody_is_busy_after_the_end(controller: Controller) -> None:
    controller.open_practice()
    pump_until(controller, lambda: controller.state.is_busy(JobKind.OPEN))
    controller.cancel(JobKind.OPEN)
    pump_until(controller, lambda: not controller.state.is_busy(JobKind.OPEN), _LONG_S)
    assert controller.state.place is None
