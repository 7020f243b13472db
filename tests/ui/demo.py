"""The demonstration window (`demo_window.py`), the person at it, and its notes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.ui.person import Person
from tests.ui.screen import Screen, wait_until
from tests.ui.stage import Stage

_DEMO = ROOT / "tests/ui/demo_window.py"


class Demo:
    """The person at the demonstration window, and its notes."""

    def __init__(self, stage: Stage, folder: Path, on: Screen | None = None) -> None:
        self._notes = folder / "notes.jsonl"
        screen_map = folder / "screen.json"
        command = [sys.executable, str(_DEMO), str(screen_map), str(self._notes)]
        self.person: Person = stage.start(command, screen_map=screen_map, data_dir=folder, on=on)

    def notes(self, key: str) -> list[Any]:
        """All that was noted under `key` so far."""
        if not self._notes.exists():
            return []
        lines = [json.loads(line) for line in self._notes.read_text(encoding="utf-8").splitlines()]
        return [line[key] for line in lines if key in line]

    def wait_for_note(self, key: str, wanted: Any) -> None:
        """Wait until the last note under `key` is `wanted`."""
        wait_until(lambda: self.notes(key)[-1:] == [wanted], 10, lambda: f"{self.notes(key)} is not {wanted}")
