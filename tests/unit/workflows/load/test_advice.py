"""What a load test means: as a table of tests and sentences."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timezone
from decimal import Decimal

import pytest

from gpu_assistant.domain.billing import BillableResource, HourlyPrice, ResourceKind, ResourceState
from gpu_assistant.domain.compute import Availability, VmSize, VmSizeOffer
from gpu_assistant.domain.workspace import WorkspaceRef
from gpu_assistant.workflows.load.advice import LoadAdvice, LoadPlace, advise, cost_per_million
from gpu_assistant.workflows.load.place import find_place
from gpu_assistant.workflows.load.results import LoadRun, StopReason
from gpu_assistant.workflows.load.setting import LoadSetting
from gpu_assistant.workflows.load.statistics import Latencies, Outcome, Totals

PRICE = HourlyPrice(Decimal("0.526"), "USD", date(2026, 11, 1))
PLACE = LoadPlace(PRICE, "Standard_NC4as_T4_v3", 1)


def same(time_ms: float, count: int = 5) -> Latencies:
    times = Latencies()
    for _ in range(count):
        times.add(time_ms)
    return times


def a_run(
    per_s: float = 50.0,
    *,
    concurrency: int = 8,
    rate_per_s: float | None = None,
    request_ms: float = 160.0,
    server_ms: float | None = 140.0,
    model_ms: float = 100.0,
    way_ms: float | None = 15.0,
    refused: int = 0,
    failed: int = 0,
    stopped: StopReason = StopReason.STABLE,
    **totals: object,
) -> LoadRun:
    answered = round(per_s * 100)
    outcomes = Counter({Outcome.ANSWERED: answered, Outcome.BUSY: refused, Outcome.SCRIPT_FAILED: failed})
    known = Totals(
        seconds=100.0,
        answered=answered,
        latencies=same(request_ms),
        request_ms=same(request_ms),
        server_ms=same(server_ms) if server_ms is not None else Latencies(),
        model_ms=same(model_ms) if server_ms is not None else Latencies(),
        outcomes=outcomes,
    )
    setting = LoadSetting(concurrency=concurrency, rate_per_s=rate_per_s)
    run = LoadRun("svc", setting, "/GPU:0", 100_000.0, (), replace(known, **totals), stopped, way_ms)  # type: ignore[arg-type]
    return run


def said(advice: LoadAdvice) -> str:
    return "\n".join((*advice.meaning, *advice.suggestions, *advice.caveats))


class TestMoney:
    def test_a_million_images_at_fifty_a_second(self) -> None:
        """A million take 5.556 hours."""
        assert cost_per_million(50.0, PRICE) == pytest.approx(Decimal("2.9222"), abs=Decimal("0.001"))

    def test_an_unknown_price_is_unknown(self) -> None:
        advice = advise(a_run(), LoadPlace())
        assert advice.per_million is None
        assert "cost holds" not in said(advice)

    def test_no_answer_has_no_cost(self) -> None:
        assert cost_per_million(0.0, PRICE) is None

    def test_a_test_bills_nothing_and_that_is_said(self) -> None:
        assert "A load test itself bills nothing" in said(advise(a_run(), PLACE))

    def test_practice_says_whose_speed_it_is(self) -> None:
        assert "no GPU" in said(advise(a_run(), replace(PLACE, practice=True)))


class TestNextConcurrency:
    def test_alone_it_asks_for_a_second_test(self) -> None:
        advice = advise(a_run(request_ms=130, server_ms=115), PLACE)
        assert advice.next_concurrency == 16
        assert "try 16 at once" in said(advice)

    def test_a_gain_wants_more(self) -> None:
        advice = advise(a_run(80, concurrency=16), PLACE, earlier=[a_run(50, concurrency=8)])
        assert advice.next_concurrency == 32
        assert "From 8 to 16 at once the throughput changed by +60%" in said(advice)

    def test_no_gain_means_full(self) -> None:
        advice = advise(a_run(51, concurrency=16), PLACE, earlier=[a_run(50, concurrency=8)])
        assert advice.next_concurrency is None
        assert "full at about 51 images a second" in said(advice)

    def test_a_gain_between_unstable_tests_is_not_believed(self) -> None:
        unstable = a_run(80, concurrency=16, stopped=StopReason.TIME_LIMIT)
        assert "measure longer" in said(advise(unstable, PLACE, earlier=[a_run(50, concurrency=8)]))
        assert "measure longer" in said(
            advise(a_run(80, concurrency=16), PLACE, earlier=[a_run(50, concurrency=8, stopped=StopReason.TIME_LIMIT)])
        )

    def test_tests_of_another_service_do_not_count(self) -> None:
        other = replace(a_run(50, concurrency=8), name="other")
        assert "From 8" not in said(advise(a_run(51, concurrency=16), PLACE, earlier=[other]))

    def test_waiting_means_nearly_full(self) -> None:
        advice = advise(a_run(request_ms=800, server_ms=140, model_ms=100), PLACE)
        assert "waiting for others" in said(advice)
        assert advice.next_concurrency == 4

    def test_refusals_ask_for_less(self) -> None:
        advice = advise(a_run(50, concurrency=64, refused=500), PLACE)
        assert advice.next_concurrency == 32
        assert "refused 9.1% of the requests" in said(advice)

    def test_nothing_answered(self) -> None:
        advice = advise(a_run(0, stopped=StopReason.HOPELESS, failed=50, latencies=Latencies()), PLACE)
        assert advice.suggestions == ("Nothing was answered while it was measured: look into the service's log.",)
        assert advice.next_concurrency is None


class TestRate:
    def test_it_keeps_up(self) -> None:
        assert "keeps up with 50 requests a second" in said(advise(a_run(49.5, rate_per_s=50.0), PLACE))

    def test_it_falls_behind_and_says_by_how_many_replicas(self) -> None:
        """20 of 100 a second; at 80 % of its capacity one replica answers 16, so 6.25 of them are needed."""
        advice = advise(a_run(20, rate_per_s=100.0, unsent=500), PLACE)
        assert "needs about 6.2 times the replicas" in said(advice)
        assert "500 could not even leave" in said(advice)


class TestWhereTheTimeWent:
    def test_split(self) -> None:
        assert (
            "the service took 140 ms, the way there and back 15 ms, and waiting until the service took it up 5 ms"
            in (said(advise(a_run(), PLACE)))
        )

    def test_a_long_way_is_no_reason_for_a_larger_machine(self) -> None:
        advice = advise(a_run(request_ms=400, server_ms=120, way_ms=280), PLACE)
        assert "smaller images" in said(advice)
        assert "faster GPU" not in said(advice)

    def test_a_slow_model_is(self) -> None:
        assert "a VM size with a faster GPU pays when" in said(advise(a_run(), PLACE))

    def test_answers_without_times(self) -> None:
        assert "do not tell how long" in said(advise(a_run(server_ms=None), PLACE))

    def test_spare_gpus_cost_nothing_more(self) -> None:
        assert "The cluster has 4 GPUs" in said(advise(a_run(), replace(PLACE, gpus=4)))

    def test_another_node_has_its_price(self) -> None:
        assert "One more node Standard_NC4as_T4_v3 costs 0.53 USD an hour" in said(advise(a_run(), PLACE))


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (a_run(stopped=StopReason.TIME_LIMIT), "not stable within 5%"),
        (a_run(stopped=StopReason.STOPPED), "stopped early"),
        (a_run(5.0), "rests on 500 answers only"),
        (a_run(cpu_share=0.9), "too busy to send"),
        (a_run(own_lag_ms=same(40.0)), "too busy to send"),
        (a_run(unfinished=3), "3 requests had no answer at the end"),
        (replace(a_run(), device="/CPU:0"), "A CPU answered"),
        (a_run(failed=500), "failed: look into the service's log first"),
    ],
)
def test_what_it_cannot_tell_is_said(run: LoadRun, words: str) -> None:
    assert words in said(advise(run, PLACE))


def test_a_clean_test_has_no_needless_doubts() -> None:
    assert len(advise(a_run(), PLACE).caveats) == 2


# --- where it runs ------------------------------------------------------------------------------------------------


def _cluster(name: str) -> BillableResource:
    return BillableResource(
        name,
        ResourceKind.COMPUTE_TARGET,
        name,
        WorkspaceRef("s", "r", "w"),
        ResourceState.LIVE,
        datetime(2026, 11, 22, tzinfo=timezone.utc),
        vm_size="Standard_NC4as_T4_v3",
        node_count=2,
        price_per_hour=PRICE.times(2),
    )


def test_the_place_is_the_services_cluster() -> None:
    size = VmSize("standard_nc4as_t4_v3", "", "", "NVIDIA", "T4", 1, 16, 4, 28)
    offers = (VmSizeOffer(size, "eastus", Availability.AVAILABLE),)
    place = find_place([_cluster("a"), _cluster("b")], "b", offers=offers)
    assert (place.price_per_hour, place.node_count, place.gpus) == (PRICE.times(2), 2, 2)


def test_of_two_clusters_none_is_guessed() -> None:
    assert find_place([_cluster("a"), _cluster("b")], "").price_per_hour is None
    assert find_place([_cluster("a")], "").node_count == 2
    assert find_place([_cluster("a")], "another").price_per_hour is None
