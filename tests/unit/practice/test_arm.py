"""Subscriptions, the workspace, sizes, prices and quotas."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gpu_assistant.practice.azure.addresses import ARM_URL, WORKSPACE_ID
from gpu_assistant.practice.constants import RESOURCE_GROUP, SUBSCRIPTION_ID, WORKSPACE
from tests.fakes.practice_client import T4, Azure

SUBSCRIPTION = f"/subscriptions/{SUBSCRIPTION_ID}"
COMPUTE = f"{SUBSCRIPTION}/providers/Microsoft.Compute"
LEARNING = f"{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices/locations/eastus"


def usages(azure: Azure) -> dict[str, tuple[int, int]]:
    rows = azure.json("GET", f"{COMPUTE}/locations/eastus/usages")["value"]
    return {row["name"]["value"]: (row["currentValue"], row["limit"]) for row in rows}


def test_the_workspace_is_found_in_every_way_the_sdk_looks_for_it(azure: Azure) -> None:
    wanted = "resourceType eq 'Microsoft.MachineLearningServices/workspaces'"
    lists = [
        azure.json("GET", f"{SUBSCRIPTION}/resources?$filter={wanted}&api-version=2025-04-01"),
        azure.json("GET", WORKSPACE_ID.rsplit("/", 1)[0]),
    ]
    assert [row["id"] for listed in lists for row in listed["value"]] == [WORKSPACE_ID] * 2
    assert all("nextLink" not in listed for listed in lists)
    nothing = azure.json("GET", f"{SUBSCRIPTION}/resources?$filter=resourceType eq 'Microsoft.Web/sites'")
    assert nothing == {"value": []}


def test_discovery_leads_every_service_back_to_the_one_host_without_a_token(azure: Azure) -> None:
    url = azure.json("GET", WORKSPACE_ID)["properties"]["discoveryUrl"]
    found = azure.json("GET", url)
    assert set(found) == {"api", "experimentation", "history", "hyperdrive", "modelmanagement", "studio"}
    assert set(found.values()) == {ARM_URL}
    open_routes = {route.pattern for route in azure.router.routes if route.host == "management.azure.com"}
    without_token = {r.pattern for r in azure.router.routes if not r.needs_token and r.pattern in open_routes}
    assert without_token == {"/discovery/{workspace_guid}"}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (WORKSPACE_ID.rpartition("/")[0] + "/other", "ResourceNotFound"),
        (WORKSPACE_ID.replace(RESOURCE_GROUP, "other-rg"), "ResourceGroupNotFound"),
        (WORKSPACE_ID.replace(SUBSCRIPTION_ID, "11111111-1111-1111-1111-111111111111"), "SubscriptionNotFound"),
    ],
)
def test_another_place_is_not_found_in_words(azure: Azure, url: str, code: str) -> None:
    answer = azure.json("GET", url, status=404)
    assert answer["error"]["code"] == code
    assert answer["error"]["details"] == []


def test_names_of_groups_and_workspaces_compare_without_case(azure: Azure) -> None:
    url = WORKSPACE_ID.replace("resourceGroups", "resourcegroups").replace(WORKSPACE, WORKSPACE.upper())
    assert azure.json("GET", url)["name"] == WORKSPACE


def test_sizes_carry_a_price_where_one_is_known_and_none_where_not(azure: Azure) -> None:
    sizes = {row["name"]: row for row in azure.json("GET", f"{LEARNING}/vmSizes")["value"]}
    values = sizes[T4]["estimatedVMPrices"]["values"]
    assert values == [{"retailPrice": 0.526, "osType": "Linux", "vmTier": "Standard"}]
    assert "estimatedVMPrices" not in sizes["Standard_NV6ads_A10_v5"]
    assert {"name", "vCPUs", "gpus", "memoryGB", "maxResourceVolumeMB"} <= sizes[T4].keys()
    assert "Standard_NC6" not in sizes


def test_restricted_sizes_say_so_and_retired_ones_are_not_listed(azure: Azure) -> None:
    skus = {row["name"]: row for row in azure.json("GET", f"{COMPUTE}/skus?$filter=location eq 'eastus'")["value"]}
    assert skus[T4]["restrictions"] == []
    assert skus["Standard_NV72ads_A10_v5"]["restrictions"][0]["reasonCode"] == "NotAvailableForSubscription"
    assert "Standard_NC6s_v3" not in skus
    assert azure.json("GET", f"{COMPUTE}/skus?$filter=location eq 'westus'") == {"value": []}


def test_a_cluster_uses_quota_until_it_is_gone(azure: Azure) -> None:
    assert usages(azure)["Standard NCASv3_T4 Family"] == (0, 64)
    azure.create_cluster(agentCount=2)
    assert usages(azure)["Standard NCASv3_T4 Family"] == (8, 64)
    assert usages(azure)["cores"] == (8, 100)
    azure.advance(601)
    azure.send("DELETE", azure.compute_url() + "?underlyingResourceAction=delete")
    assert usages(azure)["cores"] == (8, 100)
    azure.advance(301)
    assert usages(azure)["cores"] == (0, 100)


def test_every_family_of_a_size_has_a_usage(azure: Azure) -> None:
    families = {row["family"] for row in azure.json("GET", f"{COMPUTE}/skus")["value"]}
    assert families <= usages(azure).keys()


def test_the_learning_quota_is_another_one(azure: Azure) -> None:
    azure.create_cluster()
    rows = azure.json("GET", f"{LEARNING}/usages?expandChildren=False")["value"]
    assert {row["currentValue"] for row in rows} == {0}


def test_a_scenario_changes_what_the_region_sells(azure_playing: Callable[[str], Azure]) -> None:
    azure = azure_playing("size-not-available")
    skus = {row["name"]: row for row in azure.json("GET", f"{COMPUTE}/skus")["value"]}
    assert skus[T4]["restrictions"]
    azure.surface.set_scenario(None)
    skus = {row["name"]: row for row in azure.json("GET", f"{COMPUTE}/skus")["value"]}
    assert not skus[T4]["restrictions"]
