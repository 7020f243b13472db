"""Where a web service runs, and what that costs: from what is known already. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from gpu_assistant.domain.billing import BillableResource, ResourceKind
from gpu_assistant.domain.compute import VmSizeOffer
from gpu_assistant.workflows.load.advice import LoadPlace


def find_place(
    rows: Sequence[BillableResource], compute_target: str, *, offers: Sequence[VmSizeOffer] = (), practice: bool = False
) -> LoadPlace:
    """The place of a service on `compute_target`; with "" (not known), on the only cluster of `rows`, if it is one."""
    clusters = [row for row in rows if row.kind is ResourceKind.COMPUTE_TARGET]
    named = [row for row in clusters if row.name == compute_target]
    if not compute_target and len(clusters) == 1:
        named = clusters
    if not named:
        return LoadPlace(practice=practice)
    cluster = named[0]
    size = next((one.vm_size for one in offers if one.vm_size.name.lower() == cluster.vm_size.lower()), None)
    return LoadPlace(
        price_per_hour=cluster.price_per_hour,
        vm_size=cluster.vm_size,
        node_count=cluster.node_count,
        gpus=max(int(size.gpus), 1) * cluster.node_count if size is not None else 0,
        practice=practice,
    )
