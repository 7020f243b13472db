"""The unmodified SDK, in a process of its own, goes through everything that can be done with a web service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gpu_assistant.practice import lifecycle

SCRIPT = Path(__file__).with_name("sdk_script.py")
SEEN = "seen.json"


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """A practice server at full speed, as somebody else starts it: its data folder, and what it printed."""
    data_dir = tmp_path_factory.mktemp("practice")
    command = [sys.executable, "-m", "gpu_assistant.practice", "--json", "--speed", "max", "--no-sample-model"]
    with open(data_dir / "server.log", "wb") as log:
        server = subprocess.Popen([*command, "--data-dir", str(data_dir)], stdout=subprocess.PIPE, stderr=log)
    assert server.stdout is not None
    try:
        line = server.stdout.readline()
        assert line, (data_dir / "server.log").read_text(encoding="utf-8")
        yield data_dir, json.loads(line)
    finally:
        server.terminate()
        server.wait(30)
        server.stdout.close()


@pytest.fixture(scope="module")
def seen(practice: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the script saw."""
    _, printed = practice
    folder = tmp_path_factory.mktemp("somebody")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AZUREML_")}
    environment |= {
        "HTTPS_PROXY": printed["https_proxy"],
        "REQUESTS_CA_BUNDLE": printed["ca_bundle"],
        "NO_PROXY": "127.0.0.1",
        "HOME": str(folder),  # the SDK keeps a cache there
        "TMPDIR": str(folder),  # and leaves its archives here
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(SCRIPT), SEEN],
        input=json.dumps(printed),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads((folder / SEEN).read_text(encoding="utf-8")))


def test_the_workspace_is_found(seen: dict[str, Any]) -> None:
    assert (seen["listed"], seen["location"]) == (["practice"], "eastus")


def test_models_are_registered_listed_and_downloaded_as_they_were(seen: dict[str, Any]) -> None:
    assert seen["versions"] == [1, 2, 2]
    assert seen["models"] == ["large:1", "little:1", "little:2"]
    assert seen["tags"] == {"kind": "test"}
    assert (seen["little_is_same"], seen["large_is_same"]) == (True, True)


def test_the_cluster_is_created(seen: dict[str, Any]) -> None:
    assert seen["cluster"] == ["Succeeded", 1, "Succeeded"]
    assert seen["clusters"] == ["gpu-aks"]


def test_the_environment_is_registered(seen: dict[str, Any]) -> None:
    assert seen["environment"] == "value"


def test_the_service_answers_with_the_uploaded_script_model_and_variables(seen: dict[str, Any]) -> None:
    assert seen["state"] == "Healthy"
    assert seen["scoring_uri"].startswith("http://127.0.0.1:")
    assert seen["raw"] == [200, {"greeting": "hello", "variable": "value", "data": {"x": 1}}]
    assert seen["run"] == {"greeting": "hello", "variable": "value", "data": {"y": 2}}
    assert seen["log_has_init"]
    assert (seen["wrong_key"], seen["swagger"]) == (401, 200)


def test_a_key_is_regenerated(seen: dict[str, Any]) -> None:
    assert seen["regenerated"] == [True, True]
    assert seen["old_key"] == 401


def test_replicas_follow_the_load_from_an_update_on(seen: dict[str, Any]) -> None:
    assert seen["autoscaler_off"] is False
    assert seen["autoscaler"] == [True, 1, 3, 60, 1]
    assert seen["autoscaled"] == "Healthy"


def test_everything_is_gone_in_the_end(seen: dict[str, Any]) -> None:
    assert seen["services"] == [["greeter", {"a": "b"}]]
    assert (seen["service_gone"], seen["score_gone"]) == ("WebserviceNotFound", 404)
    assert (seen["cluster_gone"], seen["left"]) == ("ComputeTargetNotFound", [])


def test_nothing_asked_for_another_host_or_an_unknown_route(
    practice: tuple[Path, dict[str, str]], seen: dict[str, Any]
) -> None:
    status = lifecycle.read_status(practice[0])
    assert status is not None
    assert (status["refused"], status["unknown"]) == ({}, [])
    assert (status["services"], status["computes"]) == ([], [])


def test_no_file_and_no_log_holds_a_token_or_a_signature(
    practice: tuple[Path, dict[str, str]], seen: dict[str, Any]
) -> None:
    data_dir, printed = practice
    for file in data_dir.rglob("*"):
        if file.is_file() and file.stat().st_size < 5_000_000:
            content = file.read_bytes()
            assert printed["token"].encode() not in content, file
            assert b"sig=" not in content, file
