"""`gpu-assistant` and `python -m gpu_assistant`."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 refused or failed, 2 bad usage."""
    from gpu_assistant.cli.commands import run
    from gpu_assistant.cli.parser import build_parser

    return run(build_parser().parse_args(arguments))


# The guard keeps the SDK process, which imports this module again, from running the command twice.
if __name__ == "__main__":
    sys.exit(main())
