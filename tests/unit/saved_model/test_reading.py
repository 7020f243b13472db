"""What the reader says about SavedModels that TensorFlow wrote, and about folders that are none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gpu_assistant.domain.errors import ModelError
from gpu_assistant.domain.model import TensorSpec
from gpu_assistant.saved_model import read_saved_model, serving_signature, to_json
from gpu_assistant.saved_model.errors import (
    SavedModelDamaged,
    SavedModelIncomplete,
    SavedModelIsText,
    SavedModelNotFound,
    SavedModelNotServable,
    SignatureUnusable,
    WeightsDamaged,
)
from tests.fakes import saved_models as kinds
from tests.fakes import wire_writer as wire

LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 18533817\n"


def written(folder: Path, content: bytes, name: str = "saved_model.pb") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return folder


def test_a_tf2_export(saved_model):
    import tensorflow

    folder = saved_model(kinds.probabilities)
    summary = read_saved_model(folder)
    assert summary.folder == folder
    assert summary.tensorflow_version == tensorflow.__version__
    assert summary.tags == ("serve",)
    assert summary.is_tf2
    assert not summary.gpu_only
    assert summary.warnings == ()
    (signature,) = summary.signatures  # the initialiser of TF2 files is not one
    assert signature.name == "serving_default"
    assert signature.method_name == "tensorflow/serving/predict"
    assert signature.inputs == (TensorSpec("image_bytes", "string", (None,)),)
    assert signature.outputs == (
        TensorSpec("classes", "int64", (None,)),
        TensorSpec("probabilities", "float32", (None, kinds.CLASSES)),
    )
    assert summary.op_histogram["DecodeImage"] == 1  # inside a function inside map_fn's loop
    assert summary.op_histogram["VarHandleOp"] >= 1
    assert summary.size_bytes == sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def test_a_tf1_export(saved_model):
    summary = read_saved_model(saved_model(kinds.tf1))
    assert not summary.is_tf2
    assert [signature.name for signature in summary.signatures] == ["predict", "serving_default"]
    assert summary.op_histogram["VariableV2"] == 1
    assert serving_signature(summary).name == "serving_default"
    assert serving_signature(summary, "predict").name == "predict"
    assert any("2 signatures" in warning for warning in summary.warnings)


def test_the_histogram_agrees_with_tensorflow(saved_model):
    from tensorflow.core.protobuf import saved_model_pb2

    for kind in (kinds.probabilities, kinds.tf1):
        folder = saved_model(kind)
        proto = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
        graph = proto.meta_graphs[0].graph_def
        expected: dict[str, int] = {}
        for node in [*graph.node, *(node for function in graph.library.function for node in function.node_def)]:
            expected[node.op] = expected.get(node.op, 0) + 1
        assert read_saved_model(folder).op_histogram == expected


def test_channels_first_needs_a_gpu(saved_model):
    summary = read_saved_model(saved_model(kinds.tf1, data_format="NCHW"))
    assert summary.gpu_only
    assert any("GPU only" in warning for warning in summary.warnings)


def test_of_several_graphs_the_plain_one_is_taken(saved_model):
    summary = read_saved_model(saved_model(kinds.several_graphs))
    assert summary.tags == ("serve",)
    assert any("2 graphs" in warning for warning in summary.warnings)


def test_the_json_has_exactly_the_promised_keys(saved_model):
    folder = saved_model(kinds.probabilities)
    printed = json.loads(json.dumps(to_json(read_saved_model(folder))))
    assert set(printed) == {
        *("folder", "tensorflow_version", "format", "tags", "graphs", "signatures", "size_bytes", "gpu_only"),
        *("operations", "serving", "warnings"),
    }
    assert printed["serving"] == {
        "signature": "serving_default",
        "output": "probabilities",
        "classes": kinds.CLASSES,
        "scores": "probabilities",
        "preprocessing": None,
        "preprocessing_is": None,
        "why": "",
    }
    assert printed["folder"] == str(folder)
    assert (printed["format"], printed["tags"], printed["graphs"]) == ("TensorFlow 2", ["serve"], [["serve"]])
    assert printed["operations"]["DecodeImage"] == 1
    assert printed["signatures"]["serving_default"] == {
        "method": "tensorflow/serving/predict",
        "inputs": {"image_bytes": {"dtype": "string", "shape": [None]}},
        "outputs": {
            "classes": {"dtype": "int64", "shape": [None]},
            "probabilities": {"dtype": "float32", "shape": [None, kinds.CLASSES]},
        },
    }


def test_the_only_numbered_child_is_taken(saved_model, tmp_path):
    shutil.copytree(saved_model(kinds.probabilities), tmp_path / "1538686758")
    (tmp_path / "notes").mkdir()
    assert read_saved_model(tmp_path).folder == tmp_path / "1538686758"


@pytest.mark.parametrize(
    ("layout", "error", "part"),
    [
        pytest.param({}, SavedModelNotFound, "there is no saved_model.pb in it", id="empty"),
        pytest.param({"1/saved_model.pb": b"", "2/saved_model.pb": b""}, SavedModelNotFound, "(1, 2)", id="versions"),
        pytest.param({"v1/saved_model.pb": b""}, SavedModelNotFound, "there is no", id="child-without-a-number"),
        pytest.param({"saved_model.pbtxt": b"x"}, SavedModelIsText, "binary form", id="text-form"),
        pytest.param({"7/saved_model.pbtxt": b"x"}, SavedModelIsText, "binary form", id="text-form-in-a-version"),
        pytest.param({"cat.keras": b"x"}, SavedModelNotFound, "cat.keras is a Keras file", id="keras-file"),
        pytest.param({"cat.onnx": b"x"}, SavedModelNotFound, "ONNX", id="onnx-file"),
        pytest.param({"frozen.pb": b"x"}, SavedModelNotFound, "a bare graph", id="frozen-graph"),
        pytest.param({"saved_model.pb": b""}, SavedModelDamaged, "empty", id="empty-file"),
        pytest.param({"saved_model.pb/x": b""}, SavedModelDamaged, "not a regular file", id="folder-of-that-name"),
        pytest.param({"saved_model.pb": b"<html>Sign in</html>"}, SavedModelDamaged, "", id="web-page"),
        pytest.param({"saved_model.pb": b"version https://git-lfs.github.com"}, SavedModelDamaged, "", id="lfs"),
        pytest.param({"saved_model.pb": bytes(500)}, SavedModelDamaged, "", id="zeros"),
    ],
)
def test_folders_that_are_no_saved_model(layout, error, part, tmp_path):
    for name, content in layout.items():
        written((tmp_path / name).parent, content, Path(name).name)
    with pytest.raises(error) as caught:
        read_saved_model(tmp_path)
    assert part in caught.value.detail
    assert "\n" not in caught.value.detail
    assert caught.value.remedies


@pytest.mark.parametrize("name", ["gone", "a-file", "null\0character"])
def test_paths_that_are_no_folder(name, tmp_path):
    (tmp_path / "a-file").write_bytes(b"")
    with pytest.raises(SavedModelNotFound):
        read_saved_model(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are of POSIX systems")
def test_a_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "saved_model.pb")
    with pytest.raises(SavedModelDamaged, match="regular file"):
        read_saved_model(tmp_path)


@pytest.mark.parametrize("gone", ["variables/variables.index", "variables/variables.data-00000-of-00001", "variables"])
def test_missing_variables(gone, saved_model, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(saved_model(kinds.probabilities), folder)
    shutil.rmtree(folder / gone) if (folder / gone).is_dir() else (folder / gone).unlink()
    with pytest.raises(SavedModelIncomplete, match=gone.split("/")[-1]):
        read_saved_model(folder)


def test_a_missing_shard_is_named(tmp_path):
    graph = wire.meta_graph(wire.message(2, wire.node("VarHandleOp")), wire.CLASSIFIER)
    folder = written(tmp_path, wire.saved_model(graph))
    for name in ("variables.index", "variables.data-00000-of-00003", "variables.data-00002-of-00003"):
        written(folder / "variables", b"", name)
    with pytest.raises(SavedModelIncomplete, match=r"variables\.data-00001-of-00003"):
        read_saved_model(folder)


@pytest.mark.parametrize(
    ("file", "change", "reason"),
    [
        pytest.param("data-00000-of-00001", lambda old: old[:-1], "cut short: it has", id="data-lost-its-last-byte"),
        pytest.param("data-00000-of-00001", lambda old: b"", "cut short: it has 0 bytes of", id="data-empty"),
        pytest.param("data-00000-of-00001", lambda old: LFS_POINTER, "cut short", id="data-is-a-git-lfs-pointer"),
        pytest.param("index", lambda old: b"", "it is cut short", id="index-empty"),
        pytest.param("index", lambda old: old[:-9], "its end is missing", id="index-lost-its-end"),
        pytest.param("index", lambda old: LFS_POINTER, "no table of variables", id="index-is-a-git-lfs-pointer"),
        pytest.param("index", lambda old: old[-60:], "runs past its end", id="index-lost-its-start"),
        pytest.param("index", lambda old: b"\xff" * 100 + old[100:], "", id="index-overwritten"),
    ],
)
def test_weights_that_are_not_whole(file, change, reason, saved_model, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(saved_model(kinds.probabilities), folder)
    damaged = folder / "variables" / f"variables.{file}"
    damaged.write_bytes(change(damaged.read_bytes()))
    with pytest.raises(WeightsDamaged) as caught:
        read_saved_model(folder)
    assert reason in caught.value.detail
    assert damaged.name in caught.value.detail
    assert "\n" not in caught.value.detail


def test_a_shard_that_the_index_counts_on_and_no_name_tells_of(saved_model, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(saved_model(kinds.probabilities), folder)
    index = folder / "variables" / "variables.index"
    one_shard, three_shards = b"\x00\x00\x06\x08\x01\x1a", b"\x00\x00\x06\x08\x03\x1a"
    content = index.read_bytes()
    assert content.startswith(one_shard)
    index.write_bytes(three_shards + content[len(one_shard) :])
    with pytest.raises(SavedModelIncomplete, match=r"variables\.data-00002-of-00003"):
        read_saved_model(folder)


@pytest.mark.parametrize(
    ("op", "part"),
    [
        ("EagerPyFunc", "Python code (EagerPyFunc)"),
        ("TPUPartitionedCall", "for a TPU"),
        ("TRTEngineOp", "TensorRT"),
    ],
)
def test_operations_that_cannot_be_carried_out(op, part, tmp_path):
    graph = wire.meta_graph(wire.message(2, wire.node("Const"), wire.node(op)), wire.CLASSIFIER)
    summary = read_saved_model(written(tmp_path, wire.saved_model(graph)))
    assert any(part in warning for warning in summary.warnings)


def test_a_training_export(tmp_path):
    folder = written(tmp_path, wire.saved_model(wire.meta_graph(wire.CLASSIFIER, tags=("train",))))
    with pytest.raises(SavedModelNotServable, match="it has: train"):
        read_saved_model(folder)


IMAGE = wire.tensor(1, "image_bytes", wire.STRING, [-1])
SCORES = wire.tensor(2, "probabilities", wire.FLOAT, [-1, 10])


@pytest.mark.parametrize(
    ("signatures", "reason"),
    [
        pytest.param([], "It has no signature", id="none"),
        pytest.param(
            [wire.signature("a", IMAGE, SCORES), wire.signature("b", IMAGE, SCORES)],
            "several signatures (a, b)",
            id="several-and-no-default",
        ),
        pytest.param([wire.signature("s", SCORES)], "takes no input", id="no-input"),
        pytest.param(
            [wire.signature("s", IMAGE, wire.tensor(1, "size", wire.INT64, []), SCORES)],
            "takes 2 inputs (image_bytes, size)",
            id="two-inputs",
        ),
        pytest.param([wire.signature("s", IMAGE)], "gives no probabilities; it gives: none", id="no-output"),
        pytest.param(
            [wire.signature("s", IMAGE, wire.tensor(2, "classes", wire.INT64, [-1]))],
            "gives no probabilities; it gives: classes (int64)",
            id="classes-only",
        ),
        pytest.param(
            [wire.signature("s", wire.tensor(1, "x", 99, [-1]), SCORES)],
            "not known: unknown(99)",
            id="unknown-dtype",
        ),
        pytest.param(
            [wire.signature("s", wire.tensor(1, "x", wire.INT64, [-1, 224, 224, 3]), SCORES)],
            "takes int64 [?, 224, 224, 3]",
            id="whole-numbers",
        ),
        pytest.param(
            [wire.signature("s", wire.tensor(1, "x", wire.STRING, [-1, 4]), SCORES)],
            "texts of shape [?, 4]",
            id="table-of-texts",
        ),
        pytest.param(
            [wire.signature("s", wire.tensor(1, "x", wire.UINT8, [-1, 4, 224, 224]), SCORES)],
            "takes uint8 [?, 4, 224, 224]",
            id="four-channels",
        ),
    ],
)
def test_signatures_that_cannot_answer_images_are_warned_of_and_refused(signatures, reason, tmp_path):
    summary = read_saved_model(written(tmp_path, wire.saved_model(wire.meta_graph(*signatures))))
    assert any(reason in warning for warning in summary.warnings), summary.warnings
    with pytest.raises(SignatureUnusable):
        serving_signature(summary)


@pytest.mark.parametrize(
    "specs",
    [
        pytest.param(wire.tensor(1, "x", wire.STRING, None), id="unknown-rank"),
        pytest.param(wire.tensor(1, "x", wire.STRING, []), id="scalar"),
        pytest.param(wire.tensor(1, "x", wire.STRING, [1]), id="one-image"),
        pytest.param(wire.tensor(1, "x", wire.STRING, [8]), id="eight-images"),
        pytest.param(wire.tensor(1, "x", wire.UINT8, [-1, 224, 224, 3]), id="uint8-pixels"),
        pytest.param(wire.tensor(1, "x", wire.UINT8, [-1, 3, 224, 224]), id="channels-first"),
        pytest.param(wire.tensor(1, "x", wire.FLOAT, [-1, -1, -1, 3]), id="pixels-of-any-size"),
        pytest.param(wire.tensor(1, "x", wire.FLOAT, [224, 224, 1]), id="one-grey-picture"),
    ],
)
def test_signatures_that_can(specs, tmp_path):
    content = wire.saved_model(wire.meta_graph(wire.signature("serving_default", specs, SCORES)))
    summary = read_saved_model(written(tmp_path, content))
    assert summary.warnings == ()
    assert serving_signature(summary).name == "serving_default"


def test_a_wanted_signature_that_is_not_there(tmp_path):
    summary = read_saved_model(written(tmp_path, wire.saved_model(wire.meta_graph(wire.CLASSIFIER))))
    with pytest.raises(SignatureUnusable, match="no signature train; it has: serving_default"):
        serving_signature(summary, "train")


@pytest.mark.parametrize(
    "kind",
    [
        kinds.probabilities,
        kinds.logits,
        kinds.single_image,
        kinds.scalar_image,
        kinds.uint8_pixels,
        kinds.half_precision,
        kinds.other_signature,
        kinds.tf1,
        kinds.two_inputs,
        kinds.classes_only,
        kinds.no_signature,
    ],
    ids=lambda kind: kind.__name__,
)
def test_the_app_and_the_scoring_script_judge_alike(kind, saved_model, monkeypatch):
    """They share no code, for the script ships alone; here they are held together."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "scoring"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import saved_model as scoring

    folder = saved_model(kind)
    try:
        model = scoring.load(folder)
    except scoring.ModelError:
        with pytest.raises(ModelError):
            serving_signature(read_saved_model(folder))
    else:
        assert serving_signature(read_saved_model(folder)).name == model.signature


def test_it_imports_the_standard_library_and_the_domain_only():
    probe = (
        "import sys, gpu_assistant.saved_model\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)))"
    )
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {os.getcwd()!r})\n{probe}"]
    found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]).stdout
    assert set(found.split()) <= {"__main__", "gpu_assistant", "sitecustomize", "_distutils_hack", "__mp_main__"}, found


def test_files_that_are_known_to_be_elsewhere_count_as_if_they_were_here(saved_model, tmp_path):
    whole = saved_model(kinds.probabilities)
    written(tmp_path, (whole / "saved_model.pb").read_bytes())
    others = {
        file.relative_to(whole).as_posix(): file.stat().st_size
        for file in whole.rglob("*")
        if file.is_file() and file.name != "saved_model.pb"
    }
    summary = read_saved_model(tmp_path, left_out=others)
    assert summary.size_bytes == read_saved_model(whole).size_bytes
    assert summary.signatures == read_saved_model(whole).signatures
    unknown = read_saved_model(tmp_path, left_out=dict.fromkeys(others))
    assert unknown.size_bytes == (whole / "saved_model.pb").stat().st_size
    index_only = {"variables/variables.index": 10}
    with pytest.raises(SavedModelIncomplete, match=r"variables\.data-00000-of-00001"):
        read_saved_model(tmp_path, left_out=index_only)
    one_of_two = {**index_only, "variables/variables.data-00000-of-00002": 1}
    with pytest.raises(SavedModelIncomplete, match=r"variables\.data-00001-of-00002"):
        read_saved_model(tmp_path, left_out=one_of_two)
