"""The words of the commands that try things out: `rehearse` before a deployment, `bench` after it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gpu_assistant.cli import feeding_options


def add_rehearse(commands: Any, parents: list[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """`rehearse`, without the options that it shares with `deploy`."""
    rehearse: argparse.ArgumentParser = commands.add_parser(
        "rehearse", parents=parents, help="run what would be deployed on this computer first; costs nothing"
    )
    rehearse.add_argument("folder", type=Path, metavar="SAVED_MODEL_DIR")
    rehearse.add_argument("images", nargs="*", type=Path, metavar="IMAGE", help="images to score (sample photos)")
    rehearse.add_argument("--model", default="", metavar="NAME", help="the name it would be registered under")
    rehearse.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS", help="longest answer (60)")
    rehearse.add_argument(
        "--start-within", type=float, default=600.0, metavar="SECONDS", help="how long init() may take (600)"
    )
    feeding_options.add_options(rehearse)
    rehearse.add_argument("--log", type=Path, metavar="FILE", help="keep the server's whole log here")
    return rehearse


def add_bench(commands: Any, parents: list[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """`bench`."""
    bench: argparse.ArgumentParser = commands.add_parser(
        "bench", parents=parents, help="how much a web service takes, how long answers take, what a million cost"
    )
    bench.add_argument("images", nargs="*", type=Path, metavar="IMAGE", help="images to send (sample photos)")
    bench.add_argument("--service", default="", metavar="NAME", help="which web service, when there are several")
    bench.add_argument("--uri", default="", metavar="URI", help="a scoring URI, instead of a service of the workspace")
    bench.add_argument("--key-from", default="", metavar="SOURCE", help="with --uri: keyring:NAME, env:VARIABLE or ask")
    load = bench.add_mutually_exclusive_group()
    load.add_argument(
        "--concurrency", type=_counts, default=(8,), metavar="N[,N…]", help="requests on their way at once (8)"
    )
    load.add_argument("--rate", type=float, metavar="R", help="requests a second, whatever the service does")
    bench.add_argument("--limit", type=float, default=60.0, metavar="SECONDS", help="measure no longer than this (60)")
    bench.add_argument("--warm-up", type=float, default=3.0, metavar="SECONDS", help="not measured (3)")
    bench.add_argument(
        "--stable-within",
        type=float,
        default=5.0,
        metavar="PERCENT",
        help="stop when the last windows agree so closely (5); 0 measures for the whole time",
    )
    bench.add_argument("--csv", type=Path, metavar="FILE", help="save a table with a line for each second")
    return bench


def _counts(text: str) -> tuple[int, ...]:
    counts = tuple(int(part) for part in text.split(","))
    if not counts or min(counts) < 1:
        raise argparse.ArgumentTypeError("numbers from 1 on, with commas between them")
    return counts
