"""The shipped table of VM sizes, and what the practice region makes of it."""

from __future__ import annotations

from datetime import date

import pytest

from gpu_assistant import paths
from gpu_assistant.practice.azure.catalog import load_catalog, read_toml

TABLE = read_toml(paths.resource("vm_sizes.toml"))
ROWS = {row["name"]: row for row in TABLE["vm_size"]}
TODAY = date(2026, 11, 22)

REQUIRED = {
    *("name", "series", "gpu_vendor", "gpu_model", "gpus", "gpu_memory_gb", "vcpus", "tensorflow", "status", "aks")
}
OPTIONAL = {
    *("family", "memory_gb", "compute_capability", "retired_on", "replacement", "replacement_by"),
    *("price_usd_per_hour", "price_region", "price_as_of", "note"),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row["name"])
def test_every_size_is_described_in_full(row: dict[str, object]) -> None:
    assert row.keys() >= REQUIRED
    assert row.keys() <= REQUIRED | OPTIONAL
    assert row["status"] in ("current", "preview", "retired")
    assert row["tensorflow"] in ("yes", "no", "unknown")
    assert row["aks"] in ("yes", "no", "unknown")
    assert isinstance(row["gpus"], float)
    assert row["gpus"] > 0
    assert ("compute_capability" in row) == (row["gpu_vendor"] == "NVIDIA")
    assert ("price_usd_per_hour" in row) == ("price_region" in row) == ("price_as_of" in row)
    assert row.get("price_usd_per_hour") != 0


def test_a_retired_size_names_its_date_and_a_replacement_one_can_rent() -> None:
    for row in ROWS.values():
        assert ("retired_on" in row) == ("replacement" in row) == (row["status"] == "retired")
        if row["status"] == "retired":
            assert row["retired_on"] <= TODAY
            assert ROWS[row["replacement"]]["status"] == "current"
            assert ROWS[row["replacement"]]["tensorflow"] == "yes"


def test_facts_one_can_check_by_heart() -> None:
    t4 = ROWS["Standard_NC4as_T4_v3"]
    assert (t4["gpus"], t4["vcpus"], t4["memory_gb"], t4["compute_capability"]) == (1.0, 4, 28.0, "7.5")
    assert (t4["price_usd_per_hour"], t4["family"]) == (0.526, "Standard NCASv3_T4 Family")
    assert ROWS["Standard_NV6ads_A10_v5"]["gpus"] == pytest.approx(1 / 6, abs=1e-4)
    assert "price_usd_per_hour" not in ROWS["Standard_NV6ads_A10_v5"]
    assert ROWS["Standard_NC6s_v3"]["retired_on"] == date(2025, 9, 30)
    assert ROWS["Standard_NC6"]["replacement"] == "Standard_NC4as_T4_v3"
    assert len(ROWS) == 63


def test_the_region_sells_whole_and_sliced_cards_and_counts_them_as_kubernetes_does() -> None:
    catalog = load_catalog(paths.resource())
    sizes = {name: catalog.size(name) for name in ("standard_nc64as_t4_v3", "Standard_NV6ads_A10_v5")}
    assert [size.node_gpus for size in sizes.values() if size] == [4, 1]
    amd, cpu = catalog.size("Standard_NV4as_v4"), catalog.size("Standard_D3_v2")
    assert amd is not None
    assert cpu is not None
    assert (amd.node_gpus, cpu.node_gpus) == (0, 0)


def test_limits_compare_family_names_as_azure_does() -> None:
    catalog = load_catalog(paths.resource())
    assert catalog.limit("standardncasv3_t4family") == 64
    assert catalog.limit("Standard NCASv3_T4 Family") == 64
    assert catalog.limit("standardNDSv2Family") == 0
