"""What stands in the way of a VM size, from the answers of the three APIs that know a part of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from gpu_assistant import paths
from gpu_assistant.backends.sdk_v1.offers import vm_size_offers
from gpu_assistant.backends.vm_catalogue import CataloguedSize, VmCatalogue, load_vm_catalogue
from gpu_assistant.domain.billing import HourlyPrice
from gpu_assistant.domain.compute import Availability, Quota, VmSize, VmSizeOffer
from gpu_assistant.domain.errors import AccessDenied, AzureFault, TokenExpired

TODAY = date(2026, 11, 22)
T4 = VmSize(
    name="Standard_NC4as_T4_v3",
    series="NCasT4_v3",
    family="",
    gpu_vendor="NVIDIA",
    gpu_model="T4",
    gpus=1.0,
    gpu_memory_gb=16.0,
    vcpus=4,
    memory_gb=28.0,
    compute_capability="7.5",
    runs_tensorflow=True,
    runs_on_aks=True,
    list_price=HourlyPrice(Decimal("0.526"), "USD", date(2025, 1, 1), "a list"),
)


def sku(name: str = T4.name, **more: Any) -> dict[str, Any]:
    return {"resourceType": "virtualMachines", "name": name, "family": "standardNCASv3_T4Family", **more}


def usage(name: str, limit: int, used: int) -> dict[str, Any]:
    return {"name": {"value": name}, "limit": limit, "currentValue": used}


def price(amount: object, *, os_type: str = "Linux", tier: str = "Standard") -> dict[str, Any]:
    value = {"retailPrice": amount, "osType": os_type, "vmTier": tier}
    estimated = {"billingCurrency": "USD", "unitOfMeasure": "OneHour", "values": [value]}
    return {"name": "STANDARD_NC4AS_T4_V3", "estimatedVMPrices": estimated}


class Market:
    """Answers like Azure, or raises what it is given."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {
            "skus": [sku()],
            "usages": [usage("Standard NCASv3_T4 Family", 8, 4), usage("cores", 100, 0)],
            "vmSizes": {"value": [price(0.6)]},
            **answers,
        }
        self.asked: list[tuple[str, Mapping[str, str]]] = []

    def get(self, url: str, *, about: object, params: Mapping[str, str]) -> Any:
        part = url.rpartition("/")[2]
        self.asked.append((url, params))
        answer = self.answers[part]
        if isinstance(answer, Exception):
            raise answer
        return answer

    list = get


def offer(
    market: Market | None = None, *, size: VmSize = T4, price_region: str = "", region: str = "eastus"
) -> VmSizeOffer:
    catalogue = VmCatalogue(TODAY, (CataloguedSize(size, price_region),))
    [found] = vm_size_offers(
        catalogue,
        market or Market(),
        subscription_id="sub",
        region=region,
        today=TODAY,  # type: ignore[arg-type]
    )
    return found


def test_an_offer_that_can_be_had() -> None:
    found = offer()
    assert (found.availability, found.reason) == (Availability.AVAILABLE, "")
    assert found.quota == Quota("Standard NCASv3_T4 Family", 8, 4)
    assert found.regional_quota == Quota("cores", 100, 0)
    assert found.price == HourlyPrice(Decimal("0.6"), "USD", TODAY, "Azure Machine Learning")
    assert found.vm_size.family == "standardNCASv3_T4Family"


def test_it_asks_compute_and_not_machine_learning_for_quota() -> None:
    market = Market()
    offer(market)
    urls = {url.partition("/providers/")[2]: params for url, params in market.asked}
    assert urls["Microsoft.Compute/skus"]["$filter"] == "location eq 'eastus'"
    assert "Microsoft.Compute/locations/eastus/usages" in urls
    assert len(urls) == 3


OBSTACLES: dict[str, tuple[Market, VmSize, Availability, str]] = {
    "retired": (
        Market(),
        replace(T4, retired_on=TODAY, replacement="Standard_NC8as_T4_v3"),
        Availability.RETIRED,
        "Retired on 2026-11-22. Use Standard_NC8as_T4_v3 instead.",
    ),
    "AMD": (Market(), replace(T4, gpu_vendor="AMD", gpu_model="MI25"), Availability.NOT_SUPPORTED, "no CUDA"),
    "old CUDA": (
        Market(),
        replace(T4, runs_tensorflow=False, compute_capability="5.2"),
        Availability.NOT_SUPPORTED,
        "5.2 is too old",
    ),
    "not on AKS": (Market(), replace(T4, runs_on_aks=False), Availability.NOT_SUPPORTED, "AKS does not take"),
    "not in the region": (Market(skus=[sku("Standard_D2")]), T4, Availability.NOT_OFFERED, "not offer it in eastus"),
    "not for the subscription": (
        Market(skus=[sku(restrictions=[{"type": "Location", "reasonCode": "NotAvailableForSubscription"}])]),
        T4,
        Availability.NOT_OFFERED,
        "does not let this subscription",
    ),
    "not for this kind of offer": (
        Market(skus=[sku(restrictions=[{"type": "Location", "reasonCode": "QuotaId"}])]),
        T4,
        Availability.NOT_OFFERED,
        "kind of this subscription",
    ),
    "family quota used up": (
        Market(usages=[usage("standardNCASv3_T4Family", 4, 4), usage("cores", 100, 4)]),
        T4,
        Availability.NO_QUOTA,
        "One node needs 4 vCPUs of standardNCASv3_T4Family in eastus; 0 are free of 4.",
    ),
    "regional cores used up": (
        Market(usages=[usage("standardNCASv3_T4Family", 8, 0), usage("cores", 10, 8)]),
        T4,
        Availability.NO_QUOTA,
        "all families together in eastus; 2 are free of 10",
    ),
    "no quota of that family at all": (
        Market(usages=[usage("cores", 10, 0)]),
        T4,
        Availability.NO_QUOTA,
        "no quota for standardNCASv3_T4Family",
    ),
    "skus cannot be read": (
        Market(skus=AccessDenied(what="Reading the VM sizes", reason="no role")),
        replace(T4, family="Standard NCASv3_T4 Family"),
        Availability.UNKNOWN,
        "no role",
    ),
    "usages cannot be read": (
        Market(usages=AzureFault(what="Reading the quota", status=503, reason="busy")),
        T4,
        Availability.UNKNOWN,
        "HTTP 503",
    ),
    "an answer in another shape": (
        Market(skus=[{"resourceType": "virtualMachines"}]),
        T4,
        Availability.UNKNOWN,
        "understood",
    ),
}


@pytest.mark.parametrize("name", OBSTACLES)
def test_obstacle(name: str) -> None:
    market, size, availability, says = OBSTACLES[name]
    found = offer(market, size=size)
    assert found.availability is availability
    assert says in found.reason


def test_a_restriction_of_one_zone_leaves_the_others() -> None:
    zone = {"type": "Zone", "reasonCode": "NotAvailableForSubscription"}
    assert offer(Market(skus=[sku(restrictions=[zone])])).availability is Availability.AVAILABLE


@pytest.mark.parametrize(
    "sizes",
    [
        {"value": [price(0)]},
        {"value": [price("NaN")]},
        {"value": [price(0.6, os_type="Windows")]},
        {"value": [price(0.1, tier="Spot")]},
        {"value": []},
        None,
        AzureFault(what="Reading the prices", status=500, reason=""),
    ],
)
def test_a_price_that_is_not_known_is_none_or_the_list_price_of_the_same_region(sizes: Any) -> None:
    found = offer(Market(vmSizes=sizes), price_region="westus2")
    assert found.price is None
    assert found.availability is Availability.AVAILABLE
    assert offer(Market(vmSizes=sizes), price_region="eastus").price == T4.list_price


def test_an_expired_sign_in_is_not_hidden() -> None:
    with pytest.raises(TokenExpired):
        offer(Market(usages=TokenExpired(during="")))


def test_the_shipped_catalogue_can_be_read() -> None:
    catalogue = load_vm_catalogue(paths.resource("vm_sizes.toml"))
    sizes = {size.vm_size.name: size.vm_size for size in catalogue.sizes}
    assert len(sizes) == len(catalogue.sizes) >= 60
    assert sizes["Standard_NC6"].retired_on == date(2023, 8, 31)
    assert sizes["Standard_NC4as_T4_v3"].gpus == 1.0
    for size in sizes.values():
        assert size.gpus > 0
        assert size.vcpus > 0
        assert size.replacement or size.retired_on is None
        assert size.list_price is None or size.list_price.amount > 0
