"""Scenario files: all follow the schema, and a file that does not is refused in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gpu_assistant import paths
from gpu_assistant.practice.azure.catalog import load_catalog, read_toml
from gpu_assistant.practice.azure.scenarios import ScenarioBook, ScenarioError, parse_scenario
from gpu_assistant.practice.front.http import Request, Response
from tests.fakes.practice_client import Azure

FOLDER = paths.resource("practice", "scenarios")
FILES = sorted(FOLDER.glob("*.toml"))
GOOD = {"title": "t", "description": "d"}

PROMISED = {
    *("quota-too-small", "quota-taken-meanwhile", "size-not-available", "capacity-gone", "name-taken"),
    *("cluster-create-fails", "image-build-fails", "init-crashes", "out-of-memory", "never-healthy"),
    *("unschedulable-gpu", "delete-is-slow", "delete-fails-once", "delete-ignored", "key-rejected"),
    *("token-expired", "forbidden", "too-many-requests", "server-error", "connection-reset", "slow-network"),
    "service-unavailable-when-scoring",
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_follows_the_schema_and_tells_what_a_user_sees(path: Path) -> None:
    scenario = parse_scenario(path.stem, read_toml(path))
    assert len(scenario.description.split()) >= 15
    does_something = (
        scenario.quota or scenario.restriction or scenario.fault or scenario.cluster_create or scenario.image_build
    ) or (scenario.start or scenario.rollout != type(scenario.rollout)() or scenario.delete or scenario.keys)
    assert does_something


def test_every_promised_scenario_is_there() -> None:
    assert {path.stem for path in FILES} >= PROMISED


def test_the_names_in_the_files_exist() -> None:
    catalog = load_catalog(paths.resource())
    known = {family.replace(" ", "").casefold() for family in catalog.families()}
    for path in FILES:
        scenario = parse_scenario(path.stem, read_toml(path))
        assert all(catalog.size(row.name) for row in scenario.restriction), path.stem
        assert {name.replace(" ", "").casefold() for name in scenario.quota} <= known, path.stem


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"title": "t"}, "needs a title and a description"),
        ({**GOOD, "colour": 1}, "unknown key 'colour'"),
        ({**GOOD, "fault": [{"path": "/*", "statsu": 500}]}, "unknown key 'statsu'"),
        ({**GOOD, "fault": [{"status": 500}]}, "lacks path"),
        ({**GOOD, "fault": {"path": "/*"}}, "wrong type"),
        ({**GOOD, "fault": [{"path": "/*", "times": "twice"}]}, "fault.times: 'twice' is of the wrong type"),
        ({**GOOD, "fault": [{"path": "/*", "status": True}]}, "wrong type"),
        ({**GOOD, "delete": {"fail_tims": 1}}, "unknown key 'fail_tims'"),
        ({**GOOD, "durations": {"cluster_creat_s": 1}}, "unknown key 'cluster_creat_s'"),
        ({**GOOD, "quota": {"x": "many"}}, "wrong type"),
        ({**GOOD, "cluster_create": {"code": "X"}}, "lacks message"),
    ],
)
def test_a_file_that_does_not_follow_the_schema_is_refused_in_words(
    document: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ScenarioError, match=r"^broken\.toml") as caught:
        parse_scenario("broken", document)
    assert complaint in str(caught.value)


def test_an_unknown_name_lists_the_known_ones() -> None:
    book = ScenarioBook(FOLDER, load_catalog(paths.resource()))
    with pytest.raises(ScenarioError, match=r"no scenario 'nonsense'; there are: .*out-of-memory"):
        book.play("nonsense")


def statuses(azure: Azure, count: int) -> list[int]:
    return [azure.send("GET", "/subscriptions").status for _ in range(count)]


def test_faults_pass_over_some_hit_some_and_leave_the_rest(azure_playing: Callable[[str], Azure]) -> None:
    azure = azure_playing("token-expired")
    assert statuses(azure, 15) == [200] * 12 + [401] + [200] * 2
    azure.surface.set_scenario("token-expired")
    assert statuses(azure, 13)[-1] == 401
    azure.surface.set_scenario("token-refused")
    assert statuses(azure, 3) == [401] * 3
    azure.surface.set_scenario(None)
    assert statuses(azure, 1) == [200]


def test_a_refused_request_never_reaches_its_route(azure_playing: Callable[[str], Azure]) -> None:
    azure = azure_playing("forbidden")
    answer = azure.create_cluster()
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (403, "AuthorizationFailed")
    assert azure.surface.computes_running() == ()


def test_throttling_says_when_to_come_back(azure_playing: Callable[[str], Azure]) -> None:
    azure = azure_playing("too-many-requests")
    answers = [azure.create_cluster() for _ in range(3)]
    assert [answer.status for answer in answers] == [429, 429, 201]
    assert answers[0].headers["Retry-After"] == "2"


def test_a_reset_is_marked_for_the_listener(azure_playing: Callable[[str], Azure]) -> None:
    azure = azure_playing("connection-reset")
    assert azure.create_cluster().reset
    assert azure.create_cluster().status == 201


def test_a_slow_network_shapes_good_answers(azure_playing: Callable[[str], Azure]) -> None:
    answer: Response = azure_playing("slow-network").send("GET", "/subscriptions")
    assert (answer.status, answer.delay_s, answer.bytes_per_s) == (200, 0.5, 2_000_000.0)


def test_server_errors_and_a_taken_name(azure_playing: Callable[[str], Azure]) -> None:
    azure = azure_playing("server-error")
    assert azure.create_cluster().status == 500
    azure.surface.set_scenario("name-taken")
    assert azure.create_cluster().status == 409
    url = azure.mms("/services/validate/name/svc")
    assert "already exists" in azure.json("POST", url, {})["error"]["message"]
    assert azure.json("POST", url, {}) == {}


def test_the_quota_scenario_leaves_nothing_to_rent(azure_playing: Callable[[str], Azure]) -> None:
    azure = azure_playing("quota-too-small")
    assert json.loads(azure.create_cluster().body)["error"]["code"] == "QuotaExceeded"


def test_a_fault_matches_paths_in_any_case(azure_playing: Callable[[str], Azure]) -> None:
    azure = azure_playing("quota-taken-meanwhile")
    request = Request("PUT", "management.azure.com", azure.compute_url().replace("computes", "COMPUTES"))
    refused = azure.surface.interceptor(request)
    assert refused is not None
    assert refused.status == 400
