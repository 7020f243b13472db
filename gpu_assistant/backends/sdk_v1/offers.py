"""Every N-series size in one region, with quota, price and what stands in its way.

The catalogue says what a size is; Azure says what this subscription may have: `Microsoft.Compute` skus and
usages, because an AKS cluster draws on Compute quota and not on Azure ML's, and Azure ML's `vmSizes` for its
prices. A read that fails makes its part unknown and is told; it never hides the table.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from gpu_assistant.backends.sdk_v1.rest import ARM, AzureRest
from gpu_assistant.backends.vm_catalogue import CataloguedSize, VmCatalogue
from gpu_assistant.domain.billing import HourlyPrice
from gpu_assistant.domain.compute import Availability, Quota, VmSizeOffer
from gpu_assistant.domain.errors import AssistantError, SignInError
from gpu_assistant.domain.text import Text, joined

_SKUS_API = "2021-07-01"
_USAGES_API = "2024-07-01"
_PRICES_API = "2023-04-01"
_REGIONAL = "cores"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Market:
    """What Azure said about one region. None where it could not be asked; `trouble` then says why."""

    region: str
    skus: Mapping[str, Mapping[str, Any]] | None
    quotas: Mapping[str, Quota] | None
    prices: Mapping[str, HourlyPrice] | None
    trouble: str = ""


def vm_size_offers(
    catalogue: VmCatalogue, rest: AzureRest, *, subscription_id: str, region: str, today: date
) -> Sequence[VmSizeOffer]:
    """One offer per catalogued size. Raises only a SignInError."""
    market = read_market(rest, subscription_id=subscription_id, region=region, today=today)
    return [offer(size, market, today) for size in catalogue.sizes]


def read_market(rest: AzureRest, *, subscription_id: str, region: str, today: date) -> Market:
    """Ask Azure the three questions at the same time: the list of skus alone can take several seconds."""
    base = f"{ARM}/subscriptions/{subscription_id}/providers"
    with ThreadPoolExecutor(3, thread_name_prefix="offers") as pool:
        skus = pool.submit(
            rest.list,
            f"{base}/Microsoft.Compute/skus",
            about=Text("Reading the VM sizes"),
            params={"api-version": _SKUS_API, "$filter": f"location eq '{region}'"},
        )
        usages = pool.submit(
            rest.list,
            f"{base}/Microsoft.Compute/locations/{region}/usages",
            about=Text("Reading the quota"),
            params={"api-version": _USAGES_API},
        )
        sizes = pool.submit(
            rest.get,
            f"{base}/Microsoft.MachineLearningServices/locations/{region}/vmSizes",
            about=Text("Reading the prices"),
            params={"api-version": _PRICES_API},
        )
    troubles: list[str] = []

    def part(result: Callable[[], Any], convert: Callable[[Any], Any]) -> Any:
        try:
            return convert(result())
        except SignInError:
            raise
        except AssistantError as exc:
            log.warning("%s", exc.detail)
            troubles.append(exc.detail)
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            log.warning("an answer about VM sizes cannot be understood: %s", type(exc).__name__)
            troubles.append(Text("Azure's answer about VM sizes could not be understood."))
        return None

    return Market(
        region,
        part(skus.result, _skus),
        part(usages.result, _quotas),
        part(sizes.result, lambda body: _prices(body, today)),
        joined(troubles, " "),
    )


def offer(size: CataloguedSize, market: Market, today: date) -> VmSizeOffer:
    """One size in that market, with the first thing that stands in its way."""
    vm_size = size.vm_size
    sku = (market.skus or {}).get(vm_size.name.lower())
    if sku is not None and sku.get("family"):
        # Quota must be looked up under the name that the same API gives the family.
        vm_size = replace(vm_size, family=str(sku["family"]))
    quota = (market.quotas or {}).get(_key(vm_size.family))
    regional = (market.quotas or {}).get(_REGIONAL)
    price = (market.prices or {}).get(vm_size.name.lower())
    if price is None and size.price_region == market.region:
        price = vm_size.list_price
    found = VmSizeOffer(vm_size, market.region, Availability.AVAILABLE, quota, regional, price)
    availability, reason = _obstacle(found, sku, market, today)
    return replace(found, availability=availability, reason=reason)


def _obstacle(
    found: VmSizeOffer, sku: Mapping[str, Any] | None, market: Market, today: date
) -> tuple[Availability, str]:
    size, region = found.vm_size, market.region
    if size.retired_on is not None and size.retired_on <= today:
        day = size.retired_on.isoformat()
        if not size.replacement:
            return Availability.RETIRED, Text("Retired on {day}.", day=day)
        instead = Text("Retired on {day}. Use {replacement} instead.", day=day, replacement=size.replacement)
        return Availability.RETIRED, instead
    if size.gpu_vendor.upper() != "NVIDIA":
        reason = Text("Its GPU ({gpu}) has no CUDA, which TensorFlow needs.", gpu=size.gpu_model)
        return Availability.NOT_SUPPORTED, reason
    if size.runs_tensorflow is False:
        return (
            Availability.NOT_SUPPORTED,
            Text(
                "CUDA compute capability {capability} is too old for the TensorFlow that is deployed.",
                capability=size.compute_capability,
            ),
        )
    if size.runs_on_aks is False:
        return Availability.NOT_SUPPORTED, Text("AKS does not take this size.")
    if market.skus is not None:
        if sku is None:
            return Availability.NOT_OFFERED, Text("Azure does not offer it in {region}.", region=region)
        restriction = _restriction(sku, region)
        if restriction:
            return Availability.NOT_OFFERED, restriction
    if market.quotas is not None and (found.quota is not None or sku is not None):
        short = _shortage(found)
        if short:
            return Availability.NO_QUOTA, short
    if market.skus is None or market.quotas is None:
        return Availability.UNKNOWN, market.trouble
    return Availability.AVAILABLE, ""


def _shortage(found: VmSizeOffer) -> str:
    size = found.vm_size
    if found.quota is None:
        family, region = size.family, found.region
        return Text("The subscription has no quota for {family} in {region}.", family=family, region=region)
    if found.quota.free_vcpus < size.vcpus:
        return _too_little(found.quota, size.vcpus, found.region)
    if found.regional_quota is not None and found.regional_quota.free_vcpus < size.vcpus:
        return _too_little(found.regional_quota, size.vcpus, found.region)
    return ""


def _too_little(quota: Quota, needed_vcpus: int, region: str) -> str:
    return Text(
        "One node needs {needed_vcpus} vCPUs of {family} in {region}; {free_vcpus} are free of {limit_vcpus}.",
        needed_vcpus=needed_vcpus,
        family=Text("all families together") if quota.family == _REGIONAL else quota.family,
        region=region,
        free_vcpus=quota.free_vcpus,
        limit_vcpus=quota.limit_vcpus,
    )


def _restriction(sku: Mapping[str, Any], region: str) -> str:
    """Why this subscription cannot have it in the whole region; a restriction of zones leaves the others."""
    for restriction in sku.get("restrictions") or ():
        if restriction.get("type") == "Zone":
            continue
        if restriction.get("reasonCode") == "QuotaId":
            return Text("The kind of this subscription's offer does not include it.")
        return Text("Azure does not let this subscription use it in {region}.", region=region)
    return ""


def _skus(items: Sequence[Any]) -> dict[str, Mapping[str, Any]]:
    return {str(item["name"]).lower(): item for item in items if item.get("resourceType") == "virtualMachines"}


def _quotas(items: Sequence[Any]) -> dict[str, Quota]:
    quotas = {}
    for item in items:
        name = str(item["name"]["value"])
        quotas[_key(name)] = Quota(name, int(item["limit"]), int(item["currentValue"]))
    return quotas


def _prices(body: Any, today: date) -> dict[str, HourlyPrice]:
    """Linux pay-as-you-go prices. `amlCompute` is the list's name in older versions of the API."""
    prices = {}
    for item in (body or {}).get("value") or (body or {}).get("amlCompute") or ():
        estimated = item.get("estimatedVMPrices") or {}
        for value in estimated.get("values") or ():
            if value.get("osType") == "Linux" and value.get("vmTier") == "Standard":
                amount = _amount(value.get("retailPrice"))
                if amount is not None and estimated.get("unitOfMeasure") == "OneHour":
                    prices[str(item["name"]).lower()] = HourlyPrice(
                        amount, str(estimated.get("billingCurrency") or "USD"), today, "Azure Machine Learning"
                    )
    return prices


def _amount(value: Any) -> Decimal | None:
    """A price. Azure sends 0 for what it does not know, and nothing with a GPU is free."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if math.isfinite(amount) and amount > 0 else None


def _key(family: str) -> str:
    """Family names differ in case and spaces between Azure's own APIs."""
    return "".join(family.split()).lower()
