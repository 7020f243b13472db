from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from gpu_assistant.domain.billing import BillableResource, HourlyPrice
from gpu_assistant.ui.theme import Root
from gpu_assistant.ui.widgets.cost_meter import CostMeter, meter_lines
from gpu_assistant.wizard.money import money
from gpu_assistant.wizard.state import WizardState
from tests.ui.fake_controller import NOW
from tests.ui.frame import ELSEWHERE, a_row, opened
from tests.ui.in_process import view_of

UNPRICED = a_row(ledger_id="unpriced", name="mystery", price_per_hour=None)
DEAR = a_row(ledger_id="dear", created=NOW - timedelta(hours=10), price_per_hour=HourlyPrice(Decimal("27.2"), "USD"))
FAR = a_row(ledger_id="far", workspace=ELSEWHERE)


def lines_of(state: WizardState) -> list[str]:
    return [text for text, _ in meter_lines(money(state, NOW))]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param((), ["○ Nothing is billed"], id="nothing"),
        pytest.param((a_row(),), ["● 1 billing now", "$0.60 per hour", "$0.3000 so far"], id="one"),
        pytest.param((a_row(), DEAR), ["● 2 billing now", "$27.80 per hour", "$272.30 so far"], id="two"),
        pytest.param((UNPRICED,), ["● 1 billing now", "price unknown", "so far: unknown"], id="unknown is never zero"),
        pytest.param(
            (a_row(), UNPRICED),
            ["● 2 billing now", "$0.60 per hour", "$0.3000 so far", "! 1 without a known price"],
            id="one of two unknown",
        ),
        pytest.param((FAR,), ["○ Nothing is billed here", "! 1 bills in another workspace"], id="elsewhere"),
    ],
)
def test_the_meter_says_what_runs_and_costs(rows: tuple[BillableResource, ...], expected: list[str]) -> None:
    assert lines_of(opened(*rows)) == expected


def test_practice_bills_nothing_and_says_what_azure_would() -> None:
    row = a_row(practice=True)
    assert lines_of(opened(row, practice=True)) == [
        "Practice: nothing is billed",
        "In Azure: $0.60 per hour",
        "$0.3000 so far",
    ]
    assert lines_of(opened(practice=True)) == ["Practice: nothing is billed", "○ Nothing runs"]


def test_before_a_workspace_is_open_all_that_bills_counts() -> None:
    assert lines_of(WizardState(rows=(a_row(), FAR)))[0] == "● 2 billing now"


def test_it_ticks(root: Root) -> None:
    meter = CostMeter(root, width=180)
    meter.pack()
    state = opened(a_row())
    seen = []
    for seconds in (0, 1, 2):
        meter.show(money(state, NOW + timedelta(seconds=seconds)))
        item = view_of(root).find("cost.so_far")
        assert item is not None
        seen.append(item.text)
    assert seen == ["$0.3000 so far", "$0.3002 so far", "$0.3003 so far"]


def test_lines_that_no_longer_hold_go_away(root: Root) -> None:
    meter = CostMeter(root, width=180)
    meter.pack()
    meter.show(money(opened(a_row(), UNPRICED, FAR), NOW))
    meter.show(money(opened(), NOW))
    texts = [item.text for item in view_of(root).items if item.name.startswith("cost")]
    assert texts == ["○ Nothing is billed"]
