"""The dated catalogue of N-series VM sizes: what no API of Azure tells (GPU fractions, CUDA, retirement)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from gpu_assistant.domain.billing import HourlyPrice
from gpu_assistant.domain.compute import VmSize

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True, slots=True)
class CataloguedSize:
    """A size and the region its list price was seen in."""

    vm_size: VmSize
    price_region: str = ""


@dataclass(frozen=True, slots=True)
class VmCatalogue:
    """Every size known on `as_of`."""

    as_of: date
    sizes: tuple[CataloguedSize, ...]


def load_vm_catalogue(path: Path) -> VmCatalogue:
    """Read `vm_sizes.toml`. It is shipped with the program, so a mistake in it raises KeyError or ValueError."""
    with open(path, "rb") as file:
        found = tomllib.load(file)
    source = str(found.get("price_source", ""))
    return VmCatalogue(found["as_of"], tuple(_size(entry, source) for entry in found["vm_size"]))


def _size(entry: Mapping[str, Any], price_source: str) -> CataloguedSize:
    price = entry.get("price_usd_per_hour")
    memory_gb = entry.get("memory_gb")
    size = VmSize(
        name=entry["name"],
        series=entry["series"],
        family=entry.get("family", ""),
        gpu_vendor=entry["gpu_vendor"],
        gpu_model=entry["gpu_model"],
        gpus=float(entry["gpus"]),
        gpu_memory_gb=float(entry["gpu_memory_gb"]),
        vcpus=int(entry["vcpus"]),
        memory_gb=None if memory_gb is None else float(memory_gb),
        compute_capability=entry.get("compute_capability", ""),
        runs_tensorflow=_answer(entry.get("tensorflow", "unknown")),
        runs_on_aks=_answer(entry.get("aks", "unknown")),
        retired_on=entry.get("retired_on"),
        replacement=entry.get("replacement", ""),
        list_price=None
        if price is None
        else HourlyPrice(Decimal(str(price)), "USD", entry.get("price_as_of"), price_source),
        note=entry.get("note", ""),
    )
    return CataloguedSize(size, entry.get("price_region", ""))


def _answer(word: str) -> bool | None:
    return {"yes": True, "no": False, "unknown": None}[word]
