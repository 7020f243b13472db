"""The words of the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from gpu_assistant import __version__
from gpu_assistant.domain.workspace import SignInMethod
from gpu_assistant.practice import command as practice_command

DESCRIPTION = """\
Deploy a registered TensorFlow SavedModel on a GPU in Azure Machine Learning, score images with it, and delete
everything that bills. Add --practice to try all of it on this computer, without an Azure account."""


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; each command sets `run_command` to its name."""
    parser = argparse.ArgumentParser(prog="gpu-assistant", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"gpu-assistant {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    common = _common()
    place = _place()

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
    deploy.add_argument("--gpus", type=int, default=1, metavar="N", help="GPUs for each copy (1)")
    deploy.add_argument("--cpu", type=float, default=1.0, metavar="CORES", help="CPU cores for each copy (1)")
    deploy.add_argument("--memory", type=float, default=4.0, metavar="GB", help="memory for each copy (4)")
    deploy.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS", help="longest answer (60)")
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

    practice = commands.add_parser(
        "practice", parents=[common], help="run the practice workspace, for any program that uses azureml-core"
    )
    practice_command.add_arguments(practice)
    practice.add_argument("--tour", action="store_true", help="deploy, score, status and clean-up, one after another")

    commands.add_parser("sign-in", parents=[common, place], help="sign in to Azure and remember it")
    commands.add_parser("sign-out", parents=[common], help="forget the sign-in")
    return parser


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print JSON")
    common.add_argument("--data-dir", type=Path, metavar="DIR", help="keep ledger, logs and practice state here")
    common.add_argument("--debug", action="store_true", help="write a talkative log")
    return common


def _place() -> argparse.ArgumentParser:
    place = argparse.ArgumentParser(add_help=False)
    where = place.add_argument_group("where")
    where.add_argument("--practice", action="store_true", help="the practice workspace on this computer")
    where.add_argument("--subscription", default="", metavar="ID")
    where.add_argument("--resource-group", default="", metavar="NAME")
    where.add_argument("--workspace", default="", metavar="NAME")
    where.add_argument("--config", type=Path, metavar="FILE", help="the workspace's config.json")
    where.add_argument("--tenant", default="", metavar="ID", help="directory to sign in to")
    methods = [method.value for method in SignInMethod if method is not SignInMethod.TOKEN]
    where.add_argument("--sign-in", choices=methods, help="how to sign in when nobody is")
    developer = place.add_argument_group("practice and patience")
    developer.add_argument("--scenario", metavar="NAME", help="practice: make something go wrong ('none' to stop)")
    developer.add_argument(
        "--speed", type=practice_command.parse_speed, metavar="N", help="practice: times real time, or 'max' (60)"
    )
    developer.add_argument("--give-up-after", type=float, metavar="SECONDS", help="stop waiting for Azure after this")
    return place
