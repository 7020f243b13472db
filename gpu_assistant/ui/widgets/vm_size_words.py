"""What a VM size is and what stands in its way, in the few words that a table cell holds. Pure."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from gpu_assistant.domain.billing import HourlyPrice
from gpu_assistant.domain.compute import Availability, VmSize, VmSizeOffer
from gpu_assistant.i18n import tr, tr_count
from gpu_assistant.wizard.money import HOURS_PER_MONTH, price_text
from gpu_assistant.wizard.navigation import can_choose

_PREFIX = "Standard_"
_REDUNDANT_IN_A_GPU = ("Radeon ", "Instinct ", "Pro ", "RTX ", " Blackwell Server Edition")
_SMALLEST_SHARE = 24
"""No slice of a card is smaller; keeps 0.1667 a sixth."""
MOST_NODES = 100
"""The spinbox's end where no quota is known; AKS node pools take up to 1000."""


def short_name(name: str) -> str:
    """The name without what all names begin with."""
    return name.removeprefix(_PREFIX)


def short_gpu(model: str) -> str:
    """The card's name as people say it, short enough for a column."""
    for redundant in _REDUNDANT_IN_A_GPU:
        model = model.replace(redundant, "")
    return model.strip()


def gpu_count_words(gpus: float) -> str:
    """ "4", or "1/6" for a slice of a card."""
    return str(Fraction(gpus).limit_denominator(_SMALLEST_SHARE))


def gpu_words(size: VmSize) -> str:
    """ "1 × Tesla T4"."""
    return f"{gpu_count_words(size.gpus)} × {size.gpu_model}"


def memory_words(memory_gb: float | None) -> str:
    """ "16 GB"."""
    return tr("unknown") if memory_gb is None else f"{memory_gb:,.4g} GB"


def gigabytes(memory_gb: float | None) -> str:
    """ "16", below a heading that says GB."""
    return tr("unknown") if memory_gb is None else f"{memory_gb:,.4g}"


def hourly_words(price: HourlyPrice | None) -> str:
    """ "$0.53", or "price unknown"."""
    return price_text(None, "") if price is None else price_text(price.amount, price.currency)


def monthly(price: HourlyPrice | None, nodes: int = 1) -> Decimal | None:
    """What a whole month of it costs."""
    return None if price is None else price.times(nodes).amount * HOURS_PER_MONTH


def free_vcpus(offer: VmSizeOffer) -> int | None:
    """What both the family's and the region's quota leave; None when Azure did not say."""
    known = [quota.free_vcpus for quota in (offer.quota, offer.regional_quota) if quota is not None]
    return min(known) if known else None


def most_nodes(offer: VmSizeOffer | None) -> int:
    """How many nodes the quota allows, at least one: a size without quota is refused as such."""
    free = free_vcpus(offer) if offer is not None else None
    return MOST_NODES if offer is None or free is None else max(min(free // offer.vm_size.vcpus, MOST_NODES), 1)


def quota_words(offer: VmSizeOffer) -> str:
    """ "24 of 48 vCPUs free"."""
    if offer.quota is None:
        return tr("quota unknown")
    free = free_vcpus(offer)
    if free is not None and free < offer.quota.free_vcpus:
        return tr("{free} vCPUs free in the region", free=free)
    return tr("{free} of {limit} vCPUs free", free=offer.quota.free_vcpus, limit=offer.quota.limit_vcpus)


def why_not(offer: VmSizeOffer) -> str:
    """Why the size cannot be chosen, in a few words; empty when it can. The whole sentence is `obstacle`."""
    if can_choose(offer):
        return ""
    size = offer.vm_size
    match offer.availability:
        case Availability.RETIRED if size.retired_on is not None and size.replacement:
            day, instead = size.retired_on.isoformat(), short_name(size.replacement)
            return tr("Retired {day} → {replacement}", day=day, replacement=instead)
        case Availability.RETIRED if size.retired_on is not None:
            return tr("Retired {day}", day=size.retired_on.isoformat())
        case Availability.NO_QUOTA if offer.quota is None:
            return tr("No quota")
        case Availability.NO_QUOTA:
            return tr("No quota: {free} free, needs {needed}", free=free_vcpus(offer), needed=size.vcpus)
        case Availability.NOT_OFFERED:
            return tr("Not offered in {region}", region=offer.region)
        case Availability.NOT_SUPPORTED if size.gpu_vendor.upper() != "NVIDIA":
            return tr("No CUDA: the GPU is {vendor}", vendor=size.gpu_vendor)
        case Availability.NOT_SUPPORTED if size.runs_tensorflow is False:
            return tr("CUDA {capability} is too old", capability=size.compute_capability)
        case Availability.NOT_SUPPORTED if size.runs_on_aks is False:
            return tr("AKS does not take it")
    return tr(offer.reason or offer.availability.value)


def obstacle(offer: VmSizeOffer) -> str:
    """Why the size cannot be chosen, in whole sentences; empty when it can."""
    return "" if can_choose(offer) else tr(offer.reason or offer.availability.value)


def verdict_words(offer: VmSizeOffer) -> str:
    """The table's last column: the quota with a sign before it, or what stands in the way without one."""
    reason = why_not(offer)
    if reason:
        return reason
    sign = "?" if offer.availability is Availability.UNKNOWN else "✓"
    return f"{sign} {quota_words(offer)}"


def matches(offer: VmSizeOffer, wanted: str) -> bool:
    """Whether every word of a search is found in the name, the GPU or the series."""
    size = offer.vm_size
    text = f"{size.name} {size.series} {size.gpu_vendor} {size.gpu_model}".casefold()
    return all(word in text for word in wanted.casefold().split())


def node_words(count: int) -> str:
    """ "3 nodes"."""
    return tr_count("{count} node", "{count} nodes", count)
