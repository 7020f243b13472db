"""Python's rubbish is taken away on the Tk thread only."""

from __future__ import annotations

import threading
import weakref

import pytest

from gpu_assistant.ui.housekeeping import Housekeeping, due
from gpu_assistant.ui.theme import Root
from tests.ui.in_process import pump_until


class Rubbish:
    """Part of a circle; notes the thread that throws it away."""

    thrown_away_on: list[threading.Thread]

    def __init__(self, notes: list[threading.Thread]) -> None:
        self.thrown_away_on = notes
        self.circle = self

    def __del__(self) -> None:
        self.thrown_away_on.append(threading.current_thread())


def test_rubbish_of_a_worker_is_taken_away_on_the_tk_thread(root: Root) -> None:
    house = Housekeeping(root)
    notes: list[threading.Thread] = []
    seen: list[weakref.ref[Rubbish]] = []

    def make_rubbish() -> None:
        for _ in range(5_000):  # ten times as many as make Python collect
            seen.append(weakref.ref(Rubbish(notes)))

    try:
        worker = threading.Thread(target=make_rubbish)
        worker.start()
        worker.join()
        assert not notes, "the worker collected"
        pump_until(root, lambda: len(notes) == len(seen))
        assert set(notes) == {threading.main_thread()}
    finally:
        house.stop()


@pytest.mark.parametrize(
    ("counts", "generation"),
    [((0, 0, 0), None), ((700, 99, 99), None), ((701, 10, 99), 0), ((701, 11, 10), 1), ((701, 11, 11), 2)],
)
def test_whose_turn_it_is(counts: tuple[int, int, int], generation: int | None) -> None:
    assert due(*counts) == generation
