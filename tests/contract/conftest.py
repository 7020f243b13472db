"""The marker of the tests that may also be run against real Azure."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "live: needs a real workspace; set GPU_ASSISTANT_LIVE_WORKSPACE to its config.json, after `az login`",
    )
