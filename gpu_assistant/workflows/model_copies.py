"""Copies of what describes registered models, kept in the cache: a folder each, and a manifest to prove it whole."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from gpu_assistant.backends.base import DownloadedGraph

_FORM = 2  # of what is kept; a copy of another form is fetched again
_MANIFEST = "copy.json"
_KEPT_BYTES = 512 << 20
_PIECE_BYTES = 1 << 20
_SCRATCH = "new-"
_FORGOTTEN_S = 24 * 3600.0  # a download that nobody finished for so long was cut off

log = logging.getLogger(__name__)


class ModelCopies:
    """The copies in `folder`, which need not exist yet. Several programs may use it at once; blocks on the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, name: str) -> DownloadedGraph | None:
        """The copy, when it is there and byte for byte what was fetched."""
        place = self._folder / name
        try:
            found = json.loads((place / _MANIFEST).read_text(encoding="utf-8"))
            if found["form"] != _FORM or any(_digest(place / path) != told for path, told in found["files"].items()):
                raise ValueError("it is not what was fetched")
            os.utime(place)  # used just now: the last to be pruned
            labels, preprocessing = found["labels"], found["preprocessing"]
            return DownloadedGraph(
                folder=place / found["folder"],
                left_out={str(path): None if size is None else int(size) for path, size in found["left_out"].items()},
                labels=place / labels if labels else None,
                labels_from=str(found["labels_from"]),
                preprocessing=place / preprocessing if preprocessing else None,
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
            log.warning("a copy of a registered model is damaged and will be fetched again: %s", type(exc).__name__)
            return None

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """A new folder to fetch into, beside the copies where that is possible; what is left in it goes."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=self._folder))
        except OSError as exc:
            log.warning("the cache cannot be written (%s); a temporary folder is used", exc.strerror)
            folder = Path(tempfile.mkdtemp(prefix="gpu-assistant-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, name: str, scratch: Path, graph: DownloadedGraph) -> DownloadedGraph:
        """Make what was fetched the copy of that name; where that fails it stays usable as long as `scratch`."""
        place = self._folder / name
        try:
            beside = (graph.labels, graph.preprocessing)
            files = [file for file in (*graph.folder.iterdir(), *beside) if file is not None]
            manifest = {
                "form": _FORM,
                "folder": graph.folder.relative_to(scratch).as_posix(),
                "files": {file.relative_to(scratch).as_posix(): _digest(file) for file in files},
                "left_out": dict(graph.left_out),
                "labels": graph.labels.relative_to(scratch).as_posix() if graph.labels else "",
                "preprocessing": graph.preprocessing.relative_to(scratch).as_posix() if graph.preprocessing else "",
                "labels_from": graph.labels_from,
            }
            (scratch / _MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
            shutil.rmtree(place, ignore_errors=True)
            os.rename(scratch, place)
        except (OSError, ValueError) as exc:
            log.warning("what was fetched of a registered model cannot be kept: %s", exc)
            return graph
        with contextlib.suppress(OSError):  # another program tidies up as well
            self._prune()
        labels, preprocessing = (place / file.relative_to(scratch) if file else None for file in beside)
        folder = place / graph.folder.relative_to(scratch)
        return replace(graph, folder=folder, labels=labels, preprocessing=preprocessing)

    def _prune(self) -> None:
        """Drop the copies that were not used for longest, and downloads that were cut off."""
        left_bytes = _KEPT_BYTES
        ages = {folder: _age_s(folder) for folder in self._folder.iterdir()}
        for folder in sorted(ages, key=lambda folder: ages[folder]):
            if folder.name.startswith(_SCRATCH):
                if ages[folder] > _FORGOTTEN_S:
                    shutil.rmtree(folder, ignore_errors=True)
                continue
            left_bytes -= _tree_bytes(folder)
            if left_bytes < 0:
                shutil.rmtree(folder, ignore_errors=True)


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while piece := stream.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _age_s(folder: Path) -> float:
    return time.time() - folder.stat().st_mtime


def _tree_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
