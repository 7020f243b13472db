"""The options of `gpu-assistant practice`, without what carries them out: any command line is read with them."""

from __future__ import annotations

import argparse

from gpu_assistant.practice.constants import DEFAULT_SPEED


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command, besides `--data-dir` and `--json`, which all commands have."""
    parser.add_argument("--stop", action="store_true", help="stop the practice server of this data folder")
    parser.add_argument("--scenario", metavar="NAME", help="make something go wrong ('none' to stop)")
    parser.add_argument("--speed", type=parse_speed, metavar="N", help=f"times real time, or 'max' ({DEFAULT_SPEED:g})")
    parser.add_argument("--port", type=int, metavar="N", help="listen here if it is free")
    parser.add_argument("--no-sample-model", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--background", action="store_true", help=argparse.SUPPRESS)


def parse_speed(text: str) -> float:
    """A number above zero, or `max`. Raises ValueError."""
    from gpu_assistant.practice import control  # late: few give a speed

    return control.speed_from_json(text if text == control.FASTEST else float(text))
