"""What the README promises: the whole journey from the command line, in practice, with the real model."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from gpu_assistant.practice import lifecycle
from tests.conftest import CommandLine

DEPLOY = ("deploy", "--practice", "--speed", "max")
SIZE = ("--vm-size", "Standard_NC4as_T4_v3")
SAMPLE = (*DEPLOY, *SIZE, "--model", "efficientnet-lite0")


@pytest.fixture(scope="module")
def deployed(shared_gpu_assistant: CommandLine) -> CommandLine:
    """A data folder in which the sample model is deployed."""
    answer = shared_gpu_assistant(*SAMPLE, "--json").json
    assert answer["service"]["state"] == "healthy"
    assert answer["service"]["scoring_uri"].startswith("http://127.0.0.1:")
    assert answer["compute_target"] == {
        "name": "gpu-nc4as-t4-v3",
        "vm_size": "Standard_NC4as_T4_v3",
        "node_count": 1,
        "state": "ready",
    }
    assert answer["seconds"] > 0
    return shared_gpu_assistant


def test_a_real_photo_is_answered_by_the_real_model(deployed: CommandLine) -> None:
    (scored,) = deployed("score", "--practice", "coffee.jpg", "--json").json
    assert set(scored) == {"path", "predictions", "latency_ms", "model_ms", "device"}
    first = scored["predictions"][0]
    assert set(first) == {"label", "index", "probability"}
    assert first["label"] == "espresso"
    assert first["probability"] > 0.8
    assert 0 < scored["model_ms"] <= scored["latency_ms"]
    assert "CPU" in scored["device"]


def test_several_files_one_of_them_bad(deployed: CommandLine) -> None:
    bad = deployed.data_dir / "notes {1}.txt"
    bad.write_text("not a picture")
    ran = deployed("score", "--practice", "camera.jpg", str(bad), "chelsea.jpg", "--json", check=False)
    assert ran.code == 1
    labels = [one["predictions"][0]["label"] for one in ran.json]
    assert labels[0] == "tripod"
    assert "cat" in labels[1]
    assert "notes {1}.txt: it is not an image" in ran.err


def test_text_is_for_people(deployed: CommandLine) -> None:
    ran = deployed("score", "--practice", "coffee.jpg")
    assert "espresso" in ran.out
    assert "%" in ran.out
    ran = deployed("status", "--practice")
    assert "Practice: nothing is billed" in ran.out
    assert "$0.53 per hour" in ran.out


def test_status_names_what_exists_and_what_it_would_cost(deployed: CommandLine) -> None:
    status = deployed("status", "--practice", "--json").json
    keys = {"kind", "name", "state", "owned", "price_per_hour", "currency", "created", "cost_so_far"}
    assert all(set(one) == keys for one in status["resources"])
    assert [(one["kind"], one["state"], one["owned"]) for one in status["resources"]] == [
        ("compute_target", "ready", True),
        ("web_service", "healthy", True),
    ]
    assert status["per_hour"] == pytest.approx(0.526)
    assert status["so_far"] > 0
    assert status["verified"] is True


def test_a_second_program_may_ask_while_the_first_is_gone(deployed: CommandLine) -> None:
    assert (
        deployed("score", "--practice", "coffee.jpg", "--service", "nope", "--json", check=False).json["error"]["code"]
        == "service_not_found"
    )


def test_a_load_test_tells_figures_money_and_what_they_mean(deployed: CommandLine) -> None:
    table = deployed.data_dir / "load.csv"
    words = ("bench", "--practice", "--concurrency", "1,4", "--limit", "2", "--warm-up", "1", "--csv", str(table))
    alone, four = deployed(*words, "--json").json
    for told in (alone, four):
        assert told["answered"] > 0
        assert told["errors"] == {}
        assert 0 < told["latency_ms"]["p50"] <= told["latency_ms"]["p99"] <= told["latency_ms"]["max"] * 1.01
        assert 0 < told["model_ms"] <= told["server_ms"] <= told["latency_ms"]["mean"] * 1.01
        assert told["cost_per_million"] == pytest.approx(0.526 / 3600 / told["per_s"] * 1e6, rel=0.01)
        assert "CPU" in told["device"]
        assert any("no GPU" in sentence for sentence in told["caveats"])
    assert (alone["concurrency"], four["concurrency"]) == (1, 4)
    assert any("From 1 to 4 at once" in sentence for sentence in four["suggestions"]) or four["refused"]
    lines = table.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("service,concurrency,rate_per_s,at_s")
    assert len(lines) >= 1 + 2 * 3


def test_a_load_test_by_address_takes_its_key_from_the_environment(deployed: CommandLine) -> None:
    uri = deployed(*SAMPLE, "--json").json["service"]["scoring_uri"]
    wrong = deployed(
        *("bench", "coffee.jpg", "--uri", uri, "--key-from", "env:BENCH_KEY", "--json"),
        check=False,
        BENCH_KEY="a-wrong-key-0123456789",
    )
    assert wrong.json["error"]["code"] == "key_rejected"
    assert "a-wrong-key" not in wrong.out + wrong.err
    missing = deployed("bench", "coffee.jpg", "--uri", uri, "--key-from", "env:NO_SUCH", "--json", check=False)
    assert missing.json["error"]["code"] == "bad_setting"
    assert deployed("bench", "--uri", uri, "--service", "x", check=False).code == 2


def test_deploying_it_again_changes_nothing(deployed: CommandLine) -> None:
    before = deployed("status", "--practice", "--json").json["resources"]
    assert deployed(*SAMPLE, "--json").json["service"]["state"] == "healthy"
    after = deployed("status", "--practice", "--json").json["resources"]
    assert [one["created"] for one in before] == [one["created"] for one in after]


def test_clean_up_leaves_nothing(deployed: CommandLine) -> None:
    server = lifecycle.read_status(deployed.data_dir)
    assert server is not None
    replicas = [child for child in psutil.Process(server["pid"]).children(recursive=True) if child.is_running()]
    assert replicas, "a healthy service without an inference process"
    report = deployed("clean-up", "--practice", "--yes", "--json").json
    assert {one["name"] for one in report["gone"]} == {"gpu-nc4as-t4-v3", "efficientnet-lite0"}
    assert report["left"] == []
    assert any("workspace" in one["name"] for one in report["kept"])
    assert deployed("status", "--practice", "--json").json["resources"] == []
    _, alive = psutil.wait_procs(replicas, timeout=10)
    assert alive == []
    server = lifecycle.read_status(deployed.data_dir)
    assert server is not None
    assert server["services"] == []
    assert server["refused"] == {}
    assert server["unknown"] == []


def test_a_folder_from_anywhere_is_registered_and_deployed(deployed: CommandLine, tmp_path: Path) -> None:
    from gpu_assistant.paths import user_folders
    from gpu_assistant.practice import sample

    source = sample.ensure_saved_model(user_folders().cache, lambda text, fraction: None)
    folder = tmp_path / "모델 {v1}"
    shutil.copytree(source, folder)
    answer = deployed(*DEPLOY, *SIZE, "--model", "my-model", "--from", str(folder), "--json").json
    assert answer["service"]["name"] == "my-model"
    (scored,) = deployed("score", "--practice", "coffee.jpg", "--json").json
    assert scored["predictions"][0]["label"] == "espresso"
    deployed("clean-up", "--practice", "--yes")


def test_usage_errors_are_2_and_refusals_are_1(deployed: CommandLine) -> None:
    assert deployed("deploy", "--practice", "--model", "x", check=False).code == 2
    assert deployed("deploy", "--practice", check=False).code == 2
    assert deployed("clean-up", "--practice", check=False).code == 2
    refused = deployed("deploy", "--practice", "--model", "x", "--vm-size", "Standard_NC6", "--json", check=False)
    assert refused.code == 1
    assert refused.json["error"]["code"] == "model_not_found"
    retired = deployed(
        *DEPLOY, "--model", "efficientnet-lite0", "--vm-size", "Standard_NC6", "--json", check=False
    ).json["error"]
    assert retired["code"] == "vm_size_retired"
    assert "NC4as_T4_v3" in retired["detail"]


def test_the_installed_program_is_the_same(deployed: CommandLine) -> None:
    script = Path(sys.executable).with_name("gpu-assistant")
    if not script.exists():
        pytest.fail("gpu-assistant is not installed in this environment; run .ci/run")
    shown = subprocess.run([script, "--version"], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert shown.stdout.startswith("gpu-assistant ")
