"""Whether the replicas of a web service find room on the nodes of a cluster. Pure.

Kubernetes gives whole GPUs of one node to a pod, and Azure ML adds no node: a pod that finds no room is waited for
five minutes, then the deployment fails. So what is known to have no room is refused before anything is deployed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gpu_assistant.domain.compute import ComputeTarget, VmSize, VmSizeOffer
from gpu_assistant.domain.errors import NotSchedulable
from gpu_assistant.domain.service import ServiceState, WebService
from gpu_assistant.domain.text import Text

if TYPE_CHECKING:
    from gpu_assistant.workflows.plan import DeployRequest

_SHORT_NAME = "standard_"
_GPU_FAMILY = "n"
"""Azure's sizes are named after their families, and every one with a GPU belongs to N (documented)."""
_HOLDS_GPUS = (ServiceState.HEALTHY, ServiceState.UNHEALTHY, ServiceState.TRANSITIONING)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that exists, as far as Azure ML tells.

    `gpus_per_node` is None where the VM size is not told or not catalogued, `node_count` 0 where it is not told.
    `held` are the GPUs of the other web services there, by name, counted with their fewest replicas; `may_hold` those
    of services that failed: a container that crashed keeps its GPU, one whose image was never built has none.
    """

    name: str
    vm_size: str
    size: VmSize | None
    gpus_per_node: int | None
    node_count: int
    ours: bool
    """Made by this program, which changes no number of nodes afterwards."""
    attached: bool = False
    held: Mapping[str, int] = field(default_factory=dict)
    may_hold: Mapping[str, int] = field(default_factory=dict)

    @property
    def gpus(self) -> int | None:
        """All of them; None when that is not known."""
        return None if self.gpus_per_node is None or self.node_count < 1 else self.gpus_per_node * self.node_count


def find_cluster(
    target: ComputeTarget, *, ours: bool, offers: Sequence[VmSizeOffer], services: Sequence[WebService], besides: str
) -> Cluster:
    """What is known about an existing cluster. `besides` is the web service to be placed, whose own share is free."""
    sizes = {offer.vm_size.name.lower(): offer.vm_size for offer in offers}
    size = sizes.get(target.vm_size.lower())
    there = [
        one
        for one in services
        if one.gpus and one.name != besides and one.compute_target.lower() == target.name.lower()
    ]
    return Cluster(
        name=target.name,
        vm_size=target.vm_size,
        size=size,
        gpus_per_node=_cuda_gpus(target.vm_size, size),
        node_count=target.node_count,
        ours=ours,
        attached=target.attached,
        held={one.name: one.gpus for one in there if one.state in _HOLDS_GPUS},
        may_hold={one.name: one.gpus for one in there if one.state is ServiceState.FAILED},
    )


def node_gpus(size: VmSize) -> int:
    """GPUs that pods can ask for on one node: one with a share of a card still counts as one."""
    return max(int(size.gpus), 1)


def gpus_wanted(request: DeployRequest) -> int:
    """By all replicas. One that the router adds needs a GPU that is there already: nodes are never added."""
    return _most_replicas(request) * request.gpus_per_replica


def new_cluster_problems(request: DeployRequest, size: VmSize) -> Iterator[NotSchedulable]:
    """Why the replicas would not fit the cluster that the request has made for them."""
    gpus = node_gpus(size)
    too_few = _room_problems(request, gpus, request.node_count, {})
    yield from too_few or _node_problems(request, gpus, size)


def cluster_problems(request: DeployRequest, cluster: Cluster) -> Iterator[NotSchedulable]:
    """Why the replicas cannot be placed on an existing cluster; nothing where that is not certain.

    An attached cluster may have pools of other nodes than the ones that Azure ML lists, and one that somebody else
    made may have been scaled without Azure ML: there what is listed is only a doubt.
    """
    if cluster.attached:
        return
    too_few = _listed_room_problems(request, cluster) if cluster.ours else []
    yield from too_few or _listed_node_problems(request, cluster)


def doubt(request: DeployRequest, cluster: Cluster) -> Text | None:
    """Why the replicas may find no room on an existing cluster although nothing is certain; None without a doubt."""
    if cluster.gpus is None:
        return Text(
            "How many GPUs {cluster} has is not known here, so whether the replicas fit was not checked",
            cluster=cluster.name,
        )
    problems = _listed_room_problems(request, cluster) or _listed_node_problems(request, cluster)
    if problems:
        return Text(
            "{cluster} may have more nodes than Azure ML lists. By that list, {reason}",
            cluster=cluster.name,
            reason=problems[0].facts["reason"],
        )
    if gpus_wanted(request) > cluster.gpus - sum(cluster.held.values()) - sum(cluster.may_hold.values()):
        return Text(
            "No GPU may be free on {cluster}: {holders} failed there, and what failed can keep its GPUs until deleted",
            cluster=cluster.name,
            holders=", ".join(cluster.may_hold),
        )
    return None


def _listed_room_problems(request: DeployRequest, cluster: Cluster) -> list[NotSchedulable]:
    if not cluster.gpus:
        return []
    return _room_problems(request, cluster.gpus_per_node or 0, cluster.node_count, cluster.held)


def _listed_node_problems(request: DeployRequest, cluster: Cluster) -> list[NotSchedulable]:
    if cluster.gpus_per_node != 0:
        return _node_problems(request, cluster.gpus_per_node, cluster.size)
    reason = Text(
        "the nodes of {cluster} are {vm_size}, which have no GPU that TensorFlow can use",
        cluster=cluster.name,
        vm_size=cluster.vm_size,
    )
    return [NotSchedulable(name=request.service_name, reason=reason)]


def _room_problems(
    request: DeployRequest, gpus_per_node: int, node_count: int, held: Mapping[str, int]
) -> list[NotSchedulable]:
    """Too few GPUs on all nodes together."""
    wanted, gpus = gpus_wanted(request), gpus_per_node * node_count
    free = gpus - sum(held.values())
    if wanted > gpus:
        reason = Text(
            "{replicas} replicas want {wanted} GPUs and the cluster has {gpus}. Pods cannot share a GPU",
            replicas=_most_replicas(request),
            wanted=wanted,
            gpus=gpus,
        )
    elif wanted > free:
        reason = Text(
            "GPUs wanted: {wanted}, free on the cluster: {free} of {gpus} (held by {holders}). Pods cannot share a GPU",
            wanted=wanted,
            free=max(free, 0),
            gpus=gpus,
            holders=", ".join(held),
        )
    else:
        return []
    return [NotSchedulable(name=request.service_name, reason=reason)]


def _node_problems(request: DeployRequest, gpus: int | None, size: VmSize | None) -> list[NotSchedulable]:
    """More than one node has, however many there are; nothing for what is not known."""
    reasons = []
    if gpus is not None and request.gpus_per_replica > gpus:
        reasons.append(
            Text("a replica wants {wanted} GPUs and a node has {gpus}", wanted=request.gpus_per_replica, gpus=gpus)
        )
    if size is not None and (
        (size.memory_gb is not None and request.memory_gb > size.memory_gb) or request.cpu_cores > size.vcpus
    ):
        reasons.append(
            Text(
                "a replica wants {cores:g} cores and {memory_gb:g} GB, and a node has {node_cores} and {node_gb:g}",
                cores=request.cpu_cores,
                memory_gb=request.memory_gb,
                node_cores=size.vcpus,
                node_gb=size.memory_gb or 0,
            )
        )
    return [NotSchedulable(name=request.service_name, reason=reason) for reason in reasons]


def _most_replicas(request: DeployRequest) -> int:
    return max(request.replicas, request.autoscale.max_replicas if request.autoscale is not None else 0)


def _cuda_gpus(vm_size: str, size: VmSize | None) -> int | None:
    """Per node: those that the device plugin offers as `nvidia.com/gpu`."""
    if size is not None:
        return node_gpus(size) if size.gpu_vendor.upper() == "NVIDIA" else 0
    short = vm_size.lower().removeprefix(_SHORT_NAME)
    return None if not short or short.startswith(_GPU_FAMILY) else 0
