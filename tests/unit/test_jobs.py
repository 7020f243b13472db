from __future__ import annotations

import threading

import pytest

from gpu_assistant.domain.errors import AzureFault, BadSetting, Cancelled, CannotReachAzure, StillCreating
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.jobs.events import (
    JobCancelled,
    JobEvent,
    JobFailed,
    JobSucceeded,
    LogLine,
    StepFinished,
    StepProgress,
    StepStarted,
)
from gpu_assistant.jobs.job import Job, Pace
from gpu_assistant.jobs.runner import JobRunner, Lane


class Clock:
    """Time that passes only when something is read."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def events() -> list[JobEvent]:
    return []


@pytest.fixture
def job(events: list[JobEvent], clock: Clock) -> Job:
    return Job(events.append, pace=Pace(poll_s=0, patience_s=10), monotonic=clock)


def wait(job: Job, clock: Clock, answers: list[object], *, timeout_s: float = 1000.0) -> object:
    """Wait for "done"; each read takes three seconds and gives, or raises, the next answer."""

    def read() -> object:
        clock.now_s += 3
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return job.wait(
        read,
        until=lambda seen: seen == "done",
        describe=lambda seen: f"Azure reports {seen}",
        timeout_s=timeout_s,
        on_timeout=lambda seen, minutes: StillCreating(name="gpu", state=seen, minutes=minutes),
    )


def test_a_step_tells_its_story(job: Job, events: list[JobEvent], clock: Clock) -> None:
    with job.step("Create", usually_s=600):
        wait(job, clock, ["creating", "done"])
        job.log("two\nlines")
    job.skip("Not needed")
    assert events == [
        StepStarted("Create", 600),
        StepProgress("Create", "Azure reports creating", None, 3),
        StepProgress("Create", "Azure reports done", None, 6),
        LogLine("two"),
        LogLine("lines"),
        StepFinished("Create", 6),
        StepFinished("Not needed", 0, skipped=True),
    ]


def test_weather_is_borne_for_as_long_as_patience_lasts(job: Job, clock: Clock) -> None:
    storm = CannotReachAzure(what="GET", reason="reset")
    assert wait(job, clock, [storm, storm, storm, "creating", storm, storm, storm, "done"]) == "done"
    with pytest.raises(AzureFault):
        wait(job, clock, [AzureFault(what="GET", status=500, reason="")] * 9)


def test_an_answer_is_not_weather(job: Job, clock: Clock) -> None:
    with pytest.raises(BadSetting):
        wait(job, clock, [BadSetting(setting="x", reason="y"), "done"])


def test_a_timeout_says_what_was_seen_last(job: Job, clock: Clock) -> None:
    with pytest.raises(StillCreating, match="reports creating for gpu after 2 minutes"):
        wait(job, clock, ["creating"] * 99, timeout_s=120)


def test_a_cancelled_job_starts_no_further_step(job: Job) -> None:
    job.cancel(CancelMeaning.STOP_WATCHING)
    with pytest.raises(Cancelled), job.step("Create"):
        pytest.fail("entered")


def test_cancel_wakes_a_wait_at_once() -> None:
    job = Job(lambda event: None, pace=Pace(poll_s=3600))
    threading.Timer(0.05, job.cancel, [CancelMeaning.CLEAN_UP]).start()
    with pytest.raises(Cancelled):
        job.wait(
            lambda: "creating",
            until=lambda seen: False,
            describe=str,
            timeout_s=3600,
            on_timeout=lambda seen, minutes: AssertionError(),  # type: ignore[arg-type,return-value]
        )


class TestRunner:
    def end_of(self, work: object) -> JobEvent:
        ends: list[JobEvent] = []
        job = Job(lambda event: None)
        JobRunner().start(work, job, ends.append, Lane.CHANGES).join(10)  # type: ignore[arg-type]
        (end,) = ends
        return end

    def test_a_result(self) -> None:
        assert self.end_of(lambda job: 7) == JobSucceeded(7)

    def test_a_refusal(self) -> None:
        def work(job: Job) -> None:
            raise BadSetting(setting="x", reason="y")

        end = self.end_of(work)
        assert isinstance(end, JobFailed)
        assert end.error.code == "bad_setting"

    def test_a_stop(self) -> None:
        def work(job: Job) -> None:
            raise Cancelled(what="It")

        assert self.end_of(work) == JobCancelled()

    def test_a_bug_is_a_failure_that_can_be_reported(self) -> None:
        end = self.end_of(lambda job: 1 / 0)
        assert isinstance(end, JobFailed)
        assert "ZeroDivisionError" in end.error.detail

    def test_changes_wait_for_one_another_and_scoring_does_not(self) -> None:
        runner = JobRunner()
        release, ends = threading.Event(), []

        def start(name: str, lane: Lane, work: object) -> threading.Thread:
            return runner.start(work, Job(lambda event: None), lambda end: ends.append(name), lane)  # type: ignore[arg-type]

        first = start("deploy", Lane.CHANGES, lambda job: release.wait(10))
        second = start("clean up", Lane.CHANGES, lambda job: None)
        start("score", Lane.SCORING, lambda job: None).join(10)
        assert ends == ["score"]
        release.set()
        first.join(10)
        second.join(10)
        assert ends == ["score", "deploy", "clean up"]
