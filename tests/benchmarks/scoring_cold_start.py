"""How long a replica takes from the start of its process to the first answered image, beside the guide's script.

    python -m tests.benchmarks.scoring_cold_start [ROUNDS]

Each round starts both, one after the other, on the same model; nothing else of ours runs meanwhile. Ours warms up the
sizes of batches before it answers anything, and says in its log how long that took: by so much it may be slower.
"""

from __future__ import annotations

import os
import platform
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.scoring_throughput import CLASSES
from tests.benchmarks.serving.contenders import HttpContender, Task, start_guide, start_ours, stopped_at_the_end
from tests.real_server import sample_model, sample_photos

_WARM_UP = re.compile(r"warmed up in ([0-9.]+) s")


@dataclass(frozen=True)
class Round:
    """Seconds from the start of a process to its first 200, and what our warm-up took of them."""

    guide_s: float
    ours_s: float
    warm_up_s: float

    @property
    def longer_s(self) -> float:
        """How much later ours answers."""
        return self.ours_s - self.guide_s


def measure() -> Round:
    guide_s, _ = _first_answer(start_guide)
    ours_s, log = _first_answer(start_ours)
    said = _WARM_UP.search(log)
    assert said, f"the log does not say how long the warm-up took:\n{log}"
    return Round(guide_s, ours_s, float(said[1]))


def _first_answer(start: Callable[[Task], HttpContender]) -> tuple[float, str]:
    with tempfile.TemporaryDirectory(prefix="gpa-bench-") as folder:
        task = Task(sample_model(), sample_photos(), CLASSES, Path(folder))
        started = time.perf_counter()
        contender = start(task)
        with stopped_at_the_end([contender]):
            contender.wait_ready()
            seconds = time.perf_counter() - started
            contender.check()
            return seconds, contender.log()


def main() -> int:
    """Print the table; 1 when ours takes longer by more than its warm-up."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    rounds = [measure() for _ in range(count)]
    load = f"load {os.getloadavg()[0]:.1f} at the end"
    print(f"{os.cpu_count()} cores, {load}, Python {platform.python_version()}, {count} rounds, medians, sample model")
    for name, values in (
        ("guide: start to first 200", [one.guide_s for one in rounds]),
        ("ours: start to first 200", [one.ours_s for one in rounds]),
        ("ours takes longer by", [one.longer_s for one in rounds]),
        ("of which its warm-up, as it says", [one.warm_up_s for one in rounds]),
    ):
        print(f"  {name:<34} {statistics.median(values):6.2f} s   ({min(values):.2f} to {max(values):.2f})")
    longer_s = statistics.median(one.longer_s for one in rounds)
    warm_up_s = statistics.median(one.warm_up_s for one in rounds)
    is_missed = longer_s > warm_up_s
    print(f"  bar: longer by no more than the warm-up{'   MISSED' if is_missed else ''}")
    return 1 if is_missed else 0


if __name__ == "__main__":
    sys.exit(main())
