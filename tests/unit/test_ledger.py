from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from gpu_assistant.domain.billing import BillableResource, HourlyPrice, ResourceKind, ResourceState
from gpu_assistant.domain.errors import LedgerError
from gpu_assistant.domain.workspace import WorkspaceRef
from gpu_assistant.ledger import Ledger

HERE = WorkspaceRef("sub", "rg", "ws", region="eastus", tenant_id="tenant")
THERE = WorkspaceRef("sub", "rg", "other")
PRICE = HourlyPrice(Decimal("0.526"), "USD", date(2026, 1, 2), "list")


def test_a_row_is_on_disk_before_intend_returns(ledger: Ledger) -> None:
    row = ledger.intend(ResourceKind.COMPUTE_TARGET, "gpu", HERE, vm_size="NC4", node_count=2, price_per_hour=PRICE)
    program = (
        "import sys, pathlib; from gpu_assistant.ledger import Ledger;"
        "print([(r.name, r.state.value) for r in Ledger(pathlib.Path(sys.argv[1])).open_rows()])"
    )
    seen = subprocess.run([sys.executable, "-c", program, ledger.path], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[('gpu', 'intended')]"
    assert ledger.find(ResourceKind.COMPUTE_TARGET, "gpu", HERE) == row


def test_gone_needs_a_proof(ledger: Ledger) -> None:
    row = ledger.intend(ResourceKind.WEB_SERVICE, "svc", HERE)
    with pytest.raises(ValueError, match="proof"):
        ledger.record(row.ledger_id, ResourceState.GONE)
    assert ledger.open_rows() == (row,)
    ledger.record(row.ledger_id, ResourceState.GONE, note="404")
    assert ledger.open_rows() == ()
    assert [state for _, state, _ in ledger.history(row.ledger_id)] == ["intended", "gone"]


@pytest.mark.parametrize("state", [ResourceState.INTENDED, ResourceState.DELETING])
def test_what_is_gone_comes_back_only_as_live(ledger: Ledger, state: ResourceState) -> None:
    row = ledger.intend(ResourceKind.WEB_SERVICE, "svc", HERE)
    ledger.record(row.ledger_id, ResourceState.GONE, note="404")
    with pytest.raises(ValueError, match="cannot become"):
        ledger.record(row.ledger_id, state)
    assert ledger.record(row.ledger_id, ResourceState.LIVE, note="seen again").gone is None


def test_two_readers_may_find_the_same_proof_and_the_first_one_stands(ledger: Ledger) -> None:
    row = ledger.intend(ResourceKind.WEB_SERVICE, "svc", HERE)
    first = ledger.record(row.ledger_id, ResourceState.GONE, note="404 at noon")
    again = ledger.record(row.ledger_id, ResourceState.GONE, note="404 later")
    assert (again.note, again.gone) == ("404 at noon", first.gone)
    assert len(ledger.history(row.ledger_id)) == 2


def test_what_was_read_before_somebody_else_moved_the_row_changes_nothing(ledger: Ledger) -> None:
    row = ledger.intend(ResourceKind.WEB_SERVICE, "svc", HERE)
    ledger.record(row.ledger_id, ResourceState.GONE, note="404")
    late = ledger.record(row.ledger_id, ResourceState.LIVE, note="found", if_still=ResourceState.INTENDED)
    assert late.state is ResourceState.GONE
    assert ledger.open_rows() == ()


def test_empty_texts_leave_what_is_known(ledger: Ledger) -> None:
    row = ledger.intend(ResourceKind.WEB_SERVICE, "svc", HERE)
    ledger.record(row.ledger_id, ResourceState.LIVE, azure_id="/a", scoring_uri="http://x", note="one")
    later = ledger.record(row.ledger_id, ResourceState.DELETING)
    assert (later.azure_id, later.scoring_uri, later.note) == ("/a", "http://x", "one")


def test_rows_of_one_workspace_whatever_the_case_of_its_id(ledger: Ledger) -> None:
    ledger.intend(ResourceKind.WEB_SERVICE, "svc", HERE)
    ledger.intend(ResourceKind.WEB_SERVICE, "svc", THERE)
    assert [row.workspace.name for row in ledger.open_rows(replace(HERE, resource_group="RG"))] == ["ws"]
    assert len(ledger.open_rows()) == 2


def test_a_price_keeps_its_digits_and_an_unknown_one_stays_unknown(ledger: Ledger) -> None:
    ledger.intend(ResourceKind.COMPUTE_TARGET, "a", HERE, price_per_hour=PRICE)
    ledger.intend(ResourceKind.COMPUTE_TARGET, "b", HERE)
    assert [row.price_per_hour for row in ledger.rows()] == [PRICE, None]


def test_cost_runs_from_creation_to_the_proven_end() -> None:
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    row = BillableResource(
        "id", ResourceKind.COMPUTE_TARGET, "gpu", HERE, ResourceState.LIVE, start, price_per_hour=PRICE
    )
    assert row.cost_until(start + timedelta(hours=10)) == Decimal("5.260")
    ended = replace(row, gone=start + timedelta(hours=1))
    assert ended.cost_until(start + timedelta(hours=10)) == Decimal("0.526")
    assert replace(row, price_per_hour=None).cost_until(start) is None
    assert row.cost_until(start - timedelta(hours=1)) == 0


def test_every_commit_is_told(tmp_path: Path) -> None:
    seen: list[str] = []
    ledger = Ledger(tmp_path / "l.sqlite", on_write=lambda row: seen.append(row.state.value))
    row = ledger.intend(ResourceKind.WEB_SERVICE, "svc", HERE)
    ledger.record(row.ledger_id, ResourceState.LIVE)
    ledger.close()
    assert seen == ["intended", "live"]


def test_threads_and_a_second_program_lose_nothing(ledger: Ledger) -> None:
    other = Ledger(ledger.path)

    def write(to: Ledger, prefix: str) -> None:
        for number in range(20):
            to.intend(ResourceKind.WEB_SERVICE, f"{prefix}{number}", HERE)

    threads = [threading.Thread(target=write, args=(to, name)) for to, name in ((ledger, "a"), (other, "b"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert len(ledger.open_rows()) == 40


@pytest.mark.parametrize("damage", ["not a database", "first page", "truncated"])
def test_a_damaged_file_is_kept_aside_and_work_goes_on(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path)
    ledger.intend(ResourceKind.WEB_SERVICE, "svc", HERE)
    ledger.close()
    whole = path.read_bytes()
    spoiled = {
        "not a database": b"hello" * 100,
        "first page": whole[:100] + os.urandom(64) + whole[164:],
        "truncated": whole[: len(whole) // 2],
    }
    path.write_bytes(spoiled[damage])
    again = Ledger(path)
    assert again.damaged_copy is not None
    assert again.damaged_copy.read_bytes() == spoiled[damage]
    again.intend(ResourceKind.WEB_SERVICE, "next", HERE)
    assert [row.name for row in again.open_rows()][-1] == "next"
    again.close()


def test_readable_rows_of_a_damaged_file_are_carried_over(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path)
    for number in range(200):
        ledger.intend(ResourceKind.WEB_SERVICE, f"svc-{number}", HERE)
    ledger.close()
    content = bytearray(path.read_bytes())
    page = int.from_bytes(content[16:18], "big")
    content[-page:] = os.urandom(page)  # the last page: some rows are lost, most are not
    path.write_bytes(content)
    again = Ledger(path)
    rows = again.rows()
    again.close()
    assert again.damaged_copy is not None
    assert 0 < len(rows) <= 200


def test_an_unwritable_place_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(LedgerError) as caught:
        Ledger(blocked / "ledger.sqlite")
    assert caught.value.remedies


def test_a_full_disk_is_a_ledger_error_and_nothing_is_half_written(ledger: Ledger) -> None:
    ledger.intend(ResourceKind.WEB_SERVICE, "svc", HERE)
    ledger._db.execute("PRAGMA max_page_count = 1")  # SQLite's own way to run out of room
    with pytest.raises(LedgerError, match="full"):
        ledger.intend(ResourceKind.WEB_SERVICE, "a name longer than a page" * 1000, HERE)
    assert [row.name for row in ledger.open_rows()] == ["svc"]
    with sqlite3.connect(ledger.path) as db:
        resources = db.execute("SELECT count(*) FROM resources").fetchone()[0]
        history = db.execute("SELECT count(*) FROM history").fetchone()[0]
    db.close()
    assert resources == history
