"""How long the window does not react during a whole practice run: open practice, deploy, drop images, clean up.

    python -m tests.benchmarks.window_gaps [--watch] [DROPS]

A 10 ms timer runs in the real window; a gap is the time from one tick to the next. Practice goes at its usual speed.
The bars of the design are 50 ms for the longest gap and 30 ms for the 99.9th percentile. The longest gaps are listed
with the page, the work that ran, and how much of the time the UI thread computed; with `--watch` also with the
calls it was found in (which slows it down a little: for finding causes, not for the table).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from tests.benchmarks.ticker import Ticker
from tests.benchmarks.window import Condition, Driven, Row, benchmark_place, conditions, play, print_table, sample_photo

BAR_LONGEST_MS, BAR_P999_MS = 50.0, 30.0


def measure(drops: int, *, watch: bool) -> Ticker:
    """The ticker after a whole run."""
    tickers: list[Ticker] = []

    def script(driven: Driven) -> Iterator[Condition]:
        tickers.append(Ticker(driven.root, driven.where, watch=watch))
        yield from driven.deploy()
        for number in range(drops):
            yield from driven.drop(sample_photo(driven, number))
        yield from driven.clean_up()
        tickers[0].stop()

    with benchmark_place() as folder:
        play(script, folder)
    return tickers[0]


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def table(gaps_ms: Sequence[float]) -> tuple[Row, ...]:
    """The longest gap and the percentiles."""
    return (
        Row("longest gap", max(gaps_ms), "ms", bar=BAR_LONGEST_MS),
        Row("99.9th percentile", percentile(gaps_ms, 0.999), "ms", bar=BAR_P999_MS),
        Row("median", percentile(gaps_ms, 0.5), "ms"),
    )


def main() -> int:
    """Print the table; 1 when a bar is missed."""
    words = [word for word in sys.argv[1:] if word != "--watch"]
    drops = int(words[0]) if words else 20
    ticker = measure(drops, watch="--watch" in sys.argv)
    how = f"one practice run with {drops} drops, {len(ticker.gaps_ms)} ticks in {sum(ticker.gaps_ms) / 1000:.0f} s"
    code = print_table(conditions(how), table(ticker.gaps_ms))
    print("  the longest:")
    for gap in ticker.worst:
        print(gap)
    return code


if __name__ == "__main__":
    sys.exit(main())
