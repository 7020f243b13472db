"""Many images: order, cancel, odd files, and a table that is whole up to where it was stopped."""

from __future__ import annotations

import csv
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gpu_assistant.domain.errors import BadImage, Cancelled
from gpu_assistant.domain.scoring import Prediction, ScoredImage
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.jobs.job import Job
from gpu_assistant.workflows.score_many import Answer, Tally, find_images, score_many


class Scores:
    """Answers by the file's name; `bad` in it is refused, `bug` breaks, and `hold` waits until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.asked: list[str] = []

    def score(self, path: Path, *, on_wait: Callable[[str], object], cancelled: threading.Event) -> ScoredImage:
        on_wait("it loads")
        self.asked.append(path.name)
        if "hold" in path.name:
            self.let_go.wait(10)
        if "bad" in path.name:
            raise BadImage(path=path.name, reason="it is empty")
        if "bug" in path.name:
            raise ZeroDivisionError
        best = Prediction(7, 0.75, "=cmd()"), Prediction(8, 0.25, None)
        return ScoredImage(path, best, 20.0, 15.0, "/GPU:0")


def run(paths: list[Path], scorers: list[Scores], table: Path, job: Job) -> tuple[list[Answer], list[Tally]]:
    answers: list[Answer] = []
    tallies: list[Tally] = []

    def hear(answer: Answer, tally: Tally) -> None:
        answers.append(answer)
        tallies.append(tally)

    score_many(paths, scorers=scorers, table=table, job=job, on_answer=hear)
    return answers, tallies


def rows(table: Path) -> list[dict[str, str]]:
    with open(table, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_who_waits_says_for_what(tmp_path: Path, job: Job) -> None:
    told: list[tuple[Path, str]] = []
    score_many(
        [Path("a.jpg")],
        scorers=[Scores()],
        table=tmp_path / "t.csv",
        job=job,
        on_answer=lambda answer, tally: None,
        on_wait=lambda path, why: told.append((path, why)),
    )
    assert told == [(Path("a.jpg"), "it loads")]


def test_every_image_has_its_line(tmp_path: Path, job: Job) -> None:
    paths = [Path(f"{number:03}.jpg") for number in range(100)]
    answers, tallies = run(paths, [Scores(), Scores(), Scores()], tmp_path / "t.csv", job)
    assert sorted(answer.path for answer in answers) == paths
    assert [tally.done for tally in tallies] == list(range(1, 101))
    assert sorted(row["file"] for row in rows(tmp_path / "t.csv")) == [str(path) for path in paths]


def test_what_cannot_be_scored_is_a_line_with_its_reason(tmp_path: Path, job: Job) -> None:
    answers, tallies = run([Path("bad.jpg"), Path("bug.jpg"), Path("good.jpg")], [Scores()], tmp_path / "t.csv", job)
    assert tallies[-1] == Tally(total=3, done=3, failed=2)
    table = rows(tmp_path / "t.csv")
    assert [row["error"] for row in table] == [answer.error.detail if answer.error else "" for answer in answers]
    assert "it is empty" in table[0]["error"]
    assert "ZeroDivisionError" in table[1]["error"]


def test_a_table_runs_nothing_in_a_spreadsheet(tmp_path: Path, job: Job) -> None:
    run([Path("=HYPERLINK(1).jpg")], [Scores()], tmp_path / "t.csv", job)
    (row,) = rows(tmp_path / "t.csv")
    assert row["file"].startswith("'=")
    assert row["label_1"] == "'=cmd()"
    assert (row["class_1"], row["probability_1"], row["class_2"], row["error"]) == ("7", "0.750000", "8", "")


def test_a_cancel_is_felt_at_once_and_the_table_is_whole_up_to_there(tmp_path: Path, job: Job) -> None:
    scores = Scores()
    paths = [Path("one.jpg"), Path("two.jpg"), Path("hold.jpg"), *(Path(f"{n}.jpg") for n in range(10_000))]
    done = threading.Event()
    ended: list[BaseException] = []
    seen: list[Tally] = []

    def work() -> None:
        try:
            score_many(
                paths,
                scorers=[scores],
                table=tmp_path / "t.csv",
                job=job,
                on_answer=lambda answer, tally: seen.append(tally),
            )
        except Cancelled as exc:
            ended.append(exc)
        done.set()

    threading.Thread(target=work, daemon=True).start()
    until = time.monotonic() + 10
    while len(seen) < 2 and time.monotonic() < until:
        done.wait(0.01)
    asked_at = time.monotonic()
    job.cancel(CancelMeaning.STOP_WATCHING)
    assert done.wait(5)
    assert time.monotonic() - asked_at < 1.0, "a request in flight must not hold the person up"
    assert ended
    assert [row["file"] for row in rows(tmp_path / "t.csv")] == ["one.jpg", "two.jpg"]
    scores.let_go.set()
    assert len(scores.asked) < 10, "what was not begun is not sent"


@pytest.mark.parametrize("count", [1, 10_000])
def test_no_more_images_are_taken_up_than_are_answered_soon(tmp_path: Path, job: Job, count: int) -> None:
    scores = Scores()
    run([Path(f"{number}.jpg") for number in range(count)], [scores], tmp_path / "t.csv", job)
    assert len(scores.asked) == count


def test_folders_give_their_images_in_order_and_nothing_hidden(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.png", "notes.txt", ".hidden.jpg", "deeper/c.webp", ".git/d.jpg"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"x")
    named = tmp_path / "notes.txt"
    found = [path.relative_to(tmp_path).as_posix() for path in find_images([tmp_path, named])]
    assert found == ["a.png", "b.JPG", "deeper/c.webp", "notes.txt"]


def test_no_image_at_all_is_an_empty_table(tmp_path: Path, job: Job) -> None:
    answers, _ = run([], [Scores()], tmp_path / "t.csv", job)
    assert answers == []
    assert rows(tmp_path / "t.csv") == []
