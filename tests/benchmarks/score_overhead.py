"""What the client adds to one score: from the drop until the bars are drawn, less the HTTP request itself.

    python -m tests.benchmarks.score_overhead [DROPS]

Ordinary JPEG photos are dropped one by one on the real window while a practice service answers; the bars count as drawn
when the X server has drawn them. The bar of the design is 30 ms.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gpu_assistant.wizard.state import JobKind
from tests.benchmarks.window import Condition, Driven, Row, benchmark_place, conditions, play, print_table, sample_photo

BAR_MS = 30.0
_WARM_UP = 3


@dataclass(frozen=True)
class Drop:
    """One drop: all of it, and the HTTP request in it."""

    whole_ms: float
    request_ms: float

    @property
    def overhead_ms(self) -> float:
        """What is not the request."""
        return self.whole_ms - self.request_ms


def measure(drops: int) -> tuple[Drop, ...]:
    """Each drop but the first few, which make widgets and connections."""
    measured: list[Drop] = []

    def script(driven: Driven) -> Iterator[Condition]:
        yield from driven.deploy()
        for number in range(drops + _WARM_UP):
            began_s = time.perf_counter()
            driven.controller.drop((sample_photo(driven, number),))
            yield lambda: _bars_are_drawn(driven)
            driven.finish_drawing()
            whole_ms = (time.perf_counter() - began_s) * 1000
            image = driven.latest.image
            if image is None:
                raise driven.latest.error or AssertionError("no answer")
            measured.append(Drop(whole_ms, image.latency_ms))
            yield lambda: not driven.controller.state.is_busy(JobKind.SCORE)
        yield from driven.clean_up()

    with benchmark_place() as folder:
        play(script, folder)
    return tuple(measured[_WARM_UP:])


def _bars_are_drawn(driven: Driven) -> bool:
    if driven.latest.is_pending:
        return False
    if driven.latest.error is not None:
        return True
    drawn = driven.find("score.bars").describe()  # type: ignore[attr-defined]
    return any(entry["role"] == "bar" for entry in drawn)


def table(measured: Sequence[Drop]) -> tuple[Row, ...]:
    """The medians."""

    def row(name: str, values: list[float], bar: float | None = None) -> Row:
        return Row(name, statistics.median(values), "ms", bar=bar, spread=(min(values), max(values)))

    return (
        row("drop → bars drawn", [drop.whole_ms for drop in measured]),
        row("the HTTP request in it", [drop.request_ms for drop in measured]),
        row("client overhead", [drop.overhead_ms for drop in measured], BAR_MS),
    )


def main() -> int:
    """Print the table; 1 when the bar is missed."""
    drops = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    return print_table(conditions(f"{drops} photos one by one, medians, practice service"), table(measure(drops)))


if __name__ == "__main__":
    sys.exit(main())
