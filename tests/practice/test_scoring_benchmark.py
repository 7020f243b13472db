"""The throughput benchmark still runs and reads its servers rightly; how fast they are is not looked at here."""

from __future__ import annotations

import sys

import pytest

from tests.benchmarks.scoring_throughput import Options, failures, generator_ceiling, ratio, run, table
from tests.fakes.tensorflow import import_tensorflow

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="stops servers by signal")


def test_the_load_generator_counts_what_a_server_answers() -> None:
    window = generator_ceiling(4)
    assert window.refused == window.broken == 0
    assert window.per_second > 100
    assert 0 < window.p50_ms <= window.p99_ms


def test_one_short_round() -> None:
    import_tensorflow()
    results = run(Options(rounds=1, window_s=1.0, concurrency=(2,), warm_up_s=0.3))
    assert set(results) == {("guide", 2), ("ours", 2), ("in-process limit", 2)}
    assert all(window.answers > 0 for (window,) in results.values())
    assert not failures(results)  # no bar is set for two at a time, so this is: nothing but 200s
    assert ratio(results, "guide", 2).median > 0
    assert "images per second" in table(results)
