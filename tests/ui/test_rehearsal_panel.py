"""The rehearsal on the Deploy page: when it is offered, what it asks for, what it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gpu_assistant.domain.errors import ModelError, RehearsalFailed
from gpu_assistant.ui.theme import Root
from gpu_assistant.ui.widgets.rehearsal_panel import RehearsalPanel
from gpu_assistant.wizard.state import DeployChoice, JobKind, JobView, MachineChoice, Phase, StepView, WizardState
from tests.ui.fake_controller import FakeController
from tests.ui.page_states import opened, with_job
from tests.ui.paper_desk import PaperDesk
from tests.ui.trial_states import rehearsed
from tests.ui.widget_tree import find, texts

SAMPLES = {"coffee.jpg": Path("/samples/coffee.jpg")}
READY = opened()._replace(can_rehearse=True, samples=SAMPLES)


class Panel:
    """The panel on screen with what it asked for."""

    def __init__(self, root: Root) -> None:
        self.root = root
        root.geometry("420x560")
        root.columnconfigure(0, weight=1)
        self.controller = FakeController(READY)
        self.desk = PaperDesk()
        self.remedies: list[Any] = []
        self.outcomes: list[Any] = []
        self.panel = RehearsalPanel(
            root,
            self.controller.as_controller,
            self.desk,
            on_remedy=lambda remedy, kind: self.remedies.append((remedy, kind)),
            on_outcome=self.outcomes.append,
        )
        self.panel.grid(row=0, column=0, sticky="ew")
        self.show(READY)

    def show(self, state: WizardState) -> None:
        self.controller.state = state
        self.panel.show(state)
        self.root.update()

    def find(self, name: str) -> Any:
        return find(self.panel, name)

    @property
    def words(self) -> str:
        return "\n".join(texts(self.panel))


@pytest.fixture
def panel(root: Root) -> Panel:
    return Panel(root)


@pytest.mark.parametrize(
    "state",
    [
        READY._replace(can_rehearse=False),
        READY._replace(machine=None),
        READY._replace(deployment=DeployChoice()),
        READY._replace(inspections={}),
        READY._replace(inspections={"resnet50:1": ModelError(reason="two inputs")}),
    ],
    ids=["not installed", "no machine", "no model", "still inspected", "unusable model"],
)
def test_it_is_not_offered_where_it_cannot_be_held(panel: Panel, state: WizardState) -> None:
    panel.show(state)
    assert not panel.panel.winfo_ismapped()


def test_it_says_what_it_does_and_what_it_costs(panel: Panel) -> None:
    assert "Nothing is created, nothing bills" in panel.words
    assert "copied here first (25.6 MB)" in panel.words
    panel.show(READY._replace(model_folders={"resnet50:1": Path("/models/resnet")}))
    assert "copied here" not in panel.words


def test_the_samples_are_taken_where_there_are_some(panel: Panel) -> None:
    panel.find("deploy.rehearse").invoke()
    assert panel.controller.asked("rehearse") == [(tuple(SAMPLES.values()),)]


def test_images_of_ones_own(panel: Panel) -> None:
    panel.find("deploy.rehearse.own").invoke()
    assert panel.controller.asked("rehearse") == [], "thought better of it"
    panel.desk.files = (Path("/mine/a.jpg"),)
    panel.find("deploy.rehearse.own").invoke()
    assert panel.controller.asked("rehearse") == [((Path("/mine/a.jpg"),),)]


def test_without_samples_it_asks_for_images(panel: Panel) -> None:
    panel.show(READY._replace(samples={}))
    panel.desk.files = (Path("/mine/a.jpg"),)
    panel.find("deploy.rehearse").invoke()
    assert panel.controller.asked("rehearse") == [((Path("/mine/a.jpg"),),)]


def test_progress_with_stop(panel: Panel) -> None:
    step = StepView("Load the model", 20.0, 990.0)
    panel.show(with_job(READY, JobView(JobKind.REHEARSE, 1, 990.0, steps=(step,), subject="resnet50:1")))
    assert "Load the model" in panel.words
    assert not panel.find("deploy.rehearse").winfo_ismapped()
    panel.find("deploy.rehearse.stop").invoke()
    assert panel.controller.asked("cancel") == [(JobKind.REHEARSE,)]


def test_the_end_is_brought_into_sight_once(panel: Panel) -> None:
    running = JobView(JobKind.REHEARSE, 1, 990.0, subject="resnet50:1")
    panel.show(with_job(READY, running))
    panel.show(with_job(READY, running))
    assert len(panel.outcomes) == 1
    ended = with_job(READY, running._replace(phase=Phase.DONE), rehearsed=rehearsed(READY))
    panel.show(ended)
    panel.show(ended)
    assert panel.outcomes == [panel.panel, panel.panel]


def test_answers_and_what_they_prove(panel: Panel) -> None:
    panel.show(READY._replace(rehearsed=rehearsed(READY)))
    assert "It started in 4 s and answered." in panel.words
    assert "coffee.jpg: espresso 95.4%, 27 ms" in panel.words
    assert not panel.find("log.text").winfo_ismapped(), "details are folded"
    panel.find("deploy.rehearsal.proves").invoke()
    panel.root.update()
    assert "Not rehearsed: The GPU" in panel.words


def test_a_bad_image_is_told_beside_the_good_one(panel: Panel) -> None:
    panel.show(READY._replace(rehearsed=rehearsed(READY, went_well=False)))
    assert "not every image was answered" in panel.words
    assert "notes.txt: it is not an image that can be read" in panel.words


def test_other_choices_make_it_old(panel: Panel) -> None:
    state = READY._replace(rehearsed=rehearsed(READY))
    panel.show(state)
    assert "have changed since" not in panel.words
    panel.show(state._replace(deployment=state.deployment._replace(memory_gb=9.0)))
    assert "have changed since" in panel.words


def test_another_model_has_no_result(panel: Panel) -> None:
    state = READY._replace(rehearsed=rehearsed(READY), machine=MachineChoice("Standard_NC4as_T4_v3"))
    found = {**READY.inspections, "efficientnet-lite0:2": READY.inspections["resnet50:1"]}
    panel.show(state._replace(deployment=DeployChoice("efficientnet-lite0:2"), inspections=found))
    assert "espresso" not in panel.words


def test_a_crash_shows_the_cause_with_the_log_folded(panel: Panel) -> None:
    error = RehearsalFailed(
        cause="ValueError: no signature", advice="Mend it.", log="line one\nValueError: no signature"
    )
    job = JobView(JobKind.REHEARSE, 1, 990.0, Phase.FAILED, error=error, subject="resnet50:1")
    panel.show(with_job(READY, job))
    assert "In Azure this deployment would fail" in panel.words
    assert "ValueError: no signature" in panel.words
    panel.find("error.retry").invoke()
    ((remedy, kind),) = panel.remedies
    assert (remedy.label, kind) == ("Rehearse again", JobKind.REHEARSE)
    panel.show(with_job(READY, job._replace(subject="another:1")))
    assert "In Azure" not in panel.words, "the error of another model is not this one's"
