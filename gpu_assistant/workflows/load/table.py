"""A load test as a table for a spreadsheet: one line for each window."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from gpu_assistant.workflows.load.results import LoadRun

_COLUMNS = (
    *("service", "concurrency", "rate_per_s", "at_s", "seconds", "part", "answered", "per_s"),
    *("p50_ms", "p90_ms", "p95_ms", "p99_ms", "refused", "failed"),
)


def save_table(runs: Sequence[LoadRun], target: Path) -> None:
    """Write all windows of these runs. Raises OSError."""
    with open(target, "w", newline="", encoding="utf-8-sig") as file:
        rows = csv.writer(file)
        rows.writerow(_COLUMNS)
        for run in runs:
            for window in run.windows:
                quantiles = (window.p50_ms, window.p90_ms, window.p95_ms, window.p99_ms)
                rows.writerow(
                    [
                        run.name,
                        run.setting.concurrency,
                        run.setting.rate_per_s or "",
                        f"{window.at_s:.2f}",
                        f"{window.seconds:.3f}",
                        "warm-up" if window.is_warm_up else "measured",
                        window.answered,
                        f"{window.per_s:.2f}",
                        *("" if value is None else f"{value:.2f}" for value in quantiles),
                        window.refused,
                        window.failed,
                    ]
                )
