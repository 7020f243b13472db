"""Reads the weights in a PyTorch file without PyTorch, and nothing else from it.

Such files are pickles, which may run any code when read carelessly. Here the operations of a pickle are looked
through before one is carried out, the few that a table of tensors needs are allowed, and the only names that
resolve are an ordered dictionary, a tensor and the kinds of storage. Both of torch's forms are read: the *legacy
stream* (five pickles, then the raw numbers) and the zip archive (since torch 1.6).
"""

from __future__ import annotations

import collections
import io
import math
import pickle
import pickletools
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_MAX_FILE_BYTES = 512 << 20
_MAX_OPERATIONS = 200_000

# numpy's names of what torch calls FloatStorage and so on.
_DTYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "|u1",
    "BoolStorage": "|b1",
}

# Numbers, texts, tuples, lists, dictionaries, the memo, and the three that call what find_class allows. Memo slots
# are counted by the number of operations, so a slot number beyond it can only be an attack on the memory.
_ALLOWED_OPERATIONS = frozenset({
    "PROTO", "FRAME", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1",
    "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3",
    "EMPTY_LIST", "APPEND", "APPENDS", "EMPTY_DICT", "SETITEM", "SETITEMS", "BINPUT", "LONG_BINPUT", "BINGET",
    "LONG_BINGET", "MEMOIZE", "GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD", "BINPERSID",
})  # fmt: skip


class WeightsRefused(ValueError):
    """The file is not a table of tensors, or holds more than that. The text is one line."""


@dataclass(frozen=True, slots=True)
class _Storage:
    """A run of numbers that the pickle only names."""

    key: str
    dtype: str
    count: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A view into a storage; offset and strides count numbers, not bytes. Proven to lie inside it."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_weights(file: Path) -> dict[str, Array]:
    """Tensors by name, as numpy arrays.

    Raises WeightsRefused for anything but a table of plain tensors; nothing in the file is executed.
    """
    size = file.stat().st_size
    if size > _MAX_FILE_BYTES:
        raise WeightsRefused(f"{file.name} has {size / 1e6:.0f} MB, more than any weights read here")
    content = file.read_bytes()
    try:
        if zipfile.is_zipfile(io.BytesIO(content)):
            return _read_zip(content)
        return _read_legacy(content)
    except WeightsRefused as refused:
        raise WeightsRefused(f"{file.name}: {refused}") from None
    except (
        pickle.UnpicklingError, zipfile.BadZipFile, struct.error, ValueError, KeyError, IndexError, TypeError,
        AttributeError, EOFError, OverflowError, MemoryError, RecursionError, NotImplementedError,
    ) as exc:  # fmt: skip
        # The unpickler reports damage with whatever exception it stumbles over.
        raise WeightsRefused(f"{file.name} is damaged ({type(exc).__name__})") from None


def _read_legacy(content: bytes) -> dict[str, Array]:
    stream = io.BytesIO(content)
    if _unpickle(stream) != _LEGACY_MAGIC or _unpickle(stream) != _LEGACY_PROTOCOL:
        raise WeightsRefused("not a PyTorch file")
    machine = _unpickle(stream)
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise WeightsRefused("written on a big-endian machine")
    tensors = _tensors(_unpickle(stream))
    needed = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    keys = _unpickle(stream)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise WeightsRefused("the list of storages is damaged")
    storages: dict[str, bytes] = {}
    for key in keys:  # per key: the count of its numbers, then the numbers
        (count,) = struct.unpack("<q", stream.read(8))
        storage = needed.get(key)
        if storage is None or count != storage.count:
            raise WeightsRefused(f"storage {key!r:.40} does not match the tensors")
        storages[key] = stream.read(count * np.dtype(storage.dtype).itemsize)
    return {name: _array(tensor, storages) for name, tensor in tensors.items()}


def _read_zip(content: bytes) -> dict[str, Array]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
        if sum(sizes.values()) > _MAX_FILE_BYTES:
            raise WeightsRefused("it unpacks to more than any weights read here")
        pickles = [name for name in sizes if name.endswith("/data.pkl") and name.count("/") == 1]
        if len(pickles) != 1:
            raise WeightsRefused("not a PyTorch file")
        folder = pickles[0].removesuffix("data.pkl")
        if f"{folder}byteorder" in sizes and archive.read(f"{folder}byteorder") != b"little":
            raise WeightsRefused("written on a big-endian machine")
        tensors = _tensors(_unpickle(io.BytesIO(archive.read(pickles[0]))))
        storages = {
            key: archive.read(f"{folder}data/{key}") for key in {tensor.storage.key for tensor in tensors.values()}
        }
    return {name: _array(tensor, storages) for name, tensor in tensors.items()}


def _tensors(table: object) -> dict[str, _Tensor]:
    if not isinstance(table, dict) or not table:
        raise WeightsRefused("it holds no table of tensors")
    for name, tensor in table.items():
        if not isinstance(name, str) or not isinstance(tensor, _Tensor):
            raise WeightsRefused("its table holds something that is not a tensor")
    return dict(table)


def _array(tensor: _Tensor, storages: Mapping[str, bytes]) -> Array:
    dtype = np.dtype(tensor.storage.dtype)
    numbers = storages[tensor.storage.key]
    if len(numbers) != tensor.storage.count * dtype.itemsize:
        raise WeightsRefused("it is cut short")
    strides = tuple(stride * dtype.itemsize for stride in tensor.strides)
    return np.ndarray(tensor.shape, dtype, numbers, tensor.offset * dtype.itemsize, strides)


def _unpickle(stream: io.BytesIO) -> object:
    """The next object of the stream. Its operations are checked before any is carried out."""
    start = stream.tell()
    for count, (operation, argument, _) in enumerate(pickletools.genops(stream)):
        if operation.name not in _ALLOWED_OPERATIONS:
            raise WeightsRefused(f"it holds the pickle operation {operation.name}, which no weights need")
        if "PUT" in operation.name and isinstance(argument, int) and argument > count:
            raise WeightsRefused("it numbers its memo in a way that would fill the memory")
        if count > _MAX_OPERATIONS:
            raise WeightsRefused("it holds more objects than any weights read here")
    length = stream.tell() - start
    stream.seek(start)
    return _Unpickler(io.BytesIO(stream.read(length))).load()


class _Unpickler(pickle.Unpickler):
    """Resolves the names that a table of tensors needs. What they resolve to cannot be changed by a pickle."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if module == "torch._utils" and name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
            return self._rebuild_tensor
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise WeightsRefused(f"it asks for {module}.{name}, which no weights need")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _device, count, *view = pid
        if kind != "storage" or dtype not in _DTYPES.values() or not isinstance(key, str) or view not in ([], [None]):
            raise WeightsRefused("it names a storage in an unknown way")
        if not isinstance(count, int) or not 0 <= count <= _MAX_FILE_BYTES:
            raise WeightsRefused("it names a storage of an impossible size")
        return _Storage(key, dtype, count)

    def _rebuild_tensor(self, storage: Any, offset: Any, shape: Any, strides: Any, *_gradient: Any) -> _Tensor:
        if not isinstance(storage, _Storage) or not isinstance(shape, tuple) or not isinstance(strides, tuple):
            raise WeightsRefused("it holds a tensor without numbers")
        if len(shape) != len(strides) or not all(
            isinstance(number, int) and 0 <= number <= _MAX_FILE_BYTES for number in (offset, *shape, *strides)
        ):
            raise WeightsRefused("it holds a tensor of an impossible shape")
        last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
        # The second bound keeps a stride of 0 from turning one number into a memory full of them.
        if math.prod(shape) and (last >= storage.count or math.prod(shape) > storage.count):
            raise WeightsRefused("it holds a tensor that reaches past its numbers")
        return _Tensor(storage, offset, shape, strides)
