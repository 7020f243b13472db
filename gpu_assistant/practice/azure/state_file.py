"""`state.json`: the memory of the practice workspace, whole after any kind of end.

Every change is on disk before it is answered. A file that cannot be read is set aside, never overwritten.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gpu_assistant.practice.azure.clock import Clock
from gpu_assistant.practice.azure.records import Tables, from_plain, to_plain

log = logging.getLogger(__name__)

_FORMAT = 1
_SAVED_OPERATIONS = 200


class StateFile:
    """The tables under one lock. Safe to use from several threads; of one process at a time."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._path = folder / "state.json"
        self._clock = clock
        self._lock = threading.RLock()
        self._depth = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._tables = self._load()
        if self._tables.virtual_s is not None:
            clock.continue_from(self._tables.virtual_s)

    @contextmanager
    def read(self) -> Iterator[Tables]:
        """The tables, to look at only."""
        with self._lock:
            yield self._tables

    @contextmanager
    def change(self) -> Iterator[Tables]:
        """The tables, to change; saved when the outermost `change` ends, whether or not it raised."""
        with self._lock:
            self._depth += 1
            try:
                yield self._tables
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._save()

    def save(self) -> None:
        """Write the tables (and the virtual time) now."""
        with self._lock:
            self._save()

    def _load(self) -> Tables:
        try:
            document = json.loads(self._path.read_bytes())
            if document["format"] != _FORMAT:
                raise ValueError(f"format {document['format']} is not {_FORMAT}")
            return from_plain(Tables, document["tables"])
        except FileNotFoundError:
            return Tables()
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            aside = self._set_aside()
            log.warning(
                "the practice workspace could not be read (%s); it starts empty, the old file is %s",
                error,
                aside.name,
            )
            return Tables()

    def _set_aside(self) -> Path:
        number = 1
        while (aside := self._path.with_name(f"state.damaged-{number}.json")).exists():
            number += 1
        os.replace(self._path, aside)
        return aside

    def _save(self) -> None:
        self._tables.virtual_s = self._clock.horizon_s()
        finished = list(self._tables.operations)[:-_SAVED_OPERATIONS]
        for operation_id in finished:
            del self._tables.operations[operation_id]
        document = {"format": _FORMAT, "tables": to_plain(self._tables)}
        temporary = self._path.with_suffix(".json.new")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self._path)
