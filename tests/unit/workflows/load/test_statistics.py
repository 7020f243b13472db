"""What a load test counts, against distributions whose answers are known."""

from __future__ import annotations

import math
import pickle
import random

import pytest

from gpu_assistant.workflows.load.statistics import (
    Latencies,
    Outcome,
    Totals,
    Window,
    is_hopeless,
    is_stable,
    outcome_of,
)


def latencies(values: list[float]) -> Latencies:
    counted = Latencies()
    for value in values:
        counted.add(value)
    return counted


def windows(*per_s: int, seconds: float = 1.0, warm_up: int = 0, failed: int = 0) -> list[Window]:
    return [
        Window((at + 1) * seconds, seconds, at < warm_up, round(count * seconds), 0, failed)
        for at, count in enumerate(per_s)
    ]


class TestLatencies:
    def test_nothing_has_no_quantile(self) -> None:
        assert latencies([]).quantile(0.5) is None
        assert latencies([]).mean_ms is None

    @pytest.mark.parametrize("share", [0.0, 0.5, 0.9, 1.0])
    def test_one_value_is_every_quantile_exactly(self, share: float) -> None:
        assert latencies([123.4]).quantile(share) == pytest.approx(123.4)

    @pytest.mark.parametrize(("share", "rank"), [(0.5, 500), (0.9, 900), (0.95, 950), (0.99, 990), (1.0, 1000)])
    def test_whole_numbers_by_nearest_rank(self, share: float, rank: int) -> None:
        values = [float(value) for value in range(1, 1001)]
        random.Random(7).shuffle(values)
        assert latencies(values).quantile(share) == pytest.approx(rank, rel=0.005)

    def test_an_exponential_distribution(self) -> None:
        """Quantile q of an exponential distribution with mean m is -m ln(1 - q)."""
        chance = random.Random(1)
        counted = latencies([chance.expovariate(1 / 50) for _ in range(100_000)])
        assert counted.mean_ms == pytest.approx(50, rel=0.02)
        for share in (0.5, 0.9, 0.95, 0.99):
            assert counted.quantile(share) == pytest.approx(-50 * math.log(1 - share), rel=0.03)

    def test_a_rare_stall_moves_the_tail_and_not_the_median(self) -> None:
        counted = latencies([10.0] * 985 + [5000.0] * 15)
        assert counted.quantile(0.5) == pytest.approx(10, rel=0.005)
        assert counted.quantile(0.98) == pytest.approx(10, rel=0.005)
        assert counted.quantile(0.99) == pytest.approx(5000, rel=0.005)
        assert counted.mean_ms == pytest.approx((985 * 10 + 15 * 5000) / 1000)

    @pytest.mark.parametrize("value", [0.0, 1e-9, 0.02, 3.3, 1e7])
    def test_any_size_is_told_to_half_a_per_cent(self, value: float) -> None:
        counted = latencies([value, value, value * 3])
        assert counted.quantile(0.5) == pytest.approx(value, rel=0.005, abs=0.011)
        assert (counted.least_ms, counted.most_ms) == (value, value * 3)

    def test_memory_does_not_grow_with_the_number_of_requests(self) -> None:
        chance = random.Random(2)
        counted = latencies([chance.lognormvariate(4, 1) for _ in range(50_000)])
        assert len(pickle.dumps(counted)) < 30_000

    def test_a_copy_is_one(self) -> None:
        counted = latencies([1.0])
        copied = counted.copy()
        counted.add(100.0)
        assert (copied.count, copied.most_ms, copied.quantile(1.0)) == (1, 1.0, pytest.approx(1.0))


class TestStability:
    def test_equal_windows_are_stable(self) -> None:
        assert is_stable(windows(*[50] * 8), count=8, within=0.05)

    def test_warm_up_counts_for_nothing(self) -> None:
        assert not is_stable(windows(*[50] * 9, warm_up=2), count=8, within=0.05)
        assert is_stable(windows(1, 2, *[50] * 8, warm_up=2), count=8, within=0.05)

    def test_a_climb_is_not_stable(self) -> None:
        assert not is_stable(windows(*range(40, 120, 10)), count=8, within=0.05)

    def test_only_the_last_windows_count(self) -> None:
        assert is_stable(windows(10, 20, 30, *[50] * 8), count=8, within=0.05)

    def test_chance_between_small_windows_is_evened_out(self) -> None:
        """Fifteen or seventeen answers a second differ by more than 5 %, and mean the same."""
        assert is_stable(windows(*[15, 17] * 4), count=8, within=0.05)

    def test_few_answers_say_nothing(self) -> None:
        assert not is_stable(windows(*[2] * 8), count=8, within=0.05)

    def test_no_answers_are_not_stable(self) -> None:
        assert not is_stable(windows(*[0] * 8), count=8, within=0.05)

    def test_a_share_of_nothing_is_never_reached_by_chance(self) -> None:
        assert not is_stable(windows(*[50, 51] * 4), count=8, within=0.0)


class TestHopeless:
    def test_three_windows_of_errors_alone(self) -> None:
        assert is_hopeless(windows(0, 0, 0, failed=4))
        assert not is_hopeless(windows(0, 0, failed=4))

    def test_one_answer_is_hope(self) -> None:
        assert not is_hopeless(windows(0, 1, 0, failed=4))

    def test_a_service_that_takes_long_is_not_given_up(self) -> None:
        assert not is_hopeless(windows(0, 0, 0, 0))


@pytest.mark.parametrize(
    ("status", "outcome", "is_error"),
    [
        (200, Outcome.ANSWERED, False),
        (302, Outcome.OTHER_STATUS, True),
        (400, Outcome.IMAGE_REFUSED, True),
        (401, Outcome.KEY_REFUSED, True),
        (404, Outcome.NOT_FOUND, True),
        (413, Outcome.IMAGE_REFUSED, True),
        (429, Outcome.BUSY, False),
        (500, Outcome.SCRIPT_FAILED, True),
        (502, Outcome.SCRIPT_FAILED, True),
        (503, Outcome.BUSY, False),
        (504, Outcome.TIMED_OUT_THERE, True),
        (599, Outcome.OTHER_STATUS, True),
    ],
)
def test_every_status_means_something(status: int, outcome: Outcome, is_error: bool) -> None:
    assert outcome_of(status) is outcome
    assert outcome_of(status).is_error is is_error


def test_the_way_is_what_is_not_the_servers() -> None:
    totals = Totals(request_ms=latencies([100.0, 120.0]), server_ms=latencies([70.0, 90.0]))
    assert totals.network_ms == pytest.approx(30.0)
    assert Totals(request_ms=latencies([100.0])).network_ms is None
