from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from gpu_assistant.cli import report
from gpu_assistant.domain.billing import BillableResource, HourlyPrice, ResourceKind, ResourceState
from gpu_assistant.domain.errors import ImageBuildFailed
from gpu_assistant.domain.workspace import WorkspaceRef
from gpu_assistant.workflows.reconcile import overview

START = datetime(2026, 11, 22, tzinfo=timezone.utc)
CLUSTER = BillableResource(
    "id",
    ResourceKind.COMPUTE_TARGET,
    "gpu",
    WorkspaceRef("s", "r", "w"),
    ResourceState.LIVE,
    START,
    price_per_hour=HourlyPrice(Decimal("1.05"), "USD"),
)
SERVICE = replace(CLUSTER, ledger_id="other", kind=ResourceKind.WEB_SERVICE, name="svc", price_per_hour=None)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("0", "USD", "$0.00"),
        ("0.526", "USD", "$0.53"),
        ("0.0033", "USD", "$0.0033"),
        ("1234.5", "USD", "$1,234.50"),
        ("2", "EUR", "EUR 2.00"),
    ],
)
def test_money(amount: str, currency: str, text: str) -> None:
    assert report.money(Decimal(amount), currency) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(-5, "0 s"), (59, "59 s"), (120, "2 min"), (7200, "2 h"), (172800, "2 d")]
)
def test_age(seconds: int, text: str) -> None:
    assert report.age(timedelta(seconds=seconds)) == text


def test_an_unknown_price_is_never_zero() -> None:
    later = START + timedelta(hours=2)
    seen = overview([replace(CLUSTER, price_per_hour=None), SERVICE], {}, later)
    cluster, service = report.overview_json(seen)["resources"]
    assert (cluster["price_per_hour"], cluster["cost_so_far"]) == (None, None)
    assert (service["price_per_hour"], service["cost_so_far"]) == (0.0, 0.0)
    text = report.overview_text(seen, practice=False, now=later)
    assert "price unknown" in text
    assert "1 without a known price" in text


def test_what_bills_is_added_up() -> None:
    later = START + timedelta(hours=2)
    seen = overview([CLUSTER, SERVICE], {"id": "Succeeded"}, later)
    assert report.overview_json(seen)["so_far"] == pytest.approx(2.1)
    assert "Billing now: $1.05 per hour ($766.50 per month), $2.10 so far" in report.overview_text(
        seen, practice=False, now=later
    )


def test_an_error_says_what_still_bills_and_what_to_do() -> None:
    error = ImageBuildFailed(name="svc", cause="pip says no")
    error.billable = (CLUSTER, SERVICE)
    text = report.error_text(error, practice=False)
    assert text.splitlines()[0] == (
        "gpu-assistant: The container image could not be built. The image of svc could not be built: pip says no"
    )
    assert "Still billing: gpu ($1.05 per hour)" in text
    assert "gpu-assistant clean-up" in text
    assert [one["name"] for one in report.error_json(error)["error"]["billed"]] == ["gpu"]
