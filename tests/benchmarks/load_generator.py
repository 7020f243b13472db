"""What the load generator itself can do: against a service that does nothing, on the same computer.

    python -m tests.benchmarks.load_generator [SECONDS]

A load test of a service that answers faster than this measures the generator, and the generator says so: it reports
how busy its process was. The service here is a Python process too and takes about as much of a processor, so on two
cores each has one of them.
"""

from __future__ import annotations

import os
import sys

from gpu_assistant.domain.secret import Secret
from gpu_assistant.jobs.job import Job
from gpu_assistant.workflows.load.results import LoadRun, LoadTarget
from gpu_assistant.workflows.load.run import run_load_test
from gpu_assistant.workflows.load.setting import LoadSetting
from tests.fakes.stub_service import Manners, stub_service

_ASKED = (  # requests at once, or a second; bytes of an image; seconds that the service takes
    (1, None, 1_000, 0.0),
    (8, None, 1_000, 0.0),
    (8, None, 100_000, 0.0),
    (64, None, 100_000, 0.0),
    (256, 200.0, 100_000, 0.02),
)


def measure(uri: str, concurrency: int, rate_per_s: float | None, image_bytes: int, seconds: float) -> LoadRun:
    """One test."""
    setting = LoadSetting(
        concurrency=concurrency, rate_per_s=rate_per_s, warm_up_s=1.0, limit_s=seconds, stable_within=0.0
    )
    target = LoadTarget("stub", uri, Secret("key"), (b"\xff" * image_bytes,))
    return run_load_test(target, setting, job=Job(lambda event: None), on_moment=lambda run: None)


def main() -> int:
    """Print the table."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 6.0
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {seconds:.0f} s each")
    print(
        f"{'load':>16} {'image':>8} {'service':>8} {'per s':>8} {'p50 ms':>8} {'p99 ms':>8} {'late p99':>9} {'cpu':>5}"
    )
    for concurrency, rate_per_s, image_bytes, think_s in _ASKED:
        with stub_service(Manners(think_s=think_s)) as uri:
            totals = measure(uri, concurrency, rate_per_s, image_bytes, seconds).totals
        load = f"{rate_per_s:g} a second" if rate_per_s else f"{concurrency} at once"
        p50, p99, late = (
            times.quantile(share)
            for times, share in ((totals.latencies, 0.5), (totals.latencies, 0.99), (totals.own_lag_ms, 0.99))
        )
        print(
            f"{load:>16} {image_bytes // 1000:>5} kB {think_s * 1000:>5.0f} ms {totals.per_s:>8.0f} {p50 or 0:>8.2f} "
            f"{p99 or 0:>8.2f} {'' if late is None else f'{late:.2f}':>9} {totals.cpu_share:>5.2f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
