"""The restricted reader of weights, the cache of the converted model, and the photos. No TensorFlow here."""

from __future__ import annotations

import io
import os
import pickle
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gpu_assistant.domain.errors import PracticeError, PracticeNotInstalled
from gpu_assistant.practice.sample import cache, ensure_saved_model, packages, sample_photos
from gpu_assistant.practice.sample.weights import WeightsRefused, read_weights
from tests.fakes.torch_files import Tensor, legacy, zipped

KERNEL = np.arange(24, dtype="<f4").reshape(2, 3, 4)
TABLE = {
    "conv.weight": Tensor(KERNEL),
    "bn.running_mean": Tensor(np.array([1.5, -2.5], dtype="<f8")),
    "bn.num_batches_tracked": Tensor(np.array(7, dtype="<i8")),
    "empty": Tensor(np.zeros((0, 3), dtype="<f4")),
}
FORMS = {"legacy-stream": legacy, "zip-archive": zipped}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "weights.pth"


@pytest.mark.parametrize("form", FORMS)
def test_tensors_come_out_as_they_went_in(form, file):
    file.write_bytes(FORMS[form](TABLE))
    weights = read_weights(file)
    assert list(weights) == list(TABLE)
    for name, tensor in TABLE.items():
        assert weights[name].dtype == tensor.numbers.dtype
        assert np.array_equal(weights[name], tensor.numbers)


@pytest.mark.parametrize("form", FORMS)
def test_views_with_other_strides(form, file):
    """Channels-last kernels are stored that way; the real file is full of them."""
    numbers = np.arange(25, dtype="<f4")
    file.write_bytes(FORMS[form]({"w": Tensor(numbers, shape=(2, 3, 4), strides=(1, 2, 6), offset=1)}))
    expected = np.lib.stride_tricks.as_strided(numbers[1:], (2, 3, 4), (4, 8, 24))
    assert np.array_equal(read_weights(file)["w"], expected)


class Malicious:
    """An object whose unpickling calls something."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.reduced = (function, arguments)

    def __reduce__(self):
        return self.reduced


def leaves_a_mark(mark: Path) -> Malicious:
    return Malicious(exec, f"open({str(mark)!r}, 'w').close()")


def test_the_malicious_pickle_is_one(tmp_path):
    pickle.loads(pickle.dumps(leaves_a_mark(tmp_path / "mark"), protocol=2))
    assert (tmp_path / "mark").exists()


@pytest.mark.parametrize("form", FORMS)
def test_code_in_a_file_does_not_run(form, file, tmp_path):
    file.write_bytes(FORMS[form]({"a": leaves_a_mark(tmp_path / "mark")}))
    with pytest.raises(WeightsRefused, match=r"asks for (builtins|__builtin__)\.exec, which no weights need"):
        read_weights(file)
    file.write_bytes(pickle.dumps(leaves_a_mark(tmp_path / "mark"), protocol=2))
    with pytest.raises(WeightsRefused):
        read_weights(file)
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param(Malicious(os.system, "true"), r"asks for (posix|nt)\.system", id="system"),
        pytest.param(Malicious(getattr, "a", "upper"), "getattr", id="getattr"),
        pytest.param(Malicious(np.zeros, 5), "asks for numpy", id="numpy"),
        pytest.param(Malicious(dict, [("a", 1)]), "asks for", id="plain-dict-by-name"),
        pytest.param(3, "not a tensor", id="number"),
        pytest.param({"nested": {}}, "not a tensor", id="nested-table"),
    ],
)
def test_anything_but_tensors_is_refused(form, value, reason, file):
    file.write_bytes(FORMS[form]({"a": value}))
    with pytest.raises(WeightsRefused, match=reason):
        read_weights(file)


RAW = {
    "inst": (b"(ios\nsystem\nS'id'\no.", "operation INST"),
    "obj": (b"(cos\nsystem\nS'id'\no.", "operation"),
    "newobj": (b"\x80\x02ccollections\nOrderedDict\n)\x81.", "operation NEWOBJ"),
    "string": (b"S'x'\n.", "operation STRING"),
    "extension": (b"\x80\x02\x82\x01.", "operation EXT1"),
    "memo-bomb": (b"\x80\x02Nr\xff\xff\xff\x7f.", "memo"),
    "long-text": (b"\x80\x02X\xff\xff\xff\x7fabc.", "damaged"),
    "no-stop": (b"\x80\x02N", "damaged"),
    "stack-underflow": (b"\x80\x02R.", "damaged"),
    "unknown-operation": (b"\x80\x02\xfe.", "damaged"),
    "number": (b"\x80\x02K\x05.", "not a PyTorch file"),
    "nothing": (b"", "damaged"),
    "text": (b"not a pickle at all", "weights.pth"),
}


@pytest.mark.parametrize("name", RAW)
def test_pickles_made_by_hand(name, file):
    content, reason = RAW[name]
    file.write_bytes(content)
    with pytest.raises(WeightsRefused, match=reason):
        read_weights(file)


def test_allowed_objects_cannot_be_changed_by_a_pickle(file):
    """BUILD sets attributes on whatever is on the stack: a class or function that find_class gave must resist."""
    for name in (b"collections\nOrderedDict", b"torch._utils\n_rebuild_tensor_v2", b"torch\nFloatStorage"):
        build = b"\x80\x02c" + name + b"\nN}U\x01x" + b"K\x01s\x86b."
        file.write_bytes(build.replace(b"U\x01x", b"X\x01\0\0\0x"))
        with pytest.raises(WeightsRefused):
            read_weights(file)
    file.write_bytes(legacy(TABLE))
    assert read_weights(file)


@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        pytest.param(Tensor(KERNEL, shape=(100, 100), strides=(100, 1)), "past its numbers", id="too-large"),
        pytest.param(Tensor(KERNEL, offset=20), "past its numbers", id="offset-past-the-end"),
        pytest.param(Tensor(KERNEL, offset=-1), "impossible shape", id="negative-offset"),
        pytest.param(Tensor(KERNEL, strides=(-12, 4, 1)), "impossible shape", id="negative-stride"),
        pytest.param(Tensor(KERNEL, shape=(1 << 40,), strides=(0,)), "impossible shape", id="memory-bomb"),
        pytest.param(Tensor(KERNEL, shape=(1 << 25, 8), strides=(0, 1)), "past its numbers", id="stride-of-zero"),
        pytest.param(Tensor(KERNEL, shape=(2, 3)), "impossible shape", id="shape-and-strides-differ"),
        pytest.param(Tensor(KERNEL, shape="abc"), "without numbers", id="shape-is-text"),
    ],
)
def test_tensors_that_lie(tensor, reason, file):
    file.write_bytes(legacy({"w": tensor}))
    with pytest.raises(WeightsRefused, match=reason):
        read_weights(file)


@pytest.mark.parametrize("changes", [{"magic": 5}, {"little_endian": False}], ids=str)
def test_other_streams(changes, file):
    file.write_bytes(legacy(TABLE, **changes))
    with pytest.raises(WeightsRefused):
        read_weights(file)


def test_a_zip_that_unpacks_to_too_much(file, monkeypatch):
    monkeypatch.setattr("gpu_assistant.practice.sample.weights._MAX_FILE_BYTES", 1 << 20)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("weights/data.pkl", bytes(2 << 20))
    file.write_bytes(out.getvalue())
    with pytest.raises(WeightsRefused, match="unpacks to more"):
        read_weights(file)


@pytest.mark.parametrize("form", FORMS)
def test_cut_anywhere(form, file):
    content = FORMS[form](TABLE)
    for length in range(0, len(content) - 1, 7):
        file.write_bytes(content[:length])
        with pytest.raises(WeightsRefused):
            read_weights(file)


@pytest.mark.parametrize("form", FORMS)
def test_random_mutations_are_read_or_refused(form, file):
    chance = random.Random(5)
    content = FORMS[form](TABLE)
    for _ in range(300):
        changed = bytearray(content)
        for _ in range(chance.choice((1, 2, 8))):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        file.write_bytes(changed)
        try:
            assert all(isinstance(array, np.ndarray) for array in read_weights(file).values())
        except WeightsRefused as refused:
            text = str(refused)
            assert "\n" not in text


def test_the_real_weights_are_read_whole():
    folder = packages.folder_of(packages.WEIGHTS_PACKAGE, packages.WEIGHTS_PACKAGE)
    weights = read_weights(next(folder.glob("models/*.pth")))
    assert len(weights) == 296
    assert weights["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert weights["_fc.weight"].shape == (1000, 1280)
    assert all(np.isfinite(array).all() for array in weights.values())


def test_photos_are_jpeg_files(tmp_path):
    photos = sample_photos(tmp_path)
    assert list(photos)[:3] == ["coffee.jpg", "camera.jpg", "chelsea.jpg"]
    for name, photo in photos.items():
        assert photo.name == name
        with Image.open(photo) as image:
            assert image.format == "JPEG"
            assert min(image.size) >= 300
    written = {photo: photo.stat().st_mtime_ns for photo in photos.values()}
    assert sample_photos(tmp_path) == photos
    assert {photo: photo.stat().st_mtime_ns for photo in photos.values()} == written
    assert sorted(path.name for path in photos["coffee.jpg"].parent.iterdir()) == sorted(photos)


def test_a_package_that_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "WEIGHTS_PACKAGE", "no-such-package")
    with pytest.raises(PracticeNotInstalled, match="no-such-package is missing"):
        ensure_saved_model(tmp_path)


def test_a_conversion_that_fails_says_why_and_leaves_nothing(tmp_path, monkeypatch):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "tensorflow.py").write_text("raise ImportError('libfoo.so is too old')\n")
    monkeypatch.setenv("PYTHONPATH", str(broken))
    with pytest.raises(PracticeError, match=r"could not be converted: ImportError: libfoo\.so is too old") as caught:
        ensure_saved_model(tmp_path / "cache")
    assert "Traceback" in caught.value.log
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["efficientnet-lite0.lock"]


def test_a_conversion_can_be_stopped_and_leaves_nothing(tmp_path):
    class Stopped(Exception):
        pass

    def stop(stage: str, done: float) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        ensure_saved_model(tmp_path, stop)
    assert [path.name for path in tmp_path.iterdir()] == ["efficientnet-lite0.lock"]


def test_a_second_process_waits_for_the_first(tmp_path):
    """The lock is held by another process; its death frees it."""
    program = (
        "import sys; from pathlib import Path\n"
        "from gpu_assistant.practice.file_lock import wait_for_lock\n"
        "with wait_for_lock(Path(sys.argv[1]), lambda: None):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    lock = tmp_path / "efficientnet-lite0.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(cache.__file__).parents[3],
    )
    seen: list[str] = []

    class Enough(Exception):
        pass

    def progress(stage: str, done: float) -> None:
        seen.append(stage)
        if stage.startswith("Waiting"):
            holder.kill()
        else:
            raise Enough

    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        with pytest.raises(Enough):
            ensure_saved_model(tmp_path, progress)
    assert seen[0].startswith("Waiting for another program")
    assert seen[-1] == "Reading the weights"
