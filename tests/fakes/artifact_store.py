"""Azure's side of reading a registered model, without a network: answers for the adapter, and blobs for `requests`."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

SIGNATURE = "c2VjcmV0LXNpZ25hdHVyZQ"
STORE = "https://store.blob.core.windows.net/azureml"


@dataclass
class Blob:
    """One blob. `told_bytes` is what Content-Length says when that is not the truth; it `breaks` off so often."""

    content: bytes = b""
    told_bytes: int | None = None
    tells_size: bool = True
    breaks: int = 0
    status: int = 200
    answer: bytes = b""


class BlobAdapter(BaseAdapter):
    """Put into a `requests.Session` in place of the network; keeps every request."""

    def __init__(self, blobs: Mapping[str, Blob]) -> None:
        super().__init__()
        self.blobs = dict(blobs)
        self.requests: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        self.requests.append(request)
        address = str(request.url).partition("?")[0]
        blob = self.blobs.get(address.removeprefix(f"{STORE}/"), Blob(status=404))
        if blob.status == 0:
            raise requests.ConnectionError(f"Max retries exceeded with url: {request.url}")
        body = blob.content if blob.status == 200 else blob.answer
        told = len(body) if blob.told_bytes is None else blob.told_bytes
        if blob.breaks and request.method == "GET":
            blob.breaks -= 1
            body = body[: len(body) // 2]
        headers = {"Content-Length": str(told)} if blob.tells_size else {}
        if blob.status == 302:
            headers["Location"] = signed("elsewhere")
        answer = requests.Response()
        answer.status_code, answer.url, answer.request = blob.status, str(request.url), request
        answer.headers.update(headers)
        answer.raw = HTTPResponse(
            io.BytesIO(b"" if request.method == "HEAD" else body),
            headers,
            status=blob.status,
            preload_content=False,
            request_method=request.method,
        )
        return answer

    def close(self) -> None:
        pass


@dataclass
class ArtifactService:
    """Models, assets and artifacts. `answers` maps the end of an address to its JSON."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, Mapping[str, str] | None]] = field(default_factory=list)

    def get(self, url: str, *, about: object, params: Mapping[str, str] | None = None) -> Any:
        self.asked.append((url, params))
        found = self.answers.get(url)
        return found((params or {}).get("continuationToken", "")) if callable(found) else found

    @property
    def session(self) -> Any:
        """What the adapter needs of `AzureSession`."""
        return SimpleNamespace(
            rest=self,
            service_url=lambda *parts: "/".join(parts),
            artifacts_url=lambda what, path: f"{what}/{path}",
        )


def signed(name: str) -> str:
    """The address of a blob, as Azure hands it out."""
    return f"{STORE}/{name}?sv=2021-08-06&sr=b&sp=r&sig={SIGNATURE}%3D"


def row(path: str) -> dict[str, str]:
    """A file as the artifact service lists it."""
    return {"contentUri": signed(path), "origin": "LocalUpload", "container": "c", "path": path}
