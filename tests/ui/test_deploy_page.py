"""Page 3, state by state."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_assistant.domain.errors import CLEAN_UP, SHOW_LOG, ModelError, OutOfMemory
from gpu_assistant.domain.model import TensorSpec
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.ui.page import Primary
from gpu_assistant.ui.pages.deploy import DeployPage
from gpu_assistant.ui.pages.deploy_words import Scene, deploy_label, scene_of, why_not
from gpu_assistant.ui.theme import Root
from gpu_assistant.ui.widgets.model_list import proposed_name
from gpu_assistant.ui.widgets.signature_words import input_words, output_words, size_words
from gpu_assistant.wizard.state import DeployChoice, JobKind, JobView, MachineChoice, Phase, Step, StepView, WizardState
from tests.ui.fake_controller import FakeController
from tests.ui.in_process import pump_until
from tests.ui.page_states import (
    NOW,
    both,
    deploy_job,
    deployed,
    deploying,
    failed,
    inspection,
    model,
    offer,
    opened,
    row,
    with_job,
)
from tests.ui.paper_desk import PaperDesk
from tests.ui.widget_tree import find, names, texts, walk

COMPLETE = DeployChoice(
    "resnet50:1", "cats", replicas=2, autoscale=True, max_replicas=7, cpu_cores=2.5, memory_gb=8.0, refresh_period_s=9
)
FILES = {"score.py": "def init(): ...\n", "environment.yml": "name: x\n"}


class Seen:
    """The page on screen with what it asked for."""

    def __init__(self, root: Root, state: WizardState) -> None:
        self.root = root
        root.geometry("790x500")  # what a page has at least
        self.controller = FakeController(state, {"shipped_files": FILES})
        self.desk = PaperDesk()
        self.page = DeployPage(root, self.controller.as_controller, self.desk)
        self.page.pack(fill="both", expand=True)
        self.show(state)

    def show(self, state: WizardState) -> None:
        self.controller.state = state
        self.page.render(state)
        self.root.update()

    def find(self, name: str):  # type: ignore[no-untyped-def]
        return find(self.page, name)

    def press(self, name: str) -> None:
        self.find(name).invoke()
        self.root.update()

    @property
    def primary(self) -> Primary:
        primary = self.page.primary(self.controller.state)
        assert primary is not None
        return primary

    @property
    def texts(self) -> list[str]:
        return texts(self.page)


# --- words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (TensorSpec("x", "string", (None,)), "image files as they are (JPEG, PNG), any number at once"),
        (TensorSpec("x", "string", None), "image files as they are (JPEG, PNG), any number at once"),
        (TensorSpec("x", "string", ()), "image files as they are (JPEG, PNG), one at a time"),
        (TensorSpec("x", "uint8", (None, 224, 320, 3)), "images of 320 × 224 pixels, any number at once"),
        (TensorSpec("x", "float32", (1, 224, 224, 3)), "images of 224 × 224 pixels, one at a time"),
        (TensorSpec("x", "float32", (None, None, None, 3)), "images of any size, any number at once"),
        (TensorSpec("x", "int64", (None, 7)), "int64 [?, 7]"),
    ],
)
def test_inputs_in_words(spec: TensorSpec, words: str) -> None:
    assert input_words(spec) == words


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (TensorSpec("y", "float32", (None, 1001)), "1001 numbers for each image"),
        (TensorSpec("y", "float32", (None, 1)), "a number for each image"),
        (TensorSpec("y", "int64", (None,)), "a number for each image"),
        (TensorSpec("y", "string", (None,)), "a text for each image"),
        (TensorSpec("y", "string", (None, 5)), "5 texts for each image"),
        (TensorSpec("y", "float32", (None, 7, 7, 64)), "7 × 7 × 64 numbers for each image"),
        (TensorSpec("y", "float32", (None, None)), "numbers for each image"),
        (TensorSpec("y", "float32", None), "float32 of any shape"),
        (TensorSpec("y", "variant", (None,)), "variant [?]"),
    ],
)
def test_outputs_in_words(spec: TensorSpec, words: str) -> None:
    assert output_words(spec) == words


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 bytes"), (999, "999 bytes"), (25_600_000, "25.6 MB"), (3 * 10**9, "3 GB")]
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert size_words(size) == words


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("/models/resnet50", "resnet50"),
        ("/models/resnet50/1", "resnet50"),
        ("/models/my model (v2)", "my-model-v2"),
        ("/models/한국어", "model"),
    ],
)
def test_a_name_is_proposed_for_a_folder(folder: str, name: str) -> None:
    assert proposed_name(Path(folder)) == name


@pytest.mark.parametrize(
    ("state", "scene"),
    [
        (opened(), Scene.FORM),
        (deploying(), Scene.WORKING),
        (deploying(phase=Phase.CANCELLING), Scene.WORKING),
        (with_job(deploying(phase=Phase.CANCELLED), JobView(JobKind.CLEAN_UP, 2, 0.0)), Scene.CLEANING),
        (failed(), Scene.FAILED),
        (deployed(), Scene.DONE),
        (deployed()._replace(rows=()), Scene.FORM),
        (deploying(phase=Phase.CANCELLED), Scene.FORM),
    ],
)
def test_the_scene_follows_from_the_state(state: WizardState, scene: Scene) -> None:
    assert scene_of(state) is scene


@pytest.mark.parametrize(
    ("state", "label"),
    [
        (opened(), "Deploy · $0.53 per hour"),
        (opened()._replace(machine=MachineChoice("Standard_NC4as_T4_v3", 3)), "Deploy · $1.58 per hour"),
        (opened(practice=True), "Deploy · free here, in Azure $0.53 per hour"),
        (opened()._replace(offers=(offer(price=None),)), "Deploy · price unknown"),
        (opened()._replace(machine=MachineChoice(existing_compute="aks-1")), "Deploy · no extra cost"),
        (opened()._replace(machine=None), "Deploy"),
    ],
)
def test_the_button_has_the_money_in_it(state: WizardState, label: str) -> None:
    assert deploy_label(state) == label


def test_the_reason_is_the_first_problem() -> None:
    assert why_not(opened()._replace(deployment=DeployChoice())) == "Choose a model"
    assert why_not(opened()._replace(inspections={})) == "Reading its signature"
    too_many = opened()._replace(deployment=DeployChoice("resnet50:1", replicas=9))
    assert why_not(too_many) == "Not yet: Replicas fit the GPUs"


# --- the form ----------------------------------------------------------------------------------------------------


def test_entering_reads_models_and_machines(root: Root) -> None:
    seen = Seen(root, opened())
    seen.page.enter()
    assert [name for name, _ in seen.controller.calls] == ["load_models", "load_machines"]


def test_a_ready_form_can_be_deployed(root: Root) -> None:
    seen = Seen(root, opened())
    assert seen.primary.enabled
    assert seen.texts.count("✓") == 7
    seen.primary.command()
    assert seen.controller.asked("deploy") == [()]


def test_the_signature_is_drawn(root: Root) -> None:
    seen = Seen(root, opened())
    assert "image_bytes: image files as they are (JPEG, PNG), any number at once" in seen.texts
    assert "probabilities: 1001 numbers for each image" in seen.texts
    assert "TensorFlow 2.21.0 · 25.6 MB · 1001 labels" in seen.texts
    no_labels = inspection(labels_count=None, labels_from="", warnings=("It is large.",))
    seen.show(opened()._replace(inspections={"resnet50:1": no_labels}))
    assert "TensorFlow 2.21.0 · 25.6 MB · no labels of its own" in seen.texts
    assert "It is large." in seen.texts


def test_a_model_that_cannot_be_used_says_why(root: Root) -> None:
    seen = Seen(root, opened()._replace(inspections={"resnet50:1": ModelError(reason="It takes two inputs")}))
    assert "It takes two inputs" in seen.texts
    assert not seen.primary.enabled
    seen.press("deploy.signature.again")
    assert seen.controller.asked("choose_model") == [("resnet50:1",)]


def test_choosing_another_model(root: Root) -> None:
    seen = Seen(root, opened())
    tree = seen.find("deploy.models")
    tree.selection_set("efficientnet-lite0:2")
    pump_until(root, lambda: seen.controller.asked("choose_model"))
    assert seen.controller.asked("choose_model") == [("efficientnet-lite0:2",)]


def test_there_is_a_search_when_there_are_many(root: Root) -> None:
    seen = Seen(root, opened())
    assert not seen.find("deploy.search").winfo_viewable()
    many = tuple(model(f"net-{number}") for number in range(20))
    seen.show(opened()._replace(models=many))
    assert seen.find("deploy.search").winfo_viewable()
    seen.find("deploy.search").insert(0, "NET-1")
    root.update()
    assert set(seen.find("deploy.models").get_children()) == {"net-1:1", *(f"net-{n}:1" for n in range(10, 20))}


def test_settings_are_told_as_they_are_typed(root: Root) -> None:
    seen = Seen(root, opened())
    entry = seen.find("deploy.service_name")
    entry.insert(0, "cats")
    root.update()
    (last,) = seen.controller.asked("edit_deployment")[-1]
    assert (last.service_name, last.model_id, last.replicas) == ("cats", "resnet50:1", 1)


def test_what_is_no_number_is_refused_by_the_checklist_and_stays_typed(root: Root) -> None:
    seen = Seen(root, opened())
    spin = seen.find("deploy.replicas")
    spin.delete(0, "end")
    spin.insert(0, "two")
    root.update()
    (last,) = seen.controller.asked("edit_deployment")[-1]
    assert last.replicas == 0
    seen.show(opened()._replace(deployment=last))
    assert spin.get() == "two"
    assert not seen.primary.enabled
    assert "Replicas: must be at least 1, not 0" in " ".join(seen.texts)


def test_autoscale_shows_its_settings_and_says_that_the_price_stays(root: Root) -> None:
    seen = Seen(root, opened()._replace(deployment=DeployChoice("resnet50:1", replicas=3)))
    seen.press("deploy.advanced")
    assert not seen.find("deploy.max_replicas").winfo_viewable()
    assert "Replicas" in seen.texts
    seen.press("deploy.autoscale")
    (last,) = seen.controller.asked("edit_deployment")[-1]
    assert (last.autoscale, last.replicas, last.max_replicas) == (True, 3, 3), "the most is never below the least"
    seen.show(opened()._replace(deployment=last))
    assert seen.find("deploy.max_replicas").winfo_viewable()
    assert "Replicas at least" in seen.texts
    assert any("Nodes are never added" in text for text in seen.texts)
    for field, typed in (("max_replicas", "5"), ("target_utilization_percent", "60"), ("refresh_period_s", "1.5")):
        spin = seen.find(f"deploy.{field}")
        spin.delete(0, "end")
        spin.insert(0, typed)
        root.update()
        (last,) = seen.controller.asked("edit_deployment")[-1]
        seen.show(opened()._replace(deployment=last))
    assert (last.max_replicas, last.target_utilization_percent, last.refresh_period_s) == (5, 60, 0)
    assert "Look at the load every (s): must be at least 1, not 0" in " ".join(seen.texts)
    seen.press("deploy.autoscale")
    (last,) = seen.controller.asked("edit_deployment")[-1]
    assert not last.autoscale


def test_drawing_the_state_is_no_edit(root: Root) -> None:
    seen = Seen(root, opened())
    seen.show(opened()._replace(deployment=COMPLETE))
    assert seen.controller.asked("edit_deployment") == []
    assert seen.find("deploy.memory_gb").get() == "8"
    assert (seen.find("deploy.max_replicas").get(), seen.find("deploy.refresh_period_s").get()) == ("7", "9")
    assert seen.find("deploy.cpu_cores").get() == "2.5"


def test_a_problem_has_a_button_that_leads_to_its_fix(root: Root) -> None:
    seen = Seen(root, opened()._replace(offers=(offer(free_vcpus=0),)))
    assert "Go to Machine" in seen.texts
    seen.press("deploy.check.3.fix")
    assert seen.controller.asked("go") == [(Step.MACHINE,)]


def test_a_fix_on_this_page_takes_the_keyboard_there(root: Root) -> None:
    seen = Seen(root, opened()._replace(deployment=DeployChoice("resnet50:1", "Bad Name")))
    root.focus_force()
    seen.press("deploy.check.5.fix")
    pump_until(root, lambda: root.focus_get() is seen.find("deploy.service_name"))


def test_what_is_uploaded_can_be_read_and_saved(root: Root, tmp_path: Path) -> None:
    seen = Seen(root, opened())
    seen.press("deploy.shipped")
    viewer = next(one for one in walk(root) if one.winfo_class() == "Toplevel")
    find(viewer, "files.environment.yml").invoke()
    assert find(viewer, "files.text").get("1.0", "end-1c") == FILES["environment.yml"]
    seen.desk.save_to = tmp_path / "e.yml"
    find(viewer, "files.save").invoke()
    assert seen.desk.save_to.read_text() == FILES["environment.yml"]
    find(viewer, "files.close").invoke()
    root.update()
    assert not viewer.winfo_exists()


def test_registering_asks_for_a_folder_and_a_name(root: Root) -> None:
    seen = Seen(root, opened())
    seen.press("deploy.register")
    assert seen.controller.asked("register_model") == []  # no folder was chosen
    seen.desk.folder = Path("/models/with space {1}/7")
    seen.press("deploy.register")
    entry = next(find(one, "register.name") for one in walk(root) if one.winfo_class() == "Toplevel")
    assert entry.get() == "with-space-1"
    start = find(entry.winfo_toplevel(), "register.start")
    entry.delete(0, "end")
    assert str(start.cget("state")) == "disabled"
    entry.insert(0, "cats")
    start.invoke()
    root.update()
    assert seen.controller.asked("register_model") == [("cats", Path("/models/with space {1}/7"))]


def test_a_registration_is_shown_and_can_be_stopped(root: Root) -> None:
    job = JobView(JobKind.REGISTER, 1, 990.0, steps=(StepView("Register cats", 0, 990.0, fraction=0.5),))
    seen = Seen(root, with_job(opened(), job))
    assert "Register cats" in seen.texts
    assert str(seen.find("deploy.register").cget("state")) == "disabled"
    seen.press("deploy.register.stop")
    assert seen.controller.asked("cancel") == [(JobKind.REGISTER,)]


def test_a_service_that_runs_already_is_said_at_the_top(root: Root) -> None:
    seen = Seen(root, opened()._replace(rows=both()))
    assert "resnet50 runs already and answers." in seen.texts
    seen.press("deploy.resume.go")
    assert seen.controller.asked("go") == [(Step.SCORE,)]


def test_a_half_made_deployment_is_said_at_the_top(root: Root) -> None:
    seen = Seen(root, opened()._replace(rows=(row(),)))
    assert any("exists already and bills" in text for text in seen.texts)
    seen.press("deploy.resume.go")
    assert seen.controller.asked("go") == [(Step.CLEAN_UP,)]


# --- while it runs, and after -------------------------------------------------------------------------------------


def test_a_running_deployment_shows_steps_cost_and_both_ways_to_stop(root: Root) -> None:
    seen = Seen(root, deploying())
    assert "Deploying resnet50" in seen.texts
    assert "Bills $0.53 per hour · $0.79 so far" in seen.texts
    assert "2:00 · usually about 12 min" in seen.texts
    assert not seen.primary.enabled
    seen.press("deploy.stop.watching")
    seen.press("deploy.stop.clean_up")
    assert seen.controller.asked("cancel") == [
        (JobKind.DEPLOY, CancelMeaning.STOP_WATCHING),
        (JobKind.DEPLOY, CancelMeaning.CLEAN_UP),
    ]


def test_practice_says_both_times_and_that_nothing_is_billed(root: Root) -> None:
    seen = Seen(root, deploying(practice=True))
    assert "Practice: nothing is billed. In Azure: $0.53 per hour, $0.79 so far." in seen.texts
    assert "2:00 · usually about 12 s here (12 min in Azure)" in seen.texts


def test_the_second_moves_on_and_the_log_grows(root: Root) -> None:
    seen = Seen(root, deploying())
    seen.press("deploy.log")
    seen.controller.seconds += 5
    seen.page.tick(seen.controller.state)
    assert "2:05 · usually about 12 min" in seen.texts
    assert "Building the container image" in seen.find("log.text").get("1.0", "end")


def test_a_deployment_is_stopped_once(root: Root) -> None:
    seen = Seen(root, deploying(phase=Phase.CANCELLING))
    for name in ("deploy.stop.watching", "deploy.stop.clean_up"):
        assert str(seen.find(name).cget("state")) == "disabled"
    assert "stopping…" in seen.texts


def test_a_failure_shows_its_cause_and_cleaning_up_first(root: Root) -> None:
    seen = Seen(root, failed())
    assert "init() of resnet50 raised: ValueError: no signature serving_default" in seen.texts
    assert (seen.primary.label, seen.primary.danger) == (CLEAN_UP.label, True)
    seen.primary.command()
    assert seen.controller.asked("act") == [(CLEAN_UP, JobKind.DEPLOY)]


def test_the_log_of_the_service_is_one_click_away(root: Root) -> None:
    seen = Seen(root, failed())
    assert "▾ Log of the web service" not in seen.texts
    seen.press("error.show_log")
    assert seen.controller.asked("act") == [(SHOW_LOG, JobKind.DEPLOY)]
    seen.show(failed()._replace(service_logs={"resnet50": "loading\nValueError: no signature"}))
    assert "▾ Log of the web service" in seen.texts
    logs = [one for one in walk(seen.page) if getattr(one, "screen_name", "") == "log.text" and one.winfo_viewable()]
    assert "× ValueError: no signature" in logs[0].get("1.0", "end")  # type: ignore[attr-defined]


def test_changing_the_settings_after_a_failure_leads_to_the_field(root: Root) -> None:
    error = OutOfMemory(name="resnet50", memory_gb=4.0)
    seen = Seen(root, with_job(opened(), deploy_job(Phase.FAILED, error=error)))
    root.focus_force()
    seen.press("error.edit_deployment")
    seen.show(opened())  # what the controller does about it
    pump_until(root, lambda: seen.find("deploy.memory_gb").winfo_viewable())


def test_a_deployment_that_worked_gives_the_address(root: Root) -> None:
    seen = Seen(root, deployed())
    assert seen.find("deploy.uri").get() == "http://127.0.0.1:40123/api/v1/service/resnet50/score"
    assert any(text.startswith("Deployed in 5:12.") for text in seen.texts)
    seen.press("deploy.uri.copy")
    assert seen.desk.copied == ["http://127.0.0.1:40123/api/v1/service/resnet50/score"]
    seen.primary.command()
    assert seen.controller.asked("go") == [(Step.SCORE,)]
    seen.press("deploy.another")
    assert seen.controller.asked("dismiss") == [(JobKind.DEPLOY,)]


@pytest.mark.parametrize("make", [opened, deploying, failed, deployed])
def test_everything_can_be_reached_in_the_smallest_window(root: Root, make) -> None:  # type: ignore[no-untyped-def]
    seen = Seen(root, make())
    root.update()
    edge = root.winfo_rootx() + 790
    for one in walk(seen.page):
        if one.winfo_class() in ("TButton", "TEntry", "TSpinbox") and one.winfo_viewable():
            assert one.winfo_rootx() + one.winfo_width() <= edge, getattr(one, "screen_name", one)
            assert one.winfo_width() >= one.winfo_reqwidth() or one.winfo_class() != "TButton"


def test_one_page_goes_through_a_whole_life(root: Root) -> None:
    seen = Seen(root, opened())
    for state in (deploying(), failed(), opened(), deploying(), deployed(), opened()._replace(rows=both())):
        seen.show(state)
        seen.page.tick(state)
    assert "deploy.start" not in names(seen.page)  # the main button is the window's
    assert seen.controller.utc_now() == NOW
