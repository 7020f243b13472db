"""The uploaded source files of a deployment, unpacked beside each other as in the container."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from gpu_assistant.practice.azure.blobs import CONTAINER, BlobError, BlobStore

_ARTIFACT_URL = "aml://artifact/"
_MAX_FILES = 20_000
_MAX_TOTAL_BYTES = 2 * 1024**3


class SourcesError(Exception):
    """The uploaded files cannot be unpacked; the text says why."""


def unpack_sources(assets: Iterable[Mapping[str, Any]], store: BlobStore, target: Path) -> None:
    """Copy and unpack what a request's `assets` name into an empty `target`. Raises SourcesError."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for asset in assets:
        url = str(asset.get("url") or "")
        if not url.startswith(_ARTIFACT_URL):
            raise SourcesError(f"the source address {url!r:.80} is no artifact")
        artifact = url.removeprefix(_ARTIFACT_URL)
        try:
            blob = store.path(CONTAINER, artifact)
        except BlobError as error:
            raise SourcesError(str(error)) from None
        if not blob.is_file():
            raise SourcesError(f"the source file {PurePosixPath(artifact).name} was never uploaded")
        if asset.get("unpack"):
            _unpack(blob, target)
        else:
            shutil.copyfile(blob, target / blob.name)


def add_to_script(script: Path, tail: str) -> None:
    """Add lines to the end of a script: how a scenario makes a container crash for real."""
    with script.open("a", encoding="utf-8") as file:
        file.write(f"\n\n{tail.strip()}\n")


def _unpack(archive: Path, target: Path) -> None:
    """Regular files and folders only, inside `target` only: an archive may hold links and `..`."""
    count = total_bytes = 0
    try:
        with tarfile.open(archive, "r:*") as tar:
            for member in tar:
                count += 1
                total_bytes += member.size
                if count > _MAX_FILES or total_bytes > _MAX_TOTAL_BYTES:
                    raise SourcesError("the source archive is too large")
                path = _inside(target, member.name)
                if member.isdir():
                    path.mkdir(parents=True, exist_ok=True)
                elif member.isreg():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    content = tar.extractfile(member)
                    if content is not None:
                        with path.open("wb") as file:
                            shutil.copyfileobj(content, file)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise SourcesError(f"the source archive cannot be read ({type(error).__name__})") from error


def _inside(target: Path, name: str) -> Path:
    pure = PurePosixPath(name)
    is_safe = name and not pure.is_absolute() and ".." not in pure.parts and "\\" not in name and ":" not in name
    if not is_safe:
        raise SourcesError(f"the source archive holds a file outside of it: {name!r:.80}")
    return target.joinpath(*pure.parts)
