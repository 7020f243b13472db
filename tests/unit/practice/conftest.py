"""The Azure surface without sockets, playing nothing or a scenario."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.practice_client import Azure


@pytest.fixture
def azure(tmp_path: Path) -> Azure:
    return Azure(tmp_path)


@pytest.fixture
def azure_playing(tmp_path: Path) -> Callable[[str], Azure]:
    """The surface, playing a scenario."""
    return lambda name: Azure(tmp_path, scenario=name)
