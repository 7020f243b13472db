"""What the practice region sells: VM sizes, their prices, and the quota of the practice subscription.

Read from `resources/vm_sizes.toml` and `resources/practice/subscription.toml`; this module adds no facts.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

REGIONAL_CORES = "cores"
"""The name that Microsoft.Compute usages give to the total of a region."""


@dataclass(frozen=True, slots=True)
class VmSize:
    """A VM size as the practice region sells it."""

    name: str
    series: str
    family: str
    vcpus: int
    memory_gb: float
    gpus: float = 0.0
    gpu_vendor: str = ""
    retired_on: date | None = None
    replacement: str | None = None
    price_usd_per_hour: float | None = None
    restriction: str | None = None
    """The reason code of Microsoft.Compute why this subscription cannot have it here, else None."""

    @property
    def node_gpus(self) -> int:
        """What Kubernetes counts as `nvidia.com/gpu` on one node; a slice of a card counts as one."""
        return 0 if self.gpu_vendor != "NVIDIA" or self.gpus <= 0 else max(1, int(self.gpus))

    def is_retired(self, today: date) -> bool:
        """Whether Azure has stopped renting it."""
        return self.retired_on is not None and self.retired_on <= today


@dataclass(frozen=True, slots=True)
class Catalog:
    """The sizes and limits of one region. Limits are in cores; family names compare as Azure's do."""

    region: str
    sizes: Mapping[str, VmSize]
    family_limits: Mapping[str, int]
    default_family_limit: int
    regional_limit: int

    def size(self, name: str) -> VmSize | None:
        """A size by its name, in any case."""
        return self.sizes.get(name.casefold())

    def limit(self, family: str) -> int:
        """Cores allowed in a family (or in the region, for `cores`)."""
        if family == REGIONAL_CORES:
            return self.regional_limit
        return self.family_limits.get(family_key(family), self.default_family_limit)

    def families(self) -> list[str]:
        """Every family that the region has a size of, in the catalog's order."""
        return list(dict.fromkeys(size.family for size in self.sizes.values()))

    def with_limits(self, limits: Mapping[str, int], restrictions: Mapping[str, str]) -> Catalog:
        """The same region with other limits (`cores` for the region) and more restrictions, by size name."""
        families = {family_key(name): cores for name, cores in limits.items() if name != REGIONAL_CORES}
        sizes = dict(self.sizes)
        for name, reason in restrictions.items():
            key = name.casefold()
            sizes[key] = replace(sizes[key], restriction=reason)
        return replace(
            self,
            sizes=sizes,
            family_limits={**self.family_limits, **families},
            regional_limit=limits.get(REGIONAL_CORES, self.regional_limit),
        )


def family_key(family: str) -> str:
    """Family names differ between Azure's APIs in case and spaces only."""
    return family.replace(" ", "").casefold()


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a dict."""
    with path.open("rb") as file:
        return tomllib.load(file)


def load_catalog(resources: Path) -> Catalog:
    """The catalog from the shipped data folder."""
    gpu_table = read_toml(resources / "vm_sizes.toml")["vm_size"]
    subscription = read_toml(resources / "practice" / "subscription.toml")
    restrictions = {row["name"].casefold(): row["reason"] for row in subscription["restriction"]}
    rows = [row for row in gpu_table if row["status"] != "preview"] + subscription["cpu_size"]
    sizes = {row["name"].casefold(): _size(row, restrictions) for row in rows}
    return Catalog(
        region=subscription["region"],
        sizes=sizes,
        family_limits={family_key(name): cores for name, cores in subscription["family_cores"].items()},
        default_family_limit=subscription["default_family_cores"],
        regional_limit=subscription["regional_cores"],
    )


def _size(row: Mapping[str, Any], restrictions: Mapping[str, str]) -> VmSize:
    return VmSize(
        name=row["name"],
        series=row["series"],
        # A size whose family no page names: the API would name it, so the practice region makes one up.
        family=row.get("family") or f"standard{row['series'].replace('_', '')}Family",
        vcpus=row["vcpus"],
        memory_gb=row.get("memory_gb", 0.0),
        gpus=row.get("gpus", 0.0),
        gpu_vendor=row.get("gpu_vendor", ""),
        retired_on=row.get("retired_on"),
        replacement=row.get("replacement"),
        price_usd_per_hour=row.get("price_usd_per_hour"),
        restriction=restrictions.get(row["name"].casefold()),
    )
