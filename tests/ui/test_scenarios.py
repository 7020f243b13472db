"""Each failure that practice can play, in the real window: what happened, what still bills, and a button that helps."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gpu_assistant.choices import Choices
from gpu_assistant.domain.errors import AssistantError
from gpu_assistant.i18n import error_title, tr
from gpu_assistant.paths import resource
from gpu_assistant.practice import lifecycle
from gpu_assistant.ui.appearance import Appearance
from gpu_assistant.ui.main_window import MainWindow
from gpu_assistant.ui.theme import Root
from gpu_assistant.window import LocalWorkplaces
from gpu_assistant.wizard.controller import Controller
from gpu_assistant.wizard.preflight import Verdict, can_deploy, preflight
from gpu_assistant.wizard.state import JobKind, MachineChoice, Phase, Step
from tests.ui.in_process import pump_until, view_of
from tests.ui.view import View

CLUSTER = "gpu-nc4as-t4-v3"
LONG_S = 120.0
# What each scenario does to a deployment: the error's code, or "" when it succeeds all the same.
DEPLOYING = {
    "answer-lost": "",
    "capacity-gone": "capacity_gone",
    "cluster-create-fails": "compute_failed",
    "connection-reset": "",
    "forbidden": "access_denied",
    "image-build-fails": "image_build_failed",
    "init-crashes": "entry_script_crashed",
    "name-taken": "compute_name_taken",
    "never-healthy": "not_healthy_in_time",
    "out-of-memory": "out_of_memory",
    "quota-taken-meanwhile": "quota_refused",
    "server-error": "azure_fault",
    "slow-network": "",
    "token-expired": "",
    "too-many-requests": "",
    "unschedulable-gpu": "not_schedulable",
}
BEFORE = ("quota-too-small", "size-not-available")
OPENING = {"token-refused": "token_expired"}
AFTERWARDS = (
    "delete-fails-once",
    "delete-ignored",
    "delete-is-slow",
    "key-rejected",
    "service-unavailable-when-scoring",
)


class Person:
    """The window in this process, with a controller behind it; acts by the controller, looks at the screen."""

    def __init__(self, root: Root, data: Path, scenario: str) -> None:
        self.root = root
        patience_s = 4.0 if scenario == "never-healthy" else None
        self.workplaces = LocalWorkplaces(
            Choices(data_dir=data, speed=float("inf"), scenario=scenario, give_up_after_s=patience_s)
        )
        self.controller = Controller(self.workplaces)
        appearance = Appearance(data / "settings.json", theme="light", language="en")
        self.window = MainWindow(root, self.controller, appearance=appearance)
        self.broken: list[str] = []
        root.report_callback_exception = lambda *error: self.broken.append("".join(traceback.format_exception(*error)))
        self.window.show()
        self.window.start()
        self.controller.start()

    def wait(self, condition: Callable[[], object], what: str) -> None:
        pump_until(self.root, lambda: self.broken or condition(), LONG_S, what)
        assert not self.broken, self.broken[0]

    def settle(self) -> None:
        self.wait(lambda: not any(job.is_running for job in self.controller.state.jobs.values()), "everything to end")

    def open(self) -> None:
        self.controller.open_practice()
        self.settle()

    def look(self) -> View:
        """What is on screen, which is never a traceback of ours."""
        for _ in range(5):
            self.root.update()
        view = view_of(self.root)
        assert "Traceback" not in str(view)
        return view

    def sees_error(self, error: AssistantError) -> None:
        """What happened, what still bills, and the first remedy as a button that can be pressed."""
        view = self.look()
        assert view.find(error_title(error)), view
        helps = [item for item in view.items if item.text == tr(error.remedies[0].label)]
        assert any(item.role == "button" and item.enabled for item in helps), view
        for row in error.billable:
            assert view.find(row.name), f"{row.name} bills and is not on screen"

    def clean_up(self) -> None:
        self.controller.go(Step.CLEAN_UP)
        self.settle()
        self.controller.clean_up()
        self.settle()
        self.look()

    def close(self) -> None:
        """Leave nothing in the practice workspace for the next test."""
        if self.controller.state.place is not None:
            self.controller.set_scenario("")
            self.wait(lambda: self.controller.state.place and not self.controller.state.place.scenario, "no scenario")
            self.settle()
            self.clean_up()
            assert self.controller.state.rows == ()
        self.window.hold(True)
        self.controller.close()
        self.workplaces.close()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("scenarios")
    yield folder
    lifecycle.stop(folder)


@pytest.fixture
def start(root: Root, data: Path) -> Iterator[Callable[[str], Person]]:
    started: list[Person] = []

    def begin(scenario: str) -> Person:
        started.append(Person(root, data, scenario))
        return started[0]

    yield begin
    for person in started:
        person.close()


def deploy(person: Person) -> None:
    person.controller.choose_machine(MachineChoice("Standard_NC4as_T4_v3"))
    person.controller.go(Step.MACHINE)
    person.controller.go(Step.DEPLOY)
    person.settle()
    person.controller.deploy()
    person.settle()


@pytest.mark.parametrize("scenario", DEPLOYING)
def test_a_deployment_in_bad_weather(start: Callable[[str], Person], scenario: str) -> None:
    person = start(scenario)
    person.open()
    deploy(person)
    job = person.controller.state.job(JobKind.DEPLOY)
    assert job is not None
    if not DEPLOYING[scenario]:
        assert job.phase is Phase.DONE, job.error
        assert person.controller.state.step is Step.SCORE
        person.look()
        return
    assert job.error is not None
    assert job.error.code == DEPLOYING[scenario]
    person.sees_error(job.error)


@pytest.mark.parametrize("scenario", OPENING)
def test_a_workspace_that_does_not_open(start: Callable[[str], Person], scenario: str) -> None:
    person = start(scenario)
    person.open()
    job = person.controller.state.job(JobKind.OPEN)
    assert job is not None
    assert job.error is not None
    assert job.error.code == OPENING[scenario]
    person.sees_error(job.error)


@pytest.mark.parametrize("scenario", BEFORE)
def test_what_cannot_work_is_said_before_anything_is_created(start: Callable[[str], Person], scenario: str) -> None:
    person = start(scenario)
    person.open()
    person.controller.choose_machine(MachineChoice("Standard_NC4as_T4_v3"))
    person.controller.go(Step.MACHINE)
    person.controller.go(Step.DEPLOY)
    person.settle()
    assert not can_deploy(person.controller.state)
    (problem,) = [one for one in preflight(person.controller.state) if one.verdict is Verdict.PROBLEM]
    view = person.look()
    assert view.find(tr(problem.detail)), view
    assert problem.fix is Step.MACHINE


@pytest.mark.parametrize("scenario", ["key-rejected", "service-unavailable-when-scoring"])
def test_a_service_that_does_not_take_the_image(start: Callable[[str], Person], scenario: str) -> None:
    person = start("none")
    person.open()
    deploy(person)
    person.controller.set_scenario(scenario)
    person.settle()
    person.controller.drop([person.controller.state.samples["coffee.jpg"]])
    person.settle()
    error = person.controller.state.scored[-1].error
    assert error is not None
    person.sees_error(error)


@pytest.mark.parametrize("scenario", ["delete-fails-once", "delete-is-slow", "delete-ignored"])
def test_a_deletion_in_bad_weather(start: Callable[[str], Person], scenario: str) -> None:
    person = start("none")
    person.open()
    deploy(person)
    person.controller.set_scenario(scenario)
    person.settle()
    person.clean_up()
    report = person.controller.state.report
    assert report is not None
    view = person.look()
    if scenario == "delete-ignored":
        assert {one.name for one in report.left} == {CLUSTER, "efficientnet-lite0"}
        assert all(view.find(tr(one.reason)) for one in report.left)
    else:
        assert report.left == ()
        assert all(view.find(tr(one.proof)) for one in report.gone)


def test_every_scenario_is_played() -> None:
    files = {path.stem for path in resource("practice", "scenarios").glob("*.toml")}
    assert files == {*DEPLOYING, *BEFORE, *OPENING, *AFTERWARDS}
