"""`gpu-assistant` and `python -m gpu_assistant`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 refused or failed, 2 bad usage."""
    if getattr(sys, "frozen", False):
        _settle_in_bundle()
    _open_missing_streams()
    from gpu_assistant.cli.parser import build_parser
    from gpu_assistant.cli.run import run

    return run(build_parser().parse_args(arguments))


def _settle_in_bundle() -> None:
    """What a program made by PyInstaller has to do first, in every process of its own."""
    # The bundle's libraries have been found by now. What we start (a browser, the Azure CLI) must find the system's.
    before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    os.environ.pop("LD_LIBRARY_PATH", None)
    if before is not None:
        os.environ["LD_LIBRARY_PATH"] = before
    # The SDK process is this very program, started again: from here on it goes its own way and does not come back.
    import multiprocessing

    multiprocessing.freeze_support()


def _open_missing_streams() -> None:
    """On Windows a program without a console has no streams at all, and a `write` to None would raise."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 -- stays open to the end


# The guard keeps the SDK process, which imports this module again, from running the command twice.
if __name__ == "__main__":
    sys.exit(main())
