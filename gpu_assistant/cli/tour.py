"""The practice tour: the commands a newcomer would type, run one after another and shown as they are typed."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from gpu_assistant.practice import lifecycle

_COMMANDS: Sequence[Sequence[str]] = (
    ("deploy", "--practice", "--model", "efficientnet-lite0", "--vm-size", "Standard_NC4as_T4_v3"),
    ("score", "--practice", "coffee.jpg"),
    ("status", "--practice"),
    ("clean-up", "--practice", "--yes"),
)


def run_tour(data_dir: Path | None) -> int:
    """Run the commands in this process; whatever happens before it, clean-up is run. Returns the worst code."""
    from gpu_assistant.__main__ import main
    from gpu_assistant.paths import user_folders

    extra = ["--data-dir", str(data_dir)] if data_dir else []
    worst = 0
    for words in _COMMANDS:
        if worst and words[0] in ("score", "status"):
            continue
        sys.stdout.write(f"\n$ gpu-assistant {shlex.join([*words, *extra])}\n")
        sys.stdout.flush()
        worst = max(worst, main([*words, *extra]))
    lifecycle.stop(user_folders(data_dir).data)
    return worst
