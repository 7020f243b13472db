"""VM sizes, what stands in their way, and the AKS compute targets made of them."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from gpu_assistant.domain.billing import HourlyPrice
from gpu_assistant.domain.text import Text

_COMPUTE_NAME = re.compile(r"[a-zA-Z](?:[a-zA-Z0-9-]{1,22})[a-zA-Z0-9]")
_RESERVED_NAMES = frozenset({"amlcompute", "local", "containerinstance"})


class Availability(enum.Enum):
    """Whether a VM size can be chosen here, and if not, why."""

    AVAILABLE = Text("available")
    NO_QUOTA = Text("no quota")
    NOT_OFFERED = Text("not offered in this region")
    RETIRED = Text("retired")
    NOT_SUPPORTED = Text("not usable for GPU inference on AKS")
    UNKNOWN = Text("unknown")


@dataclass(frozen=True, slots=True)
class VmSize:
    """One N-series size as the dated catalogue describes it (`resources/vm_sizes.toml`).

    `gpus` is a fraction for sizes that share a card (A10); `compute_capability` is empty for AMD.
    """

    name: str
    series: str
    family: str
    gpu_vendor: str
    gpu_model: str
    gpus: float
    gpu_memory_gb: float
    vcpus: int
    memory_gb: float | None
    compute_capability: str = ""
    runs_tensorflow: bool | None = None
    runs_on_aks: bool | None = None
    retired_on: date | None = None
    replacement: str = ""
    list_price: HourlyPrice | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Quota:
    """How many vCPUs of a family a subscription may use in a region (`Microsoft.Compute` usages)."""

    family: str
    limit_vcpus: int
    used_vcpus: int

    @property
    def free_vcpus(self) -> int:
        """What is left, never below zero."""
        return max(self.limit_vcpus - self.used_vcpus, 0)


@dataclass(frozen=True, slots=True)
class VmSizeOffer:
    """One VM size in one region, with what stands in its way. `price` None is shown as "price unknown"."""

    vm_size: VmSize
    region: str
    availability: Availability
    quota: Quota | None = None
    regional_quota: Quota | None = None
    price: HourlyPrice | None = None
    reason: str = ""


class ComputeState(enum.Enum):
    """A compute target's life, in our words; Azure's spellings stop at the adapter."""

    CREATING = Text("creating")
    READY = Text("ready")
    FAILED = Text("failed")
    DELETING = Text("deleting")
    UNKNOWN = Text("unknown")


MIN_NODES_FOR_PRODUCTION = 3
"""Below this AKS in Azure ML wants the DevTest purpose (documented: 1 node for DevTest, 3 for FastProd)."""


@dataclass(frozen=True, slots=True)
class ComputeSpec:
    """A cluster to be created. `leaf_domain_label` empty means plain HTTP, which practice uses on loopback."""

    name: str
    vm_size: str
    node_count: int = 1
    region: str = ""
    leaf_domain_label: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_dev_test(self) -> bool:
        """Whether the cluster is too small for the production purpose."""
        return self.node_count < MIN_NODES_FOR_PRODUCTION


@dataclass(frozen=True, slots=True)
class ComputeTarget:
    """A cluster as Azure reports it now. `attached` ones were not made here and can only be detached."""

    name: str
    azure_id: str
    vm_size: str
    node_count: int
    state: ComputeState
    region: str = ""
    attached: bool = False
    error: str = ""
    underlying_id: str = ""
    created: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


def is_valid_compute_name(name: str) -> bool:
    """3–24 letters, digits and dashes, starting with a letter, not ending with a dash, none of Azure's own."""
    return bool(_COMPUTE_NAME.fullmatch(name)) and name.lower() not in _RESERVED_NAMES
