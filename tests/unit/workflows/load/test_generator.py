"""The load generator against a service that behaves as a test wants it. Each test lasts a second or two."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gpu_assistant.domain.errors import BadSetting, Cancelled
from gpu_assistant.domain.secret import Secret
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.jobs.job import Job
from gpu_assistant.workflows.load.http import Caller
from gpu_assistant.workflows.load.results import LoadRun, LoadTarget, StopReason
from gpu_assistant.workflows.load.run import run_load_test
from gpu_assistant.workflows.load.setting import LoadSetting
from gpu_assistant.workflows.load.statistics import Outcome, Totals
from tests.fakes.stub_service import Manners, stub_service

IMAGE = b"\xff\xd8" + b"x" * 20_000


def load(
    manners: Manners,
    *,
    job: Job | None = None,
    on_moment: Callable[[LoadRun], None] = lambda run: None,
    **setting: object,
) -> LoadRun:
    usual: dict[str, object] = {"warm_up_s": 0.4, "limit_s": 1.2, "window_s": 0.2, "stable_within": 0.0}
    wanted = LoadSetting(**{**usual, **setting})  # type: ignore[arg-type]
    with stub_service(manners) as uri:
        target = LoadTarget("stub", uri, Secret("key"), (IMAGE,), way_ms=1.0)
        return run_load_test(target, wanted, job=job or Job(lambda event: None), on_moment=on_moment)


def test_a_closed_loop_keeps_littles_law() -> None:
    """Requests on their way = throughput × time of each; the service takes 40 ms, four are on their way."""
    run = load(Manners(think_s=0.04), concurrency=4)
    totals = run.totals
    assert run.stopped is StopReason.TIME_LIMIT
    assert (totals.failed, totals.refused, totals.unsent) == (0, 0, 0)
    assert totals.latencies.quantile(0.5) == pytest.approx(42, abs=12)
    assert totals.per_s * (totals.latencies.mean_ms or 0) / 1000 == pytest.approx(4, rel=0.15)
    assert totals.server_ms.mean_ms == pytest.approx(1.0)
    assert totals.model_ms.mean_ms == pytest.approx(0.5)
    assert totals.connections == 4, "connections are kept"
    assert totals.own_lag_ms.count > 20, "how late the sending process itself woke up is known"


def test_the_warm_up_is_not_measured() -> None:
    """The service stands still for the first half second, as one that still compiles does."""
    run = load(Manners(think_s=0.01, stall_at_s=0.0, stall_s=0.5), concurrency=2, warm_up_s=0.8)
    assert run.windows[0].is_warm_up
    assert run.totals.latencies.most_ms < 400
    assert run.totals.seconds == pytest.approx(1.2, abs=0.2)


def test_a_stall_is_felt_by_everybody_who_came_meanwhile() -> None:
    """The service stands still for 0.6 s. A loop that waits for its answers would see that once or twice; with a fixed
    rate all thirty that were due meanwhile waited, and half of all who came in 1.2 s."""
    run = load(
        Manners(think_s=0.005, stall_at_s=0.6, stall_s=0.6), concurrency=2, rate_per_s=50.0, warm_up_s=0.4, limit_s=1.2
    )
    totals = run.totals
    assert (totals.latencies.quantile(0.9) or 0) > 400
    assert totals.request_ms.count == totals.outcomes[Outcome.ANSWERED]
    assert (totals.request_ms.quantile(0.5) or 0) < 100, "each request by itself was quick"


def test_a_rate_that_is_kept() -> None:
    totals = load(Manners(think_s=0.005), concurrency=64, rate_per_s=100.0).totals
    assert totals.per_s == pytest.approx(100, rel=0.1)
    assert (totals.unsent, totals.unfinished) == (0, 0)


def test_a_rate_beyond_the_service_is_counted_with_those_who_could_not_even_ask() -> None:
    """One at a time, 50 ms each: 20 a second; 100 a second are due."""
    totals = load(Manners(think_s=0.05, at_once=1), concurrency=4, rate_per_s=100.0).totals
    assert totals.per_s == pytest.approx(20, rel=0.25)
    assert totals.unsent > 40
    assert (totals.latencies.quantile(0.95) or 0) > 500


def test_refusals_are_no_errors_and_no_reason_to_ask_faster() -> None:
    run = load(Manners(status=503, retry_after="0.1"), concurrency=2)
    assert run.totals.failed == 0
    assert 0 < run.totals.refused <= 2 * 1.6 / 0.1, "a refused sender rests as long as it was told to"
    assert run.totals.answered == 0
    assert not run.is_measured


def test_errors_are_counted_by_kind_and_end_the_test_early() -> None:
    run = load(Manners(status=500), concurrency=2, limit_s=30.0)
    assert run.stopped is StopReason.HOPELESS
    assert set(run.totals.outcomes) <= {Outcome.SCRIPT_FAILED}
    assert run.windows[-1].failed > 0


def test_a_service_that_closes_its_connections_politely_is_no_error() -> None:
    totals = load(Manners(hang_up_every=3), concurrency=2).totals
    assert totals.failed == 0
    assert totals.connections > 10


def test_a_service_that_cuts_connections_is_an_error() -> None:
    totals = load(Manners(hang_up_every=3, rude=True), concurrency=2).totals
    assert totals.outcomes[Outcome.CUT] > 0
    assert totals.outcomes[Outcome.ANSWERED] > 0


def test_every_request_has_a_deadline() -> None:
    run = load(Manners(silent=True), concurrency=3, deadline_s=0.3)
    assert set(run.totals.outcomes) == {Outcome.TIMED_OUT_HERE}


def test_an_answer_that_does_not_end_is_cut() -> None:
    totals = load(Manners(answer=b"x" * (5 << 20)), concurrency=1, limit_s=1.0).totals
    assert set(totals.outcomes) == {Outcome.TOO_LARGE}


def test_a_redirect_is_not_followed() -> None:
    assert set(load(Manners(status=302), concurrency=1).totals.outcomes) == {Outcome.OTHER_STATUS}


def test_it_ends_when_the_throughput_is_stable() -> None:
    run = load(Manners(think_s=0.01), concurrency=4, limit_s=30.0, stable_within=0.2, stable_windows=5)
    assert run.stopped is StopReason.STABLE
    assert run.totals.seconds < 10


def test_a_cancel_is_felt_at_once_and_keeps_what_was_measured() -> None:
    job = Job(lambda event: None)
    cancelled_s: list[float] = []

    def on_moment(run: LoadRun) -> None:
        if run.totals.seconds > 0.3 and not job.cancelled.is_set():
            cancelled_s.append(time.monotonic())
            job.cancel(CancelMeaning.STOP_WATCHING)

    run = load(Manners(think_s=0.01), job=job, on_moment=on_moment, concurrency=2, limit_s=60.0)
    assert time.monotonic() - cancelled_s[0] < 3.0
    assert run.stopped is StopReason.STOPPED
    assert run.is_measured


def test_a_cancel_before_anything_was_measured() -> None:
    job = Job(lambda event: None)
    threading.Timer(0.3, job.cancel, (CancelMeaning.STOP_WATCHING,)).start()
    with pytest.raises(Cancelled):
        load(Manners(think_s=0.01), job=job, warm_up_s=30.0)


def test_its_process_is_gone_afterwards() -> None:
    before = _children()
    load(Manners())
    assert _children() <= before


def _children() -> set[str]:
    path = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    return set(path.read_text().split()) if path.exists() else set()


@pytest.mark.parametrize(
    "setting",
    [{"concurrency": 0}, {"concurrency": 100_000}, {"rate_per_s": 0.0}, {"limit_s": 0.0}, {"warm_up_s": -1.0}],
)
def test_a_setting_that_makes_no_sense_is_refused_before_anything_is_sent(setting: dict[str, object]) -> None:
    with pytest.raises(BadSetting):
        LoadSetting(**setting).check()  # type: ignore[arg-type]


class TestOneRequest:
    def test_where_nobody_listens(self) -> None:
        caller = Caller("http://127.0.0.1:1/score", "key", (IMAGE,))
        caller.deadline = time.monotonic() + 5
        assert caller.ask(0).outcome is Outcome.NO_CONNECTION

    def test_it_can_be_cut_from_another_thread(self) -> None:
        with stub_service(Manners(silent=True)) as uri:
            caller = Caller(uri, "key", (IMAGE,))
            caller.deadline = time.monotonic() + 60
            threading.Timer(0.3, caller.cut).start()
            began_s = time.monotonic()
            assert caller.ask(0).outcome is Outcome.CUT
            assert time.monotonic() - began_s < 10

    def test_images_take_turns(self) -> None:
        with stub_service() as uri:
            caller = Caller(uri, "key", (b"a" * 10, b"b" * 1000))
            caller.deadline = time.monotonic() + 10
            sent = []
            for number in range(4):
                caller.ask(number)
                sent.append(caller.sent_bytes)
            caller.close()
        steps = [after - before for before, after in itertools.pairwise([0, *sent])]
        assert steps[0] == steps[2]
        assert steps[1] == steps[3] > steps[0] + 900


def test_totals_of_nothing() -> None:
    assert (Totals().per_s, Totals().failed, Totals().network_ms) == (0.0, 0, None)
