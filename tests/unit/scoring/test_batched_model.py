"""One call for several images: sizes, padding, memory; with a model that only counts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

SCORING = Path(__file__).parents[3] / "scoring"
SAMPLE = 0


class CountingModel:
    """Answers number n with the scores [n, 2n]; remembers how many it was given each time."""

    def __init__(self, device: str, max_batch: int | None, room: int) -> None:
        self.max_batch = max_batch
        self.sizes: list[int] = []
        self._device = device
        self._room = room
        picture = SimpleNamespace(numpy=lambda: SAMPLE)
        io = SimpleNamespace(encode_jpeg=lambda pixels: picture)
        self.tensorflow = SimpleNamespace(io=io, zeros=lambda shape, dtype: None, uint8=None)

    def prepare(self, image: Any) -> Any:
        return image

    def predict(self, prepared: Sequence[int]) -> Any:
        self.sizes.append(len(prepared))
        if len(prepared) > self._room:
            raise MemoryError
        return SimpleNamespace(scores=np.array([[n, 2 * n] for n in prepared], np.float64), device=self._device)


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Any, CountingModel]]:
    monkeypatch.syspath_prepend(str(SCORING))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    from batched_model import BatchedModel

    def build(
        device: str = "/GPU:0", wanted: int = 0, max_batch: int | None = None, room: int = 1000
    ) -> tuple[Any, CountingModel]:
        model = CountingModel(device, max_batch, room)
        return BatchedModel(model, device, wanted), model

    return build


@pytest.mark.parametrize(
    ("device", "wanted", "model_takes", "expected"),
    [
        ("/CPU:0", 0, None, 8),
        ("/GPU:0", 0, None, 32),
        ("/GPU:0", 100, None, 100),
        ("/GPU:0", 0, 1, 1),
        ("/CPU:0", 4, 16, 4),
    ],
)
def test_how_many_at_a_time(device, wanted, model_takes, expected, make):
    assert make(device, wanted, model_takes)[0].max_batch == expected


@pytest.mark.parametrize(
    ("wanted", "sizes"),
    [(1, [1]), (8, [1, 2, 4, 8]), (32, [1, 2, 4, 8, 16, 32]), (20, [1, 2, 4, 8, 16, 20])],
)
def test_every_size_that_is_called_later_is_warmed_up(wanted, sizes, make):
    batched, model = make(wanted=wanted)
    batched.warm_up()
    assert model.sizes == sizes
    for count in range(1, wanted + 1):
        batched(list(range(count)))
    assert set(model.sizes) == set(sizes)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 17])
def test_padding_never_shows_in_the_answers(count, make):
    batched, model = make()
    answers = batched(list(range(10, 10 + count)))
    assert [list(answer.scores[0]) for answer in answers] == [[n, 2 * n] for n in range(10, 10 + count)]
    assert all(answer.device == "/GPU:0" for answer in answers)
    assert model.sizes[-1] in (1, 2, 4, 8, 32)


def test_a_cpu_is_not_made_to_compute_padding(make):
    batched, model = make("/CPU:0")
    assert len(batched([1, 2, 3])) == 3
    assert model.sizes == [3]


def test_a_model_for_one_is_not_padded(make):
    batched, model = make(max_batch=1)
    batched.warm_up()
    assert len(batched([5])) == 1
    assert model.sizes == [1, 1]


def test_warming_up_finds_out_what_the_memory_has_room_for(make):
    batched, model = make(room=11)
    batched.warm_up()
    assert batched.max_batch == 8
    assert model.sizes == [1, 2, 4, 8, 16]


def test_no_room_for_a_single_image_is_a_start_that_fails(make):
    batched, _ = make(room=0)
    with pytest.raises(MemoryError):
        batched.warm_up()
