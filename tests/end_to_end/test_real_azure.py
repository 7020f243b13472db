"""Without --practice the same commands go to Azure's own host names, and only there.

The practice server plays those hosts behind its proxy, sign-in host included, and refuses every other: so the
program runs in its real mode, and nothing leaves this computer.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CommandLine
from tests.end_to_end.practice_server import practice_status

CLUSTER = "gpu-nc4as-t4-v3"
DEPLOY = ("deploy", "--model", "efficientnet-lite0", "--vm-size", "Standard_NC4as_T4_v3")


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


def test_nobody_is_signed_in(real: CommandLine, gpu_assistant: CommandLine) -> None:
    ran = real(*DEPLOY, "--json", check=False)
    assert ran.code == 1
    error = ran.json["error"]
    assert error["code"] == "not_signed_in"
    assert "sign_in" in [remedy["action"] for remedy in error["remedies"]]
    assert "support ended on 2026-06-30" in ran.err
    status = real("status", "--json")
    assert status.json["verified"] is False


def test_the_whole_journey_on_azures_own_host_names(real: CommandLine, gpu_assistant: CommandLine) -> None:
    sign_in = ("--sign-in", "device-code")
    deployed = real(*DEPLOY, *sign_in, "--no-gpu-check", "--no-tls", "--json")
    assert "enter the code" in deployed.err
    assert deployed.json["service"]["state"] == "healthy"
    (scored,) = real("score", str(_photo()), *sign_in, "--json").json
    assert scored["predictions"][0]["label"] == "espresso"
    status = real("status", *sign_in).out
    assert "Billing now: $0.53 per hour" in status
    report = real("clean-up", "--yes", *sign_in, "--json").json
    assert report["left"] == []
    server = practice_status(gpu_assistant.data_dir)
    assert server["refused"] == {}
    assert server["unknown"] == []


def test_a_promised_gpu_that_is_not_there_is_an_error(real: CommandLine) -> None:
    """The scoring script refuses to start on a CPU when a GPU was promised, which practice never has."""
    ran = real(*DEPLOY, "--sign-in", "device-code", "--json", check=False)
    assert ran.json["error"]["code"] == "entry_script_crashed"
    assert "GPU" in ran.json["error"]["detail"]
    assert [one["name"] for one in ran.json["error"]["billed"]] == [CLUSTER]
    assert real("clean-up", "--yes", "--sign-in", "device-code", "--json").json["left"] == []


def test_without_a_network_it_says_so_and_forgets_nothing(real: CommandLine) -> None:
    ran = real(*DEPLOY, "--sign-in", "device-code", "--json", check=False, HTTPS_PROXY="http://127.0.0.1:9")
    assert ran.code == 1
    assert ran.json["error"]["code"] in ("cannot_reach_azure", "sign_in_failed")


def _photo() -> Path:
    from gpu_assistant.paths import user_folders
    from gpu_assistant.practice import sample

    return sample.sample_photos(user_folders().cache)["coffee.jpg"]
