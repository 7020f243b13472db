"""What a registered model takes and answers, looked up before it is deployed.

The part of the model that tells is copied once. A version of a model never changes, so the copy stays good; it is
looked into anew each time, for reading it takes no time and what is said about it may be said better tomorrow.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpu_assistant.backends.base import DownloadedGraph, DownloadProgress, WorkspaceBackend
from gpu_assistant.domain.errors import BadFeeding, ModelError
from gpu_assistant.domain.model import RegisteredModel, SavedModelSummary, Signature
from gpu_assistant.domain.preprocessing import Preprocessing, parse_preprocessing
from gpu_assistant.domain.text import Text
from gpu_assistant.jobs.job import Job
from gpu_assistant.saved_model import read_saved_model, usable_signatures
from gpu_assistant.saved_model.errors import SavedModelIncomplete
from gpu_assistant.workflows.model_copies import ModelCopies
from gpu_assistant.workflows.site import Site

_BACKGROUND = "background"  # class 0 of TensorFlow's 1001-class ImageNet models
_FLOATS = frozenset({"float32", "float64", "float16", "bfloat16"})
_BESIDE = ("", "assets", "assets.extra")  # where the scoring script looks for what goes with a model
_PATH_FACTS = ("file", "folder")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelInspection:
    """What a page shows about a registered model.

    `signature` is the one that will be served unless another is named, and `signatures` are all that images can be
    fed to, that one first. `size_bytes` is the whole SavedModel in the registry, None when that
    is not told. `labels_count` and `labels_from` (a path in the registered model) are about the labels.txt that the
    scoring script will read; None and "" when answers will carry class numbers only. `warnings` are sentences, each
    about one thing that deserves a look before deploying. `summary.folder` is a copy in the cache that may vanish.
    `declared` is what the model's own preprocessing.json says about feeding it, `declared_problem` why that cannot be.
    """

    model_id: str
    summary: SavedModelSummary
    signature: Signature
    size_bytes: int | None
    labels_count: int | None
    labels_from: str
    warnings: tuple[str, ...]
    signatures: tuple[Signature, ...] = ()
    declared: Preprocessing | None = None
    declared_problem: BadFeeding | None = None

    def __post_init__(self) -> None:
        if not self.signatures:
            object.__setattr__(self, "signatures", (self.signature,))


def inspect_registered_model(
    model: RegisteredModel, *, site: Site, backend: WorkspaceBackend, cache_folder: Path, job: Job
) -> ModelInspection:
    """Look into a registered model, without its weights; at once when this computer did so before.

    `cache_folder` is the program's; copies of all workspaces lie in it, each under a name of its own. A cache that is
    damaged or cannot be written costs only the time of another download. Raises a ModelError when the model is no
    SavedModel, one that TensorFlow could not load, or one that images cannot be fed to; and what the backend raises.
    """
    model_id = model.model_id
    copies = ModelCopies(cache_folder / "registered-models")
    name = _entry_name(site, model_id, model)
    with job.step(Text("Read the signature of {model}", model=model_id)), contextlib.ExitStack() as stack:
        graph = copies.find(name)
        if graph is None:
            scratch = stack.enter_context(copies.scratch())
            graph = backend.download_model_graph(model_id, scratch, on_download=lambda seen: _show(job, seen))
            graph = copies.keep(name, scratch, graph)
        return _inspection(model_id, graph)


def inspect_folder(name: str, folder: Path) -> ModelInspection:
    """The same for a SavedModel of this computer, as if it were registered. Blocks on the disk; raises ModelError."""
    found = read_saved_model(folder).folder
    labels, preprocessing = (
        next((path for inside in _BESIDE if (path := found / inside / file).is_file()), None)
        for file in ("labels.txt", "preprocessing.json")
    )
    labels_from = labels.relative_to(found).as_posix() if labels is not None else ""
    return _inspection(name, DownloadedGraph(found, {}, labels, labels_from, preprocessing))


def _entry_name(site: Site, model_id: str, model: RegisteredModel) -> str:
    # The time tells apart what has the same name: practice workspaces begin anew, and a deleted version leaves its
    # number to the next.
    created = model.created.isoformat() if model.created else ""
    told = "\n".join((site.key_scope, site.workspace.azure_id.lower(), model_id, created))
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _show(job: Job, seen: DownloadProgress) -> None:
    fraction = seen.done_bytes / seen.total_bytes if seen.total_bytes else None
    done_mb, total_mb = seen.done_bytes / 1e6, max(seen.done_bytes, seen.total_bytes) / 1e6
    job.doing(Text("{done_mb:.1f} of {total_mb:.1f} MB", done_mb=done_mb, total_mb=total_mb), fraction)


# --- judging ------------------------------------------------------------------------------------------------------


def _inspection(model_id: str, graph: DownloadedGraph) -> ModelInspection:
    try:
        summary = read_saved_model(graph.folder, left_out=graph.left_out)
    except ModelError as exc:
        raise _named_after(model_id, exc) from None
    signatures = usable_signatures(summary)
    signature = signatures[0]
    declared, declared_problem = _read_declaration(graph.preprocessing)
    labels = _read_labels(graph.labels) if graph.labels else None
    warnings = [*summary.warnings, *(_labels_warnings(labels, signature) if labels is not None else ())]
    return ModelInspection(
        model_id=model_id,
        summary=summary,
        signature=signature,
        size_bytes=None if None in graph.left_out.values() else summary.size_bytes,
        labels_count=None if labels is None else len(labels),
        labels_from=graph.labels_from if labels is not None else "",
        warnings=tuple(warnings),
        signatures=signatures,
        declared=declared,
        declared_problem=declared_problem,
    )


def _named_after(model_id: str, error: ModelError) -> ModelError:
    """The same error about the registered model, for nobody knows the path of its copy; another model may help."""
    if isinstance(error, SavedModelIncomplete):
        reason = Text(
            "{model} is not complete: {missing} is missing. Register the whole folder, with its subfolder variables.",
            model=model_id,
            missing=error.facts["missing"],
        )
        return ModelError(reason=reason)
    facts: dict[str, Any] = {name: model_id if name in _PATH_FACTS else fact for name, fact in error.facts.items()}
    return type(error)(remedies=ModelError.remedies, **facts)


def _read_declaration(file: Path | None) -> tuple[Preprocessing | None, BadFeeding | None]:
    try:
        text = file.read_text(encoding="utf-8-sig", errors="replace") if file else ""
        return (parse_preprocessing(text) if file else None), None
    except OSError as exc:
        log.info("the preprocessing cannot be read: %s", exc.strerror)
        return None, None
    except BadFeeding as problem:
        return None, problem


def _read_labels(file: Path) -> list[str] | None:
    """The names of the classes, read as `scoring/labels.py` does."""
    try:
        text = file.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as exc:
        log.info("the labels cannot be read: %s", exc.strerror)
        return None
    return [line.strip() for line in text.rstrip().split("\n")]


def _labels_warnings(labels: list[str], signature: Signature) -> Iterator[Text]:
    """At most one, by the rule of `fit_labels` in `scoring/labels.py`; none while the number of classes is open."""
    shapes = [spec.shape for spec in signature.outputs if spec.dtype in _FLOATS]
    sizes = {shape[-1] if shape else None for shape in shapes}
    without_background = len(labels) - (labels[0] == _BACKGROUND)
    fitting = {len(labels), without_background, without_background + 1}
    if None not in sizes and not sizes & fitting:
        yield Text(
            "{file} has {labels} lines and the model {classes} classes: answers will carry class numbers only.",
            file="labels.txt",
            labels=len(labels),
            classes=" / ".join(str(size) for size in sorted(size for size in sizes if size is not None)),
        )
