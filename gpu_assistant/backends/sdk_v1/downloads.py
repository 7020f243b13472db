"""Reading registered models: what describes one (its graph and its labels, not its weights), or all of it.

The way is that of the SDK's `Model.download` (model, asset, artifacts, signed addresses), which knows only the latter:
gigabytes, in order to show a signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import Any

from gpu_assistant.backends.base import DownloadedGraph, DownloadProgress, OnDownload
from gpu_assistant.backends.saved_model_files import (
    GRAPH_FILE,
    GRAPH_LIMIT_BYTES,
    LABELS_FILE,
    LABELS_LIMIT_BYTES,
    PREPROCESSING_FILE,
    PREPROCESSING_LIMIT_BYTES,
    SavedModelFiles,
    find_saved_model,
)
from gpu_assistant.backends.sdk_v1.errors import About
from gpu_assistant.backends.sdk_v1.session import AzureSession
from gpu_assistant.backends.sdk_v1.storage import BlobMissing, BlobTooLarge, SignedBlobs
from gpu_assistant.domain.errors import ModelError, ModelNotFound, ModelNotReadable, UnexpectedAnswer
from gpu_assistant.domain.text import Text

_ASSET_URL = "aml://asset/"
_MOST_PAGES = 200
_MOST_FILES_WEIGHED = 64  # each costs a request, and a SavedModel has about five
_STEP_BYTES = 1 << 20
_WHOLE_LIMIT_BYTES = 16 << 30  # of one file, when all of a model is copied


class Downloads:
    """The files of registered models in the open workspace."""

    def __init__(self, session: AzureSession) -> None:
        self._session = session

    def graph(self, model_id: str, folder: Path, *, on_download: OnDownload | None) -> DownloadedGraph:
        """What describes a registered model, without its weights; see `WorkspaceBackend.download_model_graph`."""
        about = About(Text("Reading the files of {model}", model=model_id), model=model_id)
        addresses = self._addresses(model_id, about)
        files = find_saved_model(model_id, addresses)
        graph, labels, preprocessing = folder / "graph" / GRAPH_FILE, folder / LABELS_FILE, folder / PREPROCESSING_FILE
        with closing(SignedBlobs(about)) as blobs:
            try:
                blobs.save(
                    addresses[files.graph], graph, limit_bytes=GRAPH_LIMIT_BYTES, on_bytes=_Progress(on_download)
                )
            except BlobTooLarge as exc:
                raise _too_large(model_id, exc.size_bytes) from None
            except BlobMissing:
                raise _gone(model_id) from None
            labels_from = _save_first(files.labels, addresses, blobs, labels, LABELS_LIMIT_BYTES)
            declared_in = _save_first(files.preprocessing, addresses, blobs, preprocessing, PREPROCESSING_LIMIT_BYTES)
            left_out = _left_out(files, addresses, blobs)
        return DownloadedGraph(
            graph.parent,
            left_out,
            labels if labels_from else None,
            labels_from,
            preprocessing if declared_in else None,
        )

    def whole(self, model_id: str, folder: Path, *, on_download: OnDownload | None) -> Path:
        """Every file of the SavedModel of a registered model; see `WorkspaceBackend.download_model`."""
        about = About(Text("Reading the files of {model}", model=model_id), model=model_id)
        addresses = self._addresses(model_id, about)
        files = find_saved_model(model_id, addresses)
        target = folder / (PurePosixPath(files.graph).parent.name or "model")
        wanted = {files.inside(path): addresses[path] for path in (files.graph, *files.rest)}
        if files.labels and files.labels[0] not in files.rest:
            wanted[LABELS_FILE] = addresses[files.labels[0]]
        with closing(SignedBlobs(about)) as blobs:
            try:
                sizes = [blobs.size_bytes(address) or 0 for address in wanted.values()]
                progress = _Sum(_Progress(on_download), sum(sizes))
                for path, address in wanted.items():
                    blobs.save(
                        address, _inside(target, path, model_id), limit_bytes=_WHOLE_LIMIT_BYTES, on_bytes=progress
                    )
                    progress.next_file()
            except BlobTooLarge:
                raise ModelError(reason=Text("{model} is too large to be copied here.", model=model_id)) from None
            except BlobMissing:
                raise _gone(model_id) from None
        return target

    def _addresses(self, model_id: str, about: About) -> Mapping[str, str]:
        """Path within the model → signed address, for every file of the model."""
        rest = self._session.rest
        model = rest.get(self._session.service_url("models", model_id), about=about)
        if model is None:
            raise ModelNotFound(name=model_id, suggestion="")
        url = _text(model, "url")
        if not url.startswith(_ASSET_URL):
            raise ModelNotReadable(model=model_id)
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


class _Sum:
    """Makes one progress of several files."""

    def __init__(self, progress: _Progress, total_bytes: int) -> None:
        self._progress = progress
        self._total_bytes = total_bytes
        self._before = self._file_bytes = 0

    def __call__(self, done_bytes: int, total_bytes: int) -> None:
        self._file_bytes = done_bytes
        self._progress(self._before + done_bytes, max(self._total_bytes, self._before + done_bytes))

    def next_file(self) -> None:
        self._before, self._file_bytes = self._before + self._file_bytes, 0


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


def _save_first(
    places: tuple[str, ...], addresses: Mapping[str, str], blobs: SignedBlobs, target: Path, limit_bytes: int
) -> str:
    """The first of these places, in the order of the scoring script, saved to `target`; "" when there is none."""
    for place in places:
        try:
            blobs.save(addresses[place], target, limit_bytes=limit_bytes, on_bytes=_Progress(None))
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


def _inside(folder: Path, path: str, model_id: str) -> Path:
    """Where a file of the model goes; never outside of `folder`, whatever it is called in the storage."""
    parts = PurePosixPath(path).parts
    if not parts or PurePosixPath(path).is_absolute() or ".." in parts or "\\" in path or ":" in path:
        raise ModelError(reason=Text("{model} has a file with a name that cannot be used here.", model=model_id))
    return folder.joinpath(*parts)


def _gone(model_id: str) -> ModelError:
    return ModelError(
        reason=Text("The files of {model} are no longer in the storage of the workspace.", model=model_id)
    )


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
