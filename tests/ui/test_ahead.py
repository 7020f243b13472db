"""What is loaded while page 1 is read comes in small pieces, and is all that the pages need."""

from __future__ import annotations

import json
import subprocess
import sys

from gpu_assistant.ui.ahead import PIECES
from tests.conftest import ROOT

_MOST_MODULES = 12
_LOAD = """
import json, sys
import gpu_assistant.cli.window, gpu_assistant.ui.run, gpu_assistant.window
from gpu_assistant.ui.ahead import load_ahead
from gpu_assistant.ui.page_area import page_class
from gpu_assistant.wizard.state import Step

def ours():
    return {name for name in sys.modules if name.startswith("gpu_assistant.")}

page_class(Step.WORKSPACE)
pieces, before = [], ours()
for _ in load_ahead():
    pieces.append(len(ours() - before))
    before = ours()
for step in Step:
    page_class(step)
print(json.dumps([pieces, sorted(ours() - before)]))
"""


def test_pieces_are_small_and_pages_need_nothing_more() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOAD], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    sizes, late = json.loads(done.stdout)
    assert not late
    by_piece = dict(zip(PIECES, sizes, strict=True))
    assert all(1 <= size <= _MOST_MODULES for size in by_piece.values()), by_piece
