"""Compute targets: what is refused, what is created, and when it is really gone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from gpu_assistant.practice.azure.addresses import WORKSPACE_ID
from gpu_assistant.practice.azure.clock import ManualClock
from tests.fakes.practice_client import T4, Azure

RP = "/rp/workspaces"

# What the SDK reads from a compute resource without asking whether it is there.
REQUIRED = ("computeType", "description", "resourceId", "provisioningState", "provisioningErrors", "isAttachedCompute")
REQUIRED_INSIDE = ("agentVmSize", "agentCount", "clusterPurpose", "clusterFqdn", "systemServices", "loadBalancerType")


def target(azure: Azure, name: str = "gpu-aks") -> dict[str, Any]:
    return dict(azure.json("GET", RP + azure.compute_url(name)))


def state(azure: Azure, name: str = "gpu-aks") -> str:
    return str(target(azure, name)["properties"]["provisioningState"])


def poll(azure: Azure, answer: Any) -> dict[str, Any]:
    return dict(azure.json("GET", answer.headers["Azure-AsyncOperation"]))


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status, json.loads(answer.body)["error"]["code"]


def test_a_cluster_is_there_at_once_and_ready_after_ten_minutes(azure: Azure) -> None:
    created = azure.create_cluster()
    assert created.status == 201
    body = target(azure)
    assert body.keys() >= {"id", "name", "location", "tags", "properties"}
    assert body["properties"].keys() >= set(REQUIRED)
    assert body["properties"]["properties"].keys() >= {*REQUIRED_INSIDE, "loadBalancerSubnet", "sslConfiguration"}
    assert (state(azure), poll(azure, created)) == ("Creating", {"status": "InProgress"})
    azure.advance(601)
    assert (state(azure), poll(azure, created)) == ("Succeeded", {"status": "Succeeded"})
    listed = azure.json("GET", f"{RP}{WORKSPACE_ID}/computes")
    assert [row["name"] for row in listed["value"]] == ["gpu-aks"]
    assert "nextLink" not in listed


def test_a_deleted_cluster_is_gone_after_its_time_and_so_is_what_bills(azure: Azure) -> None:
    azure.create_cluster()
    azure.advance(601)
    cluster = target(azure)["properties"]["resourceId"]
    deleted = azure.send("DELETE", azure.compute_url() + "?underlyingResourceAction=delete&api-version=x")
    assert deleted.status == 202
    assert state(azure) == "Deleting"
    assert azure.json("GET", cluster)["properties"]["agentPoolProfiles"][0]["vmSize"] == T4
    azure.advance(301)
    assert poll(azure, deleted) == {"status": "Succeeded"}
    assert azure.json("GET", RP + azure.compute_url(), status=404)["error"]["code"] == "ResourceNotFound"
    azure.json("GET", cluster, status=404)


def test_a_detached_cluster_goes_on_billing_and_can_be_attached_but_not_deleted_by_the_workspace(
    azure: Azure,
) -> None:
    azure.create_cluster()
    azure.advance(601)
    cluster = target(azure)["properties"]["resourceId"]
    azure.send("DELETE", azure.compute_url() + "?underlyingResourceAction=detach")
    azure.advance(31)
    azure.json("GET", RP + azure.compute_url(), status=404)
    azure.json("GET", cluster)
    body = {"location": "eastus", "properties": {"computeType": "AKS", "resourceId": cluster}}
    assert azure.send("PUT", azure.compute_url("attached"), body).status == 201
    azure.advance(301)
    assert target(azure, "attached")["properties"]["isAttachedCompute"] is True
    answer = azure.send("DELETE", azure.compute_url("attached") + "?underlyingResourceAction=delete")
    assert refusal(answer) == (400, "BadRequest")
    azure.send("DELETE", azure.compute_url("attached") + "?underlyingResourceAction=detach")
    assert azure.send("DELETE", cluster).status == 202
    azure.json("GET", cluster, status=404)


@pytest.mark.parametrize(
    ("name", "properties", "code"),
    [
        ("ab", {}, "InvalidComputeName"),
        ("9lives", {}, "InvalidComputeName"),
        ("ends-in-dash-", {}, "InvalidComputeName"),
        ("under_score", {}, "InvalidComputeName"),
        ("x" * 25, {}, "InvalidComputeName"),
        ("local", {}, "InvalidComputeName"),
        ("retired", {"agentVmSize": "Standard_NC6"}, "SkuNotAvailable"),
        ("retired-v100", {"agentVmSize": "Standard_NC6s_v3"}, "SkuNotAvailable"),
        ("restricted", {"agentVmSize": "Standard_NV72ads_A10_v5"}, "SkuNotAvailable"),
        ("unknown", {"agentVmSize": "Standard_NC4as_T5_v9"}, "BadRequest"),
        ("no-quota", {"agentVmSize": "Standard_NC40ads_H100_v5"}, "QuotaExceeded"),
        ("family-quota", {"agentCount": 17}, "QuotaExceeded"),
        ("region-quota", {"agentVmSize": "Standard_NC64as_T4_v3", "agentCount": 2}, "QuotaExceeded"),
        ("production-1", {"agentCount": 1, "clusterPurpose": "FastProd"}, "InvalidClusterSize"),
        (
            "production-2",
            {"agentVmSize": "Standard_NC16as_T4_v3", "agentCount": 2, "clusterPurpose": None},
            "InvalidClusterSize",
        ),
    ],
)
def test_what_azure_refuses_is_refused_and_leaves_nothing(
    azure: Azure, name: str, properties: dict[str, Any], code: str
) -> None:
    answer = azure.create_cluster(name, **properties)
    assert answer.status >= 400
    assert refusal(answer)[1] == code
    assert azure.json("GET", f"{RP}{WORKSPACE_ID}/computes") == {"value": []}
    assert azure.surface.computes_running() == ()


def test_the_sdk_defaults_are_three_production_nodes(azure: Azure) -> None:
    body = {"location": "eastus", "properties": {"computeType": "AKS"}}
    assert azure.send("PUT", azure.compute_url("plain"), body).status == 201
    inner = target(azure, "plain")["properties"]["properties"]
    assert (inner["agentVmSize"], inner["agentCount"], inner["clusterPurpose"]) == ("Standard_D3_v2", 3, "FastProd")


def test_a_size_can_be_rented_until_the_day_it_retires(tmp_path: Any) -> None:
    azure = Azure(tmp_path, ManualClock(1_700_000_000.0))  # November 2023: V100 is two years from its end
    assert refusal(azure.create_cluster("gone", agentVmSize="Standard_NC6"))[1] == "SkuNotAvailable"
    assert refusal(azure.create_cluster("v100", agentVmSize="Standard_NC6s_v3"))[1] == "QuotaExceeded"


def test_a_second_create_is_refused_but_an_update_is_not(azure: Azure) -> None:
    azure.create_cluster()
    assert refusal(azure.create_cluster()) == (409, "Conflict")
    azure.advance(601)
    body = target(azure)
    body["properties"]["properties"]["sslConfiguration"] = {"status": "Enabled", "cname": "x", "key": "PRIVATE"}
    assert azure.send("PUT", azure.compute_url(), body).status == 201
    assert target(azure)["properties"]["properties"]["sslConfiguration"]["status"] == "Enabled"
    assert "PRIVATE" not in (azure.folder / "state.json").read_text(encoding="utf-8")


def test_tags_can_be_merged_replaced_and_deleted(azure: Azure) -> None:
    azure.create_cluster()
    url = azure.compute_url() + "/providers/Microsoft.Resources/tags/default"
    azure.json("PATCH", url, {"operation": "Merge", "properties": {"tags": {"a": "1"}}})
    azure.json("PATCH", url, {"operation": "Merge", "properties": {"tags": {"b": "2"}}})
    assert target(azure)["tags"] == {"a": "1", "b": "2"}
    azure.json("PATCH", url, {"operation": "Delete", "properties": {"tags": {"a": "1"}}})
    assert azure.json("GET", url)["properties"]["tags"] == {"b": "2"}


def test_deleting_what_is_not_there_says_so(azure: Azure) -> None:
    answer = azure.send("DELETE", azure.compute_url("nobody") + "?underlyingResourceAction=delete")
    assert refusal(answer) == (404, "ResourceNotFound")


def test_a_malformed_body_is_a_400(azure: Azure) -> None:
    for data in (b"{", b"[]", b'{"properties": 1}'):
        assert azure.send("PUT", azure.compute_url(), data=data).status == 400


def test_everything_survives_a_restart(azure: Azure) -> None:
    azure.create_cluster()
    azure.advance(300)
    again = azure.restart()
    assert state(again) == "Creating"
    again.advance(301)
    assert state(again) == "Succeeded"


@pytest.mark.parametrize(
    ("scenario", "code"),
    [("capacity-gone", "AllocationFailed"), ("cluster-create-fails", "InternalServerError")],
)
def test_a_failed_creation_leaves_a_cluster_that_bills(
    azure_playing: Callable[[str], Azure], scenario: str, code: str
) -> None:
    azure = azure_playing(scenario)
    created = azure.create_cluster()
    assert poll(azure, created) == {"status": "InProgress"}
    azure.advance(601)
    failed = poll(azure, created)
    assert (failed["status"], failed["error"]["code"], failed["error"]["statusCode"]) == ("Failed", code, 400)
    assert state(azure) == "Failed"
    assert target(azure)["properties"]["provisioningErrors"][0]["error"]["code"] == code
    assert len(azure.surface.computes_running()) == 1
    azure.send("DELETE", azure.compute_url() + "?underlyingResourceAction=delete")
    azure.advance(301)
    assert azure.surface.computes_running() == ()


def test_the_first_deletion_fails_and_the_second_works(azure_playing: Callable[[str], Azure]) -> None:
    azure = azure_playing("delete-fails-once")
    azure.create_cluster()
    azure.advance(601)
    url = azure.compute_url() + "?underlyingResourceAction=delete"
    first = azure.send("DELETE", url)
    azure.advance(301)
    assert poll(azure, first)["status"] == "Failed"
    assert state(azure) == "Succeeded"
    second = azure.send("DELETE", url)
    azure.advance(301)
    assert poll(azure, second)["status"] == "Succeeded"
    azure.json("GET", RP + azure.compute_url(), status=404)


def test_an_ignored_deletion_claims_success_and_leaves_the_cluster(azure_playing: Callable[[str], Azure]) -> None:
    azure = azure_playing("delete-ignored")
    azure.create_cluster()
    azure.advance(601)
    deleted = azure.send("DELETE", azure.compute_url() + "?underlyingResourceAction=delete")
    azure.advance(301)
    assert poll(azure, deleted)["status"] == "Succeeded"
    assert state(azure) == "Succeeded"


def test_a_slow_deletion_is_slow_at_any_speed(azure_playing: Callable[[str], Azure]) -> None:
    azure = azure_playing("delete-is-slow")
    azure.clock.set_speed(float("inf"))
    azure.create_cluster()
    azure.send("DELETE", azure.compute_url() + "?underlyingResourceAction=delete")
    azure.advance(7)
    assert state(azure) == "Deleting"
    azure.advance(2)
    azure.json("GET", RP + azure.compute_url(), status=404)


def test_a_lost_answer_leaves_a_cluster_that_the_second_try_runs_into(azure_playing: Callable[[str], Azure]) -> None:
    azure = azure_playing("answer-lost")
    assert azure.create_cluster().reset
    assert refusal(azure.create_cluster()) == (409, "Conflict")
    assert len(azure.surface.computes_running()) == 1


def test_quota_that_was_taken_meanwhile_is_only_seen_by_trying(azure_playing: Callable[[str], Azure]) -> None:
    azure = azure_playing("quota-taken-meanwhile")
    assert refusal(azure.create_cluster()) == (400, "QuotaExceeded")
    assert azure.surface.computes_running() == ()
