"""The progress of a job."""

from __future__ import annotations

import pytest

from gpu_assistant.domain.text import Text
from gpu_assistant.ui.theme import Root
from gpu_assistant.ui.widgets.job_progress import JobProgress, clock_words, time_words
from gpu_assistant.wizard.state import JobKind, JobView, Phase, StepView
from tests.ui.page_states import deploy_job
from tests.ui.widget_tree import find, texts


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0:00"), (59.9, "0:59"), (192, "3:12"), (3792, "1:03:12"), (86400, "24:00:00")]
)
def test_clock(seconds: float, words: str) -> None:
    assert clock_words(seconds) == words


@pytest.mark.parametrize(
    ("step", "speed", "words"),
    [
        (StepView("x", 600, 0.0), 1.0, "3:12 · usually about 10 min"),
        (StepView("x", 600, 0.0), 60.0, "3:12 · usually about 10 s here (10 min in Azure)"),
        (StepView("x", 600, 0.0), 100000.0, "3:12 · usually about 1 s here (10 min in Azure)"),
        (StepView("x", 0, 0.0), 1.0, "3:12"),
        (StepView("x", 600, 0.0, Phase.DONE, elapsed_s=62), 1.0, "1:02"),
        (StepView("x", 0, 0.0, Phase.SKIPPED), 1.0, ""),
        (StepView("x", 0, 500.0), 1.0, "0:00"),
    ],
)
def test_elapsed_and_usual_time(step: StepView, speed: float, words: str) -> None:
    assert time_words(step, 192.0, speed) == words


def shown(root: Root, job: JobView | None, speed: float = 1.0) -> JobProgress:
    progress = JobProgress(root)
    progress.pack(fill="x")
    progress.show(job, 1000.0, speed)
    root.update()
    return progress


def test_steps_say_what_they_do_and_symbols_say_how_it_went(root: Root) -> None:
    steps = (
        StepView("one", 0, 0.0, Phase.DONE, doing="what it did last", elapsed_s=1),
        StepView("two", 0, 0.0, Phase.SKIPPED),
        StepView("three", 0, 0.0, Phase.FAILED),
        StepView("four", 0, 990.0, doing=Text("Azure reports {state}", state=Text("creating"))),
    )
    seen = texts(shown(root, JobView(JobKind.DEPLOY, 1, 0.0, steps=steps)))
    assert [one for one in seen if one and one in "✓–×●"] == ["✓", "–", "×", "●"]
    assert "Azure reports creating" in seen
    assert "not needed" in seen
    assert "what it did last" not in seen


def test_a_known_fraction_is_drawn_and_an_unknown_one_moves(root: Root) -> None:
    job = JobView(JobKind.REGISTER, 1, 0.0, steps=(StepView("upload", 0, 0.0, fraction=0.25),))
    progress = shown(root, job)
    bar = find(progress, "job.bar.1")
    assert (str(bar.cget("mode")), float(bar.cget("value"))) == ("determinate", 0.25)
    progress.show(job._replace(steps=(job.steps[0]._replace(fraction=None),)), 1001.0)
    assert str(bar.cget("mode")) == "indeterminate"
    progress.show(job._replace(steps=(job.steps[0]._replace(phase=Phase.DONE),)), 1002.0)
    root.update()
    assert not bar.winfo_viewable()


def test_the_same_widgets_serve_every_second(root: Root) -> None:
    progress = shown(root, deploy_job(Phase.RUNNING))
    before = find(progress, "job.time.3")
    progress.show(deploy_job(Phase.RUNNING), 1075.0)
    root.update()
    after = find(progress, "job.time.3")
    assert after is before
    assert str(after.cget("text")).startswith("3:15")


def test_a_job_that_is_being_stopped_says_so(root: Root) -> None:
    assert "stopping…" in texts(shown(root, deploy_job(Phase.CANCELLING)))


def test_no_job_shows_nothing_and_a_new_one_says_that_it_starts(root: Root) -> None:
    progress = shown(root, deploy_job(Phase.RUNNING))
    progress.show(None, 1000.0)
    root.update()
    assert texts(progress) == []
    assert progress.winfo_reqheight() <= 1
    progress.show(JobView(JobKind.OPEN, 2, 1000.0), 1000.0)
    root.update()
    assert texts(progress) == ["Starting…"]
