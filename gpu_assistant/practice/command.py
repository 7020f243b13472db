"""`gpu-assistant practice`: the practice server in the foreground, for any program that uses azureml-core."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from gpu_assistant import paths
from gpu_assistant.domain.errors import AssistantError, PracticeError
from gpu_assistant.practice import control, lifecycle
from gpu_assistant.practice.constants import DEFAULT_SPEED
from gpu_assistant.practice.front import tokens
from gpu_assistant.practice.lifecycle import PracticeAlreadyRunning, PracticeInfo
from gpu_assistant.practice.options import add_arguments
from gpu_assistant.practice.stand_back import stand_back

TOKEN_LIFETIME_S = 24 * 3600.0
"""Of the token that is printed: long enough for a day's work on somebody's script."""


def main(options: argparse.Namespace) -> int:
    """Run the server until a signal, `--stop` or half an idle hour; returns the exit code.

    Prints how to use it (`--json`: one JSON object) once it is ready. When a server of this folder runs
    already, its address is printed and it goes on in the background. Raises AssistantError.
    """
    data_dir = paths.user_folders(options.data_dir).data
    if options.stop:
        was_running = lifecycle.stop(data_dir)
        _say({"stopped": was_running}, "Stopped." if was_running else "None was running.", options)
        return 0
    try:
        _serve(data_dir, options)
    except PracticeAlreadyRunning:
        info = lifecycle.ensure_running(data_dir, speed=options.speed, scenario=options.scenario)
        _announce(data_dir, info, options, note=f"It was running already, in process {info.pid}.")
    except OSError as error:
        raise PracticeError(reason=f"{error.strerror or error} ({error.filename or data_dir})") from error
    return 0


def run(arguments: Sequence[str] | None = None) -> int:
    """`python -m gpu_assistant.practice`: the same without the rest of the program; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m gpu_assistant.practice", description=main.__doc__)
    parser.add_argument("--data-dir", type=Path, metavar="DIR")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--debug", action="store_true", help="write a talkative log")
    add_arguments(parser)
    options = parser.parse_args(arguments)
    logging.basicConfig(
        level=logging.DEBUG if options.debug else logging.INFO,
        format="%(asctime)s %(levelname).1s %(name)s - %(message)s",
        stream=sys.stderr,
    )
    try:
        return main(options)
    except AssistantError as error:
        sys.stderr.write(f"{error.detail}\n")
        return 1


def _serve(data_dir: Path, options: argparse.Namespace) -> None:
    from gpu_assistant.practice.server import PracticeServer  # late: `--stop` needs none of it

    if options.background:
        stand_back()
    server = PracticeServer(
        data_dir,
        speed=options.speed or DEFAULT_SPEED,
        scenario=control.scenario_from_json(options.scenario),
        port=options.port,
        with_sample_model=not options.no_sample_model,
    )
    server.start()
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: server.request_stop())
        if not options.background:
            problem = server.wait_ready(_StageLines())
            _announce(data_dir, server.info, options, note=problem)
        server.wait()
    finally:
        server.stop()


class _StageLines:
    """Tells on stderr what is being prepared, one line for each stage."""

    def __init__(self) -> None:
        self._told = "Starting"

    def __call__(self, stage: str, done: float) -> None:
        if stage != self._told:
            self._told = stage
            sys.stderr.write(f"{stage}…\n")
            sys.stderr.flush()


def _announce(data_dir: Path, info: PracticeInfo, options: argparse.Namespace, *, note: str = "") -> None:
    token = tokens.mint(lifecycle.practice_folder(data_dir), lifetime_s=TOKEN_LIFETIME_S)
    described: dict[str, object] = {
        "https_proxy": info.https_proxy,
        "ca_bundle": str(info.ca_bundle),
        "token": token,
        "subscription_id": info.subscription_id,
        "resource_group": info.resource_group,
        "workspace": info.workspace,
        "tenant_id": info.tenant_id,
        "region": info.region,
    }
    text = f"""\
The practice workspace is running. {note}
Any program that uses azureml-core reaches it with these variables set:

  export HTTPS_PROXY={info.https_proxy}
  export REQUESTS_CA_BUNDLE={info.ca_bundle}
  export NO_PROXY=127.0.0.1

and signs in with the token that `gpu-assistant practice --json` prints:

  auth = TokenAuthentication(lambda audience: token, cloud="AzureCloud")
  ws = Workspace.get("{info.workspace}", auth=auth, subscription_id="{info.subscription_id}",
                     resource_group="{info.resource_group}")

Stop it with Ctrl-C or: gpu-assistant practice --stop"""
    _say(described, text, options)


def _say(value: dict[str, object], text: str, options: argparse.Namespace) -> None:
    sys.stdout.write((json.dumps(value) if options.json else text) + "\n")
    sys.stdout.flush()
