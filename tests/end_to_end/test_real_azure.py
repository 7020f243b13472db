"""Without --practice the same commands go to Azure's own host names, and only there.

The practice server plays those hosts behind its proxy, sign-in host included, and refuses every other: so the
program runs in its real mode, and nothing leaves this computer.
"""

from __future__ import annotations

from pathlib import Path

from gpu_assistant.practice import lifecycle
from tests.conftest import CommandLine

CLUSTER = "gpu-nc4as-t4-v3"
DEPLOY = ("deploy", "--model", "efficientnet-lite0", "--vm-size", "Standard_NC4as_T4_v3")


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
    server = lifecycle.read_status(gpu_assistant.data_dir)
    assert server is not None
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
