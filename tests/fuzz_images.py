"""Mutated images against Microsoft's server with the sample model, among good ones whose answers are checked.

    python -m tests.fuzz_images [COUNT] [--seed N] [--senders N] [--pixels] [--keep FOLDER]

The worker must not die, nothing may be answered 5xx, and every good image must get the probabilities that it gets
alone. Prints what was answered and the worker's memory; ends with 1 when something was wrong. The same seed sends the
same bodies, so a number in a complaint is enough to see one again: `--keep` writes those that were answered wrongly.
"""

from __future__ import annotations

import argparse
import collections
import http.client
import io
import itertools
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from tests.fakes.saved_models import uint8_pixels
from tests.image_corpus.surgery import encoded
from tests.image_mutations import mutated, seeds
from tests.real_server import (
    SCORING,
    Answer,
    RealServer,
    deployed_environment,
    running_server,
    sample_model,
    sample_photos,
)

TOLERANCE = 1e-5
REFUSALS = frozenset({400, 415, 422})
_NEIGHBOUR_SIZE = (224, 224)
_MUTATED_PER_NEIGHBOUR = 4
_MEMORY_EVERY = 50  # mutated images
_SAY_EVERY = 2000


@dataclass
class Findings:
    """What a run saw. `complaints` and `slowest` name the number of the body that was sent."""

    sent: int = 0
    neighbours: int = 0
    in_company: int = 0
    answers: collections.Counter[str] = field(default_factory=collections.Counter)
    complaints: dict[int, str] = field(default_factory=dict)
    slowest: tuple[float, int] = (0.0, -1)
    memory_mib: list[float] = field(default_factory=list)
    peak_mib: float = 0.0
    seconds: float = 0.0

    def lines(self) -> list[str]:
        rate = self.sent / self.seconds if self.seconds else 0
        return [
            f"{self.sent} mutated images in {self.seconds:.0f} s ({rate:.0f}/s)",
            f"{self.neighbours} good images among them, {self.in_company} answered by a call that they shared",
            *(f"  {count:>7}  {answer}" for answer, count in self.answers.most_common()),
            f"slowest answer {self.slowest[0]:.2f} s (to {self.slowest[1]})",
            f"memory of the worker: {self.memory_mib[0]:.0f} MiB at the start, {self.peak_mib:.0f} MiB at the most, "
            f"{self.memory_mib[-1]:.0f} MiB at the end; by quarters of the run {self._quarters()}",
            *(f"WRONG  {number}: {complaint}" for number, complaint in sorted(self.complaints.items())),
        ]

    def _quarters(self) -> str:
        """The highest sample of each quarter: a leak would climb evenly, a cache does not."""
        size = -(-len(self.memory_mib) // 4)
        highest = (max(self.memory_mib[at : at + size]) for at in range(0, len(self.memory_mib), size))
        return ", ".join(f"{mib:.0f}" for mib in highest)


class Fuzzer:
    """Sends to one server; `run` once."""

    def __init__(self, server: RealServer, photos: Mapping[str, bytes], seed: int = 1, senders: int = 8) -> None:
        self._server = server
        self._seed = seed
        self._senders = senders
        with Image.open(io.BytesIO(photos["coffee.jpg"])) as photo:
            self._bodies = seeds(photo)
        self._neighbours = [_small(photo) for photo in photos.values()]
        self._alone = [_scores(server.post(body, "/score?top=1001")) for body in self._neighbours]
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._findings = Findings()

    def body(self, number: int) -> bytes:
        """The mutated image of that number."""
        return mutated(number, self._seed, self._bodies)

    def run(self, count: int) -> Findings:
        """Send bodies 0 to `count` - 1 and a good image after every fourth."""
        found = self._findings
        workers = self._server.workers()
        found.memory_mib.append(self._server.memory_mib())
        started = time.monotonic()
        with ThreadPoolExecutor(self._senders) as senders:
            for done in [senders.submit(self._send_until, count) for _ in range(self._senders)]:
                done.result()
        found.seconds = time.monotonic() - started
        if self._server.workers() != workers:
            found.complaints[-1] = "the worker died and was replaced"
        found.memory_mib.append(self._server.memory_mib())
        found.peak_mib = self._server.memory_mib("VmHWM")
        return found

    def _send_until(self, count: int) -> None:
        while (number := next(self._numbers)) < count:
            self._send(number)
            if number % _MUTATED_PER_NEIGHBOUR == 0:
                self._send_neighbour(number)
            if number % _MEMORY_EVERY == 0:
                with self._lock:
                    self._findings.memory_mib.append(self._server.memory_mib())
            if number % _SAY_EVERY == _SAY_EVERY - 1:
                print(f"{number + 1} of {count}, {len(self._findings.complaints)} wrong", file=sys.stderr)

    def _send(self, number: int) -> None:
        started = time.monotonic()
        try:
            answer = self._server.post(self.body(number))
        except (OSError, http.client.HTTPException) as exc:
            self._note(number, f"no answer: {type(exc).__name__}", complaint=f"no answer: {exc}")
            return
        spent_s = time.monotonic() - started
        kind = f"{answer.status} {answer.code}".strip()
        is_right = bool(_scores(answer)) if answer.status == http.client.OK else answer.status in REFUSALS
        with self._lock:
            self._findings.sent += 1
            self._findings.slowest = max(self._findings.slowest, (spent_s, number))
        self._note(number, kind, complaint="" if is_right else f"{kind}: {answer.json}")

    def _send_neighbour(self, number: int) -> None:
        which = number // _MUTATED_PER_NEIGHBOUR % len(self._neighbours)
        try:
            answer = self._server.post(self._neighbours[which], "/score?top=1001")
        except (OSError, http.client.HTTPException) as exc:
            self._note(number, "no answer", complaint=f"no answer to good image {which} beside it: {exc}")
            return
        scores, alone = _scores(answer), self._alone[which]
        is_right = scores.keys() == alone.keys() and all(abs(scores[key] - alone[key]) < TOLERANCE for key in alone)
        with self._lock:
            self._findings.neighbours += 1
            self._findings.in_company += bool(scores) and answer.json["batch"] > 1
        if not is_right:
            self._note(number, "wrong neighbour", complaint=f"good image {which} beside it was answered wrongly")

    def _note(self, number: int, kind: str, *, complaint: str) -> None:
        with self._lock:
            self._findings.answers[kind] += 1
            if complaint:
                self._findings.complaints[number] = complaint


def _scores(answer: Answer) -> dict[int, float]:
    found = answer.json["predictions"] if answer.status == http.client.OK else []
    return {one["index"]: one["probability"] for one in found}


def _small(photo: bytes) -> bytes:
    with Image.open(io.BytesIO(photo)) as image:
        return encoded(image.convert("RGB").resize(_NEIGHBOUR_SIZE), "JPEG", quality=90)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz_images", description="Mutated images for score.py.")
    parser.add_argument("count", type=int, nargs="?", default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--senders", type=int, default=8, help="requests at a time (default: 8)")
    parser.add_argument("--pixels", action="store_true", help="a model of pixels: the script decodes, not the graph")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write the bodies that were answered wrongly")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="gpa-fuzz-") as folder:
        model = uint8_pixels(Path(folder) / "model") if options.pixels else sample_model()
        with running_server(SCORING / "score.py", model, Path(folder) / "server", deployed_environment()) as server:
            fuzzer = Fuzzer(server, sample_photos(), options.seed, options.senders)
            found = fuzzer.run(options.count)
            print("\n".join(found.lines()))
            if found.complaints:
                print(server.log()[-5000:], file=sys.stderr)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        for number in found.complaints.keys() - {-1}:
            (options.keep / f"{options.seed}-{number}").write_bytes(fuzzer.body(number))
    return 1 if found.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
