"""Protocol Buffers' wire format, read in place and within bounds.

Only what a reader of hostile files needs: fields are walked over offsets of one buffer (an mmap, usually), nothing
is copied, lengths are checked against the enclosing message, varints end after ten bytes, and a budget of fields
makes the cost of any file known in advance. Depth is bounded by the caller, which descends only where it knows
the schema. https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass

from gpu_assistant.domain.text import Text

VARINT = 0
FIXED64 = 1
BYTES = 2
FIXED32 = 5

_MAX_VARINT_BYTES = 10
_WIDTHS = {FIXED64: 8, FIXED32: 4}

Span = tuple[int, int]
"""Start and end offset of a message or string in the buffer."""

Field = tuple[int, int, int, int]
"""Field number, wire type, then (value, 0) for a VARINT and (start, end) for everything else."""


class WireError(ValueError):
    """The bytes break the format. `reason` is one line and names the offset."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason)
        self.reason = reason


class BudgetSpent(WireError):
    """More fields than the caller was willing to walk; the bytes themselves may be fine."""


@dataclass(slots=True)
class WireReader:
    """Walks the fields of messages in `data`; `fields_left` counts down over all walks together."""

    data: mmap.mmap | bytes
    fields_left: int

    def whole(self) -> Span:
        return 0, len(self.data)

    def fields(self, span: Span) -> Iterator[Field]:
        """The fields of the message at `span`, in file order. Raises WireError at the first broken one."""
        data, (offset, end) = self.data, span
        while offset < end:
            self.spend(offset)
            start = offset
            key = data[offset]
            offset += 1
            if key >= 0x80:
                key, offset = self.varint(start, end)
            number, wire_type = key >> 3, key & 7
            if not 0 < number < 1 << 29:
                raise WireError(
                    Text("field number {number} at byte {offset} is not allowed", number=number, offset=start)
                )
            if wire_type == BYTES:
                length, offset = self.varint(offset, end)
                if length > end - offset:
                    raise WireError(Text("cut short: the field at byte {offset} runs past its end", offset=start))
                yield number, BYTES, offset, offset + length
                offset += length
            elif wire_type == VARINT:
                value, offset = self.varint(offset, end)
                yield number, VARINT, value, 0
            elif wire_type in _WIDTHS:
                width = _WIDTHS[wire_type]
                if width > end - offset:
                    raise WireError(Text("cut short: the field at byte {offset} runs past its end", offset=start))
                yield number, wire_type, offset, offset + width
                offset += width
            else:
                raise WireError(
                    Text(
                        "wire type {number} at byte {offset} is not used in SavedModels", number=wire_type, offset=start
                    )
                )

    def spend(self, offset: int) -> None:
        """Count one field off the budget. Raises BudgetSpent when none is left."""
        if self.fields_left <= 0:
            raise BudgetSpent(Text("too many fields (stopped at byte {offset})", offset=offset))
        self.fields_left -= 1

    def text(self, span: Span, limit_bytes: int) -> str:
        """The UTF-8 string at `span`, fit to be shown in a line of text."""
        start, end = span
        if end - start > limit_bytes:
            raise WireError(Text("a name of {size} bytes at byte {offset}", size=end - start, offset=start))
        try:
            text = str(self.data[start:end], "utf-8")
        except UnicodeDecodeError:
            raise WireError(Text("a name at byte {offset} is not UTF-8", offset=start)) from None
        if not text.isprintable():
            raise WireError(Text("a name at byte {offset} holds control characters", offset=start))
        return text

    def varint(self, offset: int, end: int) -> tuple[int, int]:
        """The unsigned 64-bit number at `offset`, and the offset after it."""
        data, value = self.data, 0
        for shift in range(_MAX_VARINT_BYTES):
            if offset >= end:
                raise WireError(Text("cut short at byte {offset}", offset=offset))
            byte = data[offset]
            offset += 1
            value |= (byte & 0x7F) << (7 * shift)
            if byte < 0x80:
                return value & (1 << 64) - 1, offset
        raise WireError(Text("a number at byte {offset} never ends", offset=offset - _MAX_VARINT_BYTES))


def to_signed(value: int) -> int:
    """An int64 field as it was meant: -1 is written as 2**64 - 1."""
    return value - (1 << 64) if value >= 1 << 63 else value
