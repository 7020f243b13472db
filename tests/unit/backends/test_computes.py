"""What is sent to Azure for a cluster, and what is refused without sending anything."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from gpu_assistant.backends.sdk_v1.computes import Computes
from gpu_assistant.domain.billing import CREATED_BY, CREATED_BY_TAG, LEDGER_ID_TAG, ResourceHandle, ResourceKind
from gpu_assistant.domain.compute import ComputeSpec
from gpu_assistant.domain.errors import ComputeError
from gpu_assistant.domain.workspace import WorkspaceRef

TAGS = {CREATED_BY_TAG: CREATED_BY, LEDGER_ID_TAG: "row-1"}
UNDERLYING = "/subscriptions/s/resourcegroups/rg/providers/Microsoft.ContainerService/managedClusters/gpu-aks1"


class Wire:
    """Keeps one compute, notes what is sent. `drops_tags` is a resource provider that does not keep them."""

    def __init__(self, body: Any = None, *, drops_tags: bool = False) -> None:
        self.body = body
        self.clusters: set[str] = set()
        self.sent: list[tuple[str, str, Any]] = []
        self._drops_tags = drops_tags

    def get(self, url: str, **_: object) -> Any:
        if "managedClusters" in url:
            return {"id": url} if url.partition(".com")[2] in self.clusters else None
        return self.body

    def list(self, url: str, **_: object) -> list[Any]:
        return [self.body] if self.body else []

    def change(self, method: str, url: str, *, about: object, params: Mapping[str, str], body: Any = None) -> None:
        self.sent.append((method, url, params if method == "DELETE" else body))
        if method == "PUT":
            self.body = {**body, "name": "gpu-aks", "tags": None if self._drops_tags else body["tags"]}


def computes(wire: Wire) -> Computes:
    ref = WorkspaceRef("s", "rg", "ws", "eastus", "tenant")
    session: Any = SimpleNamespace(
        rest=wire,
        ref=ref,
        workspace=SimpleNamespace(location="eastus", subscription_id="s"),
        errors=lambda about: nullcontext(),
        compute_parameters={"api-version": "2020-02-02"},
        compute_id=lambda name: f"{ref.azure_id}/computes/{name}",
        compute_url=lambda name: f"https://management.azure.com{ref.azure_id}/computes/{name}",
        computes_url=lambda name="": f"https://api/rp/workspaces{ref.azure_id}/computes/{name}",
    )
    return Computes(session)


def sent_for(spec: ComputeSpec) -> Any:
    wire = Wire()
    computes(wire).start(spec)
    [(method, _url, body)] = wire.sent
    assert method == "PUT"
    return body


def test_a_small_cluster_is_for_dev_test_and_carries_its_tags() -> None:
    body = sent_for(ComputeSpec("gpu-aks", "Standard_NC4as_T4_v3", 1, tags=TAGS))
    assert body["tags"] == TAGS
    inner = body["properties"]["properties"]
    assert inner == {"agentCount": 1, "agentVmSize": "Standard_NC4as_T4_v3", "clusterPurpose": "DevTest"}


def test_three_nodes_are_for_production_and_the_region_is_kept() -> None:
    body = sent_for(ComputeSpec("gpu-aks", "Standard_NC4as_T4_v3", 3, region="westus2", tags=TAGS))
    assert "clusterPurpose" not in body["properties"]["properties"]
    assert body["properties"]["computeLocation"] == "westus2"


def test_a_leaf_domain_label_means_tls() -> None:
    body = sent_for(ComputeSpec("gpu-aks", "Standard_NC4as_T4_v3", 1, leaf_domain_label="gpua", tags=TAGS))
    assert body["properties"]["properties"]["sslConfiguration"] == {
        "status": "Auto",
        "leafDomainLabel": "gpua",
        "overwriteExistingDomain": True,
    }


def test_tags_that_were_dropped_are_set_through_the_tags_api() -> None:
    wire = Wire(drops_tags=True)
    computes(wire).start(ComputeSpec("gpu-aks", "Standard_NC4as_T4_v3", 1, tags=TAGS))
    method, url, body = wire.sent[-1]
    assert (method, url.rpartition("/computes/")[2]) == ("PATCH", "gpu-aks/providers/Microsoft.Resources/tags/default")
    assert body == {"operation": "Merge", "properties": {"tags": TAGS}}


def test_an_attached_cluster_is_never_deleted() -> None:
    wire = Wire({"name": "theirs", "properties": {"isAttachedCompute": True, "computeType": "AKS"}})
    with pytest.raises(ComputeError, match="detached, not deleted"):
        computes(wire).start_delete("theirs")
    assert wire.sent == []
    computes(wire).start_detach("theirs")
    assert wire.sent[0][2]["underlyingResourceAction"] == "detach"


def test_a_cluster_exists_as_long_as_the_machines_behind_it_do() -> None:
    wire = Wire()
    handle = ResourceHandle(ResourceKind.COMPUTE_TARGET, "gpu-aks", UNDERLYING)
    assert computes(wire).exists(handle) is False
    wire.clusters.add(UNDERLYING)
    assert computes(wire).exists(handle) is True
