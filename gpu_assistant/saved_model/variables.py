"""The weights beside a graph: variables.index, and the data files that it points into.

The index is a LevelDB table (https://github.com/google/leveldb/blob/main/doc/table_format.md), which TensorFlow
writes uncompressed. Its keys are the names of the variables and its values BundleEntryProto{3 shard_id, 4 offset,
5 size}; under the empty key lies BundleHeaderProto{1 num_shards} (tensorflow/core/protobuf/tensor_bundle.proto). So it
tells how long each data file must be, and a copy that was cut short is found before anything is rented.
"""

from __future__ import annotations

import mmap
import os
import re
import stat
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from gpu_assistant.domain.text import Text
from gpu_assistant.saved_model.errors import SavedModelIncomplete, WeightsDamaged
from gpu_assistant.saved_model.wire import VARINT, BudgetSpent, Span, WireError, WireReader, to_signed

_FOLDER = "variables"
_INDEX = "variables.index"
_SHARD = re.compile(r"variables\.data-(\d{5})-of-(\d{5})")
_MAX_ENTRIES = 10_000  # of the folder
_MAX_INDEX_BYTES = 64 << 20  # about half a million variables
_INDEX_FIELDS = 300_000  # more are not looked at: the check is then left out

_FOOTER_BYTES = 48
_MAGIC = bytes.fromhex("57fb808b247547db")
_UNCOMPRESSED = 0
_TRAILER_BYTES = 5  # the kind of compression and a checksum, behind every block


def check_variables(folder: Path, left_out: Iterable[str]) -> None:
    """Raise SavedModelIncomplete or WeightsDamaged unless the files of the variables are there, and whole.

    `left_out` are paths below `folder` of files that lie elsewhere: they count as present and are not looked into.
    """
    names = {path.removeprefix(f"{_FOLDER}/") for path in left_out if path.startswith(f"{_FOLDER}/")}
    elsewhere = set(names)
    try:
        with os.scandir(folder / _FOLDER) as entries:
            names.update(entry.name for entry in islice(entries, _MAX_ENTRIES))
    except OSError:
        pass  # there is no such folder here
    if _INDEX not in names:
        raise SavedModelIncomplete(folder=folder, missing=f"{_FOLDER}/{_INDEX}")
    shards = [match for match in map(_SHARD.fullmatch, sorted(names)) if match]
    total = int(shards[0][2]) if shards else 1
    present = {int(match[1]) for match in shards if int(match[2]) == total}
    for shard in range(min(total, _MAX_ENTRIES)):
        if shard not in present:
            raise SavedModelIncomplete(folder=folder, missing=f"{_FOLDER}/{_shard_name(shard, total)}")
    if _INDEX not in elsewhere:
        _check_lengths(folder / _FOLDER, total, elsewhere)


def _check_lengths(folder: Path, total: int, elsewhere: set[str]) -> None:
    index = folder / _INDEX
    try:
        shard_count, needed = _lengths(index)
    except WireError as exc:
        raise WeightsDamaged(file=index, reason=exc.reason) from None
    except OSError as exc:
        raise WeightsDamaged(file=index, reason=exc.strerror or Text("it cannot be read")) from None
    if shard_count and shard_count != total:
        missing = f"{_FOLDER}/{_shard_name(shard_count - 1, shard_count)}"
        raise SavedModelIncomplete(folder=folder.parent, missing=missing)
    for shard, needed_bytes in sorted(needed.items()):
        file = folder / _shard_name(shard, total)
        if file.name in elsewhere:
            continue
        size = file.stat().st_size if file.is_file() else 0
        if size < needed_bytes:
            reason = Text("cut short: it has {size} bytes of {needed}", size=size, needed=needed_bytes)
            raise WeightsDamaged(file=file, reason=reason)


def _shard_name(shard: int, total: int) -> str:
    return f"variables.data-{shard:05d}-of-{total:05d}"


def _lengths(index: Path) -> tuple[int, dict[int, int]]:
    """How many data files there are, and how many bytes each must have; (0, {}) when that is not looked at."""
    status = index.stat()
    if not stat.S_ISREG(status.st_mode):
        raise WireError(Text("it is not a regular file"))
    if status.st_size < _FOOTER_BYTES:
        raise WireError(Text("it is cut short"))
    if status.st_size > _MAX_INDEX_BYTES:
        return 0, {}
    with index.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            return _read_table(WireReader(data, _INDEX_FIELDS))
        except BudgetSpent:
            return 0, {}


def _read_table(wire: WireReader) -> tuple[int, dict[int, int]]:
    data = wire.data
    footer = len(data) - _FOOTER_BYTES
    if data[-len(_MAGIC) :] != _MAGIC:
        raise WireError(Text("it is no table of variables, or its end is missing"))
    _, at = _handle(wire, footer)  # of the index of metadata, which TensorFlow leaves empty
    top, _ = _handle(wire, at)
    shard_count, needed = 0, dict[int, int]()
    for _, (start, _) in _entries(wire, top):
        block, _ = _handle(wire, start)
        for key_bytes, value in _entries(wire, block):
            if not key_bytes:
                shard_count = next((number for field, number in _numbers(wire, value) if field == 1), 0)
            else:
                entry = dict(_numbers(wire, value))
                end = to_signed(entry.get(4, 0)) + to_signed(entry.get(5, 0))
                shard = entry.get(3, 0)
                needed[shard] = max(needed.get(shard, 0), end)
    return shard_count, needed


def _handle(wire: WireReader, offset: int) -> tuple[Span, int]:
    """The block that a handle at `offset` points to, and the offset after the handle."""
    size_of_all = len(wire.data)
    start, offset = wire.varint(offset, size_of_all)
    length, offset = wire.varint(offset, size_of_all)
    if start + length + _TRAILER_BYTES > size_of_all:
        raise WireError(Text("cut short: a block at byte {offset} runs past its end", offset=start))
    return (start, start + length), offset


def _entries(wire: WireReader, block: Span) -> Iterator[tuple[int, Span]]:
    """The length of the key and the span of the value of each entry. Raises BudgetSpent for a compressed block."""
    data, (offset, end) = wire.data, block
    if data[end] != _UNCOMPRESSED:
        raise BudgetSpent(Text("a compressed block"))
    if end - offset < 4:
        raise WireError(Text("an empty block at byte {offset}", offset=offset))
    restarts = int.from_bytes(data[end - 4 : end], "little")
    end -= 4 * (restarts + 1)
    while offset < end:
        wire.spend(offset)
        shared, offset = wire.varint(offset, end)
        own, offset = wire.varint(offset, end)
        length, offset = wire.varint(offset, end)
        if own + length > end - offset:
            raise WireError(Text("cut short at byte {offset}", offset=offset))
        offset += own
        yield shared + own, (offset, offset + length)
        offset += length


def _numbers(wire: WireReader, span: Span) -> Iterator[tuple[int, int]]:
    return ((field, value) for field, kind, value, _ in wire.fields(span) if kind == VARINT)
