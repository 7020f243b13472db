"""Whatever saved_model.pb holds, the reader answers or refuses in one line, soon and in little memory."""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from gpu_assistant.domain.errors import ModelError
from gpu_assistant.domain.model import SavedModelSummary
from gpu_assistant.saved_model import read_saved_model
from gpu_assistant.saved_model.errors import SavedModelDamaged, SavedModelTooLarge
from tests.fakes import saved_models as kinds
from tests.fakes import wire_writer as wire
from tests.fuzz_saved_model import Fuzzer

ROOT = Path(__file__).parents[3]


def read(folder: Path, content: bytes) -> SavedModelSummary | ModelError:
    """The answer or the refusal; any other exception fails the test."""
    (folder / "saved_model.pb").write_bytes(content)
    try:
        return read_saved_model(folder)
    except ModelError as error:
        refusal = error
    assert "\n" not in refusal.detail
    assert len(refusal.detail) < 1000
    return refusal


@pytest.fixture(scope="module")
def genuine(saved_model) -> list[bytes]:
    return [(saved_model(kind) / "saved_model.pb").read_bytes() for kind in (kinds.tf1, kinds.probabilities)]


def test_cut_at_every_97th_byte(genuine, tmp_path):
    for content in genuine:
        for length in range(0, len(content) - 1, 97):
            assert isinstance(read(tmp_path, content[:length]), ModelError)


def test_random_mutations(genuine, tmp_path):
    chance = random.Random(20261122)
    answers = 0
    for _ in range(300):
        content = bytearray(chance.choice(genuine))
        for _ in range(chance.choice((1, 1, 3, 20))):
            at = chance.randrange(len(content))
            match chance.randrange(4):
                case 0:
                    content[at] = chance.randrange(256)
                case 1:
                    content[at] ^= 1 << chance.randrange(8)
                case 2:
                    del content[at : at + chance.randrange(1, 9)]
                case _:
                    content[at:at] = chance.randbytes(chance.randrange(1, 9))
        answers += isinstance(read(tmp_path, bytes(content)), SavedModelSummary)
    assert 0 <= answers < 300


def test_random_bytes(tmp_path):
    chance = random.Random(7)
    for length in (1, 2, 3, 10, 1000, 100_000):
        for _ in range(10):
            assert isinstance(read(tmp_path, chance.randbytes(length)), ModelError)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"\x12\xff\xff\xff\xff\x0f", "runs past its end", id="length-of-4-GB"),
        pytest.param(b"\x12" + b"\xff" * 9 + b"\x01", "runs past its end", id="length-of-2-to-the-64"),
        pytest.param(b"\x08" + b"\xff" * 11, "never ends", id="endless-varint"),
        pytest.param(b"\x80" * 20, "never ends", id="endless-key"),
        pytest.param(b"\x08", "cut short", id="key-without-a-value"),
        pytest.param(b"\x00\x00", "not allowed", id="field-zero"),
        pytest.param(b"\x0b\x0c", "wire type 3", id="group"),
        pytest.param(b"\x0f", "wire type 7", id="wire-type-7"),
        pytest.param(b"\x0d\x00", "runs past its end", id="cut-fixed32"),
        pytest.param(wire.number(1, 1), "no graph", id="no-graph"),
        pytest.param(
            wire.saved_model(wire.meta_graph(wire.signature("a\nb", wire.CLASSIFIER))), "control", id="newline-in-name"
        ),
        pytest.param(
            wire.saved_model(wire.meta_graph(wire.message(5, wire.message(1, b"\xff\xfe")))), "UTF-8", id="not-utf-8"
        ),
        pytest.param(
            wire.saved_model(wire.meta_graph(wire.signature("x" * 100_000))), "a name of 100000 bytes", id="long-name"
        ),
        pytest.param(
            wire.saved_model(wire.meta_graph(wire.signature("s", wire.tensor(1, "x", 1, [1] * 1000)))),
            "dimensions",
            id="thousand-dimensions",
        ),
        pytest.param(wire.number(3, 1) * 200_000, "too many fields", id="many-fields"),
        pytest.param(wire.message(2) * 90_000, "more than 100 graphs", id="many-graphs"),
    ],
)
def test_broken_bytes_are_named(content, reason, tmp_path):
    error = read(tmp_path, content)
    assert isinstance(error, SavedModelDamaged)
    assert reason in error.detail


def test_a_long_list_of_signatures_stays_one_short_line(tmp_path):
    many = [wire.signature(f"s{index}" + "x" * 400) for index in range(500)]
    answer = read(tmp_path, wire.saved_model(wire.meta_graph(*many)))
    assert isinstance(answer, SavedModelSummary)
    assert all(len(warning) < 1000 for warning in answer.warnings)


@pytest.mark.skipif(sys.platform != "linux", reason="resets the peak of memory through /proc")
def test_a_small_share_of_the_fuzzing(tmp_path):
    """`python -m tests.fuzz_saved_model 10000` is the whole of it, and starts from the sample model too."""
    found = Fuzzer(tmp_path / "model", None, seed=3).run(500)
    print("\n".join(found.lines()))
    assert not found.complaints
    assert len(found.outcomes) >= 3


def test_a_huge_graph_is_counted_in_part(tmp_path):
    nodes = wire.node("Const") * 150_000
    answer = read(tmp_path, wire.saved_model(wire.meta_graph(wire.message(2, nodes), wire.CLASSIFIER)))
    assert isinstance(answer, SavedModelSummary)
    assert 0 < answer.op_histogram["Const"] < 150_000
    assert any("not all counted" in warning for warning in answer.warnings)


def test_more_kinds_of_ops_than_there_are(tmp_path):
    nodes = b"".join(wire.node(f"Op{index}") for index in range(20_000))
    answer = read(tmp_path, wire.saved_model(wire.meta_graph(wire.message(2, nodes), wire.CLASSIFIER)))
    assert isinstance(answer, SavedModelSummary)
    assert len(answer.op_histogram) <= 5_000


def test_a_file_beyond_protobufs_limit(tmp_path):
    with (tmp_path / "saved_model.pb").open("wb") as file:
        file.truncate(1 << 31)  # sparse: takes no space
    with pytest.raises(SavedModelTooLarge, match="2147 MB"):
        read_saved_model(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_time_and_memory_are_bounded(tmp_path):
    """The worst files we can think of, in one process: each within a second of CPU and 100 MiB in all."""
    worst = {
        "two-byte-fields": wire.number(3, 1) * 20_000_000,
        "long-varints": (b"\x18" + b"\xff" * 9 + b"\x01") * 3_000_000,
        "nodes": wire.saved_model(wire.meta_graph(wire.message(2, wire.node("Const") * 3_000_000))),
        "large-constants": wire.saved_model(
            wire.meta_graph(wire.message(2, wire.message(1, wire.message(2, "Const"), bytes(100_000)) * 1500))
        ),
        "signatures": wire.saved_model(
            wire.meta_graph(b"".join(wire.signature(f"{index:0500d}") for index in range(100_000)))
        ),
        "attributes": wire.saved_model(
            wire.meta_graph(wire.message(2, wire.node("Conv2D", wire.attribute("data_format", "NHWC") * 500_000)))
        ),
    }
    for name, content in worst.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "saved_model.pb").write_bytes(content)
    program = """
        import sys, time
        from pathlib import Path
        from gpu_assistant.domain.errors import ModelError
        from gpu_assistant.saved_model import read_saved_model
        def peak():
            status = Path("/proc/self/status").read_text()
            return int(status.split("VmHWM:")[1].split()[0])
        base = peak()
        for name in sys.argv[1:]:
            start = time.process_time()
            try:
                read_saved_model(Path(name))
            except ModelError:
                pass
            spent = time.process_time() - start
            grown = peak() - base
            print(Path(name).name, round(spent, 3), grown // 1024)
    """
    folders = [str(tmp_path / name) for name in worst]
    command = [sys.executable, "-c", textwrap.dedent(program), *folders]
    output = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    print(output)
    lines = [line.split() for line in output.splitlines()]
    assert len(lines) == len(worst)
    assert all(float(seconds) < 1.0 and int(mebibytes) < 100 for _, seconds, mebibytes in lines), output
