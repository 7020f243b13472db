"""Models: as a workspace lists them, and as their SavedModel describes itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

Shape = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output of a signature.

    `dtype` is TensorFlow's word ("string", "float32"...), or "unknown(N)" for a number this program does not
    know. A dimension of None is free (the batch, usually); a `shape` of None means that not even the rank is
    known.
    """

    name: str
    dtype: str
    shape: Shape | None


@dataclass(frozen=True, slots=True)
class Signature:
    """A way to call a model. Inputs and outputs are sorted by name: the file's own order means nothing."""

    name: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    method_name: str = ""


@dataclass(frozen=True, slots=True)
class SavedModelSummary:
    """What a SavedModel folder says about itself, read without TensorFlow.

    `folder` is the one that holds saved_model.pb. `op_histogram` counts the nodes of the graph and of its
    functions. `gpu_only` means that TensorFlow's CPU kernels refuse its layout. `size_bytes` is the whole folder:
    what an upload moves. `warnings` are sentences, each about one thing that deserves a look before deploying.
    `graphs` are the tags of every graph in the file, in its order; `tags` are those of the one that serves.
    """

    folder: Path
    tensorflow_version: str
    tags: tuple[str, ...]
    signatures: tuple[Signature, ...]
    op_histogram: Mapping[str, int]
    size_bytes: int
    gpu_only: bool
    is_tf2: bool
    warnings: tuple[str, ...] = ()
    graphs: tuple[tuple[str, ...], ...] = ()
    layers: frozenset[str] = frozenset()
    """Names of layers and of well-known networks that tell how pixels are scaled: "rescaling", "mobilenet"."""


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """One version of a model in a workspace's registry. `id` is Azure's own, `name:version`."""

    name: str
    version: int
    framework: str = ""
    created: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    id: str = ""

    @property
    def model_id(self) -> str:
        """Azure's id; the same made up where Azure's was not told."""
        return self.id or f"{self.name}:{self.version}"
