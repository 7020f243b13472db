"""How images are fed, on the Deploy page: proposed, explained, changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gpu_assistant.domain.errors import BadFeeding
from gpu_assistant.domain.model import SavedModelSummary, Signature, TensorSpec
from gpu_assistant.domain.preprocessing import Channels, Fit, Preprocessing
from gpu_assistant.domain.text import Text
from gpu_assistant.saved_model.feeding import PixelInput
from gpu_assistant.ui.theme import Root
from gpu_assistant.ui.widgets.feeding_words import what_happens
from gpu_assistant.wizard.preflight import Verdict, can_deploy, deploy_request, preflight
from gpu_assistant.wizard.state import DeployChoice, WizardState
from tests.ui.in_process import pump_until
from tests.ui.page_states import inspection, opened
from tests.ui.test_deploy_page import Seen

OPEN = TensorSpec("pixels", "float32", (None, None, None, 3))
FIXED = TensorSpec("pixels", "float32", (None, 224, 192, 3))
SCORES = TensorSpec("scores", "float32", (None, 1000))
EMBEDDING = TensorSpec("embedding", "float32", (None, 64))
FORM = "deploy.feeding."


def state_of(*signatures: Signature, layers: frozenset[str] = frozenset(), **choice: str) -> WizardState:
    """The Deploy page with a model of these signatures, the first one the natural one."""
    summary = SavedModelSummary(
        Path("/tmp/m"), "2.21.0", ("serve",), signatures, {}, 1, gpu_only=False, is_tf2=True, layers=layers
    )
    found = inspection(
        "flowers:3", summary=summary, signature=signatures[0], signatures=signatures, labels_count=None, labels_from=""
    )
    return opened()._replace(deployment=DeployChoice(model_id="flowers:3", **choice), inspections={"flowers:3": found})  # type: ignore[arg-type]


PIXELS = state_of(Signature("serving_default", (OPEN,), (SCORES,)))
KERAS = state_of(Signature("serving_default", (FIXED,), (SCORES,)), layers=frozenset({"mobilenet"}))
SEVERAL = state_of(Signature("serving_default", (FIXED,), (SCORES,)), Signature("both", (OPEN,), (EMBEDDING, SCORES)))
UNCLEAR = state_of(
    Signature("serving_default", (FIXED,), (replace(SCORES, name="output_0"), replace(EMBEDDING, name="output_1")))
)


@pytest.fixture
def see(root: Root):  # type: ignore[no-untyped-def]
    def make(state: WizardState) -> Seen:
        return Seen(root, state)

    return make


def choices(seen: Seen, name: str) -> list[str]:
    return list(seen.find(FORM + name).cget("values"))


def pick(seen: Seen, name: str, text: str) -> None:
    box = seen.find(FORM + name)
    box.current(list(box.cget("values")).index(text))
    box.event_generate("<<ComboboxSelected>>")
    seen.root.update()


def told(seen: Seen) -> DeployChoice:
    """The latest choice that the page asked for."""
    choice = seen.controller.asked("edit_deployment")[-1][0]
    assert isinstance(choice, DeployChoice)
    return choice


# --- words ----------------------------------------------------------------------------------------------------------

FLOATS = PixelInput("float32", None, 224, 192, 3, is_channels_first=False)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (
            Preprocessing("0..1"),
            "A photo is stretched to 192 × 224 pixels. Its pixels (red, green, blue) become 0 to 1.",
        ),
        (
            Preprocessing("caffe", fit=Fit.CROP),
            "The middle 88 % of a photo is cut out and made 192 × 224 pixels. "
            "Its pixels (blue, green, red) stay 0 to 255, less ImageNet's mean.",
        ),
        (
            Preprocessing("-1..1", fit=Fit.PAD, channels=Channels.BGR),
            "A photo is made to fit into 192 × 224 pixels, with black bars. "
            "Its pixels (blue, green, red) become -1 to 1.",
        ),
        (
            Preprocessing(mean=(127.0,), std=(128.0,)),
            "A photo is stretched to 192 × 224 pixels. Its pixels (red, green, blue) lose 127 and are divided by 128.",
        ),
        (
            Preprocessing("0..255"),
            "A photo is stretched to 192 × 224 pixels. Its pixels (red, green, blue) stay 0 to 255.",
        ),
    ],
)
def test_what_happens_in_words(how: Preprocessing, words: str) -> None:
    assert what_happens(how, FLOATS) == words


# --- the form -------------------------------------------------------------------------------------------------------


def test_a_model_of_image_files_is_asked_about_names_only(see) -> None:
    seen = see(opened())
    assert not seen.find(FORM + "story").winfo_ismapped()
    assert not seen.find(FORM + "change").winfo_ismapped()
    assert choices(seen, "labels") == [
        "The model's own (1001 labels)",
        "ImageNet's 1000 classes",
        "A file, one name on each line…",
    ]


def test_pixels_are_fed_as_proposed_with_the_reason(see) -> None:
    seen = see(KERAS)
    assert "A photo is stretched to 192 × 224 pixels. Its pixels (red, green, blue) become -1 to 1." in seen.texts
    assert "Its layers are named like mobilenet, which is trained with -1 to 1." in seen.texts
    request = deploy_request(KERAS)
    assert request is not None
    assert request.preprocessing == Preprocessing("-1..1")


def test_a_guess_is_a_warning_and_stops_nothing() -> None:
    check = preflight(PIXELS)[0]
    assert check.verdict is Verdict.WARNING
    assert "guess" in check.detail
    assert can_deploy(PIXELS)


def test_a_scale_and_a_fit_are_chosen(see) -> None:
    seen = see(PIXELS)
    seen.press(FORM + "change")
    pick(seen, "scale", "ImageNet mean and deviation (PyTorch)")
    assert told(seen).preprocess == "scale=torch,size=224x224"
    seen.show(PIXELS._replace(deployment=told(seen)))
    pick(seen, "fit", "Middle cut out")
    assert told(seen).preprocess == "scale=torch,fit=crop,crop_ratio=0.875,size=224x224"


def test_a_size_is_typed_where_the_model_leaves_it_open(see) -> None:
    seen = see(PIXELS)
    seen.press(FORM + "change")
    size = seen.find(FORM + "size")
    assert size.get() == "224 × 224"
    for typed, understood in (("", 224), ("3", 3), ("30", 30), ("300x", 30), ("300x200", 300), ("x", 300)):
        size.delete(0, "end")
        size.insert(0, typed)
        seen.root.update()
        asked = seen.controller.asked("edit_deployment")
        now = asked[-1][0].preprocess if asked else "size=224x224"
        assert f"size={understood}x" in now, typed
    assert not see_size(see, KERAS)


def test_a_size_is_shown_while_a_list_is_open(see) -> None:
    seen = see(PIXELS)
    seen.press(FORM + "change")
    fits = seen.find(FORM + "fit")
    fits.focus_force()
    seen.root.tk.call("ttk::combobox::Post", str(fits))
    pump_until(seen.root, lambda: "popdown" in str(seen.root.tk.call("focus")))
    seen.show(PIXELS._replace(deployment=PIXELS.deployment._replace(preprocess="scale=torch,size=300x200")))
    assert seen.find(FORM + "size").get() == "300 × 200"


def see_size(see, state: WizardState) -> bool:  # type: ignore[no-untyped-def]
    seen = see(state)
    seen.press(FORM + "change")
    return bool(seen.find(FORM + "size").winfo_ismapped())


def test_back_to_the_proposal(see) -> None:
    chosen = PIXELS._replace(deployment=PIXELS.deployment._replace(preprocess="scale=torch,size=300x300"))
    seen = see(chosen)
    assert "You chose it." in seen.texts
    seen.press(FORM + "change")
    seen.press(FORM + "reset")
    assert told(seen).preprocess == ""


def test_numbers_of_ones_own_are_shown_as_such(see) -> None:
    chosen = PIXELS._replace(deployment=PIXELS.deployment._replace(preprocess="mean=127,std=128,size=224"))
    seen = see(chosen)
    assert seen.find(FORM + "scale").get() == "Own numbers"


def test_one_of_several_signatures(see) -> None:
    seen = see(SEVERAL)
    assert choices(seen, "signature") == ["serving_default", "both"]
    pick(seen, "signature", "both")
    assert told(seen).signature == "both"
    seen.show(SEVERAL._replace(deployment=told(seen)))
    assert "embedding: 64 numbers for each image" in seen.texts
    request = deploy_request(seen.controller.state)
    assert request is not None
    assert (request.signature, request.output) == ("both", "")


def test_an_output_has_to_be_named_where_none_speaks_for_itself(see) -> None:
    seen = see(UNCLEAR)
    assert not can_deploy(UNCLEAR)
    assert seen.find(FORM + "trouble").winfo_ismapped()
    assert seen.find(FORM + "output").get() == ""
    pick(seen, "output", "output_0")
    seen.show(UNCLEAR._replace(deployment=told(seen)))
    assert not seen.find(FORM + "trouble").winfo_ismapped()
    assert can_deploy(seen.controller.state)


def test_show_me_leads_to_the_form(see) -> None:
    bad = PIXELS._replace(deployment=PIXELS.deployment._replace(preprocess="scale=torch,size=0"))
    seen = see(bad)
    assert not can_deploy(bad)
    seen.page._form._fix(preflight(bad)[0])
    seen.root.update()
    assert seen.find(FORM + "scale").winfo_ismapped()


# --- labels -----------------------------------------------------------------------------------------------------------


def test_imagenets_names_are_offered_when_the_number_fits(see) -> None:
    assert "ImageNet's 1000 classes" in choices(see(PIXELS), "labels")
    few = state_of(Signature("serving_default", (FIXED,), (replace(SCORES, shape=(None, 5)),)))
    assert "ImageNet's 1000 classes" not in choices(see(few), "labels")


def test_a_file_is_chosen(see, tmp_path: Path) -> None:
    seen = see(PIXELS)
    seen.desk.files = (tmp_path / "my labels.txt",)
    pick(seen, "labels", "A file, one name on each line…")
    assert seen.controller.asked("choose_labels") == [(str(tmp_path / "my labels.txt"),)]
    seen.desk.files = ()
    pick(seen, "labels", "A file, one name on each line…")
    assert len(seen.controller.asked("choose_labels")) == 1
    assert seen.find(FORM + "labels").get() == "None: answers carry class numbers"


@pytest.mark.parametrize(
    ("labels", "verdict", "words"),
    [
        ({}, Verdict.WAITING, "Reading the labels"),
        ({"a.txt": tuple("ab")}, Verdict.PROBLEM, "There are 2 labels, and the model has 1000 classes"),
        ({"a.txt": tuple(map(str, range(1000)))}, Verdict.OK, "1000 labels"),
        ({"a.txt": BadFeeding(setting=Text("Labels"), reason=Text("gone"))}, Verdict.PROBLEM, "gone"),
    ],
)
def test_labels_are_checked(labels, verdict: Verdict, words: str) -> None:
    state = PIXELS._replace(deployment=PIXELS.deployment._replace(labels="a.txt"), labels=labels)
    check = preflight(state)[1]
    assert check.verdict is verdict
    assert words in check.detail
    request = deploy_request(state)
    assert request is not None
    assert len(request.labels) == (len(labels["a.txt"]) if isinstance(labels.get("a.txt"), tuple) else 0)
