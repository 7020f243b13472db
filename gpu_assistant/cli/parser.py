"""The words of the command line."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gpu_assistant import __version__
from gpu_assistant.cli import feeding_options, trial_options
from gpu_assistant.domain.workspace import SignInMethod
from gpu_assistant.practice import options as practice_options

PAGES = ("workspace", "machine", "deploy", "score", "clean-up")

DESCRIPTION = """\
Deploy a registered TensorFlow SavedModel on a GPU in Azure Machine Learning, score images with it, and delete
everything that bills. Add --practice to try all of it on this computer, without an Azure account."""


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; each command sets `run_command` to its name."""
    parser = argparse.ArgumentParser(prog="gpu-assistant", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"gpu-assistant {__version__}")
    _add_common(parser)
    _add_place(parser)
    _add_window(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands (none: open the window)")
    # What stands before the command counts too, so a command's own options have no defaults to overrule it with.
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    _add_common(common)
    place = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    _add_place(place)

    deploy = commands.add_parser(
        "deploy", parents=[common, place], help="create a GPU cluster and deploy a registered model on it"
    )
    deploy.add_argument("--model", required=True, metavar="NAME[:VERSION]", help="a registered model")
    deploy.add_argument("--from", dest="folder", type=Path, metavar="FOLDER", help="register this SavedModel first")
    deploy.add_argument("--vm-size", metavar="SIZE", help="an N-series size, such as Standard_NC4as_T4_v3")
    deploy.add_argument("--nodes", type=int, default=1, metavar="N", help="GPU machines in the cluster (1)")
    deploy.add_argument("--existing-compute", default="", metavar="NAME", help="use this cluster, create none")
    deploy.add_argument("--compute", default="", metavar="NAME", help="name of the new cluster")
    deploy.add_argument("--service", default="", metavar="NAME", help="name of the web service")
    deploy.add_argument("--replicas", type=int, default=1, metavar="N", help="copies of the model (1)")
    deploy.add_argument(
        "--autoscale-to",
        type=int,
        metavar="N",
        help="add copies under load, up to N: each needs a free GPU of the cluster, so nodes and price stay the same",
    )
    deploy.add_argument("--autoscale-target", type=int, metavar="PERCENT", help="how busy the copies should be (70)")
    deploy.add_argument("--autoscale-every", type=int, metavar="SECONDS", help="how often to look at the load (1)")
    deploy.add_argument("--gpus", type=int, default=1, metavar="N", help="GPUs for each copy (1)")
    deploy.add_argument("--cpu", type=float, default=1.0, metavar="CORES", help="CPU cores for each copy (1)")
    deploy.add_argument("--memory", type=float, default=4.0, metavar="GB", help="memory for each copy (4)")
    deploy.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS", help="longest answer (60)")
    feeding_options.add_options(deploy)
    deploy.add_argument("--no-tls", action="store_true", help="plain HTTP: the key travels in clear text")
    deploy.add_argument("--no-gpu-check", action="store_true", help="start even when TensorFlow sees no GPU")

    score = commands.add_parser("score", parents=[common, place], help="ask a deployed model about images")
    score.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    score.add_argument("--service", default="", metavar="NAME", help="which web service, when there are several")
    score.add_argument("--new-key", action="store_true", help="make a new key first: every other client must update")

    commands.add_parser("status", parents=[common, place], help="what exists, and what it costs")

    clean_up = commands.add_parser(
        "clean-up", parents=[common, place], help="delete everything this program made, and prove it gone"
    )
    clean_up.add_argument("--yes", action="store_true", help="do not ask")

    inspect = commands.add_parser("inspect", parents=[common], help="what a SavedModel takes and answers")
    inspect.add_argument("folder", type=Path, metavar="SAVED_MODEL_DIR")

    trial_options.add_rehearse(commands, [common])
    trial_options.add_bench(commands, [common, place])

    practice = commands.add_parser(
        "practice", parents=[common], help="run the practice workspace, for any program that uses azureml-core"
    )
    practice_options.add_arguments(practice)
    practice.add_argument("--tour", action="store_true", help="deploy, score, status and clean-up, one after another")

    commands.add_parser("sign-in", parents=[common, place], help="sign in to Azure and remember it")
    commands.add_parser("sign-out", parents=[common], help="forget the sign-in")
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON", **_unset(parser, False))
    parser.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="keep ledger, logs and practice state here", **_unset(parser, None)
    )
    parser.add_argument("--debug", action="store_true", help="write a talkative log", **_unset(parser, False))


def _add_place(parser: argparse.ArgumentParser) -> None:
    where = parser.add_argument_group("where")
    where.add_argument(
        "--practice",
        action="store_true",
        help="the practice workspace on this computer",
        **_unset(parser, False),
    )
    where.add_argument("--subscription", metavar="ID", **_unset(parser, ""))
    where.add_argument("--resource-group", metavar="NAME", **_unset(parser, ""))
    where.add_argument("--workspace", metavar="NAME", **_unset(parser, ""))
    where.add_argument(
        "--config", type=Path, metavar="FILE", help="the workspace's config.json", **_unset(parser, None)
    )
    where.add_argument("--tenant", metavar="ID", help="directory to sign in to", **_unset(parser, ""))
    methods = [method.value for method in SignInMethod if method is not SignInMethod.TOKEN]
    where.add_argument("--sign-in", choices=methods, help="how to sign in when nobody is", **_unset(parser, None))
    developer = parser.add_argument_group("practice and patience")
    developer.add_argument(
        "--scenario",
        metavar="NAME",
        help="practice: make something go wrong ('none' to stop)",
        **_unset(parser, None),
    )
    developer.add_argument(
        "--speed",
        type=practice_options.parse_speed,
        metavar="N",
        help="practice: times real time, or 'max' (60)",
        **_unset(parser, None),
    )
    developer.add_argument(
        "--give-up-after",
        type=float,
        metavar="SECONDS",
        help="stop waiting for Azure after this",
        **_unset(parser, None),
    )


def _add_window(parser: argparse.ArgumentParser) -> None:
    window = parser.add_argument_group("the window")
    window.add_argument("--page", choices=PAGES, help="open this page as soon as it can be opened")
    window.add_argument("--theme", choices=("system", "light", "dark"), help="for this time only")
    window.add_argument("--language", choices=("en", "ko"), help="for this time only")
    window.add_argument("--answers", type=Path, metavar="FILE", help="walk the wizard from a file, then close")
    window.add_argument(
        "--screenshots", type=Path, metavar="DIR", help="with --answers: save every page as PNG on the way"
    )
    window.add_argument(
        "--screen-map", type=Path, metavar="FILE", help="keep an outline of what is on screen here, as JSON"
    )
    window.add_argument(
        "--strict-threads", action="store_true", help="stop when a worker thread touches the window (for tests)"
    )
    system = parser.add_argument_group("this computer")
    # One of them, and it is done instead of opening the window.
    what = system.add_mutually_exclusive_group()
    what.add_argument("--self-check", action="store_true", help="try every part of the program and tell what works")
    what.add_argument("--install-desktop-entry", action="store_true", help="Linux: add the program to your menu")
    what.add_argument("--remove-desktop-entry", action="store_true", help="Linux: take it out of your menu again")


def _unset(parser: argparse.ArgumentParser, default: object) -> dict[str, Any]:
    return {} if parser.argument_default is argparse.SUPPRESS else {"default": default}
