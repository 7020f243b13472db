"""Rehearsals and load tests through the controller: what is fetched, what the state shows, what a stop leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from gpu_assistant.domain.billing import BillableResource, ResourceKind, ResourceState
from gpu_assistant.domain.clock import utc_now
from gpu_assistant.domain.errors import BadSetting, CannotReachAzure, RehearsalFailed
from gpu_assistant.domain.service import DeploymentSpec
from gpu_assistant.wizard import events as e
from gpu_assistant.wizard.controller import Controller
from gpu_assistant.wizard.load_view import load_advice
from gpu_assistant.wizard.reduce import reduce
from gpu_assistant.wizard.state import LOAD_RUNS_KEPT, JobKind, MachineChoice, Phase, WizardState
from gpu_assistant.workflows.load.results import LoadRun, StopReason
from gpu_assistant.workflows.load.setting import LoadSetting
from tests.fakes import wire_writer as wire
from tests.fakes.pictures import picture
from tests.fakes.scripted_backend import T4, WORKSPACE
from tests.fakes.stub_service import Manners, stub_service
from tests.fakes.workplaces import ScriptedWorkplaces, pump_until

QUICK = LoadSetting(concurrency=2, warm_up_s=0.2, limit_s=1.0, window_s=0.2, stable_within=0.0)


class Replica:
    """Ready at once, or ended at once."""

    def __init__(self, uri: str, log: tuple[str, ...]) -> None:
        self.scoring_uri = uri
        self._log = log
        self.is_ready = not log
        self.has_ended = bool(log)

    def log_lines(self) -> list[str]:
        return list(self._log)

    def close(self) -> None:
        self.is_ready = False


class Stage:
    """Remembers what was to be run; with `log` it ends at once."""

    def __init__(self, uri: str = "", log: tuple[str, ...] = ()) -> None:
        self._uri = uri
        self._log = log
        self.folders: list[Path] = []

    def start_replica(self, spec: DeploymentSpec, model_folder: Path) -> Replica:
        self.folders.append(model_folder)
        return Replica(self._uri, self._log)

    def versions(self) -> Mapping[str, str]:
        return {}


@pytest.fixture
def house(tmp_path: Path) -> ScriptedWorkplaces:
    house = ScriptedWorkplaces(tmp_path)
    house.azure_backend.model_files["resnet:2"] = {
        "resnet/saved_model.pb": wire.saved_model(wire.meta_graph(wire.CLASSIFIER)),
        "resnet/assets/labels.txt": b"cat\n",
    }
    return house


@pytest.fixture
def controller(house: ScriptedWorkplaces) -> Iterator[Controller]:
    controller = Controller(house)
    yield controller
    controller.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    file = tmp_path / "photo.jpg"
    file.write_bytes(picture())
    return file


def settle(controller: Controller) -> None:
    pump_until(controller, lambda: not any(job.is_running for job in controller.state.jobs.values()))


def opened(controller: Controller) -> None:
    controller.open_practice()
    pump_until(controller, lambda: controller.state.place is not None)
    controller.choose_machine(MachineChoice(T4.name))
    settle(controller)


def ended(controller: Controller, kind: JobKind) -> Phase:
    pump_until(controller, lambda: (job := controller.state.job(kind)) is not None and not job.is_running, 30)
    job = controller.state.job(kind)
    assert job is not None
    return job.phase


class TestRehearsal:
    def test_a_registered_model_is_fetched_once(
        self, house: ScriptedWorkplaces, controller: Controller, photo: Path
    ) -> None:
        with stub_service() as uri:
            house.stage = stage = Stage(uri)
            opened(controller)
            for _ in range(2):
                controller.rehearse([photo])
                assert ended(controller, JobKind.REHEARSE) is Phase.DONE
        rehearsed = controller.state.rehearsed
        assert rehearsed is not None
        assert rehearsed.model_id == "resnet:2"
        assert rehearsed.held.went_well
        assert house.azure_backend.calls["download_model"] == 1
        assert stage.folders[0] == stage.folders[1]
        assert (stage.folders[0] / "assets" / "labels.txt").read_bytes() == b"cat\n"
        assert stage.folders[0].is_relative_to(house.session_folder)

    def test_a_crash_is_the_jobs_error_and_nothing_is_in_the_ledger(
        self, house: ScriptedWorkplaces, controller: Controller, photo: Path
    ) -> None:
        house.stage = Stage(log=("ValueError: no signature",))
        opened(controller)
        controller.rehearse([photo])
        assert ended(controller, JobKind.REHEARSE) is Phase.FAILED
        job = controller.state.job(JobKind.REHEARSE)
        assert job is not None
        assert isinstance(job.error, RehearsalFailed)
        assert controller.state.rehearsed is None
        assert house.ledger.open_rows() == ()

    def test_a_download_that_breaks_off_is_tried_again(
        self, house: ScriptedWorkplaces, controller: Controller, photo: Path
    ) -> None:
        with stub_service() as uri:
            house.stage = Stage(uri)
            opened(controller)
            house.azure_backend.fail["download_model"] = [CannotReachAzure(what="Reading", reason="no network")]
            controller.rehearse([photo])
            assert ended(controller, JobKind.REHEARSE) is Phase.FAILED
            controller.repeat(JobKind.REHEARSE)
            assert ended(controller, JobKind.REHEARSE) is Phase.DONE

    def test_without_a_machine_there_is_nothing_to_rehearse(
        self, house: ScriptedWorkplaces, controller: Controller, photo: Path
    ) -> None:
        house.stage = Stage()
        opened(controller)
        controller.choose_machine(None)
        controller.rehearse([photo])
        assert controller.state.job(JobKind.REHEARSE) is None


class TestLoad:
    def _serve(self, house: ScriptedWorkplaces, controller: Controller, uri: str) -> None:
        """A service of the ledger that answers at `uri`."""
        opened(controller)
        row = BillableResource(
            "row-1", ResourceKind.WEB_SERVICE, "resnet", WORKSPACE, ResourceState.LIVE, utc_now(), scoring_uri=uri
        )
        controller._engine.fold(e.LedgerRead((row,)))

    def test_the_state_shows_it_window_by_window(
        self, house: ScriptedWorkplaces, controller: Controller, photo: Path, tmp_path: Path
    ) -> None:
        with stub_service(Manners(think_s=0.01)) as uri:
            self._serve(house, controller, uri)
            controller.start_load_test(QUICK, [photo])
            pump_until(controller, lambda: controller.state.load_runs and controller.state.load_runs[-1].windows)
            assert controller.state.load_runs[-1].stopped is None
            assert ended(controller, JobKind.LOAD) is Phase.DONE
        (run,) = controller.state.load_runs
        assert run.stopped is StopReason.TIME_LIMIT
        assert run.totals.failed == 0
        assert run.totals.answered > 10
        assert load_advice(controller.state, 0).per_million is None, "no cluster is known, so no price is"
        assert controller.save_load_table(tmp_path / "t.csv") == ""
        assert (tmp_path / "t.csv").read_text(encoding="utf-8-sig").count("\n") == 1 + len(run.windows)
        assert controller.save_load_table(tmp_path / "no folder" / "t.csv")

    def test_a_stop_keeps_what_was_measured(
        self, house: ScriptedWorkplaces, controller: Controller, photo: Path
    ) -> None:
        with stub_service(Manners(think_s=0.01)) as uri:
            self._serve(house, controller, uri)
            controller.start_load_test(replace(QUICK, limit_s=60.0), [photo])
            pump_until(controller, lambda: controller.state.load_runs and controller.state.load_runs[-1].is_measured)
            controller.cancel(JobKind.LOAD)
            assert ended(controller, JobKind.LOAD) is Phase.DONE
        assert controller.state.load_runs[-1].stopped is StopReason.STOPPED

    def test_a_service_that_refuses_the_images_is_told_before_any_load(
        self, house: ScriptedWorkplaces, controller: Controller, photo: Path
    ) -> None:
        with stub_service(Manners(status=415)) as uri:
            self._serve(house, controller, uri)
            controller.start_load_test(QUICK, [photo])
            assert ended(controller, JobKind.LOAD) is Phase.FAILED
        assert controller.state.load_runs == ()

    def test_a_setting_that_makes_no_sense_fails(
        self, house: ScriptedWorkplaces, controller: Controller, photo: Path
    ) -> None:
        with stub_service() as uri:
            self._serve(house, controller, uri)
            controller.start_load_test(replace(QUICK, concurrency=0), [photo])
            assert ended(controller, JobKind.LOAD) is Phase.FAILED
        job = controller.state.job(JobKind.LOAD)
        assert job is not None
        assert isinstance(job.error, BadSetting)

    def test_without_a_service_nothing_begins(self, controller: Controller, photo: Path) -> None:
        opened(controller)
        controller.start_load_test(QUICK, [photo])
        assert controller.state.job(JobKind.LOAD) is None
        assert controller.save_load_table(Path("unused.csv")) == "There was no load test yet"


def test_so_many_load_tests_are_kept() -> None:
    state = WizardState()
    for number in range(LOAD_RUNS_KEPT + 5):
        state = reduce(state, e.LoadMoved(LoadRun("svc", QUICK, "", 1.0, number=number)))
        state = reduce(state, e.LoadMoved(LoadRun("svc", QUICK, "cpu", 1.0, number=number)))
    assert [run.number for run in state.load_runs] == list(range(5, LOAD_RUNS_KEPT + 5))
    assert {run.device for run in state.load_runs} == {"cpu"}
