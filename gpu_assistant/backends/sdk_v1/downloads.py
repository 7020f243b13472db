"""Reading what describes a registered model: its graph and its labels, not its weights.

The way is that of the SDK's `Model.download` (model, asset, artifacts, signed addresses), which would fetch all of
it: gigabytes, in order to show a signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from gpu_assistant.backends.base import DownloadedGraph, DownloadProgress, OnDownload
from gpu_assistant.backends.saved_model_files import (
    GRAPH_FILE,
    GRAPH_LIMIT_BYTES,
    LABELS_FILE,
    LABELS_LIMIT_BYTES,
    SavedModelFiles,
    find_saved_model,
)
from gpu_assistant.backends.sdk_v1.errors import About
from gpu_assistant.backends.sdk_v1.session import AzureSession
from gpu_assistant.backends.sdk_v1.storage import BlobMissing, BlobTooLarge, SignedBlobs
from gpu_assistant.domain.errors import ModelError, ModelNotFound, UnexpectedAnswer
from gpu_assistant.domain.text import Text

_ASSET_URL = "aml://asset/"
_MOST_PAGES = 200
_MOST_FILES_WEIGHED = 64  # each costs a request, and a SavedModel has about five
_STEP_BYTES = 1 << 20


class Downloads:
    """The files of registered models in the open workspace."""

    def __init__(self, session: AzureSession) -> None:
        self._session = session

    def graph(self, model_id: str, folder: Path, *, on_download: OnDownload | None) -> DownloadedGraph:
        """saved_model.pb and labels.txt of a registered model; see `WorkspaceBackend.download_model_graph`."""
        about = About(Text("Reading the files of {model}", model=model_id), model=model_id)
        addresses = self._addresses(model_id, about)
        files = find_saved_model(model_id, addresses)
        graph, labels = folder / "graph" / GRAPH_FILE, folder / LABELS_FILE
        with closing(SignedBlobs(about)) as blobs:
            try:
                blobs.save(
                    addresses[files.graph], graph, limit_bytes=GRAPH_LIMIT_BYTES, on_bytes=_Progress(on_download)
                )
            except BlobTooLarge as exc:
                raise _too_large(model_id, exc.size_bytes) from None
            except BlobMissing:
                reason = Text("The files of {model} are no longer in the storage of the workspace.", model=model_id)
                raise ModelError(reason=reason) from None
            labels_from = _save_labels(files, addresses, blobs, labels)
            left_out = _left_out(files, addresses, blobs)
        return DownloadedGraph(graph.parent, left_out, labels if labels_from else None, labels_from)

    def _addresses(self, model_id: str, about: About) -> Mapping[str, str]:
        """Path within the model → signed address, for every file of the model."""
        rest = self._session.rest
        model = rest.get(self._session.service_url("models", model_id), about=about)
        if model is None:
            raise ModelNotFound(name=model_id, suggestion="")
        url = _text(model, "url")
        if not url.startswith(_ASSET_URL):
            reason = Text(
                "{model} was registered in a way that cannot be looked into before deploying.", model=model_id
            )
            raise ModelError(reason=reason)
        asset = rest.get(self._session.service_url("assets", url.removeprefix(_ASSET_URL)), about=about)
        found: dict[str, str] = {}
        for artifact in (asset or {}).get("artifacts") or []:
            one, prefix = _text(artifact, "id"), _text(artifact, "prefix")
            if one:
                found |= self._one(one, about)
            elif prefix:
                found |= self._below(prefix, about)
        return found

    def _one(self, artifact_id: str, about: About) -> Mapping[str, str]:
        """A file that was registered by itself; the model knows it by its name alone."""
        body = self._session.rest.get(self._session.artifacts_url("contentinfo", artifact_id), about=about)
        address = _text(body, "contentUri")
        return {artifact_id.rpartition("/")[2]: address} if address else {}

    def _below(self, prefix: str, about: About) -> Mapping[str, str]:
        """Files by the common start of their paths; the last part of that start is a folder of the model."""
        url = self._session.artifacts_url("prefix/contentinfo", prefix)
        start = "/".join(prefix.split("/")[2:]).rstrip("/")  # after origin and container
        cut = len(start.rpartition("/")[0]) + 1 if "/" in start else 0
        found: dict[str, str] = {}
        token = ""
        for _ in range(_MOST_PAGES):
            page = self._session.rest.get(url, about=about, params={"continuationToken": token} if token else None)
            for row in (page or {}).get("value") or []:
                path, address = _text(row, "path"), _text(row, "contentUri")
                if address and (path == start or path.startswith(f"{start}/")):
                    found[path[cut:]] = address
            token = _text(page, "continuationToken")
            if not token:
                return found
        raise UnexpectedAnswer(what=about.what, reason=Text("the list of its files does not end"))


class _Progress:
    """Passes on how far the download is, in steps that are worth a message."""

    def __init__(self, on_download: OnDownload | None) -> None:
        self._on_download = on_download
        self._told = 0

    def __call__(self, done_bytes: int, total_bytes: int) -> None:
        is_new_try = done_bytes < self._told
        if is_new_try or done_bytes - self._told >= _STEP_BYTES or done_bytes == total_bytes:
            self._told = done_bytes
            if self._on_download is not None:
                self._on_download(DownloadProgress(done_bytes, total_bytes))


def _save_labels(files: SavedModelFiles, addresses: Mapping[str, str], blobs: SignedBlobs, target: Path) -> str:
    """The place of the labels.txt that the scoring script would read, saved to `target`; "" when there is none."""
    for place in files.labels:
        try:
            blobs.save(addresses[place], target, limit_bytes=LABELS_LIMIT_BYTES, on_bytes=_Progress(None))
        except (BlobTooLarge, BlobMissing):
            continue
        return place
    return ""


def _left_out(files: SavedModelFiles, addresses: Mapping[str, str], blobs: SignedBlobs) -> dict[str, int | None]:
    """What else the folder of the graph has, and how large. A file that is listed but not stored is not there."""
    left_out: dict[str, int | None] = {}
    weighs_all = len(files.rest) <= _MOST_FILES_WEIGHED
    for path in files.rest:
        try:
            left_out[files.inside(path)] = blobs.size_bytes(addresses[path]) if weighs_all else None
        except BlobMissing:
            continue
    return left_out


def _too_large(model_id: str, size_bytes: int) -> ModelError:
    return ModelError(
        reason=Text(
            "saved_model.pb of {model} has {size_mb} MB or more; up to {limit_mb} MB are looked into before deploying.",
            model=model_id,
            size_mb=size_bytes // 1_000_000,
            limit_mb=GRAPH_LIMIT_BYTES // 1_000_000,
        )
    )


def _text(body: Any, key: str) -> str:
    value = body.get(key) if isinstance(body, Mapping) else None
    return value if isinstance(value, str) else ""
