"""How many images a second a deployed service answers: ours, the guide's script, other servers, and the limit.

    python -m tests.benchmarks.scoring_throughput [--peers] [--rounds 4] [--window 5] [--concurrency 1 4 16 64]

All run the sample model on this machine, started once; while one is measured the others are stopped by signal. A round
measures each of them at each concurrency, one right after the other, in an order that turns from round to round. Every
figure is a median over the rounds, and every ratio is the median of the rounds' own ratios, so that a machine that
grows slower in the middle of it takes them all along.

Ends with 1 when a bar is missed or anything but a 200 was answered.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.serving import peer_venvs
from tests.benchmarks.serving.contenders import (
    Contender,
    Limit,
    Task,
    start_guide,
    start_litserve,
    start_mlserver,
    start_ours,
    stopped_at_the_end,
)
from tests.benchmarks.serving.load import Load, Window, measure
from tests.conftest import ROOT
from tests.real_server import sample_model, sample_photos

CLASSES = {"coffee.jpg": 968, "camera.jpg": 873, "chelsea.jpg": 286, "rocket.jpg": 658}
"""The sample model's own columns: espresso, tripod, Egyptian cat, missile."""

BARS = (
    ("guide", 1, 0.9),
    ("guide", 16, 1.5),
    ("guide", 64, 1.5),
    ("in-process limit", 16, 0.8),
    ("in-process limit", 64, 0.8),
)
"""Our throughput over theirs, at that concurrency, is to be at least this."""

PEERS = ("LitServe", "MLServer")

Results = dict[tuple[str, int], list[Window]]
"""The windows of each contender and concurrency, in the order of the rounds."""


@dataclass(frozen=True)
class Options:
    """How to measure."""

    rounds: int = 4
    window_s: float = 5.0
    concurrency: tuple[int, ...] = (1, 4, 16, 64)
    peers: bool = False
    warm_up_s: float = 2.0  # 64 requests at a time take the slowest of them so long to come round


def run(options: Options) -> Results:
    """Start everything, measure, end everything."""
    with tempfile.TemporaryDirectory(prefix="gpa-bench-") as folder:
        task = Task(sample_model(), sample_photos(), CLASSES, Path(folder))
        contenders: list[Contender] = []
        with stopped_at_the_end(contenders):
            for contender in _start(task, options):
                contenders.append(contender)  # at once, so that it is ended whatever happens
            for contender in contenders:
                contender.check()
            for contender in contenders:
                contender.pause()
            return _measure(contenders, options)


def _start(task: Task, options: Options) -> Iterator[Contender]:
    yield start_guide(task)
    yield start_ours(task)
    if options.peers:
        yield start_litserve(task, peer_venvs.python_of("litserve"))
        yield start_mlserver(task, peer_venvs.python_of("mlserver"))
    yield Limit(task)


def _measure(contenders: Sequence[Contender], options: Options) -> Results:
    results: Results = {}
    for number in range(options.rounds):
        turned = [*contenders[number % len(contenders) :], *contenders[: number % len(contenders)]]
        for concurrency in options.concurrency:
            for contender in turned:
                contender.resume()
                window = contender.measure(concurrency, options.warm_up_s, options.window_s)
                contender.pause()
                results.setdefault((contender.name, concurrency), []).append(window)
                print(
                    f"round {number + 1}, {concurrency} at a time, {contender.name}: {window.per_second:.1f}/s",
                    file=sys.stderr,
                )
    return results


# --- what came of it --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ratio:
    """Our throughput over another's, from round to round."""

    median: float
    lowest: float
    highest: float

    @property
    def noise(self) -> float:
        """Half of how far the rounds lie apart."""
        return (self.highest - self.lowest) / 2

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.lowest:.2f} to {self.highest:.2f})"


def ratio(results: Results, other: str, concurrency: int) -> Ratio:
    ours, theirs = results["ours", concurrency], results[other, concurrency]
    values = [a.per_second / b.per_second if b.per_second else float("inf") for a, b in zip(ours, theirs, strict=True)]
    return Ratio(statistics.median(values), min(values), max(values))


def failures(results: Results) -> list[str]:
    """Every bar that is missed, and every contender that did not answer everything with 200."""
    found = []
    for other, concurrency, bar in BARS:
        if (other, concurrency) in results:
            seen = ratio(results, other, concurrency)
            if seen.median < bar:
                found.append(f"at {concurrency}: {seen} of {other}, bar {bar}")
    for (name, concurrency), windows in results.items():
        if name in PEERS:
            seen = ratio(results, name, concurrency)
            if seen.median < 1 - seen.noise:
                found.append(f"at {concurrency}: {seen} of {name}, slower by more than the noise")
        bad = sum(window.refused + window.broken for window in windows)
        if bad:
            found.append(f"{name} at {concurrency}: {bad} requests were not answered with 200")
    return found


def table(results: Results) -> str:
    """Throughput, latency and ratios, for people."""
    names = list(dict.fromkeys(name for name, _ in results))
    levels = list(dict.fromkeys(concurrency for _, concurrency in results))
    lines = ["", f"{'images per second (lowest to highest)':<40}" + "".join(f"{f'{c} at a time':>24}" for c in levels)]
    for name in names:
        cells = []
        for level in levels:
            rates = [window.per_second for window in results[name, level]]
            cells.append(f"{statistics.median(rates):.1f} ({min(rates):.1f} to {max(rates):.1f})")
        lines.append(f"  {name:<38}" + "".join(f"{cell:>24}" for cell in cells))
    lines.append(f"{'latency in ms, p50 / p99':<40}")
    for name in names:
        if not any(window.p50_ms for level in levels for window in results[name, level]):
            continue
        cells = [
            f"{statistics.median(window.p50_ms for window in results[name, level]):.0f} / "
            f"{statistics.median(window.p99_ms for window in results[name, level]):.0f}"
            for level in levels
        ]
        lines.append(f"  {name:<38}" + "".join(f"{cell:>24}" for cell in cells))
    lines.append(f"{'ours over theirs':<40}")
    for name in names:
        if name != "ours":
            lines.append(f"  {name:<38}" + "".join(f"{ratio(results, name, level)!s:>24}" for level in levels))
    return "\n".join(lines)


def conditions(options: Options) -> str:
    """The machine, the versions and the way of measuring."""
    packages = ("tensorflow-cpu", "azureml-inference-server-http", "gunicorn", "numpy")
    installed = ", ".join(f"{name} {version(name)}" for name in packages)
    lines = [
        f"{os.cpu_count()} cores ({_processor()}), Python {platform.python_version()}, {installed}",
        f"sample model, {len(CLASSES)} photos in turn, {options.rounds} rounds of {options.window_s:g} s windows after "
        f"{options.warm_up_s:g} s each, load generator on the same cores",
    ]
    if options.peers:
        lines.append("peers: " + "; ".join(peer_venvs.versions(peer) for peer in peer_venvs.PACKAGES))
    return "\n".join(lines)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def generator_ceiling(concurrency: int) -> Window:
    """What the load generator gets out of a server that does nothing."""
    with tempfile.TemporaryDirectory(prefix="gpa-bench-") as folder, _null_server() as port:
        for name, photo in sample_photos().items():
            (Path(folder) / name).write_bytes(photo)
        return measure(Load(port, "/", "application/octet-stream", Path(folder), concurrency, 0.3, 2.0))


@contextmanager
def _null_server() -> Iterator[int]:
    command = [sys.executable, "-m", "tests.benchmarks.serving.null_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scoring_throughput")
    parser.add_argument("--rounds", type=int, default=Options.rounds)
    parser.add_argument("--window", type=float, default=Options.window_s, metavar="SECONDS")
    parser.add_argument("--concurrency", type=int, nargs="+", default=list(Options.concurrency), metavar="N")
    parser.add_argument("--peers", action="store_true", help="LitServe and MLServer too; installs them on first use")
    given = parser.parse_args(arguments)
    options = Options(given.rounds, given.window, tuple(given.concurrency), given.peers)
    load_before = os.getloadavg()[0]
    ceiling = generator_ceiling(16)
    started = time.monotonic()
    results = run(options)
    print(conditions(options))
    print(f"load {load_before:.1f} before, {time.monotonic() - started:.0f} s of measuring")
    print(f"the load generator alone reaches {ceiling.per_second:.0f} requests per second at 16 at a time")
    print(table(results))
    missed = failures(results)
    print("\n".join(["", *(f"MISSED  {line}" for line in missed)]) if missed else "\nall bars held, nothing but 200s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
