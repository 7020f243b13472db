"""The part of the blob protocol that the SDK's vendored storage client speaks (azure-storage-blob 12.13).

No sign-in token here: the signature in the query is the key. Answers in XML, as the storage service does.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from email.utils import formatdate

from gpu_assistant.practice.azure.blobs import BLOB_HOST, BlobError, BlobProperties, BlobStore, SasSigner
from gpu_assistant.practice.front.http import Request, Response, Router

_BLOCK = re.compile(rb"<(?:Latest|Committed|Uncommitted)>([^<]+)</")
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_VERSION_HEADERS = {"x-ms-version": "2021-08-06", "x-ms-request-id": "practice"}


class BlobRoutes:
    """PUT, HEAD, GET and DELETE of one blob."""

    def __init__(self, store: BlobStore, signer: SasSigner, wall_s: Callable[[], float]) -> None:
        self._store = store
        self._signer = signer
        self._wall_s = wall_s

    def add_to(self, router: Router) -> None:
        """Declare the routes."""
        for method, needs, answer in (
            ("PUT", "cw", self._put),
            ("HEAD", "r", self._head),
            ("GET", "r", self._get),
        ):
            router.add(method, BLOB_HOST, "/{container}/{name:rest}", self._guarded(answer, needs), needs_token=False)

    def _guarded(self, answer: Callable[[Request], Response], needs: str) -> Callable[[Request], Response]:
        def guarded(request: Request) -> Response:
            container, name = request.params["container"], request.params["name"]
            # The one who may write a blob may also ask whether it arrived.
            needed = needs + "cw" if request.method == "HEAD" else needs
            try:
                self._signer.check(container, name, request.query, needs=needed, now_s=self._wall_s())
                return answer(request)
            except BlobError as error:
                return _refusal(error)

        return guarded

    def _put(self, request: Request) -> Response:
        container, name = request.params["container"], request.params["name"]
        digest = base64.b64encode(hashlib.md5(request.body, usedforsecurity=False).digest()).decode()
        if request.headers.get("content-md5", digest) != digest:
            raise BlobError(400, "Md5Mismatch", "The MD5 value specified in the request did not match.")
        overwrite = request.headers.get("if-none-match") != "*"
        component = request.query.get("comp")
        headers = {**_VERSION_HEADERS, "Content-MD5": digest, "x-ms-request-server-encrypted": "true"}
        if component == "block":
            self._store.stage_block(container, name, request.query.get("blockid", ""), request.body)
            return Response(201, b"", headers)
        if component == "blocklist":
            blocks = [block.decode() for block in _BLOCK.findall(request.body)]
            self._store.commit_blocks(container, name, blocks, overwrite=overwrite)
        elif component is None:
            self._store.write(container, name, request.body, overwrite=overwrite)
        else:
            raise BlobError(400, "InvalidQueryParameterValue", f"comp={component} is not played in practice.")
        return Response(201, b"", {**headers, **_describe(self._store.properties(container, name))})

    def _head(self, request: Request) -> Response:
        properties = self._store.properties(request.params["container"], request.params["name"])
        return Response(200, b"", {**_blob_headers(properties), "Content-Length": str(properties.size)})

    def _get(self, request: Request) -> Response:
        container, name = request.params["container"], request.params["name"]
        properties = self._store.properties(container, name)
        if request.headers.get("if-match", properties.etag) not in (properties.etag, "*"):
            raise BlobError(
                412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."
            )
        asked = _RANGE.fullmatch(request.headers.get("x-ms-range") or request.headers.get("range") or "")
        if asked is None:
            return Response(200, self._store.read(container, name), _blob_headers(properties))
        start = int(asked[1])
        if start >= properties.size:
            raise BlobError(416, "InvalidRange", "The range specified is invalid for the current size of the resource.")
        end = min(int(asked[2]) if asked[2] else properties.size - 1, properties.size - 1)
        body = self._store.read(container, name, start, end - start + 1)
        content_range = f"bytes {start}-{end}/{properties.size}"
        return Response(206, body, {**_blob_headers(properties), "Content-Range": content_range})


def _describe(properties: BlobProperties) -> dict[str, str]:
    return {"ETag": properties.etag, "Last-Modified": formatdate(properties.modified_s, usegmt=True)}


def _blob_headers(properties: BlobProperties) -> dict[str, str]:
    return {
        **_VERSION_HEADERS,
        **_describe(properties),
        "Content-Type": "application/octet-stream",
        "Accept-Ranges": "bytes",
        "x-ms-blob-type": "BlockBlob",
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-server-encrypted": "true",
    }


def _refusal(error: BlobError) -> Response:
    body = (
        '<?xml version="1.0" encoding="utf-8"?>'
        f"<Error><Code>{error.code}</Code><Message>{error.message}</Message></Error>"
    )
    headers = {**_VERSION_HEADERS, "Content-Type": "application/xml", "x-ms-error-code": error.code}
    return Response(error.status, body.encode(), headers)
