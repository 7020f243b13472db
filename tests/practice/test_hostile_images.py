"""The whole corpus through Microsoft's server with the sample model: right answers, and nobody else is disturbed.

Every file is sent together with three good photos, so that they meet in one batch; what these are answered is
compared by value with what they get alone.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from PIL import Image

from tests.fakes.tensorflow import import_tensorflow
from tests.fuzz_images import Fuzzer
from tests.image_corpus import Case, corpus
from tests.real_server import (
    SCORING,
    Answer,
    RealServer,
    deployed_environment,
    running_server,
    sample_model,
    sample_photos,
)

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks at the worker through /proc"),
    pytest.mark.timeout(600),
]

TOLERANCE = 1e-5
NEIGHBOURS = ("camera.jpg", "chelsea.jpg", "rocket.jpg")
COFFEE = 968
MEMORY_BAR_MIB = 2500.0


@dataclass(frozen=True)
class Watched:
    """A server and what its neighbours are answered when they come alone."""

    server: RealServer
    photos: dict[str, bytes]
    alone: dict[str, dict[int, float]]

    def neighbour_is_right(self, name: str, answer: Answer) -> bool:
        scores = scores_of(answer)
        alone = self.alone[name]
        return scores.keys() == alone.keys() and all(abs(scores[key] - alone[key]) < TOLERANCE for key in alone)


def scores_of(answer: Answer) -> dict[int, float]:
    """All classes' probabilities; empty for a refusal."""
    found = answer.json["predictions"] if answer.status == 200 else []
    return {one["index"]: one["probability"] for one in found}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    import_tensorflow()
    photos = sample_photos()
    folder = tmp_path_factory.mktemp("server")
    with running_server(SCORING / "score.py", sample_model(), folder, deployed_environment()) as server:
        alone = {name: scores_of(server.post(photos[name], "/score?top=1001")) for name in NEIGHBOURS}
        assert all(len(scores) == 1001 for scores in alone.values())
        yield Watched(server, photos, alone)


def wrong(case: Case, answer: Answer) -> str:
    """What is wrong with the answer, or ""."""
    if (answer.status, answer.code) != (case.status, case.code):
        return f"{case.name}: {answer.status} {answer.code} instead of {case.status} {case.code}"
    if case.is_recognised and answer.best != COFFEE:
        return f"{case.name}: class {answer.best}"
    if case.status != 200 and set(answer.json) != {"error"}:
        return f"{case.name}: {answer.json}"
    return ""


def test_every_file_gets_its_answer_and_its_neighbours_theirs(watched: Watched) -> None:
    server, photos = watched.server, watched.photos
    workers = server.workers()
    complaints = []
    with Image.open(io.BytesIO(photos["coffee.jpg"])) as photo, ThreadPoolExecutor(1 + len(NEIGHBOURS)) as senders:
        for case in corpus(photo):
            pending = senders.submit(server.post, case.body)
            others = {name: senders.submit(server.post, photos[name], "/score?top=1001") for name in NEIGHBOURS}
            complaints.append(wrong(case, pending.result()))
            for name, other in others.items():
                if not watched.neighbour_is_right(name, other.result()):
                    complaints.append(f"{name} beside {case.name}: {other.result().status}")
    assert not [one for one in complaints if one]
    assert server.workers() == workers
    assert server.memory_mib("VmHWM") < MEMORY_BAR_MIB
    assert "Traceback" not in server.log().partition("ready for serving traffic")[2]


def test_many_large_photos_at_once_fit_into_memory(watched: Watched) -> None:
    """Sixteen progressive photos of 40 megapixels side by side: above 5 GB if all were unpacked together."""
    server = watched.server
    workers = server.workers()
    with Image.open(io.BytesIO(watched.photos["coffee.jpg"])) as photo:
        (large,) = (case for case in corpus(photo) if case.name == "forty-megapixels-progressive.jpg")
    with ThreadPoolExecutor(16) as senders:
        answers = list(senders.map(server.post, [large.body] * 16))
    print(f"{server.memory_mib('VmHWM'):.0f} MiB at the most")
    assert {(answer.status, answer.best) for answer in answers} == {(200, COFFEE)}
    assert server.workers() == workers
    assert server.memory_mib("VmHWM") < MEMORY_BAR_MIB


def test_mutated_images_disturb_nobody(watched: Watched) -> None:
    """A small share of what `python -m tests.fuzz_images 20000` sends."""
    found = Fuzzer(watched.server, watched.photos, seed=7).run(400)
    print("\n".join(found.lines()))
    assert not found.complaints
    assert found.sent == 400
    assert found.peak_mib < MEMORY_BAR_MIB


def test_other_methods_are_refused(watched: Watched) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
        answer = watched.server.request(method, "/score")
        assert (answer.status, answer.headers.get("Allow")) == (405, "POST"), method
