"""Mutated saved_model.pb and variables.index files against the reader of SavedModels.

    python -m tests.fuzz_saved_model [COUNT] [--seed N]

Every file must get an answer that can be printed, or a refusal in one line, within a second of processor time and
100 MiB of memory. Prints what was found; ends with 1 when something was wrong. The same seed makes the same files.
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gpu_assistant.cli.report import summary_text
from gpu_assistant.domain.errors import ModelError
from gpu_assistant.saved_model import read_saved_model, to_json
from tests.fakes import wire_writer as wire

TIME_BAR_S = 1.0
MEMORY_BAR_MIB = 100.0
_LONGEST_REFUSAL = 1000
_MAX_CHANGES = 4
_MOST_REPEATED_BYTES = 400_000
_SHARE_OF_INDEXES = 0.1
_SHARE_OF_THE_LARGE_ONE = 0.2
_HUGE_NUMBERS = (0, 1, 127, 128, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)


@dataclass
class Findings:
    """What a run saw. `complaints` name the number of the file."""

    files: int = 0
    outcomes: collections.Counter[str] = field(default_factory=collections.Counter)
    slowest_s: float = 0.0
    largest_mib: float = 0.0
    complaints: dict[int, str] = field(default_factory=dict)
    seconds: float = 0.0

    def lines(self) -> list[str]:
        return [
            f"{self.files} files in {self.seconds:.0f} s",
            *(f"  {count:>7}  {outcome}" for outcome, count in self.outcomes.most_common()),
            f"slowest {self.slowest_s:.3f} s of processor time, largest {self.largest_mib:.1f} MiB",
            *(f"WRONG  {number}: {complaint}" for number, complaint in sorted(self.complaints.items())),
        ]


class Fuzzer:
    """Writes one file after the other into `folder` and reads it. Linux, for the memory; on one thread."""

    def __init__(self, folder: Path, model: Path | None, seed: int = 1) -> None:
        """`model` is a real SavedModel to start from; without one there are small ones written by hand only."""
        self._folder = folder
        self._seed = seed
        self._small = [_classifier(), _tf1(), wire.saved_model(wire.meta_graph(wire.CLASSIFIER))]
        self._large = (model / "saved_model.pb").read_bytes() if model else self._small[0]
        self._index = (model / "variables" / "variables.index").read_bytes() if model else b""
        variables = folder / "variables"
        variables.mkdir(parents=True)
        with (variables / "variables.data-00000-of-00001").open("wb") as data:
            data.truncate(1 << 30)  # sparse: takes no space

    def run(self, count: int) -> Findings:
        found = Findings()
        started = time.monotonic()
        for number in range(count):
            graph, index = self.files(number)
            (self._folder / "saved_model.pb").write_bytes(graph)
            (self._folder / "variables" / "variables.index").write_bytes(index)
            self._read(number, found)
        found.files = count
        found.seconds = time.monotonic() - started
        return found

    def files(self, number: int) -> tuple[bytes, bytes]:
        """The saved_model.pb and the variables.index of that number."""
        chance = random.Random(f"{self._seed}/{number}")
        if self._index and chance.random() < _SHARE_OF_INDEXES:
            return self._small[0], _changed_bytes(chance, self._index)
        if chance.random() < _SHARE_OF_THE_LARGE_ONE:
            graph = self._large
        else:
            graph = chance.choice([*self._small, _hostile(chance, depth=0)])
        for _ in range(chance.randint(1, _MAX_CHANGES)):
            graph = chance.choice((_changed_bytes, _changed_field, _changed_field))(chance, graph)
        return graph, self._index

    def _read(self, number: int, found: Findings) -> None:
        before_mib = _reset_peak_mib()
        started = time.process_time()
        try:
            summary = read_saved_model(self._folder)
            json.dumps(to_json(summary))
            summary_text(summary)
            outcome = "answered"
        except ModelError as refusal:
            outcome = f"refused: {refusal.code}"
            if "\n" in refusal.detail or len(refusal.detail) > _LONGEST_REFUSAL:
                found.complaints[number] = f"not one line: {refusal.detail!r:.200}"
        except Exception as exc:
            outcome = f"raised {type(exc).__name__}"
            found.complaints[number] = f"{outcome}: {exc!s:.200}"
        spent_s = time.process_time() - started
        grown_mib = _memory_mib("VmHWM") - before_mib
        found.outcomes[outcome] += 1
        found.slowest_s = max(found.slowest_s, spent_s)
        found.largest_mib = max(found.largest_mib, grown_mib)
        if spent_s > TIME_BAR_S:
            found.complaints[number] = f"took {spent_s:.2f} s"
        if grown_mib > MEMORY_BAR_MIB:
            found.complaints[number] = f"took {grown_mib:.0f} MiB"


def _reset_peak_mib() -> float:
    """Start a new peak, and return what is held now."""
    Path("/proc/self/clear_refs").write_text("5")
    return _memory_mib("VmRSS")


def _memory_mib(name: str) -> float:
    return int(Path("/proc/self/status").read_text().split(f"{name}:")[1].split()[0]) / 1024


# --- files to start from ----------------------------------------------------------------------------------------------


def _classifier() -> bytes:
    """As TensorFlow 2 writes it: two signatures, ops inside a function, variables, and a second graph."""
    nodes = [wire.node(op) for op in ("VarHandleOp", "ReadVariableOp", "Const", "Identity")]
    inner = [wire.node(op, wire.attribute("data_format", "NHWC"))[2:] for op in ("Conv2D", "MaxPool", "MatMul")]
    function = wire.message(1, *(wire.message(3, node) for node in inner))
    graph = wire.message(2, *nodes, wire.message(2, function))
    other = wire.signature("features", wire.tensor(1, "pixels", wire.FLOAT, [-1, 224, 224, 3]))
    objects = wire.message(7, wire.message(1, b"\x0a\x02\x08\x01"))
    first = wire.meta_graph(graph, wire.CLASSIFIER, other, objects)
    return wire.saved_model(first, wire.meta_graph(graph, wire.CLASSIFIER, tags=("serve", "gpu")))


def _tf1() -> bytes:
    graph = wire.message(2, *(wire.node(op) for op in ("Placeholder", "VariableV2", "Softmax", "ArgMax")))
    return wire.saved_model(wire.meta_graph(graph, wire.CLASSIFIER, wire.signature("predict"), version="1.12.0"))


def _hostile(chance: random.Random, depth: int) -> bytes:
    """Legal wire format that means nothing, deep or broad, with the field numbers that the reader looks for."""
    fields = []
    for _ in range(chance.choice((0, 1, 3, 30)) if depth < 4 else 1):
        number = chance.choice((1, 2, 3, 4, 5, 7, 2**29 - 1))
        if depth < 40 and chance.random() < 0.5:
            fields.append(wire.message(number, _hostile(chance, depth + chance.choice((1, 2)))))
        elif chance.random() < 0.5:
            fields.append(wire.number(number, chance.choice(_HUGE_NUMBERS)))
        else:
            fields.append(wire.message(number, chance.randbytes(chance.choice((0, 1, 40)))))
    return b"".join(fields)


# --- changes ----------------------------------------------------------------------------------------------------------


def _changed_bytes(chance: random.Random, content: bytes) -> bytes:
    at = chance.randrange(len(content) + 1)
    some = chance.choice((1, 2, 9, 100, 5000))
    match chance.randrange(7):
        case 0:
            return content[:at]
        case 1:
            return content[:at] + content[at + some :]
        case 2:
            return content[:at] + content[at : at + some] * chance.choice((2, 50)) + content[at:]
        case 3:
            return content[:at] + chance.randbytes(some) + content[at:]
        case 4:
            return content[:at] + b"\xff" * some + content[at + some :]
        case 5:
            return content[:at] + wire.varint(chance.choice(_HUGE_NUMBERS)) + content[at + 1 :]
        case _:
            flipped = bytearray(content)
            for _ in range(min(some, 40) if content else 0):
                flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
            return bytes(flipped)


def _changed_field(chance: random.Random, content: bytes) -> bytes:
    """A field somewhere in the tree lost, repeated, exchanged or renumbered, with all lengths above it made right."""
    fields = _fields(content)
    if not fields:
        return _changed_bytes(chance, content)
    at = chance.randrange(len(fields))
    number, inside, whole = fields[at]
    if inside and chance.random() < 0.75:
        changed = wire.message(number, _changed_field(chance, inside))
    else:
        match chance.randrange(6):
            case 0:
                changed = b""
            case 1:
                changed = whole * min(chance.choice((2, 1000, 100_000)), 1 + _MOST_REPEATED_BYTES // (len(whole) + 1))
            case 2:
                changed = chance.choice(fields)[2]
            case 3:
                changed = wire.number(number, chance.choice(_HUGE_NUMBERS))
            case 4:
                changed = wire.message(chance.choice((1, 2, 3, 4, 5, 7, 19)), inside)
            case _:
                changed = wire.message(number, chance.randbytes(chance.choice((0, 3, 600))))
    return b"".join(changed if place == at else field[2] for place, field in enumerate(fields))


def _fields(content: bytes) -> list[tuple[int, bytes, bytes]]:
    """Number, content (empty for numbers) and the whole field, for each field; none when it is no message."""
    found = []
    offset = 0
    while offset < len(content):
        start = offset
        key, offset = _varint(content, offset)
        if key & 7 in (0, 2):
            value, after = _varint(content, offset)
        else:
            value, after = 0, offset + {1: 8, 5: 4}.get(key & 7, 1 << 62)
        end = after + value if key & 7 == 2 else after
        if not key >> 3 or end > len(content):
            return []
        found.append((key >> 3, content[after:end], content[start:end]))
        offset = end
    return found


def _varint(content: bytes, offset: int) -> tuple[int, int]:
    value = shift = 0
    while offset < len(content):
        value |= (content[offset] & 0x7F) << shift
        offset += 1
        if content[offset - 1] < 0x80:
            return value, offset
        shift += 7
    return 1 << 62, offset  # cut short: no end lies that far


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz_saved_model", description="Mutated SavedModels.")
    parser.add_argument("count", type=int, nargs="?", default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    from tests.real_server import sample_model

    with tempfile.TemporaryDirectory(prefix="gpa-fuzz-") as folder:
        found = Fuzzer(Path(folder), sample_model(), options.seed).run(options.count)
    print("\n".join(found.lines()))
    return 1 if found.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
