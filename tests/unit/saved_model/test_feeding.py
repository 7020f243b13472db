"""How images are to be fed: proposed here, read and carried out by the scoring script, which shares no code with us."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any

import pytest

from gpu_assistant.domain.errors import BadSetting
from gpu_assistant.domain.model import SavedModelSummary, Signature, TensorSpec
from gpu_assistant.domain.preprocessing import Channels, Fit, Preprocessing, Resize, parse_preprocessing
from gpu_assistant.saved_model import read_saved_model, serving_lines, to_json
from gpu_assistant.saved_model.feeding import (
    Certainty,
    PixelInput,
    ScoreKind,
    class_count,
    pixel_input,
    propose,
    score_kind,
    score_output,
    why_unsuited,
)
from gpu_assistant.saved_model.serving import serving_signature, usable_signatures
from tests.fakes import pixel_models as kinds
from tests.fakes.pictures import BLUE, GREEN, RED, picture
from tests.fakes.tensorflow import import_tensorflow

SCORING = Path(__file__).parents[3] / "scoring"


@pytest.fixture
def scoring(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of the deployed folder, by name."""
    import importlib

    monkeypatch.syspath_prepend(str(SCORING))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return importlib.import_module


# --- words ----------------------------------------------------------------------------------------------------------

WORDS = {
    "torch": Preprocessing("torch", fit=Fit.CROP),
    "caffe": Preprocessing("caffe"),
    "0..1": Preprocessing("0..1"),
    "torch,fit=stretch": Preprocessing("torch"),
    "-1..1,fit=crop": Preprocessing("-1..1", fit=Fit.CROP),
    "scale=-1..1,fit=crop,crop_ratio=1": Preprocessing("-1..1", fit=Fit.CROP, crop_ratio=1.0),
    " scale = 0..1 , size = 224x192 ": Preprocessing("0..1", size_px=(224, 192)),
    "0..1,size=300": Preprocessing("0..1", size_px=(300, 300)),
    "mean=127,std=128,resize=bicubic": Preprocessing(mean=(127.0,), std=(128.0,), resize=Resize.BICUBIC),
    "mean=1,2,3.5,std=4,5,6,antialias=false": Preprocessing(mean=(1.0, 2.0, 3.5), std=(4.0, 5.0, 6.0), antialias=False),
    "scale=caffe,channels=rgb": Preprocessing("caffe", channels=Channels.RGB),
    '{"scale": "torch"}': Preprocessing("torch"),
    '{"mean": [1, 2, 3], "fit": "pad", "size": [10, 20]}': Preprocessing(
        mean=(1.0, 2.0, 3.0), fit=Fit.PAD, size_px=(10, 20)
    ),
}


@pytest.mark.parametrize("text", WORDS)
def test_words(text):
    parsed = parse_preprocessing(text)
    assert parsed == WORDS[text]
    assert parse_preprocessing(parsed.to_text()) == parsed
    assert parse_preprocessing(parsed.to_json()) == parsed


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", 'scale is "", and must be one of: 0..255'),
        ("imagenet", 'scale is "imagenet"'),
        ("scale=torch,crop", "crop is not of the form key=value"),
        ("scale=torch,", '"" is not of the form key=value'),
        ("scale=torch,mean=1", "one of them is enough"),
        ("colour=rgb", "there is no key colour; there are: scale, mean"),
        ("fit=cover", 'fit is "cover", and must be one of: stretch, crop, pad'),
        ("scale=torch,crop_ratio=0.5", "goes with fit=crop"),
        ("size=224x", "size must be height x width"),
        ("size=0x0", "from 1 to 4096"),
        ("size=1x2x3", "size must be"),
        ("mean=1,2", "a number, or three"),
        ("mean=a", "a number, or three"),
        ("std=0", "must not be zero"),
        ("mean=nan", "a number, or three"),
        ("antialias=maybe", "must be one of: true, false"),
        ("{", "this is not JSON"),
        ("[1]", "an object is needed"),
        ("[" * 5000, "this is not JSON"),
        ("x" * 70_000, "longer than 64 kB"),
    ],
)
def test_words_that_make_no_sense(text, reason):
    with pytest.raises(BadSetting) as caught:
        parse_preprocessing(text)
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 250


def test_the_scoring_script_reads_what_is_written_here(scoring):
    """Every combination that can be said, said by one and read by the other."""
    theirs = scoring("preprocessing")
    scales = [Preprocessing(scale) for scale in ("", "0..255", "0..1", "-1..1", "torch", "caffe")]
    own = [Preprocessing(mean=(1.0, 2.0, 3.0)), Preprocessing(mean=(127.0,), std=(128.0,)), Preprocessing(std=(2.0,))]
    for one, fit, resize, antialias, size, channels in itertools.product(
        [*scales, *own], Fit, Resize, (True, False), (None, (32, 48)), (None, *Channels)
    ):
        ours = Preprocessing(one.scale, one.mean, one.std, fit, 0.9, size, resize, antialias, channels)
        read = theirs.parse(ours.to_json())
        assert (read.fit.value, read.resize.value) == (fit.value, resize.value)
        assert (read.antialias, read.size) == (antialias, size)
        assert read.scale == (one.scale or ("custom" if one.mean or one.std else ""))
        assert read.is_identity is not ours.scales
        assert (read.channels and read.channels.value) == (
            channels.value if channels else "bgr" if one.scale == "caffe" else None
        )


def test_both_find_the_same_faults(scoring):
    """Whether a declaration suits a model is judged before a deployment and by the script: alike."""
    pixels, theirs = scoring("pixels"), scoring("preprocessing")
    tf = import_tensorflow()
    inputs = [
        PixelInput(dtype, None, height, height, channels, first)
        for dtype, height, channels, first in itertools.product(("uint8", "float32"), (32, None), (1, 3), (True, False))
    ]
    declarations = [
        Preprocessing(scale, size_px=size, channels=channels)
        for scale, size, channels in itertools.product(
            ("", "0..255", "0..1", "torch", "caffe"), (None, (32, 32), (48, 48)), (None, *Channels)
        )
    ]
    unlike = []
    for wanted, ours in itertools.product(inputs, declarations):
        asked = pixels.PixelInput(wanted.dtype, wanted.height, wanted.width, wanted.channels, wanted.is_channels_first)
        try:
            pixels.PixelFeed(tf, asked, theirs.parse(ours.to_json()))
            refused = False
        except theirs.PreprocessingError:
            refused = True
        if refused is not bool(why_unsuited(ours, wanted)):
            unlike.append((wanted, ours, refused))
    assert not unlike


# --- proposals --------------------------------------------------------------------------------------------------------

PROPOSALS = [
    pytest.param({"dtype": "uint8"}, "0..255", Certainty.CERTAIN, id="bytes"),
    pytest.param({}, "0..1", Certainty.GUESS, id="floats"),
    pytest.param({"shape": (None, 3, 32, 48)}, "torch", Certainty.LIKELY, id="channels-first"),
    pytest.param({"shape": (None, 1, 32, 48)}, "0..1", Certainty.GUESS, id="grey-channel-first"),
    pytest.param({"shape": (None, None, None, 3)}, "0..1", Certainty.GUESS, id="any-size"),
]


@pytest.mark.parametrize(("options", "scale", "certainty"), PROPOSALS)
def test_proposals_from_the_signature(options, scale, certainty, saved_model):
    summary = read_saved_model(saved_model(kinds.pixels, **options))
    wanted = pixel_input(serving_signature(summary).inputs[0])
    proposal = propose(summary, wanted)
    assert (proposal.preprocessing.scale, proposal.certainty) == (scale, certainty)
    assert proposal.reason.endswith(".")
    assert not why_unsuited(proposal.preprocessing, wanted)
    open_size = None in options.get("shape", ())[1:]
    assert proposal.preprocessing.size_px == ((224, 224) if open_size else None)


@pytest.mark.parametrize("size", [32, None])
def test_a_layer_that_scales_is_seen_in_a_keras_export(size, saved_model):
    summary = read_saved_model(saved_model(kinds.keras_export, size=size))
    assert summary.layers == {"rescaling"}
    proposal = propose(summary, pixel_input(serving_signature(summary).inputs[0]))
    assert (proposal.preprocessing.scale, proposal.certainty) == ("0..255", Certainty.CERTAIN)
    assert "rescaling" in proposal.reason


@pytest.mark.parametrize(
    ("layers", "scale", "size"),
    [
        ({"mobilenet"}, "-1..1", 224),
        ({"mobilenetv3", "rescaling"}, "0..255", 224),
        ({"efficientnet", "rescaling", "normalization"}, "0..255", 224),
        ({"resnet50"}, "caffe", 224),
        ({"resnet50v2"}, "-1..1", 224),
        ({"vgg16"}, "caffe", 224),
        ({"densenet"}, "torch", 224),
        ({"inception"}, "-1..1", 299),
        ({"convnext"}, "0..255", 224),
    ],
    ids=lambda value: "+".join(sorted(value)) if isinstance(value, set) else str(value),
)
def test_well_known_networks(layers, scale, size):
    summary = SavedModelSummary(Path("m"), "2.21", (), (), {}, 0, gpu_only=False, is_tf2=True, layers=frozenset(layers))
    proposal = propose(summary, PixelInput("float32", None, None, None, 3, is_channels_first=False))
    assert (proposal.preprocessing.scale, proposal.preprocessing.size_px) == (scale, (size, size))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (kinds.pixels, {}),
        (kinds.pixels, {"dtype": "uint8", "std": (1.0, 1.0, 1.0)}),
        (kinds.pixels, {"shape": (None, None, None, 3)}),
        (kinds.pixels, {"shape": (32, 48, 3)}),
        (kinds.pixels, {"shape": (8, 32, 48, 3)}),
        (kinds.keras_export, {}),
        (kinds.keras_export, {"size": None}),
        (kinds.pixels_tf1, {}),
    ],
    ids=str,
)
def test_a_model_that_is_fed_as_proposed_knows_its_colours(kind, options, saved_model, scoring, tmp_path):
    """From the file to the answer: the reader, the proposal, the declaration, the script."""
    folder = saved_model(kind, **options)
    summary = read_saved_model(folder)
    proposal = propose(summary, pixel_input(serving_signature(summary).inputs[0]))
    (tmp_path / "preprocessing.json").write_text(proposal.preprocessing.to_json(), encoding="utf-8")
    model = scoring("saved_model").load(folder, places=[tmp_path])
    scores = model.predict([model.prepare(picture(color)) for color in (RED, GREEN, BLUE)]).scores
    assert list(scores.argmax(axis=1)) == [1, 2, 3]


# --- signatures and outputs -----------------------------------------------------------------------------------------


def test_a_model_of_two_signatures_offers_both(saved_model):
    summary = read_saved_model(saved_model(kinds.two_signatures))
    assert [signature.name for signature in usable_signatures(summary)] == ["from_bytes", "from_floats"]


def test_outputs_whose_names_say_nothing(saved_model):
    summary = read_saved_model(saved_model(kinds.unnamed_outputs))
    (signature,) = usable_signatures(summary)
    assert score_output(signature) is None
    chosen = score_output(signature, "output_1")
    assert class_count(chosen) == kinds.CLASSES
    assert score_kind(summary, chosen) is ScoreKind.PROBABILITIES
    assert score_output(signature, "output_7") is None


@pytest.mark.parametrize(
    ("shape", "count"),
    [((None, 1001), 1001), ((1000,), 1000), ((None, 10, 1, 1), 10), ((None, None), None), (None, None)],
)
def test_class_counts(shape, count):
    assert class_count(TensorSpec("p", "float32", shape)) == count


@pytest.mark.parametrize(
    ("name", "ops", "kind"),
    [
        ("logits", {"Softmax": 1}, ScoreKind.LOGITS),
        ("dense", {"Softmax": 1}, ScoreKind.PROBABILITIES),
        ("dense", {"Sigmoid": 1}, ScoreKind.INDEPENDENT),
        ("dense", {}, ScoreKind.LOGITS),
        ("probabilities", {}, ScoreKind.PROBABILITIES),
    ],
)
def test_kinds_of_scores(name, ops, kind):
    spec = TensorSpec(name, "float32", (None, 10))
    summary = SavedModelSummary(Path("m"), "", (), (Signature("s", (), (spec,)),), ops, 0, gpu_only=False, is_tf2=True)
    assert score_kind(summary, spec) is kind


def test_the_declaration_is_deployed_as_the_script_looks_for_it(scoring):
    from gpu_assistant.domain import preprocessing

    assert preprocessing.FILE == scoring("preprocessing").FILE


def test_inspect_says_how_it_would_be_fed_and_read(saved_model):
    summary = read_saved_model(saved_model(kinds.keras_export, size=None))
    served, fed = serving_lines(summary)
    assert served == "served by serving_default, class scores in output_0 (10 classes, probably probabilities)"
    assert fed.startswith("fed with pixels, proposed: scale 0..255, size [224, 224] (certain). The model has layers")
    facts = to_json(summary)["serving"]
    assert facts["preprocessing"] == {"scale": "0..255", "size": [224, 224]}
    assert serving_lines(read_saved_model(saved_model(kinds.unnamed_outputs)))[0].endswith("name one: --output")
