"""Files as PyTorch writes them, made without PyTorch, and some that it would never write."""

from __future__ import annotations

import io
import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

_MAGIC = 0x1950A86A20F9469CFC6C
_STORAGES = {"<f4": "FloatStorage", "<f8": "DoubleStorage", "<i8": "LongStorage", "|u1": "ByteStorage"}


class Tensor:
    """What to write: `numbers` is the storage; the rest may contradict it."""

    def __init__(self, numbers: np.ndarray, shape: Any = None, strides: Any = None, offset: Any = 0) -> None:
        self.numbers = np.array(numbers, order="C")
        self.shape = numbers.shape if shape is None else shape
        default = tuple(stride // numbers.itemsize for stride in self.numbers.strides)
        self.strides = default if strides is None else strides
        self.offset = offset


def legacy(table: Mapping[str, Any], **changes: Any) -> bytes:
    """The stream of pickles that torch wrote before 1.6."""
    out = io.BytesIO()
    for part in (
        changes.get("magic", _MAGIC),
        1001,
        {"protocol_version": 1001, "little_endian": changes.get("little_endian", True), "type_sizes": {}},
    ):
        pickle.dump(part, out, protocol=2)
    content, storages = _state_dict(table)
    out.write(content)
    pickle.dump(sorted(storages), out, protocol=2)
    for key in sorted(storages):
        out.write(struct.pack("<q", storages[key].size) + storages[key].tobytes())
    return out.getvalue()


def zipped(table: Mapping[str, Any]) -> bytes:
    """The archive that torch has written since 1.6."""
    content, storages = _state_dict(table)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("weights/data.pkl", content)
        archive.writestr("weights/byteorder", "little")
        for key, numbers in storages.items():
            archive.writestr(f"weights/data/{key}", numbers.tobytes())
    return out.getvalue()


def _state_dict(table: Mapping[str, Any]) -> tuple[bytes, dict[str, np.ndarray]]:
    storages: dict[str, np.ndarray] = {}
    out = io.BytesIO()
    with _fake_torch() as (rebuild, kinds):

        class Storage:
            def __init__(self, key: str, numbers: np.ndarray) -> None:
                self.key, self.numbers = key, numbers

        class Rebuilt:
            def __init__(self, storage: Storage, tensor: Tensor) -> None:
                self.parts = (storage, tensor.offset, tensor.shape, tensor.strides, False, OrderedDict())

            def __reduce__(self) -> Any:
                return rebuild, self.parts

        class Pickler(pickle.Pickler):
            def persistent_id(self, obj: Any) -> Any:
                if isinstance(obj, Storage):
                    kind = kinds[_STORAGES[obj.numbers.dtype.str]]
                    return "storage", kind, obj.key, "cpu", obj.numbers.size, None
                return None

        written: OrderedDict[str, Any] = OrderedDict()
        for index, (name, value) in enumerate(table.items()):
            if isinstance(value, Tensor):
                storages[str(index)] = value.numbers
                value = Rebuilt(Storage(str(index), value.numbers), value)
            written[name] = value
        Pickler(out, protocol=2).dump(written)
    return out.getvalue(), storages


@contextmanager
def _fake_torch() -> Iterator[tuple[Any, dict[str, type]]]:
    """Modules of torch's names, just long enough for pickle to write those names."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def _rebuild_tensor_v2() -> None:
        raise AssertionError("only its name is written")

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    kinds = {name: type(name, (), {"__module__": "torch"}) for name in _STORAGES.values()}
    for name, kind in kinds.items():
        setattr(torch, name, kind)
    before = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules.update({"torch": torch, "torch._utils": utils})
    try:
        yield _rebuild_tensor_v2, kinds
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
