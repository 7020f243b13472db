"""Each failure that practice can play: the error a person sees, its remedy, what still bills, and the way out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT, CommandLine

CLUSTER = "gpu-nc4as-t4-v3"
DEPLOY = ("deploy", "--practice", "--json", "--speed", "max", "--model", "efficientnet-lite0")
SIZE = ("--vm-size", "Standard_NC4as_T4_v3")


@dataclass(frozen=True)
class Refused:
    """A scenario in which `deploy` fails: with which code, which words, and what it leaves that bills."""

    scenario: str
    code: str
    says: str
    remedy: str
    billed: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


REFUSED = (
    Refused("quota-too-small", "quota_too_small", "4 vCPUs needed", "open_url"),
    Refused("quota-taken-meanwhile", "quota_refused", "Current Usage: 64", "choose_vm_size"),
    Refused("size-not-available", "vm_size_not_available", "eastus", "choose_vm_size"),
    Refused("name-taken", "compute_name_taken", CLUSTER, "choose_name"),
    Refused("forbidden", "access_denied", "computes/write", "choose_workspace"),
    Refused("token-refused", "token_expired", "sign in again", "sign_in"),
    Refused("server-error", "azure_fault", "500", "retry", (CLUSTER,)),
    Refused("capacity-gone", "capacity_gone", "sufficient capacity", "choose_vm_size", (CLUSTER,)),
    Refused("cluster-create-fails", "compute_failed", "control plane", "clean_up", (CLUSTER,)),
    Refused("image-build-fails", "image_build_failed", "numpy==99.0", "edit_deployment", (CLUSTER,)),
    Refused("init-crashes", "entry_script_crashed", "Could not find SavedModel", "show_log", (CLUSTER,)),
    Refused("out-of-memory", "out_of_memory", "4 GB", "edit_deployment", (CLUSTER,)),
    Refused("unschedulable-gpu", "not_schedulable", "nvidia.com/gpu", "choose_vm_size", (CLUSTER,)),
    Refused("never-healthy", "not_healthy_in_time", "transitioning", "wait", (CLUSTER,), ("--give-up-after", "4")),
)
SUCCEEDS = ("answer-lost", "connection-reset", "token-expired", "too-many-requests", "slow-network")
AFTERWARDS = (
    "key-rejected",
    "service-unavailable-when-scoring",
    "delete-is-slow",
    "delete-fails-once",
    "delete-ignored",
)


@pytest.fixture
def line(shared_gpu_assistant: CommandLine) -> Iterator[CommandLine]:
    """The practice workspace, found and left empty."""
    yield shared_gpu_assistant
    report = shared_gpu_assistant("clean-up", "--practice", "--yes", "--json", "--scenario", "none").json
    assert report["left"] == []
    status = shared_gpu_assistant("status", "--practice", "--json").json
    assert status["resources"] == []
    assert status["verified"] is True


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.scenario)
def test_a_deployment_that_fails(line: CommandLine, case: Refused) -> None:
    ran = line(*DEPLOY, *SIZE, "--scenario", case.scenario, *case.options, check=False)
    assert ran.code == 1
    error = ran.json["error"]
    assert error["code"] == case.code, ran.out
    assert case.says in error["detail"]
    assert case.remedy in [remedy["action"] for remedy in error["remedies"]]
    assert tuple(one["name"] for one in error["billed"]) == case.billed
    assert "Traceback" not in ran.err
    assert error["title"] in ran.err


@pytest.mark.parametrize("scenario", SUCCEEDS)
def test_weather_that_a_deployment_survives(line: CommandLine, scenario: str) -> None:
    answer = line(*DEPLOY, *SIZE, "--scenario", scenario).json
    assert answer["service"]["state"] == "healthy"


def test_a_rejected_key(line: CommandLine) -> None:
    line(*DEPLOY, *SIZE, "--scenario", "key-rejected")
    error = line("score", "--practice", "coffee.jpg", "--json", check=False).json["error"]
    assert error["code"] == "key_rejected"
    assert "refresh_keys" in [remedy["action"] for remedy in error["remedies"]]
    (scored,) = line("score", "--practice", "--new-key", "coffee.jpg", "--json").json
    assert scored["predictions"][0]["label"] == "espresso"


def test_a_healthy_service_in_bad_weather(line: CommandLine) -> None:
    """Scoring and deleting go wrong in turn, on one service."""
    line(*DEPLOY, *SIZE, "--scenario", "none")
    busy = line(
        "score", "--practice", "coffee.jpg", "--json", "--scenario", "service-unavailable-when-scoring", check=False
    )
    assert busy.json["error"]["code"] == "service_busy"

    ignored = line("clean-up", "--practice", "--yes", "--json", "--scenario", "delete-ignored", check=False)
    assert ignored.code == 1
    assert {one["name"] for one in ignored.json["left"]} == {CLUSTER, "efficientnet-lite0"}
    assert all(one["reason"] and one["portal_url"] for one in ignored.json["left"])
    states = line("status", "--practice", "--json").json["resources"]
    assert {one["name"] for one in states} == {CLUSTER, "efficientnet-lite0"}

    once = line("clean-up", "--practice", "--yes", "--json", "--scenario", "delete-fails-once").json
    assert once["left"] == []


def test_another_try_after_a_crash_keeps_the_cluster(line: CommandLine) -> None:
    assert line(*DEPLOY, *SIZE, "--scenario", "init-crashes", check=False).code == 1
    created = {one["name"]: one["created"] for one in line("status", "--practice", "--json").json["resources"]}
    assert line(*DEPLOY, *SIZE, "--scenario", "none").json["service"]["state"] == "healthy"
    after = {one["name"]: one["created"] for one in line("status", "--practice", "--json").json["resources"]}
    assert after[CLUSTER] == created[CLUSTER]
    assert after["efficientnet-lite0"] > created["efficientnet-lite0"]


def test_a_slow_deletion_is_waited_for(line: CommandLine) -> None:
    broken = line(*DEPLOY, *SIZE, "--scenario", "init-crashes", check=False)
    assert broken.code == 1
    report = line("clean-up", "--practice", "--yes", "--json", "--scenario", "delete-is-slow").json
    assert report["left"] == []


def test_every_scenario_is_tested() -> None:
    files = {path.stem for path in Path(ROOT, "resources", "practice", "scenarios").glob("*.toml")}
    assert files == {*(case.scenario for case in REFUSED), *SUCCEEDS, *AFTERWARDS}
