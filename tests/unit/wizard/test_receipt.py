"""The receipt of a clean-up."""

from __future__ import annotations

import html.parser
import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from gpu_assistant.domain.billing import BillableResource, HourlyPrice, ResourceKind, ResourceState
from gpu_assistant.domain.text import Text
from gpu_assistant.domain.workspace import WorkspaceRef
from gpu_assistant.wizard.receipt import Total, age_words, receipt_html, receipt_json, total, total_words
from gpu_assistant.workflows.clean_up import CleanUpReport, Gone, Kept, Left

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)
WORKSPACE = WorkspaceRef("sub", "rg", "ws", "westeurope")
HOSTILE = '<script>alert("x")</script>&'
SIGNATURE = "https://x.blob.core.windows.net/c/f?sv=2024-01-01&sig=abcdefghijklmnopqrstuvwxyz0123456789%3D&se=2027"


def row(name: str = "gpu", kind: ResourceKind = ResourceKind.COMPUTE_TARGET, **changes: object) -> BillableResource:
    made = BillableResource(
        "id",
        kind,
        name,
        WORKSPACE,
        ResourceState.GONE,
        NOW - timedelta(minutes=90),
        azure_id="/subscriptions/sub/aks",
        vm_size="Standard_NC4as_T4_v3",
        node_count=2,
        price_per_hour=HourlyPrice(Decimal("0.526"), "USD"),
        gone=NOW,
        scoring_uri="http://127.0.0.1:1/score",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def gone(name: str = "gpu", cost: Decimal | None = Decimal("0.789"), proof: str = "it is gone") -> Gone:
    return Gone(ResourceKind.COMPUTE_TARGET, name, proof, cost, "USD")


def report(*, left: tuple[Left, ...] = (), proof: str = "it is gone") -> CleanUpReport:
    kept = (Kept(Text("workspace {name}", name="ws"), Text("it is yours and holds your models")),)
    return CleanUpReport((gone(proof=proof),), left, kept, (Text("a stored key is left"),))


LEFT = Left(
    ResourceKind.COMPUTE_TARGET,
    "gpu",
    Text("Azure was still deleting it"),
    HourlyPrice(Decimal("0.526"), "USD"),
    "https://portal.azure.com/#resource/subscriptions/sub",
)


class Page(html.parser.HTMLParser):
    """What a browser would show, and what it would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [value or "" for name, value in attrs if name == "src"]
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.shown.append(data)


def test_json_says_everything_in_stable_words() -> None:
    said = json.loads(receipt_json(report(left=(LEFT,)), (row(),), NOW))
    assert said["written"] == "2026-11-22T12:00:00+00:00"
    assert said["practice"] is False
    assert said["gone"] == [
        {
            "kind": "compute_target",
            "name": "gpu",
            "azure_id": "/subscriptions/sub/aks",
            "vm_size": "Standard_NC4as_T4_v3",
            "node_count": 2,
            "created": "2026-11-22T10:30:00+00:00",
            "gone_at": "2026-11-22T12:00:00+00:00",
            "price_per_hour": "0.526",
            "proof": "it is gone",
            "cost": "0.7890",
            "currency": "USD",
        }
    ]
    assert said["left"][0]["portal_url"] == LEFT.portal_url
    assert said["kept"] == [{"name": "workspace ws", "why": "it is yours and holds your models"}]
    assert said["notes"] == ["a stored key is left"]
    assert said["total"] == {"cost": [{"amount": "0.7890", "currency": "USD"}], "unpriced": 0}


def test_an_unknown_cost_is_null_and_is_said() -> None:
    unpriced = CleanUpReport((gone(cost=None), gone("b")), (), ())
    said = json.loads(receipt_json(unpriced, (row(price_per_hour=None),), NOW))
    assert said["gone"][0]["cost"] is None
    assert said["total"]["unpriced"] == 1
    assert total(unpriced) == Total((("USD", Decimal("0.789")),), 1)
    assert total_words(total(unpriced)) == "$0.79 + price unknown (1)"
    assert "price unknown" in receipt_html(unpriced, (row(price_per_hour=None),), NOW)


def test_html_is_one_file_that_a_person_can_read() -> None:
    text = receipt_html(report(left=(LEFT,)), (row(),), NOW)
    page = Page(text)
    shown = " ".join(page.shown)
    assert "Not everything could be proven gone." in shown
    assert "1 h 30 min" in shown
    assert "2026-11-22 10:30:00 UTC" in shown
    assert "Azure was still deleting it" in shown
    assert page.fetched == []
    assert page.links == [LEFT.portal_url]
    assert "@media print" in text
    assert text.count("<table>") == 2


def test_html_escapes_what_others_wrote() -> None:
    bad = CleanUpReport(
        (gone(HOSTILE, proof=HOSTILE),),
        (replace(LEFT, name=HOSTILE, reason=HOSTILE, portal_url='https://portal.azure.com/"onclick="x()'),),
        (Kept(HOSTILE, HOSTILE),),
        (HOSTILE,),
    )
    text = receipt_html(bad, (row(HOSTILE, workspace=WorkspaceRef("s", "rg", HOSTILE)),), NOW)
    page = Page(text)
    assert "script" not in page.tags
    assert 'onclick="' not in text
    assert "".join(page.shown).count(HOSTILE) >= 7


def test_a_link_goes_to_the_portal_or_nowhere() -> None:
    odd = CleanUpReport((), (replace(LEFT, portal_url="javascript:alert(1)"),), ())
    assert Page(receipt_html(odd, (row(),), NOW)).links == []


@pytest.mark.parametrize("make", [receipt_html, receipt_json])
def test_what_looks_like_a_key_is_blackened(make) -> None:  # type: ignore[no-untyped-def]
    noisy = CleanUpReport((gone(proof=SIGNATURE),), (replace(LEFT, reason=SIGNATURE),), (), (SIGNATURE,))
    assert "abcdefghijklmnopqrstuvwxyz" not in make(noisy, (row(),), NOW)


@pytest.mark.parametrize("make", [receipt_html, receipt_json])
def test_scoring_addresses_are_not_in_it(make) -> None:  # type: ignore[no-untyped-def]
    assert "127.0.0.1" not in make(report(), (row(),), NOW)


def test_practice_says_what_it_would_have_cost() -> None:
    text = receipt_html(report(), (row(practice=True),), NOW)
    assert "Practice: nothing was billed. In Azure it would have cost $0.79." in text
    assert json.loads(receipt_json(report(), (row(practice=True),), NOW))["practice"] is True


def test_nothing_to_delete_is_a_receipt_too() -> None:
    nothing = CleanUpReport((), (), ())
    assert "There was nothing to delete." in receipt_html(nothing, (), NOW)
    assert json.loads(receipt_json(nothing, (), NOW))["gone"] == []


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=40), "40 s"),
        (timedelta(minutes=5, seconds=59), "5 min"),
        (timedelta(hours=1, minutes=30), "1 h 30 min"),
        (timedelta(days=2, hours=3, minutes=59), "2 d 3 h"),
    ],
)
def test_ages_in_words(age: timedelta, words: str) -> None:
    assert age_words(age) == words
