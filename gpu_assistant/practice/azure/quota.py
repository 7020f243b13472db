"""May this cluster be created? Sizes, quota and the rules of AKS, as pure functions over the catalog."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from gpu_assistant.practice.azure.catalog import REGIONAL_CORES, Catalog, VmSize, family_key
from gpu_assistant.practice.azure.records import Failure, ManagedCluster
from gpu_assistant.practice.constants import SUBSCRIPTION_ID

_COMPUTE_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9-]{1,22})[A-Za-z0-9]")
_RESERVED_NAMES = frozenset({"amlcompute", "local", "containerinstance"})
_MINIMUM_PRODUCTION_NODES = 3
_MINIMUM_PRODUCTION_VCPUS = 12


def used_cores(catalog: Catalog, clusters: Iterable[ManagedCluster], family: str) -> int:
    """Cores that the clusters hold in a family (`cores`: in the region)."""
    total = 0
    for cluster in clusters:
        size = catalog.size(cluster.vm_size)
        if size and (family == REGIONAL_CORES or family_key(size.family) == family_key(family)):
            total += size.vcpus * cluster.node_count
    return total


def name_problem(name: str) -> Failure | None:
    """What is wrong with the name of a compute target."""
    if name.casefold() in _RESERVED_NAMES:
        return Failure("InvalidComputeName", f"The compute name '{name}' is reserved.")
    if not _COMPUTE_NAME.fullmatch(name):
        return Failure(
            "InvalidComputeName",
            f"The compute name '{name}' is invalid. It must be 3 to 24 characters long, start with a letter, end "
            "with a letter or a digit, and contain only letters, digits and dashes.",
        )
    return None


def size_problem(catalog: Catalog, vm_size: str, today: date) -> Failure | None:
    """Why this size cannot be rented here today."""
    size = catalog.size(vm_size)
    if size is None:
        available = ",".join(sorted(_rentable(catalog, today)))
        return Failure(
            "BadRequest",
            f"The VM size of {vm_size} is not allowed in your subscription in location '{catalog.region}'. "
            f"The available VM sizes are {available}.",
        )
    if size.restriction or size.is_retired(today):
        return Failure(
            "SkuNotAvailable",
            f"The requested VM size {size.name} is currently not available in location '{catalog.region}' for "
            f"subscription '{SUBSCRIPTION_ID}'. Please try another size or deploy to a different location. "
            "See https://aka.ms/azureskunotavailable for details.",
            status=409,
        )
    return None


def purpose_problem(size: VmSize, node_count: int, purpose: str) -> Failure | None:
    """The rule that a production cluster has at least three nodes and twelve virtual CPUs."""
    if node_count < 1:
        return Failure("InvalidParameter", f"The agent count {node_count} is invalid; it must be at least 1.")
    vcpus = size.vcpus * node_count
    if purpose == "DevTest" or (node_count >= _MINIMUM_PRODUCTION_NODES and vcpus >= _MINIMUM_PRODUCTION_VCPUS):
        return None
    return Failure(
        "InvalidClusterSize",
        f"A cluster with purpose 'FastProd' needs at least {_MINIMUM_PRODUCTION_NODES} nodes and "
        f"{_MINIMUM_PRODUCTION_VCPUS} virtual CPUs in total; {node_count} x {size.name} have {vcpus}. "
        "Use cluster purpose 'DevTest' for a smaller cluster.",
    )


def quota_problem(
    catalog: Catalog, clusters: Iterable[ManagedCluster], size: VmSize, node_count: int
) -> Failure | None:
    """Whether the cores of the new nodes fit into the quota of the region and of the family."""
    held = list(clusters)
    needed = size.vcpus * node_count
    for family, title in ((REGIONAL_CORES, "Total Regional"), (size.family, size.family)):
        used, limit = used_cores(catalog, held, family), catalog.limit(family)
        if used + needed > limit:
            return Failure(
                "QuotaExceeded",
                f"Operation could not be completed as it results in exceeding approved {title} Cores quota. "
                f"Additional details - Deployment Model: Resource Manager, Location: {catalog.region}, "
                f"Current Limit: {limit}, Current Usage: {used}, Additional Required: {needed}, "
                f"(Minimum) New Limit Required: {used + needed}. Setup Alerts when Quota reaches threshold. "
                "Learn more at https://aka.ms/quotamonitoringalerting . Submit a request for Quota increase by "
                "specifying parameters listed in the 'Details' section for deployment to succeed. Please read more "
                "about quota limits at https://docs.microsoft.com/en-us/azure/azure-supportability/per-vm-quota-requests",
            )
    return None


def _rentable(catalog: Catalog, today: date) -> list[str]:
    sizes = catalog.sizes.values()
    return [size.name for size in sizes if not size.restriction and not size.is_retired(today)]
