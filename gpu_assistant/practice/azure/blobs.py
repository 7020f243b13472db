"""The storage account of the practice workspace: blobs as plain files, and the signatures that open them.

A blob `container/a/b` is the file `<folder>/blobs/container/a/b`, so a registered model is a folder that an
inference server can be pointed at. (Azure also allows a blob `a` beside a blob `a/b`; here the second is refused.)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import shutil
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlencode

ACCOUNT = "practicestore"
BLOB_HOST = f"{ACCOUNT}.blob.core.windows.net"
CONTAINER = "azureml"

_SAS_VERSION = "2021-08-06"
_SAS_LIFETIME_S = 24 * 3600.0
_CONTAINER_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])")
_MAX_NAME_CHARACTERS = 1024
_MAX_PART_BYTES = 255  # what file systems allow for one name
_RESERVED_ON_WINDOWS = re.compile(r'[<>:"|?*]|(?:^|/)(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|/|$)', re.IGNORECASE)


class BlobError(Exception):
    """Why the storage account refuses: Azure's status, code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class BlobProperties:
    """What a HEAD tells."""

    size: int
    modified_s: float
    etag: str


class BlobStore:
    """Blobs on disk. Safe to use from several threads. Raises BlobError for everything a client can cause."""

    def __init__(self, folder: Path) -> None:
        self._root = folder / "blobs"
        self._staging = folder / "blob-staging"
        self._lock = threading.Lock()
        self._root.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self._staging, ignore_errors=True)  # blocks of uploads that a killed server never finished

    def path(self, container: str, name: str) -> Path:
        """Where a blob lies, whether or not it exists; never outside the store."""
        parts = name.split("/")
        is_safe = (
            _CONTAINER_NAME.fullmatch(container)
            and 0 < len(name) <= _MAX_NAME_CHARACTERS
            and all(_is_plain(part) for part in parts)
            and "\\" not in name
            and name.isprintable()
            and not _RESERVED_ON_WINDOWS.search(name)
        )
        if not is_safe:
            raise BlobError(400, "InvalidResourceName", "The specified resource name contains invalid characters.")
        return self._root.joinpath(container, *parts)

    def properties(self, container: str, name: str) -> BlobProperties:
        """Size, time and ETag of a blob."""
        path = self.path(container, name)
        if not path.is_file():
            raise BlobError(404, "BlobNotFound", "The specified blob does not exist.")
        status = path.stat()
        etag = f'"0x{status.st_mtime_ns ^ status.st_size:X}"'
        return BlobProperties(status.st_size, status.st_mtime, etag)

    def read(self, container: str, name: str, start: int = 0, length: int | None = None) -> bytes:
        """Bytes of a blob from `start` on."""
        path = self.path(container, name)
        try:
            with path.open("rb") as file:
                file.seek(start)
                return file.read(-1 if length is None else length)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise BlobError(404, "BlobNotFound", "The specified blob does not exist.") from None

    def write(self, container: str, name: str, data: bytes, *, overwrite: bool) -> None:
        """Create a blob in one go."""
        temporary = self._new_temporary()
        temporary.write_bytes(data)
        self._publish(temporary, container, name, overwrite=overwrite)

    def link(self, container: str, name: str, source: Path) -> None:
        """Create a blob from a file of this computer without copying its bytes, where the disk allows it."""
        temporary = self._new_temporary()
        try:
            os.link(source, temporary)
        except OSError:  # another disk, or a file system without hard links
            shutil.copyfile(source, temporary)
        self._publish(temporary, container, name, overwrite=True)

    def stage_block(self, container: str, name: str, block_id: str, data: bytes) -> None:
        """Keep one block of a large upload."""
        folder = self._block_folder(container, name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _block_file(block_id)).write_bytes(data)

    def commit_blocks(self, container: str, name: str, block_ids: Sequence[str], *, overwrite: bool) -> None:
        """Join staged blocks, in this order, into a blob."""
        folder = self._block_folder(container, name)
        temporary = self._new_temporary()
        with temporary.open("wb") as target:
            for block_id in block_ids:
                block = folder / _block_file(block_id)
                if not block.is_file():
                    temporary.unlink()
                    raise BlobError(400, "InvalidBlockList", "The specified block list is invalid.")
                with block.open("rb") as source:
                    shutil.copyfileobj(source, target)
        self._publish(temporary, container, name, overwrite=overwrite)
        shutil.rmtree(folder, ignore_errors=True)

    def names(self, container: str, prefix: str) -> Iterator[str]:
        """Names of the blobs that are, or lie below, `prefix`, sorted."""
        start = self.path(container, prefix)
        root = self._root / container
        if start.is_file():
            yield prefix
        for path in sorted(start.rglob("*")):
            if path.is_file():
                yield PurePosixPath(path.relative_to(root)).as_posix()

    def _new_temporary(self) -> Path:
        self._staging.mkdir(parents=True, exist_ok=True)
        return self._staging / uuid.uuid4().hex

    def _block_folder(self, container: str, name: str) -> Path:
        self.path(container, name)
        return self._staging / hashlib.sha256(f"{container}/{name}".encode()).hexdigest()

    def _publish(self, temporary: Path, container: str, name: str, *, overwrite: bool) -> None:
        try:
            path = self.path(container, name)
            with self._lock:
                if path.exists() and not overwrite:
                    raise BlobError(409, "BlobAlreadyExists", "The specified blob already exists.")
                try:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    os.replace(temporary, path)
                except (FileExistsError, NotADirectoryError, IsADirectoryError, PermissionError):
                    raise BlobError(
                        409, "ResourceTypeMismatch", "A folder and a blob cannot have the same name in practice."
                    ) from None
        finally:
            temporary.unlink(missing_ok=True)


class SasSigner:
    """Makes and checks the signed URLs of blobs. The signature is never stored; it is made anew each time."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def url(self, container: str, name: str, *, permissions: str, now_s: float) -> str:
        """A URL that allows `permissions` (letters of `rcwd`) on one blob for a day."""
        expiry = datetime.fromtimestamp(now_s + _SAS_LIFETIME_S, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        signature = self._sign(container, name, permissions, expiry)
        query = urlencode({"sv": _SAS_VERSION, "sr": "b", "se": expiry, "sp": permissions, "sig": signature})
        return f"https://{BLOB_HOST}/{container}/{quote(name)}?{query}"

    def check(self, container: str, name: str, query: Mapping[str, str], *, needs: str, now_s: float) -> None:
        """Raise BlobError unless the query carries a good signature with one of the letters of `needs`."""
        expiry, permissions = query.get("se", ""), query.get("sp", "")
        expected = self._sign(container, name, permissions, expiry)
        if not hmac.compare_digest(expected, query.get("sig", "")):
            raise BlobError(
                403,
                "AuthenticationFailed",
                "Server failed to authenticate the request. Make sure the value of Authorization header is formed "
                "correctly including the signature.",
            )
        expires_at = datetime.strptime(expiry, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
        if now_s > expires_at.timestamp():
            raise BlobError(403, "AuthenticationFailed", "Signature not valid in the specified time frame.")
        if not set(needs) & set(permissions):
            raise BlobError(
                403,
                "AuthorizationPermissionMismatch",
                "This request is not authorized to perform this operation using this permission.",
            )

    def _sign(self, container: str, name: str, permissions: str, expiry: str) -> str:
        text = "\n".join((container, name, permissions, expiry))
        return base64.b64encode(hmac.digest(self._secret, text.encode(), "sha256")).decode()


def _is_plain(part: str) -> bool:
    is_short = len(part.encode("utf-8", errors="replace")) <= _MAX_PART_BYTES
    return part not in ("", ".", "..") and not part.endswith((".", " ")) and is_short


def _block_file(block_id: str) -> str:
    return hashlib.sha256(block_id.encode()).hexdigest()
