"""How long the whole practice run takes from the command line, at top speed, with the sample model cached.

    python -m tests.benchmarks.practice_run [ROUNDS]

Each round is deploy, score, status, clean-up on a fresh data folder, practice server included; the table shows
the medians. The bar of the design is 60 s for the whole on a two-core machine.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.conftest import clean_environment

BAR_S = 60.0
STEPS: dict[str, tuple[str, ...]] = {
    "deploy": ("--practice", "--speed", "max", "--model", "efficientnet-lite0", "--vm-size", "Standard_NC4as_T4_v3"),
    "score": ("--practice", "coffee.jpg"),
    "status": ("--practice",),
    "clean-up": ("--practice", "--yes"),
}


def run_once() -> dict[str, float]:
    """Seconds of each command of one round."""
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="gpa-") as folder:
        program = [sys.executable, "-m", "gpu_assistant"]
        place = ("--data-dir", folder)
        try:
            for name, words in STEPS.items():
                started = time.perf_counter()
                _run([*program, name, *place, *words])
                seconds[name] = time.perf_counter() - started
        finally:
            _run([*program, "practice", *place, "--stop"])
    return seconds


def _run(command: list[str]) -> None:
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")


def main() -> int:
    """Print the table; 1 when the bar is missed."""
    from gpu_assistant.paths import user_folders
    from gpu_assistant.practice import sample

    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    sample.ensure_saved_model(Path(user_folders().cache), lambda text, fraction: None)
    runs = [run_once() for _ in range(rounds)]
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {rounds} rounds, medians, model cached")
    for name in STEPS:
        times = [run[name] for run in runs]
        print(f"  {name:<10} {statistics.median(times):6.1f} s   ({min(times):.1f} to {max(times):.1f})")
    whole = [sum(run.values()) for run in runs]
    median = statistics.median(whole)
    print(f"  {'whole run':<10} {median:6.1f} s   ({min(whole):.1f} to {max(whole):.1f})   bar {BAR_S:.0f} s")
    return 0 if median <= BAR_S else 1


if __name__ == "__main__":
    sys.exit(main())
