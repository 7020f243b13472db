"""From one state to the next."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_assistant.domain.errors import BadImage, CannotReachAzure
from gpu_assistant.domain.scoring import ScoredImage
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
from gpu_assistant.wizard import events as e
from gpu_assistant.wizard.reduce import reduce
from gpu_assistant.wizard.state import (
    LOG_LINES_KEPT,
    SCORED_KEPT,
    Batch,
    JobKind,
    JobView,
    MachineChoice,
    Phase,
    Place,
    Scored,
    Step,
    WizardState,
)
from gpu_assistant.workflows.site import Site
from tests.fakes.scripted_backend import WORKSPACE


def after(*events: e.WizardEvent, state: WizardState | None = None) -> WizardState:
    state = state or WizardState()
    for event in events:
        state = reduce(state, event)
    return state


def told(*said: JobEvent, number: int = 1) -> JobView:
    """A deployment's view after it said these things, one a second."""
    began = e.JobBegan(JobKind.DEPLOY, number, 0.0)
    heard = [e.JobSaid(JobKind.DEPLOY, number, one, float(at)) for at, one in enumerate(said, start=1)]
    job = after(began, *heard).job(JobKind.DEPLOY)
    assert job is not None
    return job


def test_steps_run_one_after_another() -> None:
    job = told(StepStarted("plan", 0), StepFinished("plan", 0.5), StepStarted("cluster", 600))
    assert [(step.name, step.phase) for step in job.steps] == [("plan", Phase.DONE), ("cluster", Phase.RUNNING)]
    assert job.steps[1].usually_s == 600
    assert job.is_running


def test_progress_belongs_to_the_step_that_runs_even_after_a_skipped_one() -> None:
    job = told(StepStarted("a", 0), StepFinished("b", 0.0, skipped=True), StepProgress("a", "uploading", 0.4, 3.0))
    assert [(step.doing, step.fraction) for step in job.steps] == [("uploading", 0.4), ("", None)]
    assert job.steps[1].phase is Phase.SKIPPED


@pytest.mark.parametrize(
    ("said", "phase"),
    [
        (JobSucceeded(None), Phase.DONE),
        (JobFailed(CannotReachAzure(what="x", reason="y")), Phase.FAILED),
        (JobCancelled(), Phase.CANCELLED),
    ],
)
def test_the_end_of_a_job_ends_its_running_step_the_same_way(said: JobEvent, phase: Phase) -> None:
    job = told(StepStarted("a", 0), StepFinished("a", 1.0), StepStarted("b", 0), said)
    assert (job.phase, job.ended_s) == (phase, 4.0)
    assert [step.phase for step in job.steps] == [Phase.DONE, phase]
    assert job.steps[1].elapsed_s == 1.0


def test_a_failure_keeps_its_error() -> None:
    error = CannotReachAzure(what="Reading", reason="no route")
    assert told(JobFailed(error)).error is error


def test_the_log_keeps_its_latest_lines() -> None:
    job = told(*(LogLine(str(number)) for number in range(LOG_LINES_KEPT + 10)))
    assert len(job.log) == LOG_LINES_KEPT
    assert job.log[-1] == str(LOG_LINES_KEPT + 9)


def test_an_earlier_job_of_the_kind_is_not_heard_any_more() -> None:
    state = after(
        e.JobBegan(JobKind.MODELS, 1, 0.0),
        e.JobBegan(JobKind.MODELS, 2, 1.0),
        e.JobSaid(JobKind.MODELS, 1, JobFailed(CannotReachAzure(what="x", reason="y")), 2.0),
    )
    job = state.job(JobKind.MODELS)
    assert job is not None
    assert (job.number, job.phase) == (2, Phase.RUNNING)


def test_cancelling_shows_what_was_meant_until_the_job_ends() -> None:
    state = after(e.JobBegan(JobKind.DEPLOY, 1, 0.0), e.CancelAsked(JobKind.DEPLOY, CancelMeaning.CLEAN_UP))
    job = state.job(JobKind.DEPLOY)
    assert job is not None
    assert (job.phase, job.meaning) == (Phase.CANCELLING, CancelMeaning.CLEAN_UP)
    assert state.is_busy(JobKind.DEPLOY)
    ended = after(e.JobSaid(JobKind.DEPLOY, 1, JobCancelled(), 1.0), state=state)
    assert not ended.is_busy(JobKind.DEPLOY)
    assert after(e.CancelAsked(JobKind.DEPLOY, CancelMeaning.CLEAN_UP), state=ended) == ended


def test_another_workspace_forgets_what_was_read_in_the_first_one() -> None:
    opened = e.Opened(Place(Site(WORKSPACE, practice=True), None), (), {}, ())
    state = after(
        opened,
        e.MachineChosen(MachineChoice("Standard_NC4as_T4_v3")),
        e.ModelsRead(()),
        e.ImagesTaken([Scored(1, Path("a.jpg"))]),
        e.Went(Step.SCORE),
    )
    again = after(opened, state=state)
    assert (again.machine, again.models, again.scored) == (None, None, ())
    closed = after(e.Closed(), state=state)
    assert (closed.place, closed.step) == (None, Step.WORKSPACE)


def test_answers_find_their_image_and_count_its_time() -> None:
    path = Path("a.jpg")
    image = ScoredImage(path, (), 25.0, 20.0, "/GPU:0")
    state = after(
        e.ImagesTaken([Scored(1, path), Scored(2, path)]),
        e.ImageAnswered(Scored(2, path, image)),
        e.ImageAnswered(Scored(1, path, error=BadImage(path="a.jpg", reason="empty"))),
    )
    assert [(one.number, one.is_pending) for one in state.scored] == [(1, False), (2, False)]
    assert state.scored[1].image is image
    assert state.latencies_ms == (25.0,)


def test_an_image_that_waits_says_for_what_until_it_is_answered() -> None:
    state = reduce(WizardState(), e.ImagesTaken([Scored(1, Path("a.jpg")), Scored(2, Path("b.jpg"))]))
    state = reduce(state, e.ImageWaits(2, "the model is loading"))
    assert [one.waits_for for one in state.scored] == ["", "the model is loading"]
    image = ScoredImage(Path("b.jpg"), (), 25.0, 20.0, "/GPU:0")
    state = reduce(state, e.ImageAnswered(Scored(2, Path("b.jpg"), image)))
    assert [one.waits_for for one in state.scored] == ["", ""]


def test_a_batch_of_ten_thousand_keeps_only_the_latest() -> None:
    state = WizardState()
    for number in range(SCORED_KEPT + 50):
        image = ScoredImage(Path("a.jpg"), (), 1.0, 1.0, "/CPU:0")
        state = reduce(state, e.ImageAnswered(Scored(number, Path("a.jpg"), image)))
    assert len(state.scored) == SCORED_KEPT
    assert state.scored[-1].number == SCORED_KEPT + 49


def test_a_new_image_is_shown_instead_of_an_old_one_that_was_looked_at() -> None:
    state = after(e.ImagesTaken([Scored(1, Path("a.jpg"))]), e.ImageSelected(1))
    assert state.selected == 1
    assert after(e.ImagesTaken([Scored(2, Path("b.jpg"))]), state=state).selected is None


def test_nothing_new_in_the_ledger_is_no_change() -> None:
    state = WizardState()
    assert reduce(state, e.LedgerRead(())) is state


def test_a_new_drop_leaves_the_batch_before_behind() -> None:
    state = after(e.BatchMoved(Batch(10, 10, 0, Path("t.csv"), running=False)))
    assert state.batch is not None
    assert after(e.ImagesTaken([Scored(1, Path("a.jpg"))]), state=state).batch is None
