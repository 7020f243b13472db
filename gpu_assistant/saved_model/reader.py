"""A SavedModel folder, checked and summed up without TensorFlow.

The folder is treated as hostile: whatever it holds, the answer or the refusal comes within a second and 100 MiB.
"""

from __future__ import annotations

import errno
import itertools
import mmap
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from gpu_assistant.domain.model import SavedModelSummary, Signature
from gpu_assistant.domain.text import Text
from gpu_assistant.saved_model.errors import (
    SavedModelDamaged,
    SavedModelIsText,
    SavedModelNotFound,
    SavedModelNotServable,
    SavedModelTooLarge,
)
from gpu_assistant.saved_model.graph import GraphFacts, MetaGraph, count_ops, read_meta_graphs
from gpu_assistant.saved_model.serving import listed, preferred_signature, why_unusable
from gpu_assistant.saved_model.variables import check_variables
from gpu_assistant.saved_model.wire import WireError

_PB = "saved_model.pb"
_MAX_BYTES = (1 << 31) - 1  # protobuf's own limit for one message
_MAX_ENTRIES = 10_000  # of one folder, and of the tree whose size is summed
_VARIABLE_OPS = frozenset({"VarHandleOp", "VariableV2", "Variable"})

# Operations that nothing in the deployed environment can carry out.
_PYTHON_OPS = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc"})
_TPU_OPS = frozenset({"TPUReplicate", "TPUPartitionedCall", "TPUPartitionedCallV2"})
_TENSORRT_OPS = frozenset({"TRTEngineOp"})
_OTHER_FORMATS = {
    ".keras": Text("a Keras file; turn it into a SavedModel with model.export(folder)"),
    ".h5": Text("a Keras HDF5 file; load it and export it with model.export(folder)"),
    ".hdf5": Text("a Keras HDF5 file; load it and export it with model.export(folder)"),
    ".onnx": Text("an ONNX model; only TensorFlow SavedModels can be deployed"),
    ".tflite": Text("a TensorFlow Lite model; export the model it was made from as a SavedModel"),
    ".pt": Text("a PyTorch model; only TensorFlow SavedModels can be deployed"),
    ".pth": Text("a PyTorch model; only TensorFlow SavedModels can be deployed"),
    ".pb": Text("a bare graph; export the model as a SavedModel"),
}


def read_saved_model(folder: Path, *, left_out: Mapping[str, int | None] | None = None) -> SavedModelSummary:
    """Sum up the SavedModel in `folder`, or in its only numbered child (TensorFlow Serving's layout).

    `left_out` names files of the same SavedModel that are known to exist elsewhere (the weights of a registered
    model, say) by their path below the folder of saved_model.pb, with their bytes. They count as if they were here;
    a size of None adds nothing to `size_bytes`.

    Raises a `ModelError` with the reason when TensorFlow could not load it or it is not made for serving.
    Blocks on the disk; safe on any thread.
    """
    found = _find_folder(folder)
    file = found / _PB
    try:
        meta_graph, tag_sets, facts = _read_file(file)
    except WireError as exc:
        raise SavedModelDamaged(file=file, reason=exc.reason) from None
    except OSError as exc:
        raise SavedModelNotFound(folder=found, reason=_os_reason(exc)) from None
    left_out = left_out or {}
    if _VARIABLE_OPS & facts.op_histogram.keys():
        check_variables(found, left_out)
    return SavedModelSummary(
        folder=found,
        tensorflow_version=meta_graph.tensorflow_version,
        tags=tuple(sorted(meta_graph.tags)),
        signatures=meta_graph.signatures,
        op_histogram=facts.op_histogram,
        size_bytes=_tree_bytes(found) + sum(size or 0 for size in left_out.values()),
        gpu_only=facts.gpu_only,
        is_tf2=meta_graph.is_tf2,
        warnings=tuple(_warnings(meta_graph, len(tag_sets), facts)),
        graphs=tag_sets,
        layers=facts.layers,
    )


def _find_folder(folder: Path) -> Path:
    try:
        if not stat.S_ISDIR(folder.stat().st_mode):
            reason = Text("this is a file; choose the folder that holds {file}", file=_PB)
            raise SavedModelNotFound(folder=folder, reason=reason)
        names = _names(folder)
        if _PB in names:
            return folder
        if f"{_PB}txt" in names:
            raise SavedModelIsText(folder=folder)
        numbered = sorted((name for name in names if re.fullmatch(r"[0-9]{1,18}", name)), key=int)
        versions = [name for name in numbered if (folder / name / _PB).is_file()]
        if not versions and any((folder / name / f"{_PB}txt").is_file() for name in numbered):
            raise SavedModelIsText(folder=folder)
    except (OSError, ValueError) as exc:  # ValueError: a null character in the path
        raise SavedModelNotFound(folder=folder, reason=_os_reason(exc)) from None
    if len(versions) == 1:
        return folder / versions[0]
    if versions:
        reason = Text("it holds several versions ({versions}); choose one of these folders", versions=listed(versions))
        raise SavedModelNotFound(folder=folder, reason=reason)
    raise SavedModelNotFound(folder=folder, reason=Text("there is no {file} in it{hint}", file=_PB, hint=_hint(names)))


def _names(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in itertools.islice(entries, _MAX_ENTRIES))


def _hint(names: list[str]) -> str:
    for name in names:
        advice = _OTHER_FORMATS.get(Path(name).suffix.lower())
        if advice:
            return Text("; {name} is {what}", name=name, what=advice)
    return ""


def _read_file(file: Path) -> tuple[MetaGraph, tuple[tuple[str, ...], ...], GraphFacts]:
    """The graph made for serving, the tags of all graphs in the file, and what is in the chosen one."""
    # A pipe or device of that name would block the open or never end, hence the look before it.
    if not stat.S_ISREG(file.stat().st_mode):
        raise WireError(Text("it is not a regular file"))
    with file.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > _MAX_BYTES:
            raise SavedModelTooLarge(file=file, size_mb=size / 1e6, limit_mb=_MAX_BYTES / 1e6)
        if not size:
            raise WireError(Text("it is empty"))
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            meta_graphs = read_meta_graphs(data)
            chosen = _for_serving(meta_graphs)
            tag_sets = tuple(tuple(sorted(graph.tags)) for graph in meta_graphs)
            return chosen, tag_sets, count_ops(data, chosen.graph)


def _for_serving(meta_graphs: list[MetaGraph]) -> MetaGraph:
    """Of several graphs, the one tagged just "serve"; else the plainest that carries the tag."""
    servable = [graph for graph in meta_graphs if "serve" in graph.tags]
    if not servable:
        found = sorted({"+".join(sorted(graph.tags)) or Text("no tag") for graph in meta_graphs})
        raise SavedModelNotServable(found=listed(found))
    return min(servable, key=lambda graph: len(graph.tags))


def _warnings(graph: MetaGraph, graph_count: int, facts: GraphFacts) -> list[Text]:
    warnings = []
    if graph_count > 1:
        tags = listed(sorted(graph.tags))
        warnings.append(
            Text("The file holds {count} graphs; the one tagged {tags} is used.", count=graph_count, tags=tags)
        )
    if facts.gpu_only:
        warnings.append(Text("Its layout is channels-first (NCHW): it runs on a GPU only, not on this computer."))
    warnings.extend(_operation_warnings(facts.op_histogram))
    if not facts.complete:
        warnings.append(Text("The graph is so large that its operations were not all counted."))
    warnings.extend(_signature_warnings(graph.signatures))
    return warnings


def _operation_warnings(histogram: Mapping[str, int]) -> Iterator[Text]:
    if python := _PYTHON_OPS & histogram.keys():
        ops = listed(sorted(python))
        yield Text("It calls Python code ({ops}), which is not in the file: it cannot be served.", ops=ops)
    if tpu := _TPU_OPS & histogram.keys():
        yield Text("It was exported for a TPU ({ops}). Export it again for CPU and GPU.", ops=listed(sorted(tpu)))
    if tensorrt := _TENSORRT_OPS & histogram.keys():
        ops = listed(sorted(tensorrt))
        yield Text("It was compiled for TensorRT ({ops}), which the deployed environment does not have.", ops=ops)


def _signature_warnings(signatures: tuple[Signature, ...]) -> list[Text]:
    warnings = []
    chosen = preferred_signature(signatures)
    if not signatures:
        warnings.append(Text("It has no signature, so it cannot be served. Export it with signatures."))
    elif chosen is None:
        names = listed(signature.name for signature in signatures)
        warnings.append(
            Text("It has several signatures ({names}) and none is called serving_default: name one.", names=names)
        )
    elif len(signatures) > 1:
        count, name = len(signatures), chosen.name
        warnings.append(
            Text("It has {count} signatures; {name} is used unless another is named.", count=count, name=name)
        )
    if chosen is not None:
        reason = why_unusable(chosen)
        if reason:
            warnings.append(Text("{reason}.", reason=reason))
    return warnings


def _tree_bytes(folder: Path) -> int:
    """The bytes of all regular files below `folder`, without following links; at most 10,000 files."""
    total = seen = 0
    for root, _, names in os.walk(folder):
        for name in names:
            seen += 1
            if seen > _MAX_ENTRIES:
                return total
            try:
                status = os.lstat(os.path.join(root, name))
            except OSError:
                continue  # gone since it was listed
            total += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return total


def _os_reason(exc: OSError | ValueError) -> str:
    if isinstance(exc, OSError) and exc.errno == errno.ENOENT:
        return Text("there is no such folder")
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror
    return Text("this is not a path")
