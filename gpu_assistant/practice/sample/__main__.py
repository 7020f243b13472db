"""`python -m gpu_assistant.practice.sample FOLDER`: convert the sample model, telling progress on stdout.

Started by `cache.ensure_saved_model`, one JSON object a line: {"stage": "...", "done": 0.4}.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from gpu_assistant.practice.sample.convert import convert
from gpu_assistant.practice.sample.weights import WeightsRefused


def _report(stage: str, done: float) -> None:
    sys.stdout.write(json.dumps({"stage": stage, "done": done}) + "\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m gpu_assistant.practice.sample FOLDER\n")
        return 2
    try:
        convert(Path(arguments[0]), _report)
    except WeightsRefused as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
