"""VM sizes for tests of the machine page: the shipped catalogue, in a region with a little quota."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from gpu_assistant.backends.vm_catalogue import load_vm_catalogue
from gpu_assistant.domain.billing import HourlyPrice
from gpu_assistant.domain.compute import Availability, ComputeState, ComputeTarget, Quota, VmSizeOffer
from gpu_assistant.domain.text import Text
from gpu_assistant.paths import resource

CHEAP, BIG, UNPRICED = "Standard_NC4as_T4_v3", "Standard_NC24ads_A100_v4", "Standard_NC40ads_H100_v5"
RETIRED, NO_QUOTA = "Standard_NC6", "Standard_ND96isr_H100_v5"
_USABLE = {CHEAP: "0.526", BIG: "3.673", UNPRICED: None}
_TODAY = date(2026, 11, 22)

READY = ComputeTarget("gpu-1", "/gpu-1", CHEAP, 2, ComputeState.READY)
CREATING = ComputeTarget("half-made", "/half-made", BIG, 1, ComputeState.CREATING)


def offers() -> tuple[VmSizeOffer, ...]:
    """Every size of the catalogue; three of them can be used, one of those without a known price."""
    sizes = (entry.vm_size for entry in load_vm_catalogue(resource("vm_sizes.toml")).sizes)
    return tuple(_offer(VmSizeOffer(size, "eastus", Availability.NOT_OFFERED, reason=_not_here())) for size in sizes)


def _not_here() -> Text:
    return Text("Azure does not offer it in {region}.", region="eastus")


def _offer(found: VmSizeOffer) -> VmSizeOffer:
    size = found.vm_size
    if size.name in _USABLE:
        price = _USABLE[size.name]
        return replace(
            found,
            availability=Availability.AVAILABLE,
            reason="",
            quota=Quota(size.family, 100, 4),
            price=HourlyPrice(Decimal(price), "USD") if price else None,
        )
    if size.retired_on is not None and size.retired_on <= _TODAY:
        day = size.retired_on.isoformat()
        reason = Text("Retired on {day}. Use {replacement} instead.", day=day, replacement=size.replacement)
        return replace(found, availability=Availability.RETIRED, reason=reason, price=size.list_price)
    if size.name == NO_QUOTA:
        reason = Text("The subscription has no quota for {family} in {region}.", family=size.family, region="eastus")
        return replace(found, availability=Availability.NO_QUOTA, reason=reason, quota=Quota(size.family, 0, 0))
    return found
