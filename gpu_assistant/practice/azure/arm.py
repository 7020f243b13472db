"""Azure Resource Manager as far as this product and the SDK ask it: who am I, what is there, what may I rent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timezone
from typing import Any

from gpu_assistant.practice.azure.addresses import (
    ARM_URL,
    COMPUTE_PROVIDER,
    GROUP,
    GROUP_ID,
    LEARNING_LOCATION,
    SUBSCRIPTION,
    WORKSPACE_ID,
    WORKSPACE_PATTERN,
    add_arm,
)
from gpu_assistant.practice.azure.catalog import REGIONAL_CORES, Catalog, VmSize, family_key
from gpu_assistant.practice.azure.clusters import Clusters
from gpu_assistant.practice.azure.quota import used_cores
from gpu_assistant.practice.constants import (
    REGION,
    RESOURCE_GROUP,
    SUBSCRIPTION_ID,
    SUBSCRIPTION_NAME,
    TENANT_DOMAIN,
    TENANT_ID,
    WORKSPACE,
)
from gpu_assistant.practice.front.http import Request, Response, Router

_LEARNING = "/providers/Microsoft.MachineLearningServices"
_SERVICE_NAMES = ("api", "experimentation", "history", "hyperdrive", "modelmanagement", "studio")


class ArmRoutes:
    """Subscriptions, groups, the workspace, discovery, sizes and quotas. `workspace_guid` is the data folder's own."""

    def __init__(
        self, catalog: Callable[[], Catalog], clusters: Clusters, wall_s: Callable[[], float], workspace_guid: str
    ) -> None:
        self._catalog = catalog
        self._clusters = clusters
        self._wall_s = wall_s
        self._workspace_guid = workspace_guid

    def add_to(self, router: Router) -> None:
        """Declare the routes."""
        add_arm(router, "GET", "/tenants", self._tenants)
        add_arm(router, "GET", "/subscriptions", self._subscriptions)
        add_arm(router, "GET", SUBSCRIPTION, self._subscription)
        add_arm(router, "GET", SUBSCRIPTION + "/resources", self._resources)
        add_arm(router, "GET", SUBSCRIPTION + "/resourceGroups", self._groups)
        add_arm(router, "GET", GROUP, self._group)
        add_arm(router, "GET", SUBSCRIPTION + _LEARNING + "/workspaces", self._workspaces)
        add_arm(router, "GET", GROUP + _LEARNING + "/workspaces", self._workspaces)
        add_arm(router, "GET", WORKSPACE_PATTERN, self._workspace)
        # The SDK asks for the discovery document without a token.
        add_arm(router, "GET", "/discovery/{workspace_guid}", self._discovery, needs_token=False)
        add_arm(router, "GET", LEARNING_LOCATION + "/vmSizes", self._vm_sizes)
        add_arm(router, "GET", LEARNING_LOCATION + "/usages", self._learning_usages)
        add_arm(router, "GET", LEARNING_LOCATION + "/quotas", self._learning_quotas)
        add_arm(router, "GET", COMPUTE_PROVIDER + "/locations/{location}/usages", self._compute_usages)
        add_arm(router, "GET", COMPUTE_PROVIDER + "/skus", self._skus)

    def _tenants(self, request: Request) -> Response:
        tenant = {"id": f"/tenants/{TENANT_ID}", "tenantId": TENANT_ID, "displayName": "Practice"}
        return Response.of_json({"value": [{**tenant, "defaultDomain": TENANT_DOMAIN}]})

    def _subscriptions(self, request: Request) -> Response:
        return Response.of_json({"value": [_subscription_body()]})

    def _subscription(self, request: Request) -> Response:
        return Response.of_json(_subscription_body())

    def _resources(self, request: Request) -> Response:
        wanted = request.query.get("$filter", "").casefold()
        names_a_type = "resourcetype eq" in wanted
        is_wanted = not names_a_type or "microsoft.machinelearningservices/workspaces'" in wanted
        return Response.of_json({"value": [self._workspace_body()] if is_wanted else []})

    def _groups(self, request: Request) -> Response:
        return Response.of_json({"value": [_group_body()]})

    def _group(self, request: Request) -> Response:
        return Response.of_json(_group_body())

    def _workspaces(self, request: Request) -> Response:
        return Response.of_json({"value": [self._workspace_body()]})

    def _workspace(self, request: Request) -> Response:
        return Response.of_json(self._workspace_body())

    def _discovery(self, request: Request) -> Response:
        return Response.of_json(dict.fromkeys(_SERVICE_NAMES, ARM_URL))

    def _vm_sizes(self, request: Request) -> Response:
        today = self._today()
        items = [_vm_size_body(size) for size in self._catalog().sizes.values() if not size.is_retired(today)]
        # `amlCompute` is what the api-version of the SDK has, `value` is what later ones have.
        return Response.of_json({"amlCompute": items, "value": items})

    def _learning_usages(self, request: Request) -> Response:
        # Azure ML quota is another quota than the one an AKS cluster draws on; nothing in practice uses it.
        items = [
            {
                "id": f"{_location_id()}/virtualMachineFamilies/{family}/usages",
                "type": "Microsoft.MachineLearningServices/vmFamily/dedicatedCores/usages",
                "amlWorkspaceLocation": REGION,
                "unit": "Count",
                "currentValue": 0,
                "limit": self._catalog().limit(family),
                "name": {"value": family, "localizedValue": f"{family} Cluster Dedicated vCPUs"},
            }
            for family in self._catalog().families()
        ]
        return Response.of_json({"value": items})

    def _learning_quotas(self, request: Request) -> Response:
        items = [
            {
                "id": f"{_location_id()}/virtualMachineFamilies/{family}/quotas",
                "type": "Microsoft.MachineLearningServices/vmFamily/dedicatedCores/quotas",
                "unit": "Count",
                "limit": self._catalog().limit(family),
                "name": {"value": family, "localizedValue": family},
            }
            for family in self._catalog().families()
        ]
        return Response.of_json({"value": items})

    def _compute_usages(self, request: Request) -> Response:
        catalog, clusters = self._catalog(), self._clusters.clusters()
        families = {family_key(name): name for name in [REGIONAL_CORES, *catalog.families()]}
        items = [
            {
                "unit": "Count",
                "currentValue": used_cores(catalog, clusters, family),
                "limit": catalog.limit(family),
                "name": {
                    "value": family,
                    "localizedValue": "Total Regional vCPUs" if family == REGIONAL_CORES else f"{family} vCPUs",
                },
            }
            for family in families.values()
        ]
        return Response.of_json({"value": items})

    def _skus(self, request: Request) -> Response:
        wanted = request.query.get("$filter", "").casefold()
        if "location eq" in wanted and f"'{REGION}'" not in wanted:
            return Response.of_json({"value": []})
        today = self._today()
        sizes = (size for size in self._catalog().sizes.values() if not size.is_retired(today))
        return Response.of_json({"value": [_sku_body(size) for size in sizes]})

    def _workspace_body(self) -> dict[str, Any]:
        storage = f"{GROUP_ID}/providers/Microsoft.Storage/storageAccounts/practicestore"
        return {
            "id": WORKSPACE_ID,
            "name": WORKSPACE,
            "type": "Microsoft.MachineLearningServices/workspaces",
            "location": REGION,
            "tags": {},
            "sku": {"name": "Basic", "tier": "Basic"},
            "properties": {
                "workspaceId": self._workspace_guid,
                "provisioningState": "Succeeded",
                "friendlyName": "Practice workspace",
                "description": "Nothing here is in Azure, and nothing is billed.",
                "discoveryUrl": f"{ARM_URL}/discovery/{self._workspace_guid}",
                "storageAccount": storage,
                "v1LegacyMode": False,
            },
        }

    def _today(self) -> date:
        return datetime.fromtimestamp(self._wall_s(), timezone.utc).date()


def _subscription_body() -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{SUBSCRIPTION_ID}",
        "subscriptionId": SUBSCRIPTION_ID,
        "displayName": SUBSCRIPTION_NAME,
        "state": "Enabled",
        "tenantId": TENANT_ID,
    }


def _group_body() -> dict[str, Any]:
    return {
        "id": GROUP_ID,
        "name": RESOURCE_GROUP,
        "type": "Microsoft.Resources/resourceGroups",
        "location": REGION,
        "properties": {"provisioningState": "Succeeded"},
    }


def _location_id() -> str:
    return f"/subscriptions/{SUBSCRIPTION_ID}{_LEARNING}/locations/{REGION}"


def _vm_size_body(size: VmSize) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": size.name,
        "family": size.family,
        "vCPUs": size.vcpus,
        # An integer in this API: how the real one reports a slice of a card is not documented.
        "gpus": size.node_gpus,
        "memoryGB": size.memory_gb,
        "osVhdSizeMB": 1047552,
        "maxResourceVolumeMB": 65536,
        "lowPriorityCapable": True,
        "premiumIO": True,
        "supportedComputeTypes": ["AmlCompute", "ComputeInstance"],
    }
    if size.price_usd_per_hour is not None:
        price = {"retailPrice": size.price_usd_per_hour, "osType": "Linux", "vmTier": "Standard"}
        body["estimatedVMPrices"] = {"billingCurrency": "USD", "unitOfMeasure": "OneHour", "values": [price]}
    return body


def _sku_body(size: VmSize) -> dict[str, Any]:
    capabilities = {"vCPUs": size.vcpus, "MemoryGB": size.memory_gb}
    if size.node_gpus:
        capabilities["GPUs"] = size.node_gpus
    restriction = {
        "type": "Location",
        "values": [REGION],
        "restrictionInfo": {"locations": [REGION]},
        "reasonCode": size.restriction,
    }
    return {
        "resourceType": "virtualMachines",
        "name": size.name,
        "tier": "Standard",
        "size": size.name.removeprefix("Standard_"),
        "family": size.family,
        "locations": [REGION],
        "locationInfo": [{"location": REGION, "zones": ["1", "2", "3"], "zoneDetails": []}],
        "capabilities": [{"name": name, "value": f"{value:g}"} for name, value in capabilities.items()],
        "restrictions": [restriction] if size.restriction else [],
    }
