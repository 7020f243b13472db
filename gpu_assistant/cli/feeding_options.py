"""The words of `deploy` and `rehearse` about the model: how it is called and fed, and how its answers are labelled."""

from __future__ import annotations

import argparse

_SCALES = "0..255, 0..1, torch, caffe, or --preprocess=-1..1"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add them to a command."""
    group = parser.add_argument_group("the model")
    group.add_argument(
        "--preprocess",
        default="",
        metavar="HOW",
        help=f"for a model that takes pixels: a scale ({_SCALES}), key=value pairs such as "
        "scale=-1..1,fit=crop,size=224x224, or a JSON file; proposed from the model when left out",
    )
    group.add_argument(
        "--labels",
        default="",
        metavar="FILE",
        help="names of the classes, one on each line, or imagenet for the names of its classes; else the model's own",
    )
    group.add_argument("--signature", default="", metavar="NAME", help="which one to call, when there are several")
    group.add_argument("--output", default="", metavar="NAME", help="which output holds class scores")
