"""The artifact service: names for uploads, and the signed addresses they are uploaded to and downloaded from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gpu_assistant.practice.azure import bodies
from gpu_assistant.practice.azure.addresses import ARTIFACTS, Handler, add_arm
from gpu_assistant.practice.azure.blobs import CONTAINER, BlobError, BlobStore, SasSigner
from gpu_assistant.practice.front.http import Request, Response, Router

_ORIGIN = "LocalUpload"
_PAGE = 500


class ArtifactRoutes:
    """An artifact `LocalUpload/<container>/<path>` is the blob of that name."""

    def __init__(self, store: BlobStore, signer: SasSigner, wall_s: Callable[[], float]) -> None:
        self._store = store
        self._signer = signer
        self._wall_s = wall_s

    def add_to(self, router: Router) -> None:
        """Declare the routes."""
        local = f"/{_ORIGIN}/{{container}}"
        add_arm(router, "POST", ARTIFACTS + "/batch/metadata" + local, _refusals(self._create))
        add_arm(router, "GET", ARTIFACTS + "/prefix/contentinfo" + local + "/{path:rest}", _refusals(self._list))
        add_arm(router, "GET", ARTIFACTS + "/prefix/contentinfo" + local, _refusals(self._list))
        add_arm(router, "GET", ARTIFACTS + "/contentinfo" + local + "/{path:rest}", _refusals(self._get))

    def _create(self, request: Request) -> Response:
        container = request.params["container"]
        artifacts: dict[str, Any] = {}
        contents: dict[str, Any] = {}
        for row in bodies.rows(bodies.json_object(request), "paths"):
            path = bodies.text(row, "path") or ""
            name = f"{_ORIGIN}/{container}/{path}"
            self._store.path(CONTAINER, name)  # refuses a name that storage would refuse later
            known = {"origin": _ORIGIN, "container": container, "path": path}
            artifacts[path] = {"artifactId": name, **known}
            contents[path] = {"contentUri": self._url(name, "rcw"), **known}
        body = {"artifacts": artifacts, "artifactContentInformation": contents, "errors": {}}
        return Response.of_json(body)

    def _list(self, request: Request) -> Response:
        container = request.params["container"]
        root = f"{_ORIGIN}/{container}/"
        prefix = root + request.params.get("path", "")
        names = list(self._store.names(CONTAINER, prefix.rstrip("/")))
        start = bodies.query_number(request, "continuationToken", 0)
        page = [self._content(container, name.removeprefix(root)) for name in names[start : start + _PAGE]]
        more = {"continuationToken": str(start + _PAGE)} if start + _PAGE < len(names) else {}
        return Response.of_json({"value": page, **more})

    def _get(self, request: Request) -> Response:
        container, path = request.params["container"], request.params["path"]
        self._store.properties(CONTAINER, f"{_ORIGIN}/{container}/{path}")
        return Response.of_json(self._content(container, path))

    def _content(self, container: str, path: str) -> dict[str, Any]:
        uri = self._url(f"{_ORIGIN}/{container}/{path}", "r")
        return {"contentUri": uri, "origin": _ORIGIN, "container": container, "path": path}

    def _url(self, name: str, permissions: str) -> str:
        return self._signer.url(CONTAINER, name, permissions=permissions, now_s=self._wall_s())


def _refusals(handler: Handler) -> Handler:
    def guarded(request: Request) -> Response:
        try:
            return handler(request)
        except BlobError as error:
            return Response.of_error(error.status, error.code, error.message)

    return guarded
