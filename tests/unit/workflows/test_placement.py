"""Where replicas find room, and where that is not known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gpu_assistant.domain.compute import Availability, ComputeState, ComputeTarget, VmSizeOffer
from gpu_assistant.domain.service import Autoscale, ServiceState, WebService
from gpu_assistant.workflows.placement import Cluster, cluster_problems, doubt, find_cluster
from gpu_assistant.workflows.plan import DeployRequest, problems
from tests.fakes.scripted_backend import T4, ScriptedBackend

FOUR = replace(T4, name="Standard_NC64as_T4_v3", gpus=4, vcpus=64, memory_gb=440)
SHARE = replace(T4, name="Standard_NV6ads_A10_v5", gpus=1 / 6)
AMD = replace(T4, name="Standard_NV4as_v4", gpu_vendor="AMD")
OFFERS = [VmSizeOffer(size, "eastus", Availability.AVAILABLE) for size in (T4, FOUR, SHARE, AMD)]
TARGET = ComputeTarget("theirs", "/computes/theirs", T4.name, 2, ComputeState.READY)
REQUEST = DeployRequest(model="resnet", vm_size="", existing_compute="theirs").named()


def holder(name: str, state: ServiceState, gpus: int = 1, on: str = "theirs") -> WebService:
    """Another web service."""
    return WebService(name, f"/services/{name}", state, on, gpus=gpus)


def cluster(target: ComputeTarget = TARGET, *services: WebService, ours: bool = True) -> Cluster:
    return find_cluster(target, ours=ours, offers=OFFERS, services=services, besides="resnet")


def refusal(request: DeployRequest, there: Cluster) -> str:
    """The reason of the only problem; "" without one."""
    found = [str(problem.facts["reason"]) for problem in problems(request, None, there)]
    assert len(found) <= 1
    return found[0] if found else ""


@pytest.mark.parametrize(
    ("target", "gpus"),
    [
        pytest.param(TARGET, 2, id="one on each node"),
        pytest.param(replace(TARGET, vm_size="standard_nc64AS_t4_v3"), 8, id="whatever the case of its name"),
        pytest.param(replace(TARGET, vm_size=SHARE.name), 2, id="a share of a card is one GPU to Kubernetes"),
        pytest.param(replace(TARGET, vm_size=AMD.name), 0, id="a GPU without CUDA"),
        pytest.param(replace(TARGET, vm_size="Standard_D3_v2"), 0, id="a size of a family without GPUs"),
        pytest.param(replace(TARGET, vm_size="Standard_ND512_GB900_v9"), None, id="newer than the catalogue"),
        pytest.param(replace(TARGET, vm_size=""), None, id="size not told"),
        pytest.param(replace(TARGET, node_count=0), None, id="nodes not told"),
    ],
)
def test_the_gpus_of_a_cluster(target: ComputeTarget, gpus: int | None) -> None:
    assert cluster(target).gpus == gpus


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, ""),
        ({"replicas": 2}, ""),
        ({"replicas": 3}, "3 replicas want 3 GPUs and the cluster has 2"),
        ({"autoscale": Autoscale(3)}, "3 replicas want 3 GPUs and the cluster has 2"),
        ({"gpus_per_replica": 2}, "a replica wants 2 GPUs and a node has 1"),
        ({"memory_gb": 29.0}, "and a node has 4 and 28"),
    ],
)
def test_what_does_not_fit(change: dict[str, object], says: str) -> None:
    request = replace(REQUEST, **change)  # type: ignore[arg-type]
    assert says in refusal(request, cluster())
    assert bool(says) is bool(refusal(request, cluster()))


def test_a_new_cluster_is_held_to_the_same() -> None:
    offer = replace(ScriptedBackend().offers[0], vm_size=FOUR, quota=None, regional_quota=None)
    request = DeployRequest(model="resnet", vm_size=FOUR.name, node_count=2, gpus_per_replica=5).named()
    assert [problem.facts["reason"] for problem in problems(request, offer)] == [
        "a replica wants 5 GPUs and a node has 4"
    ]


@pytest.mark.parametrize(
    ("services", "held"),
    [
        pytest.param([holder("a", ServiceState.HEALTHY)], {"a": 1}, id="it serves"),
        pytest.param([holder("a", ServiceState.UNHEALTHY, 2)], {"a": 2}, id="its container ends again and again"),
        pytest.param([holder("a", ServiceState.TRANSITIONING)], {"a": 1}, id="it starts"),
        pytest.param([holder("a", ServiceState.HEALTHY, on="THEIRS")], {"a": 1}, id="Azure's names have no case"),
        pytest.param([holder("a", ServiceState.HEALTHY, on="other")], {}, id="on another cluster"),
        pytest.param([holder("a", ServiceState.HEALTHY, 0)], {}, id="without a GPU"),
        pytest.param([holder("a", ServiceState.DELETING)], {}, id="it goes"),
        pytest.param([holder("a", ServiceState.FAILED)], {}, id="failed: nobody knows"),
        pytest.param([holder("resnet", ServiceState.HEALTHY)], {}, id="itself"),
    ],
)
def test_what_other_web_services_hold(services: list[WebService], held: dict[str, int]) -> None:
    assert cluster(TARGET, *services).held == held


def test_what_is_held_is_named_in_the_refusal() -> None:
    full = cluster(TARGET, holder("a", ServiceState.HEALTHY), holder("b", ServiceState.HEALTHY))
    assert "GPUs wanted: 1, free on the cluster: 0 of 2 (held by a, b)" in refusal(REQUEST, full)
    overfull = cluster(TARGET, holder("a", ServiceState.HEALTHY, 9))
    assert "free on the cluster: 0 of 2" in refusal(REQUEST, overfull)


@pytest.mark.parametrize(
    ("there", "says"),
    [
        pytest.param(cluster(), "", id="all is known and free"),
        pytest.param(cluster(replace(TARGET, attached=True)), "", id="attached, and it fits by the list"),
        pytest.param(cluster(replace(TARGET, vm_size="")), "How many GPUs theirs has is not known", id="size not told"),
        pytest.param(
            cluster(replace(TARGET, attached=True, vm_size="Standard_D3_v2")),
            "By that list, the nodes of theirs are Standard_D3_v2, which have no GPU",
            id="attached, of nodes without a GPU by the list",
        ),
        pytest.param(
            cluster(replace(TARGET, attached=True), holder("a", ServiceState.HEALTHY, 2)),
            "By that list, GPUs wanted: 1, free on the cluster: 0 of 2 (held by a)",
            id="attached, and full by the list",
        ),
        pytest.param(
            cluster(TARGET, holder("a", ServiceState.HEALTHY, 2), ours=False),
            "theirs may have more nodes than Azure ML lists. By that list, GPUs wanted: 1",
            id="somebody else's, and full by the list",
        ),
        pytest.param(
            cluster(TARGET, holder("a", ServiceState.FAILED, 2)),
            "No GPU may be free on theirs: a failed there",
            id="what failed may keep its GPUs",
        ),
        pytest.param(cluster(TARGET, holder("a", ServiceState.FAILED)), "", id="enough beside what failed"),
    ],
)
def test_what_is_not_certain_is_a_doubt_and_no_refusal(there: Cluster, says: str) -> None:
    assert list(cluster_problems(REQUEST, there)) == []
    told = doubt(REQUEST, there)
    assert says in (told or "")
    assert bool(says) is (told is not None)
