"""The whole journey through the controller, over a scripted Azure and without Tk."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpu_assistant.domain.billing import ResourceKind, ResourceState, utc_now
from gpu_assistant.domain.errors import (
    Action,
    CannotReachAzure,
    PracticeNotInstalled,
    Remedy,
)
from gpu_assistant.domain.service import ServiceState
from gpu_assistant.domain.workspace import SignInMethod
from gpu_assistant.jobs.job import CancelMeaning
from gpu_assistant.wizard.controller import Controller
from gpu_assistant.wizard.preflight import can_deploy
from gpu_assistant.wizard.state import DeployChoice, FirstWindow, JobKind, MachineChoice, Phase, Step
from tests.fakes.scripted_backend import T4, WORKSPACE
from tests.fakes.workplaces import ACCOUNT, PROMPT, ScriptedWorkplaces, pump_until

SIZE = MachineChoice(T4.name)


@pytest.fixture
def house(tmp_path: Path) -> ScriptedWorkplaces:
    return ScriptedWorkplaces(tmp_path)


@pytest.fixture
def controller(house: ScriptedWorkplaces) -> Iterator[Controller]:
    controller = Controller(house)
    yield controller
    controller.close()


def settle(controller: Controller) -> None:
    """Until no job runs."""
    pump_until(controller, lambda: not any(job.is_running for job in controller.state.jobs.values()))


def open_practice(controller: Controller) -> None:
    controller.open_practice()
    pump_until(controller, lambda: controller.state.place is not None)
    settle(controller)


def ready(controller: Controller) -> None:
    """Practice is open and machine and model are chosen."""
    open_practice(controller)
    controller.choose_machine(SIZE)
    controller.go(Step.MACHINE)
    controller.go(Step.DEPLOY)
    settle(controller)


def phase(controller: Controller, kind: JobKind) -> Phase:
    job = controller.state.job(kind)
    assert job is not None
    return job.phase


def test_opening_reads_what_the_next_pages_need(controller: Controller) -> None:
    open_practice(controller)
    state = controller.state
    assert state.place is not None
    assert state.place.site.practice
    assert state.offers
    assert state.models
    assert state.deployment.model_id == "resnet:2"  # the only model, its newest version
    assert "resnet:2" in state.inspections
    assert state.overview is not None


def test_the_whole_journey(controller: Controller, house: ScriptedWorkplaces) -> None:
    ready(controller)
    assert can_deploy(controller.state)
    controller.deploy()
    settle(controller)
    assert phase(controller, JobKind.DEPLOY) is Phase.DONE
    assert controller.state.step is Step.SCORE
    assert {row.kind for row in controller.state.rows} == set(ResourceKind)
    controller.go(Step.CLEAN_UP)
    controller.clean_up()
    settle(controller)
    report = controller.state.report
    assert report is not None
    assert (len(report.gone), report.left) == (2, ())
    assert controller.state.rows == ()
    assert {row.state for row in controller.state.cleaned_rows} == {ResourceState.GONE}
    assert not house.azure_backend.computes


def test_a_failed_start_says_why_and_can_be_repeated(controller: Controller, house: ScriptedWorkplaces) -> None:
    house.fails.append(PracticeNotInstalled(package="tensorflow"))
    controller.open_practice()
    settle(controller)
    job = controller.state.job(JobKind.OPEN)
    assert job is not None
    assert isinstance(job.error, PracticeNotInstalled)
    controller.act(Remedy(Action.RETRY, "Try again"), JobKind.OPEN)
    pump_until(controller, lambda: controller.state.place is not None)


def test_a_place_that_could_not_be_opened_is_left(controller: Controller, house: ScriptedWorkplaces) -> None:
    house.azure_backend.fail["web_services"] = [CannotReachAzure(what="x", reason="y")]
    controller.open_practice()
    settle(controller)
    assert controller.state.place is None
    assert house.opened[0].closed == 1


def test_signing_in_shows_the_prompt_then_what_there_is(controller: Controller, house: ScriptedWorkplaces) -> None:
    house.azure_backend.hold.clear()
    controller.sign_in(SignInMethod.DEVICE_CODE)
    pump_until(controller, lambda: controller.state.prompt == PROMPT)
    house.azure_backend.hold.set()
    settle(controller)
    assert controller.state.account == ACCOUNT
    assert controller.state.prompt is None
    assert controller.state.subscriptions is not None
    controller.browse("sub-1")
    settle(controller)
    controller.open_workspace(WORKSPACE)
    pump_until(controller, lambda: controller.state.place is not None)
    assert len(house.opened) == 1, "the SDK process that signed in is used"


def test_a_cancelled_sign_in_takes_the_prompt_away(controller: Controller, house: ScriptedWorkplaces) -> None:
    house.azure_backend.hold.clear()
    controller.sign_in(SignInMethod.BROWSER)
    pump_until(controller, lambda: controller.state.prompt is not None)
    controller.cancel(JobKind.OPEN)
    assert controller.state.prompt is None
    house.azure_backend.hold.set()
    settle(controller)
    assert phase(controller, JobKind.OPEN) is Phase.CANCELLED
    assert controller.state.subscriptions is None


def test_stop_and_clean_up_deletes_what_was_made(controller: Controller, house: ScriptedWorkplaces) -> None:
    ready(controller)
    house.azure_backend.polls_needed = 10**6  # the cluster is never ready
    controller.deploy()
    pump_until(controller, lambda: house.azure_backend.computes)
    controller.cancel(JobKind.DEPLOY, CancelMeaning.CLEAN_UP)
    pump_until(controller, lambda: controller.state.report is not None)
    settle(controller)
    assert phase(controller, JobKind.DEPLOY) is Phase.CANCELLED
    assert controller.state.rows == ()
    assert not house.azure_backend.computes


def test_stop_watching_leaves_everything_on_record(controller: Controller, house: ScriptedWorkplaces) -> None:
    ready(controller)
    house.azure_backend.polls_needed = 10**6
    controller.deploy()
    pump_until(controller, lambda: house.azure_backend.computes)
    controller.cancel(JobKind.DEPLOY, CancelMeaning.STOP_WATCHING)
    settle(controller)
    assert controller.state.report is None
    assert [row.kind for row in house.ledger.open_rows()] == [ResourceKind.COMPUTE_TARGET]


def test_a_failed_service_names_what_bills_and_its_log_is_one_call_away(
    controller: Controller, house: ScriptedWorkplaces
) -> None:
    ready(controller)
    house.azure_backend.service_ends_as = ServiceState.FAILED
    house.azure_backend.log_text = "Traceback (most recent call last):\nValueError: no such file"
    controller.deploy()
    settle(controller)
    job = controller.state.job(JobKind.DEPLOY)
    assert job is not None
    assert job.error is not None
    assert {row.kind for row in job.error.billable} == set(ResourceKind)
    controller.act(Remedy(Action.SHOW_LOG, "Read the log"), JobKind.DEPLOY)
    settle(controller)
    assert "no such file" in "".join(controller.state.service_logs.values())
    controller.act(Remedy(Action.CLEAN_UP, "Delete"), JobKind.DEPLOY)
    assert controller.state.step is Step.CLEAN_UP
    settle(controller)
    assert controller.state.rows == ()


def test_remedies_lead_to_the_page_that_mends_it(controller: Controller) -> None:
    ready(controller)
    controller.act(Remedy(Action.CHOOSE_VM_SIZE, "Choose"), JobKind.DEPLOY)
    assert controller.state.step is Step.MACHINE
    url = "https://portal.azure.com/"
    assert controller.act(Remedy(Action.OPEN_URL, "Ask", url), JobKind.DEPLOY) == url


def test_choices_come_back_after_a_restart_without_secrets(house: ScriptedWorkplaces) -> None:
    first = Controller(house)
    ready(first)
    first.edit_deployment(DeployChoice(model_id="resnet:2", replicas=1, memory_gb=6.0))
    first.tick()
    pump_until(first, house.saved_choices.exists)
    settle(first)
    first.close()
    saved = json.loads(house.saved_choices.read_text())
    assert saved["machine"]["vm_size"] == T4.name
    second = Controller(house)
    open_practice(second)
    assert second.state.machine == SIZE
    assert second.state.deployment.memory_gb == 6.0
    second.close()


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '{"workspace_id": 3, "machine": 5}', '{"workspace_id": "", "machine": {"node_count": "x"}}'],
)
def test_a_spoilt_file_of_choices_is_as_none(house: ScriptedWorkplaces, content: str) -> None:
    house.saved_choices.write_text(content)
    controller = Controller(house)
    open_practice(controller)
    assert controller.state.machine is None
    controller.close()


def test_a_second_window_starts_nothing(house: ScriptedWorkplaces) -> None:
    controller = Controller(house, first_window=FirstWindow(4711, utc_now()))
    ready(controller)
    controller.deploy()
    controller.clean_up()
    controller.register_model("m", Path("/nowhere"))
    assert not controller.state.is_busy(JobKind.DEPLOY, JobKind.CLEAN_UP, JobKind.REGISTER)
    assert house.ledger.rows() == ()
    controller.close()


def test_another_programs_writing_is_seen(controller: Controller, house: ScriptedWorkplaces) -> None:
    open_practice(controller)
    house.ledger.intend(ResourceKind.COMPUTE_TARGET, "from-the-command-line", workspace=WORKSPACE, region="eastus")
    controller._ledger_read_s = -100.0
    controller.tick()
    pump_until(controller, lambda: controller.state.rows)


def test_workspaces_are_not_left_while_something_changes(controller: Controller, house: ScriptedWorkplaces) -> None:
    ready(controller)
    house.azure_backend.polls_needed = 10**6
    controller.deploy()
    controller.close_workspace()
    controller.sign_out()
    assert controller.state.place is not None
    controller.cancel(JobKind.DEPLOY)
    settle(controller)
    controller.close_workspace()
    assert controller.state.place is None
    assert controller.state.step is Step.WORKSPACE


def test_nothing_is_folded_on_another_thread(controller: Controller) -> None:
    threads: set[int] = set()
    controller.subscribe(lambda state: threads.add(threading.get_ident()))
    ready(controller)
    assert threads == {threading.get_ident()}
