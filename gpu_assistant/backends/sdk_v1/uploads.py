"""Registering a model from any folder, with the bytes counted as they leave."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from azureml.core import Model

from gpu_assistant.backends.base import OnUpload, UploadProgress
from gpu_assistant.backends.sdk_v1 import convert
from gpu_assistant.backends.sdk_v1.errors import About
from gpu_assistant.backends.sdk_v1.session import AzureSession
from gpu_assistant.domain.errors import ModelUploadFailed
from gpu_assistant.domain.model import RegisteredModel
from gpu_assistant.domain.text import Text

_FRAMEWORK = Model.Framework.TENSORFLOW
_STEP_BYTES = 256 * 1024
_PLAIN_NAME = "saved_model"
_SCRATCH = tempfile.gettempdir()  # noted now, since a deployment moves the SDK's temporary files meanwhile


class Uploads:
    """Registers models in the open workspace; one at a time, as the working directory is moved for it."""

    def __init__(self, session: AzureSession) -> None:
        self._session = session
        self._working_directory = threading.Lock()

    def register(
        self, name: str, folder: Path, *, tags: Mapping[str, str], on_upload: OnUpload | None
    ) -> RegisteredModel:
        """Upload the folder and register it as the next version of `name`."""
        folder = folder.resolve()
        total_bytes = _checked_size(name, folder)
        workspace = self._session.workspace
        about = About(Text("Registering {name}", name=name), creating=True, model=name)
        with _plainly_named(folder) as plain:
            progress = _Progress(total_bytes, plain.name, on_upload)
            with (
                self._session.errors(about),
                self._in_directory(plain.parent),
                self._session.transport.watching(f"/{plain.name}/", progress.sent),
            ):
                model = self._register(workspace, plain.name, name, tags)
        progress.finish()
        return convert.registered_model(model)

    @staticmethod
    def _register(workspace: Any, path: str, name: str, tags: Mapping[str, str]) -> Any:
        return Model.register(
            workspace,
            model_path=path,
            model_name=name,
            tags=dict(tags),
            model_framework=_FRAMEWORK,
        )

    @contextmanager
    def _in_directory(self, folder: Path) -> Iterator[None]:
        """The SDK uploads nothing from outside the working directory. This process is ours, so it is moved."""
        with self._working_directory:
            before = os.getcwd()
            os.chdir(folder)
            try:
                yield
            finally:
                os.chdir(before)


class _Progress:
    """Adds up the uploads of one model. Called from the SDK's threads; a repeated upload counts once."""

    def __init__(self, total_bytes: int, root: str, on_upload: OnUpload | None) -> None:
        self._total_bytes = total_bytes
        self._root = root
        self._on_upload = on_upload
        self._lock = threading.Lock()
        self._sent: dict[str, int] = {}
        self._told = 0

    def sent(self, name: str, position: int) -> None:
        with self._lock:
            self._sent[name] = max(position, self._sent.get(name, 0))
            done = min(sum(self._sent.values()), self._total_bytes)
            if done - self._told < _STEP_BYTES and done < self._total_bytes:
                return
            self._told = done
        file = name.partition("#")[0].rpartition(f"/{self._root}/")[2]
        self._tell(UploadProgress(done, self._total_bytes, file))

    def finish(self) -> None:
        self._tell(UploadProgress(self._total_bytes, self._total_bytes))

    def _tell(self, progress: UploadProgress) -> None:
        if self._on_upload is not None:
            self._on_upload(progress)


@contextmanager
def _plainly_named(folder: Path) -> Iterator[Path]:
    """The folder under a name that the SDK can upload: it percent-encodes twice, so a space breaks the address."""
    if _is_plain(folder.name):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="gpu-assistant-upload-", dir=_SCRATCH) as scratch:
        plain = Path(scratch).resolve() / _PLAIN_NAME
        try:
            plain.symlink_to(folder, target_is_directory=True)
        except OSError:  # Windows, without the right to make links
            shutil.copytree(folder, plain)
        yield plain


def _checked_size(name: str, folder: Path) -> int:
    """All bytes of the folder. Raises ModelUploadFailed for what the SDK would trip over half-way."""
    if not folder.is_dir():
        raise ModelUploadFailed(name=name, reason=Text("{folder} is not a folder", folder=folder))
    total_bytes = files = 0
    try:
        for path in folder.rglob("*"):
            if not path.is_file():
                continue
            inside = path.relative_to(folder)
            if not all(map(_is_plain, inside.parts)):
                reason = Text(
                    "the SDK cannot upload {file}; rename it with plain letters, digits, - and _", file=inside
                )
                raise ModelUploadFailed(name=name, reason=reason)
            with open(path, "rb") as file:
                total_bytes += os.fstat(file.fileno()).st_size
            files += 1
    except OSError as exc:
        raise ModelUploadFailed(name=name, reason=f"{exc.filename}: {exc.strerror}") from exc
    if not files:
        raise ModelUploadFailed(name=name, reason=Text("{folder} is empty", folder=folder))
    return total_bytes


def _is_plain(name: str) -> bool:
    return quote(name, safe="~") == name
