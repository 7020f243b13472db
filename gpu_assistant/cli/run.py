"""From the parsed command line to an exit code."""

from __future__ import annotations

import argparse
import logging
from contextlib import suppress

from gpu_assistant import logs, paths
from gpu_assistant.cli.words import say
from gpu_assistant.domain.errors import AssistantError

log = logging.getLogger(__name__)


def run(options: argparse.Namespace) -> int:
    """Run the command that was parsed, or open the window. Prints the error of a failed one."""
    folders = paths.user_folders(options.data_dir)
    with suppress(OSError):  # whoever needs the folder says what is wrong with it
        folders.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    logs.start_logging(folders.logs, level=logging.DEBUG if options.debug else logging.INFO)
    log.info("command %s", options.command or "window")
    try:
        return _carry_out(options)
    except AssistantError as error:
        from gpu_assistant.cli.session import fail

        return fail(error, options)
    except KeyboardInterrupt:
        say("Stopped.")
        return 1


def _carry_out(options: argparse.Namespace) -> int:
    if options.command is None:
        from gpu_assistant.cli.window import open_window

        return open_window(options)
    from gpu_assistant.cli.commands import COMMANDS  # late: the window needs none of what they import

    return COMMANDS[options.command](options)
