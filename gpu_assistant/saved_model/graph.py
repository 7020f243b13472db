"""What the messages inside saved_model.pb say.

The field numbers are TensorFlow's (tensorflow/core/protobuf/saved_model.proto, meta_graph.proto and
tensorflow/core/framework/{graph,function,node_def,attr_value,tensor_shape}.proto); they never change, for files
outlive programs. In comments below, `MetaGraphDef{2 graph_def}` reads: field 2 of MetaGraphDef is graph_def.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass

from gpu_assistant.domain.model import Shape, Signature, TensorSpec
from gpu_assistant.domain.text import Text
from gpu_assistant.saved_model.wire import (
    BYTES,
    VARINT,
    BudgetSpent,
    Span,
    WireError,
    WireReader,
    to_signed,
)

# A signature file that needs more is no signature file; each number is far above anything TensorFlow writes.
STRUCTURE_FIELDS = 100_000
NAME_BYTES = 500
DIMENSIONS = 64
META_GRAPHS = 100

# The graph may honestly be huge, so running out of this budget ends the counting and refuses nothing. It keeps
# the walk well under a second.
GRAPH_FIELDS = 300_000
OP_NAME_BYTES = 200
DISTINCT_OPS = 5_000

# Pages that were walked over are given back to the system at this stride, so that a 2 GB file costs no memory.
_RELEASE_BYTES = 8 << 20

# DataType in tensorflow/core/framework/types.proto.
_DTYPES = {
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 7: "string", 8: "complex64",
    9: "int64", 10: "bool", 11: "qint8", 12: "quint8", 13: "qint32", 14: "bfloat16", 15: "qint16", 16: "quint16",
    17: "uint16", 18: "complex128", 19: "float16", 20: "resource", 21: "variant", 22: "uint32", 23: "uint64",
    24: "float8_e5m2", 25: "float8_e4m3fn",
}  # fmt: skip

# TensorFlow's CPU kernels of these refuse the channels-first layout (NCHW).
_LAYOUT_OPS = frozenset(
    {"Conv2D", "DepthwiseConv2dNative", "MaxPool", "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"}
)
# Nodes are named after their layer, below the name of the network: "mobilenetv2_1.00_224/Conv1/Conv2D".
_TELLING_LAYERS = re.compile(
    rb"(?:^|/)(rescaling|normalization|mobilenetv3|mobilenet|efficientnet|convnext|regnet|inception|xception|nasnet|"
    rb"resnet(?:50|101|152)v2|resnet(?:50|101|152)|vgg1[69]|densenet)",
    re.IGNORECASE,
)
_INIT_OP = "__saved_model_init_op"  # not a signature one can call: TF2 keeps its initialiser there


@dataclass(frozen=True, slots=True)
class MetaGraph:
    """One graph of the file, its large parts still unread."""

    tags: frozenset[str]
    tensorflow_version: str
    signatures: tuple[Signature, ...]
    graph: tuple[Span, ...]
    is_tf2: bool


@dataclass(frozen=True, slots=True)
class GraphFacts:
    """What counting the nodes gave; `complete` is False when the budget ended before the graph did."""

    op_histogram: dict[str, int]
    gpu_only: bool
    complete: bool
    layers: frozenset[str] = frozenset()


def read_meta_graphs(data: mmap.mmap | bytes) -> list[MetaGraph]:
    """All graphs of a SavedModel file. Raises WireError when the bytes are not one."""
    wire = WireReader(data, STRUCTURE_FIELDS)
    meta_graphs: list[MetaGraph] = []
    for number, wire_type, start, end in wire.fields(wire.whole()):
        if number == 2 and wire_type == BYTES:  # SavedModel{1 schema_version, 2 meta_graphs}
            if len(meta_graphs) >= META_GRAPHS:
                raise WireError(Text("more than {limit} graphs", limit=META_GRAPHS))
            meta_graphs.append(_meta_graph(wire, (start, end)))
    if not meta_graphs:
        raise WireError(Text("it holds no graph"))
    return meta_graphs


def _meta_graph(wire: WireReader, span: Span) -> MetaGraph:
    tags: set[str] = set()
    version = ""
    signatures: dict[str, Signature] = {}
    graph: list[Span] = []
    is_tf2 = False
    # MetaGraphDef{1 meta_info_def, 2 graph_def, 5 signature_def (map), 7 object_graph_def}
    for number, wire_type, start, end in wire.fields(span):
        if wire_type != BYTES:
            continue
        if number == 1:
            for info, kind, a, b in wire.fields((start, end)):  # MetaInfoDef{4 tags, 5 tensorflow_version}
                if info == 4 and kind == BYTES:
                    tags.add(wire.text((a, b), NAME_BYTES))
                elif info == 5 and kind == BYTES:
                    version = wire.text((a, b), NAME_BYTES)
        elif number == 2:
            graph.append((start, end))
        elif number == 5:
            name, value = _map_entry(wire, (start, end))
            if name != _INIT_OP:
                signatures[name] = _signature(wire, name, value)
        elif number == 7:
            is_tf2 = True
    by_name = tuple(signatures[name] for name in sorted(signatures))
    return MetaGraph(frozenset(tags), version, by_name, tuple(graph), is_tf2)


def _signature(wire: WireReader, name: str, spans: list[Span]) -> Signature:
    inputs: dict[str, TensorSpec] = {}
    outputs: dict[str, TensorSpec] = {}
    method_name = ""
    for span in spans:
        # SignatureDef{1 inputs (map), 2 outputs (map), 3 method_name}
        for number, wire_type, start, end in wire.fields(span):
            if wire_type != BYTES:
                continue
            if number in (1, 2):
                tensor, value = _map_entry(wire, (start, end))
                (inputs if number == 1 else outputs)[tensor] = _tensor_spec(wire, tensor, value)
            elif number == 3:
                method_name = wire.text((start, end), NAME_BYTES)
    return Signature(name, _sorted(inputs), _sorted(outputs), method_name)


def _sorted(specs: dict[str, TensorSpec]) -> tuple[TensorSpec, ...]:
    return tuple(specs[name] for name in sorted(specs))


def _map_entry(wire: WireReader, span: Span) -> tuple[str, list[Span]]:
    """A map entry is a message {1 key, 2 value}. A value in pieces is legal: they are to be merged."""
    key, values = "", []
    for number, wire_type, start, end in wire.fields(span):
        if number == 1 and wire_type == BYTES:
            key = wire.text((start, end), NAME_BYTES)
        elif number == 2 and wire_type == BYTES:
            values.append((start, end))
    return key, values


def _tensor_spec(wire: WireReader, name: str, spans: list[Span]) -> TensorSpec:
    dtype = 0
    shape: Shape | None = None
    for span in spans:
        # TensorInfo{1 name, 2 dtype, 3 tensor_shape}
        for number, wire_type, start, end in wire.fields(span):
            if number == 2 and wire_type == VARINT:
                dtype = start
            elif number == 3 and wire_type == BYTES:
                shape = _shape(wire, (start, end))
    return TensorSpec(name, _DTYPES.get(dtype, f"unknown({dtype})"), shape)


def _shape(wire: WireReader, span: Span) -> Shape | None:
    dimensions: list[int | None] = []
    # TensorShapeProto{2 dim {1 size}, 3 unknown_rank}; a size of -1 is unknown
    for number, wire_type, start, end in wire.fields(span):
        if number == 3 and wire_type == VARINT and start:
            return None
        if number == 2 and wire_type == BYTES:
            size = 0
            for field, kind, value, _ in wire.fields((start, end)):
                if field == 1 and kind == VARINT:
                    size = to_signed(value)
            dimensions.append(size if size >= 0 else None)
            if len(dimensions) > DIMENSIONS:
                raise WireError(Text("a tensor of more than {limit} dimensions", limit=DIMENSIONS))
    return tuple(dimensions)


def count_ops(data: mmap.mmap | bytes, graph: tuple[Span, ...]) -> GraphFacts:
    """Count the nodes of a graph and of its functions: in TF2 files nearly all ops are inside functions.

    Raises WireError when the graph's bytes are damaged; a graph beyond the budget is reported incomplete.
    """
    wire = WireReader(data, GRAPH_FIELDS)
    histogram: dict[str, int] = {}
    gpu_only = False
    layers: set[str] = set()
    released = 0
    try:
        for span in graph:
            for node in _nodes(wire, span):
                op, layout = _node(wire, node, layers)
                if op not in histogram and len(histogram) >= DISTINCT_OPS:
                    raise BudgetSpent(Text("more kinds of operations than TensorFlow has"))
                histogram[op] = histogram.get(op, 0) + 1
                gpu_only = gpu_only or layout
                if node[0] - released > _RELEASE_BYTES:
                    _release(data, released, node[0])
                    released = node[0]
    except BudgetSpent:
        return GraphFacts(histogram, gpu_only, False, frozenset(layers))
    return GraphFacts(histogram, gpu_only, True, frozenset(layers))


def _nodes(wire: WireReader, graph: Span) -> Iterator[Span]:
    """The node messages of a GraphDef{1 node, 2 library{1 function{3 node_def}}}."""
    for number, wire_type, start, end in wire.fields(graph):
        if wire_type != BYTES:
            continue
        if number == 1:
            yield start, end
        elif number == 2:
            for in_library, kind, a, b in wire.fields((start, end)):
                if in_library != 1 or kind != BYTES:
                    continue
                for in_function, inner, c, d in wire.fields((a, b)):
                    if in_function == 3 and inner == BYTES:
                        yield c, d


def _node(wire: WireReader, span: Span, layers: set[str]) -> tuple[str, bool]:
    """A node's op, and whether it is one that the CPU refuses. NodeDef{1 name, 2 op, 5 attr (map)}.

    Adds to `layers` what its name tells.
    """
    op, attributes = "", []
    for number, wire_type, start, end in wire.fields(span):
        if number == 1 and wire_type == BYTES:
            name = bytes(wire.data[start : min(end, start + NAME_BYTES)])
            layers.update(found.decode().lower() for found in _TELLING_LAYERS.findall(name))
        elif number == 2 and wire_type == BYTES:
            op = wire.text((start, end), OP_NAME_BYTES)
            if op not in _LAYOUT_OPS:
                return op, False  # the rest, most of the file, is of no interest
        elif number == 5 and wire_type == BYTES:
            attributes.append((start, end))
    return op, any(_is_channels_first(wire, attribute) for attribute in attributes)


def _is_channels_first(wire: WireReader, attribute: Span) -> bool:
    key, values = _map_entry(wire, attribute)
    if key != "data_format":
        return False
    return any(
        number == 2 and wire_type == BYTES and wire.data[start : min(end, start + 2)] == b"NC"
        for value in values
        for number, wire_type, start, end in wire.fields(value)  # AttrValue{2 s}
    )


def _release(data: mmap.mmap | bytes, start: int, end: int) -> None:
    if isinstance(data, mmap.mmap) and hasattr(data, "madvise"):  # not on Windows
        first = start - start % mmap.PAGESIZE
        data.madvise(mmap.MADV_DONTNEED, first, end - first)
