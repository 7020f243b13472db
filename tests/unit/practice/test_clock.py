"""Virtual time."""

from __future__ import annotations

import math

import pytest

from gpu_assistant.practice.azure.clock import Clock, ManualClock


def test_virtual_time_is_real_time_times_speed() -> None:
    clock = ManualClock(speed=60)
    began = clock.moment()
    clock.advance(9)
    assert not clock.has_passed(began, 600)
    clock.advance(1)
    assert clock.has_passed(began, 600)


def test_a_change_of_speed_does_not_jump() -> None:
    clock = ManualClock(speed=1)
    began = clock.moment()
    clock.advance(100)
    before = clock.now_s()
    clock.set_speed(60)
    assert clock.now_s() == before
    clock.advance(10)
    assert clock.elapsed_s(began) == pytest.approx(700)


def test_at_infinite_speed_everything_has_passed_at_once() -> None:
    clock = ManualClock(speed=math.inf)
    assert clock.has_passed(clock.moment(), 1e9)


def test_what_infinite_speed_has_finished_stays_finished() -> None:
    clock = ManualClock(speed=math.inf)
    began = clock.moment()
    clock.set_speed(1)
    assert clock.has_passed(began, 600)


def test_some_things_take_real_time_at_any_speed() -> None:
    clock = ManualClock(speed=math.inf)
    began = clock.moment()
    assert not clock.has_passed(began, 600, at_least_real_s=8)
    clock.advance(8)
    assert clock.has_passed(began, 600, at_least_real_s=8)


def test_time_stamps_are_real_at_any_speed() -> None:
    clock = ManualClock(1_795_000_000.0, speed=1000)
    clock.advance(60)
    assert clock.moment().wall_s == 1_795_000_060.0


def test_a_later_run_goes_on_where_the_earlier_one_stopped() -> None:
    clock = ManualClock(speed=1)
    clock.continue_from(clock.now_s() + 1000)
    ahead = clock.now_s()
    clock.continue_from(ahead - 500)
    assert clock.now_s() == ahead


@pytest.mark.parametrize("speed", [0, -1, math.nan])
def test_a_speed_that_goes_nowhere_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        Clock(speed)
