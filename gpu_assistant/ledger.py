"""The memory of money: one SQLite file that knows everything this program ever made in Azure.

    INTENDED ──► LIVE ──► DELETING ──► GONE
        └────────────────────▲            (a failed create is deleted too: it may exist)

A row is committed before Azure is asked to create anything, and is GONE only with a proof. Nothing is ever
removed from the file. Safe from any thread, and from several processes at once.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from gpu_assistant.domain.billing import (
    BillableResource,
    HourlyPrice,
    ResourceKind,
    ResourceState,
)
from gpu_assistant.domain.clock import utc_now
from gpu_assistant.domain.errors import LedgerError
from gpu_assistant.domain.text import Text
from gpu_assistant.domain.workspace import WorkspaceRef

log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS resources (
    ledger_id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL,
    subscription_id TEXT NOT NULL, resource_group TEXT NOT NULL, workspace TEXT NOT NULL,
    tenant_id TEXT NOT NULL, workspace_region TEXT NOT NULL,
    azure_id TEXT NOT NULL, underlying_id TEXT NOT NULL, region TEXT NOT NULL,
    vm_size TEXT NOT NULL, node_count INTEGER NOT NULL,
    price TEXT, currency TEXT NOT NULL, price_as_of TEXT, price_source TEXT NOT NULL,
    owned INTEGER NOT NULL, practice INTEGER NOT NULL,
    created TEXT NOT NULL, gone TEXT, scoring_uri TEXT NOT NULL, note TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS history (
    ledger_id TEXT NOT NULL REFERENCES resources, at TEXT NOT NULL, state TEXT NOT NULL, note TEXT NOT NULL
);
"""
_ALLOWED = {
    ResourceState.INTENDED: {
        ResourceState.INTENDED,
        ResourceState.LIVE,
        ResourceState.DELETING,
        ResourceState.GONE,
    },
    ResourceState.LIVE: {ResourceState.LIVE, ResourceState.DELETING, ResourceState.GONE},
    ResourceState.DELETING: {ResourceState.DELETING, ResourceState.LIVE, ResourceState.GONE},
    # Azure shows it again: believe Azure, not ourselves. And two readers may find the same proof at the same time.
    ResourceState.GONE: {ResourceState.LIVE, ResourceState.GONE},
}
_BUSY_TIMEOUT_S = 15.0

OnWrite = Callable[[BillableResource], None]


class Ledger:
    """One user's record. `on_write` is called after each commit, on the writing thread.

    Raises LedgerError when the file cannot be read or written; before a create this means nothing was created.
    A damaged file is set aside, its readable rows are carried over, and `damaged_copy` names it.
    """

    def __init__(self, path: Path, *, on_write: OnWrite | None = None, now: Callable[[], datetime] = utc_now) -> None:
        self.path = path
        self.damaged_copy: Path | None = None
        self._on_write = on_write
        self._now = now
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise LedgerError(path=path, reason=exc.strerror or Text("the folder cannot be made")) from exc
        try:
            self._db = _open(path)
        except sqlite3.OperationalError as exc:
            raise LedgerError(path=path, reason=str(exc)) from exc
        except sqlite3.DatabaseError:
            self._db = self._start_anew()

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._db.close()

    # --- writing --------------------------------------------------------------------------------------------

    def intend(
        self,
        kind: ResourceKind,
        name: str,
        workspace: WorkspaceRef,
        *,
        region: str = "",
        vm_size: str = "",
        node_count: int = 0,
        price_per_hour: HourlyPrice | None = None,
        practice: bool = False,
    ) -> BillableResource:
        """Write down that a resource is about to be created. Committed to disk when this returns."""
        row = BillableResource(
            ledger_id=uuid.uuid4().hex,
            kind=kind,
            name=name,
            workspace=workspace,
            state=ResourceState.INTENDED,
            created=self._now(),
            region=region or workspace.region,
            vm_size=vm_size,
            node_count=node_count,
            price_per_hour=price_per_hour,
            practice=practice,
        )
        self._insert(row, "about to be created")
        return row

    def adopt(self, row: BillableResource, note: str) -> BillableResource:
        """Take in a resource that Azure showed and this file did not know (another computer, a lost ledger)."""
        self._insert(row, note)
        return row

    def record(
        self,
        ledger_id: str,
        state: ResourceState,
        *,
        note: str = "",
        azure_id: str = "",
        underlying_id: str = "",
        scoring_uri: str = "",
        if_still: ResourceState | None = None,
    ) -> BillableResource:
        """Move a row to `state`; empty texts leave what is known. Raises ValueError on an impossible step.

        `if_still` leaves the row as it is when somebody else has moved it meanwhile: for what was read from Azure
        before, and may be outdated.
        """
        if state is ResourceState.GONE and not note:
            raise ValueError("GONE needs its proof")
        with self._transaction() as db:
            row = self._get(ledger_id)
            if if_still is not None and row.state is not if_still:
                return row
            if state not in _ALLOWED[row.state]:
                raise ValueError(f"{row.name}: {row.state.value} cannot become {state.value}")
            if state is row.state is ResourceState.GONE:
                return row  # the first proof stands
            gone = self._now().isoformat() if state is ResourceState.GONE else None
            known = {
                "note": note,
                "azure_id": azure_id,
                "underlying_id": underlying_id,
                "scoring_uri": scoring_uri,
            }
            updates = ", ".join(f"{name}=COALESCE(NULLIF(:{name}, ''), {name})" for name in known)
            db.execute(
                f"UPDATE resources SET state=:state, gone=:gone, {updates} WHERE ledger_id=:ledger_id",
                {"state": state.value, "gone": gone, "ledger_id": ledger_id, **known},
            )
            self._remember(db, ledger_id, state, note)
        return self._written(ledger_id)

    # --- reading --------------------------------------------------------------------------------------------

    def rows(self, workspace: WorkspaceRef | None = None) -> tuple[BillableResource, ...]:
        """Everything ever made, oldest first; of one workspace when given."""
        with self._lock, self._readable():
            found = self._db.execute("SELECT * FROM resources ORDER BY created, rowid").fetchall()
        rows = tuple(_to_resource(row) for row in found)
        if workspace is None:
            return rows
        return tuple(row for row in rows if _same_workspace(row.workspace, workspace))

    def open_rows(self, workspace: WorkspaceRef | None = None) -> tuple[BillableResource, ...]:
        """Everything that is not proven gone."""
        return tuple(row for row in self.rows(workspace) if row.state is not ResourceState.GONE)

    def find(self, kind: ResourceKind, name: str, workspace: WorkspaceRef) -> BillableResource | None:
        """The newest row of that name that is not gone."""
        named = [row for row in self.open_rows(workspace) if row.kind is kind and row.name == name]
        return named[-1] if named else None

    def history(self, ledger_id: str) -> tuple[tuple[datetime, str, str], ...]:
        """When a row changed, to which state, and with which note or proof."""
        with self._lock, self._readable():
            found = self._db.execute(
                "SELECT at, state, note FROM history WHERE ledger_id=? ORDER BY rowid", (ledger_id,)
            ).fetchall()
        return tuple((datetime.fromisoformat(row["at"]), row["state"], row["note"]) for row in found)

    # --- inside ---------------------------------------------------------------------------------------------

    def _insert(self, row: BillableResource, note: str) -> None:
        with self._transaction() as db:
            columns = _to_columns(row)
            names, marks = ", ".join(columns), ", ".join("?" for _ in columns)
            db.execute(f"INSERT INTO resources ({names}) VALUES ({marks})", tuple(columns.values()))
            self._remember(db, row.ledger_id, row.state, note)
        self._written(row.ledger_id)

    def _remember(self, db: sqlite3.Connection, ledger_id: str, state: ResourceState, note: str) -> None:
        db.execute("INSERT INTO history VALUES (?, ?, ?, ?)", (ledger_id, self._now().isoformat(), state.value, note))

    def _written(self, ledger_id: str) -> BillableResource:
        row = self._get(ledger_id)
        log.info("ledger: %s %s is %s", row.kind.value, row.name, row.state.value)
        if self._on_write:
            self._on_write(row)
        return row

    def _get(self, ledger_id: str) -> BillableResource:
        with self._lock, self._readable():
            found = self._db.execute("SELECT * FROM resources WHERE ledger_id=?", (ledger_id,)).fetchone()
        if found is None:
            raise KeyError(ledger_id)
        return _to_resource(found)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._readable():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            raise LedgerError(path=self.path, reason=str(exc)) from exc

    def _start_anew(self) -> sqlite3.Connection:
        stamp = self._now().strftime("%Y%m%d-%H%M%S")
        aside = self.path.with_name(f"{self.path.stem}.damaged-{stamp}{self.path.suffix}")
        self.path.replace(aside)
        for leftover in ("-wal", "-shm"):
            self.path.with_name(self.path.name + leftover).unlink(missing_ok=True)
        self.damaged_copy = aside
        log.warning("the ledger was damaged; it is kept as %s", aside.name)
        db = _open(self.path)
        for table, row in _salvage(aside):
            marks = ", ".join("?" for _ in row)
            db.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)
        return db


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    db.row_factory = sqlite3.Row
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")  # a row must survive a power cut, not only a crash
        db.executescript(_SCHEMA)
        verdict = db.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error:
        db.close()
        raise
    if verdict != "ok":
        db.close()
        raise sqlite3.DatabaseError(verdict)
    return db


def _salvage(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The rows of a damaged file that can still be read."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        for table in ("resources", "history"):
            try:
                for row in db.execute(f"SELECT * FROM {table}"):
                    yield table, tuple(row)
            except sqlite3.Error as exc:
                log.warning("rows of %s are lost: %s", table, exc)


def _same_workspace(one: WorkspaceRef, other: WorkspaceRef) -> bool:
    return one.azure_id.lower() == other.azure_id.lower()


def _to_columns(row: BillableResource) -> dict[str, Any]:
    price = row.price_per_hour
    return {
        "ledger_id": row.ledger_id,
        "kind": row.kind.value,
        "name": row.name,
        "state": row.state.value,
        "subscription_id": row.workspace.subscription_id,
        "resource_group": row.workspace.resource_group,
        "workspace": row.workspace.name,
        "tenant_id": row.workspace.tenant_id,
        "workspace_region": row.workspace.region,
        "azure_id": row.azure_id,
        "underlying_id": row.underlying_id,
        "region": row.region,
        "vm_size": row.vm_size,
        "node_count": row.node_count,
        "price": str(price.amount) if price else None,
        "currency": price.currency if price else "",
        "price_as_of": price.as_of.isoformat() if price and price.as_of else None,
        "price_source": price.source if price else "",
        "owned": int(row.owned),
        "practice": int(row.practice),
        "created": row.created.isoformat(),
        "gone": row.gone.isoformat() if row.gone else None,
        "scoring_uri": row.scoring_uri,
        "note": row.note,
    }


def _to_resource(row: sqlite3.Row) -> BillableResource:
    price = None
    if row["price"] is not None:
        as_of = date.fromisoformat(row["price_as_of"]) if row["price_as_of"] else None
        price = HourlyPrice(Decimal(row["price"]), row["currency"], as_of, row["price_source"])
    return BillableResource(
        ledger_id=row["ledger_id"],
        kind=ResourceKind(row["kind"]),
        name=row["name"],
        workspace=WorkspaceRef(
            row["subscription_id"],
            row["resource_group"],
            row["workspace"],
            region=row["workspace_region"],
            tenant_id=row["tenant_id"],
        ),
        state=ResourceState(row["state"]),
        created=datetime.fromisoformat(row["created"]),
        azure_id=row["azure_id"],
        underlying_id=row["underlying_id"],
        region=row["region"],
        vm_size=row["vm_size"],
        node_count=row["node_count"],
        price_per_hour=price,
        owned=bool(row["owned"]),
        practice=bool(row["practice"]),
        gone=datetime.fromisoformat(row["gone"]) if row["gone"] else None,
        scoring_uri=row["scoring_uri"],
        note=row["note"],
    )
