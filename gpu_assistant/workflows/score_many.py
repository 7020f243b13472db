"""Many images in, a table out: several requests at a time, every answer on disk as it comes."""

from __future__ import annotations

import csv
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, TextIO

from gpu_assistant.domain.errors import AssistantError, UnexpectedAnswer
from gpu_assistant.domain.scoring import ScoredImage
from gpu_assistant.jobs.job import Job

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})
"""What is taken out of a folder. A file that the person names is taken whatever it is called."""
TOP = 5
_COLUMNS = ("file", *(f"{what}_{rank}" for rank in range(1, TOP + 1) for what in ("label", "class", "probability")))
_LOOK_AT_CANCEL_S = 0.1


class ScoresImages(Protocol):
    """What `Scorer` is to this module."""

    def score(self, path: Path, *, on_wait: Callable[[str], object], cancelled: threading.Event) -> ScoredImage: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """One image and what came of it; exactly one of `image` and `error` is set. `total_ms` counts the preparation."""

    path: Path
    image: ScoredImage | None
    error: AssistantError | None
    total_ms: float


@dataclass(frozen=True, slots=True)
class Tally:
    """How far it is."""

    total: int
    done: int
    failed: int


def find_images(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as they are named, folders by what lies in them, in order of their names and without hidden ones."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, folders, files in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                if not name.startswith(".") and Path(name).suffix.lower() in IMAGE_SUFFIXES:
                    yield Path(folder, name)


def score_many(
    images: Sequence[Path],
    *,
    scorers: Sequence[ScoresImages],
    table: Path,
    job: Job,
    on_answer: Callable[[Answer, Tally], None],
    on_wait: Callable[[Path, str], None] = lambda path, why: None,
) -> Tally:
    """Score every image, one thread for each scorer, and write `table` (CSV) line by line in the order of the answers.

    A cancel is felt at once: requests in flight are left behind, the table is whole up to there, and Cancelled is
    raised. A bad image is a line with its error. The scorers must not be used again after a cancel. `on_wait` is
    told, on the scorer's thread, why an image takes longer.
    """
    waiting: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
    answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
    ahead = iter(images)
    tally = Tally(len(images), 0, 0)

    def feed() -> None:
        # Never more than two for each scorer are waiting, so ten thousand images take no more memory than ten.
        waiting.put(next(ahead, None))

    for scorer in scorers:
        threading.Thread(
            target=_serve, args=(scorer, waiting, answers, job, on_wait), daemon=True, name="scoring"
        ).start()
        feed()
        feed()
    with open(table, "w", newline="", encoding="utf-8-sig") as file:
        write = _writer(file)
        try:
            while tally.done < tally.total:
                answer = _next(answers, job)
                feed()
                tally = Tally(tally.total, tally.done + 1, tally.failed + (answer.error is not None))
                write(answer)
                on_answer(answer, tally)
        finally:
            for _ in scorers:
                waiting.put(None)
    return tally


def _serve(
    scorer: ScoresImages,
    waiting: queue.SimpleQueue[Path | None],
    answers: queue.SimpleQueue[Answer],
    job: Job,
    on_wait: Callable[[Path, str], None],
) -> None:
    while (path := waiting.get()) is not None and not job.cancelled.is_set():
        answers.put(_score_one(scorer, path, partial(on_wait, path), job.cancelled))


def _score_one(scorer: ScoresImages, path: Path, on_wait: Callable[[str], None], cancelled: threading.Event) -> Answer:
    """One answer, whatever happens."""
    started = time.perf_counter()
    image: ScoredImage | None = None
    error: AssistantError | None = None
    try:
        image = scorer.score(path, on_wait=on_wait, cancelled=cancelled)
    except AssistantError as exc:
        error = exc
    except Exception as exc:  # one odd file must not end the other ten thousand
        error = UnexpectedAnswer(what=path.name, reason=type(exc).__name__)
    return Answer(path, image, error, (time.perf_counter() - started) * 1000)


def _next(answers: queue.SimpleQueue[Answer], job: Job) -> Answer:
    while True:
        job.raise_if_cancelled()
        try:
            return answers.get(timeout=_LOOK_AT_CANCEL_S)
        except queue.Empty:
            continue


def _writer(file: TextIO) -> Callable[[Answer], None]:
    rows = csv.writer(file)
    rows.writerow([*_COLUMNS, "latency_ms", "model_ms", "device", "error"])

    def write(answer: Answer) -> None:
        rows.writerow(csv_row(answer))
        file.flush()

    return write


def csv_row(answer: Answer) -> list[object]:
    """One line of the table."""
    best: list[object] = []
    predictions = answer.image.predictions[:TOP] if answer.image else ()
    for prediction in predictions:
        best += [_safe(prediction.label or ""), prediction.index, f"{prediction.probability:.6f}"]
    best += [""] * (3 * (TOP - len(predictions)))
    times: list[object] = ["", "", ""]
    if answer.image is not None:
        times = [f"{answer.image.latency_ms:.1f}", f"{answer.image.model_ms:.1f}", answer.image.device]
    return [_safe(str(answer.path)), *best, *times, _safe(answer.error.detail if answer.error else "")]


def _safe(text: str) -> str:
    """Spreadsheets run what begins like a formula; a file name must not."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
