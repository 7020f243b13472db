"""A look into the practice server of a data folder, by its control address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests

from gpu_assistant.practice import lifecycle
from gpu_assistant.practice.constants import CONTROL_AUDIENCE
from gpu_assistant.practice.front import tokens


def practice_status(data_dir: Path) -> dict[str, Any]:
    """What `/practice/status` says: pid, refused hosts, unknown routes, services…"""
    info = lifecycle.find_running(data_dir)
    assert info is not None, "no practice server runs"
    token = tokens.mint(lifecycle.practice_folder(data_dir), audience=CONTROL_AUDIENCE)
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(
            f"http://127.0.0.1:{info.port}/practice/status",
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
        )
    answer.raise_for_status()
    status: dict[str, Any] = answer.json()
    return status
