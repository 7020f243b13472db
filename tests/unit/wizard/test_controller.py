"""The whole journey through the controller, over a scripted Azure and without Tk."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gpu_assistant.domain.billing import ResourceKind, ResourceState
from gpu_assistant.domain.clock import utc_now
from gpu_assistant.domain.errors import (
    Action,
    BadFeeding,
    CannotReachAzure,
    PracticeNotInstalled,
    Remedy,
)
from gpu_assistant.domain.service import ServiceState
from gpu_assistant.domain.workspace import SignInMethod
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.wizard.controller import Controller
from gpu_assistant.wizard.preflight import can_deploy, deploy_request
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


def test_a_workspace_that_cannot_be_opened_leaves_the_sign_in_as_it_was(
    controller: Controller, house: ScriptedWorkplaces
) -> None:
    controller.sign_in(SignInMethod.BROWSER)
    settle(controller)
    house.azure_backend.fail["web_services"] = [CannotReachAzure(what="x", reason="y")]
    controller.open_workspace(replace(WORKSPACE, name="another"))
    settle(controller)
    assert phase(controller, JobKind.OPEN) is Phase.FAILED
    assert house.opened[0].closed == 0
    assert controller.state.account == ACCOUNT
    controller.browse("sub-1")
    settle(controller)
    assert phase(controller, JobKind.BROWSE) is Phase.DONE
    controller.open_workspace(WORKSPACE)
    pump_until(controller, lambda: controller.state.place is not None)
    assert len(house.opened) == 1, "nobody had to sign in again"
    assert house.opened[0].site.workspace == WORKSPACE


def test_another_workspace_that_cannot_be_opened_leaves_the_open_one_as_it_was(
    controller: Controller, house: ScriptedWorkplaces
) -> None:
    ready(controller)
    house.azure_backend.fail["web_services"] = [CannotReachAzure(what="x", reason="y")]
    controller.open_workspace(replace(WORKSPACE, name="another"))
    settle(controller)
    assert phase(controller, JobKind.OPEN) is Phase.FAILED
    assert [place.closed for place in house.opened] == [0, 1]
    assert controller.state.place is not None
    assert controller.state.place.site.workspace == WORKSPACE
    controller.deploy()
    settle(controller)
    assert phase(controller, JobKind.DEPLOY) is Phase.DONE


def test_who_signed_in_and_then_saw_nothing_is_not_called_signed_in(
    controller: Controller, house: ScriptedWorkplaces
) -> None:
    house.azure_backend.fail["subscriptions"] = [CannotReachAzure(what="x", reason="y")]
    controller.sign_in(SignInMethod.BROWSER)
    settle(controller)
    assert phase(controller, JobKind.OPEN) is Phase.FAILED
    assert house.opened[0].closed == 1
    assert controller.state.account is None
    assert controller.state.prompt is None


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


def restarted(house: ScriptedWorkplaces) -> Controller:
    """Another window, in the same data folder and with practice open."""
    controller = Controller(house)
    open_practice(controller)
    return controller


def deployed(house: ScriptedWorkplaces) -> Controller:
    controller = Controller(house)
    ready(controller)
    controller.deploy()
    settle(controller)
    assert controller.state.step is Step.SCORE
    return controller


@pytest.mark.parametrize("step", list(Step))
def test_the_page_comes_back_after_a_restart(house: ScriptedWorkplaces, step: Step) -> None:
    first = deployed(house)
    first.go(step)
    first.close()
    second = restarted(house)
    assert second.state.step is step
    assert second.go(Step.WORKSPACE) == "", "there is a way back"
    second.close()


def test_a_service_that_went_meanwhile_leads_to_the_page_before(house: ScriptedWorkplaces) -> None:
    deployed(house).close()
    house.azure_backend.services.clear()
    second = restarted(house)
    assert second.state.step is Step.DEPLOY
    second.close()


def test_after_everything_was_cleaned_up_the_journey_begins_anew(house: ScriptedWorkplaces) -> None:
    first = deployed(house)
    first.go(Step.CLEAN_UP)
    first.clean_up()
    settle(first)
    first.close()
    second = restarted(house)
    assert second.state.step is Step.WORKSPACE
    second.close()


def test_another_workspace_has_no_page_to_come_back_to(house: ScriptedWorkplaces) -> None:
    deployed(house).close()
    saved = json.loads(house.saved_choices.read_text())
    house.saved_choices.write_text(json.dumps(saved | {"workspace_id": "/subscriptions/another"}))
    second = restarted(house)
    assert second.state.step is Step.WORKSPACE
    second.close()


def test_a_wish_to_clean_up_outlives_a_failed_start_and_wins(house: ScriptedWorkplaces) -> None:
    deployed(house).close()
    second = Controller(house)
    house.azure_backend.fail["web_services"] = [CannotReachAzure(what="x", reason="y")]
    second.open_practice(then=Step.CLEAN_UP)
    settle(second)
    assert second.state.place is None
    second.repeat(JobKind.OPEN)
    pump_until(second, lambda: second.state.place is not None)
    assert second.state.step is Step.CLEAN_UP
    second.close()


def test_closed_and_opened_again_in_one_session_stays_on_the_first_page(house: ScriptedWorkplaces) -> None:
    controller = deployed(house)
    controller.tick()
    settle(controller)
    controller.go(Step.WORKSPACE)
    controller.close_workspace()
    settle(controller)
    open_practice(controller)
    assert controller.state.step is Step.WORKSPACE
    controller.close()


@pytest.mark.parametrize("step", ["nowhere", 4, None, ["score"]])
def test_an_unknown_page_is_the_first(house: ScriptedWorkplaces, step: object) -> None:
    deployed(house).close()
    saved = json.loads(house.saved_choices.read_text())
    assert saved["step"] == "score"
    house.saved_choices.write_text(json.dumps(saved | {"step": step}))
    second = restarted(house)
    assert second.state.step is Step.WORKSPACE
    assert second.state.machine == SIZE, "what can be read is kept"
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


def test_what_was_said_about_a_model_is_forgotten_with_it(controller: Controller) -> None:
    ready(controller)
    before = controller.state.deployment
    controller.edit_deployment(
        before._replace(signature="s", output="o", preprocess="torch", labels="imagenet", replicas=2)
    )
    controller.choose_model(before.model_id)
    assert controller.state.deployment.preprocess == "torch"
    controller.choose_model("resnet:1")
    settle(controller)
    assert controller.state.deployment == before._replace(model_id="resnet:1", replicas=2)


def test_labels_of_a_file_are_read_when_they_are_chosen(controller: Controller, tmp_path: Path) -> None:
    ready(controller)
    file = tmp_path / "my labels.txt"
    file.write_text("\n".join(f"class {number}" for number in range(1001)), encoding="utf-8")
    controller.choose_labels(str(file))
    settle(controller)
    request = deploy_request(controller.state)
    assert request is not None
    assert (len(request.labels), request.labels[7]) == (1001, "class 7")
    assert can_deploy(controller.state)
    assert next(iter(controller.shipped_files())) == "labels.txt"
    file.write_text("one", encoding="utf-8")
    controller.choose_labels(str(file))
    settle(controller)
    assert not can_deploy(controller.state)
    controller.choose_labels("")
    assert can_deploy(controller.state)
    controller.choose_labels(str(tmp_path / "gone.txt"))
    settle(controller)
    assert isinstance(controller.state.labels[str(tmp_path / "gone.txt")], BadFeeding)
