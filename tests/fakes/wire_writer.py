"""Writes Protocol Buffers bytes by hand: also those that no library would write."""

from __future__ import annotations


def varint(value: int) -> bytes:
    out = bytearray()
    value &= (1 << 64) - 1
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def message(field: int, *parts: bytes | str) -> bytes:
    """A message, string or map entry: whatever has a length."""
    content = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return varint(field << 3 | 2) + varint(len(content)) + content


def tensor(field: int, name: str, dtype: int, shape: list[int] | None) -> bytes:
    """A map entry of SignatureDef's inputs (field 1) or outputs (2). A shape of None: unknown rank."""
    if shape is None:
        shape_proto = message(3, number(3, 1))
    else:
        shape_proto = message(3, *(message(2, number(1, size)) for size in shape))
    return message(field, message(1, name), message(2, message(1, name + ":0"), number(2, dtype), shape_proto))


def signature(name: str, *tensors: bytes) -> bytes:
    """A map entry of MetaGraphDef's signatures."""
    return message(5, message(1, name), message(2, *tensors, message(3, "tensorflow/serving/predict")))


def node(op: str, *attributes: bytes) -> bytes:
    return message(1, message(1, f"a_{op}"), message(2, op), *attributes)


def attribute(name: str, text: str) -> bytes:
    return message(5, message(1, name), message(2, message(2, text)))


def meta_graph(*parts: bytes, tags: tuple[str, ...] = ("serve",), version: str = "2.21.0") -> bytes:
    info = message(1, *(message(4, tag) for tag in tags), message(5, version))
    return message(2, info, *parts)


def saved_model(*meta_graphs: bytes) -> bytes:
    return number(1, 1) + b"".join(meta_graphs)


STRING, FLOAT, UINT8, INT64 = 7, 1, 4, 9
CLASSIFIER = signature(
    "serving_default",
    tensor(1, "image_bytes", STRING, [-1]),
    tensor(2, "classes", INT64, [-1]),
    tensor(2, "probabilities", FLOAT, [-1, 1001]),
)
