"""A program in its real mode: Azure's host names, played by a practice server that it knows nothing of."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CommandLine


@pytest.fixture
def azure(gpu_assistant: CommandLine) -> Iterator[dict[str, Any]]:
    """A practice server started as anybody starts it, for a program that knows nothing of it."""
    command = gpu_assistant.command("practice", "--json", "--speed", "max")
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=gpu_assistant.environment
    )
    assert server.stdout is not None
    info, _ = json.JSONDecoder().raw_decode(_read_object(server.stdout))
    yield info
    server.terminate()
    server.wait(timeout=30)
    server.stdout.close()


def _read_object(stream: Any) -> str:
    text = ""
    for line in stream:
        text += line
        try:
            json.loads(text)
        except ValueError:
            continue
        return text
    raise AssertionError(f"no JSON object: {text}")


@pytest.fixture
def real(azure: dict[str, Any], gpu_assistant: CommandLine, tmp_path: Path) -> CommandLine:
    """The program in real mode on a data folder of its own, behind that server's proxy."""
    config = {
        "subscription_id": azure["subscription_id"],
        "resource_group": azure["resource_group"],
        "workspace_name": azure["workspace"],
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    environment = {
        **gpu_assistant.environment,
        "HTTPS_PROXY": azure["https_proxy"],
        "REQUESTS_CA_BUNDLE": azure["ca_bundle"],
        "NO_PROXY": "127.0.0.1",
    }
    return CommandLine(tmp_path, environment)
