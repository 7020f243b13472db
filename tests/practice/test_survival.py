"""A practice server that is killed loses nothing that it has answered."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from gpu_assistant.practice.azure.addresses import ARM_URL, WORKSPACE_ID

COMPUTE = f"{WORKSPACE_ID}/computes/gpu-aks"
BODY = {
    "location": "eastus",
    "properties": {
        "computeType": "AKS",
        "properties": {"agentVmSize": "Standard_NC4as_T4_v3", "agentCount": 1, "clusterPurpose": "DevTest"},
    },
}
Start = Callable[[], tuple[subprocess.Popen[bytes], dict[str, str]]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a server on the one data folder; the process and what it printed."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> tuple[subprocess.Popen[bytes], dict[str, str]]:
        command = [sys.executable, "-m", "gpu_assistant.practice", "--json", "--no-sample-model", "--speed", "1"]
        server = subprocess.Popen(
            [*command, "--data-dir", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        started.append(server)
        assert server.stdout is not None
        return server, json.loads(server.stdout.readline())

    yield start
    for server in started:
        server.kill()
        server.wait(30)
        if server.stdout is not None:
            server.stdout.close()


def ask(printed: dict[str, str], method: str, path: str, body: Any = None) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        session.proxies = {"https": printed["https_proxy"]}
        session.verify = printed["ca_bundle"]
        headers = {"Authorization": f"Bearer {printed['token']}"}
        return session.request(method, ARM_URL + path, json=body, headers=headers, timeout=30)


def test_a_cluster_that_was_accepted_is_there_after_a_kill(start: Start) -> None:
    server, printed = start()
    accepted = ask(printed, "PUT", COMPUTE, BODY)
    assert accepted.status_code == 201
    server.kill()
    server.wait(30)
    _, again = start()
    found = ask(again, "GET", "/rp/workspaces" + COMPUTE).json()
    assert found["properties"]["provisioningState"] == "Creating"
    assert found["properties"]["resourceId"] == accepted.json()["properties"]["resourceId"]
    operation = accepted.headers["Azure-AsyncOperation"].removeprefix(ARM_URL)
    assert ask(again, "GET", operation).json() == {"status": "InProgress"}
