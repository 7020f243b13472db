"""What time it is."""

from __future__ import annotations

from datetime import datetime, timezone


def utc_now() -> datetime:
    """The present moment with its time zone; the default clock of the ledger and the workflows."""
    return datetime.now(timezone.utc)
