"""A client of the Azure surface without sockets: requests go straight to the router, time moves when told."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from gpu_assistant.practice.azure.addresses import WORKSPACE_ID
from gpu_assistant.practice.azure.clock import Clock, ManualClock
from gpu_assistant.practice.azure.surface import Surface, add_routes
from gpu_assistant.practice.constants import ARM_HOST
from gpu_assistant.practice.front.http import Request, Response, Router
from tests.fakes.fake_pool import FakePool

T4 = "Standard_NC4as_T4_v3"
PORT = 4711


def secret_of(purpose: str) -> bytes:
    """32 bytes that differ by purpose."""
    return hashlib.sha256(purpose.encode()).digest()


@dataclass
class Azure:
    """A client of the surface in a folder; `restart` is what a killed server's successor sees."""

    folder: Path
    clock: Clock = field(default_factory=ManualClock)
    pool: FakePool = field(default_factory=FakePool)
    scenario: str | None = None

    def __post_init__(self) -> None:
        self.router = Router()
        self.surface: Surface = add_routes(
            self.router,
            folder=self.folder,
            port=lambda: PORT,
            clock=self.clock,
            pool=self.pool,
            secrets=secret_of,
            scenario=self.scenario,
        )

    def restart(self) -> Azure:
        return Azure(self.folder, self.clock, FakePool(), None)

    def send(
        self, method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None, data: bytes = b""
    ) -> Response:
        parts = urlsplit(url if "://" in url else f"https://{ARM_HOST}{url}")
        request = Request(
            method,
            parts.hostname or "",
            unquote(parts.path),
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            parts.query,
            dict(headers or {}),
            data if body is None else json.dumps(body).encode(),
        )
        refused = self.surface.interceptor(request)
        if refused is not None:
            return refused
        found = self.router.find(request)
        assert found is not None, f"no route for {method} {url}"
        route, matched = found
        return route.handler(matched)

    def json(self, method: str, url: str, body: Any = None, *, status: int = 200) -> Any:
        response = self.send(method, url, body)
        assert response.status == status, response.body
        return json.loads(response.body)

    # What nearly every test needs first.

    def compute_url(self, name: str = "gpu-aks") -> str:
        return f"{WORKSPACE_ID}/computes/{name}"

    def mms(self, path: str) -> str:
        return f"/modelmanagement/v1.0{WORKSPACE_ID}{path}"

    def create_cluster(self, name: str = "gpu-aks", **properties: Any) -> Response:
        inner = {"agentVmSize": T4, "agentCount": 1, "clusterPurpose": "DevTest", **properties}
        body = {"location": "eastus", "properties": {"computeType": "AKS", "properties": inner}}
        return self.send("PUT", self.compute_url(name), body)

    def upload(self, container: str, files: Mapping[str, bytes]) -> None:
        url = f"/artifact/v2.0{WORKSPACE_ID}/artifacts/batch/metadata/LocalUpload/{container}"
        answer = self.json("POST", url, {"paths": [{"path": path} for path in files]})
        for path, content in files.items():
            uri = answer["artifactContentInformation"][path]["contentUri"]
            assert self.send("PUT", uri, headers={"if-none-match": "*"}, data=content).status == 201

    def register_model(self, name: str = "resnet", **body: Any) -> dict[str, Any]:
        container = f"model-{name}"
        if not (self.folder / "blobs" / "azureml" / "LocalUpload" / container).exists():
            self.upload(container, {f"{name}/saved_model.pb": b"pb", f"{name}/variables/x": b"weights"})
        prefix = f"LocalUpload/{container}/{name}"
        asset = self.json("POST", self.mms("/assets"), {"name": name, "artifacts": [{"prefix": prefix}]})
        model = {"name": name, "url": f"aml://asset/{asset['id']}", "datasets": [], "unpack": False, **body}
        return dict(self.json("POST", self.mms("/models"), model))

    def deploy_body(self, name: str = "svc", **changes: Any) -> dict[str, Any]:
        if not (self.folder / "blobs" / "azureml" / "LocalUpload" / "sources").exists():
            archive = tar({"src/score.py": b"def init():\n    pass\n\n\ndef run(data):\n    return data\n"})
            self.upload("sources", {"driver.py": b"# driver", "src.tar.gz": archive})
        asset = "aml://artifact/LocalUpload/sources/"
        environment = {
            "name": "gpuenv",
            "environmentVariables": {"AZUREML_ENTRY_SCRIPT": "src/score.py", "MY_OWN": "1"},
            "python": {"condaDependencies": {"dependencies": ["python=3.11", {"pip": ["tensorflow[and-cuda]"]}]}},
            "docker": {"baseImage": "image", "baseImageRegistry": {"password": "registry-password"}},
        }
        return {
            "name": name,
            "computeType": "AKS",
            "computeName": "gpu-aks",
            "keys": {"primaryKey": None, "secondaryKey": None},
            "numReplicas": 1,
            "authEnabled": True,
            "containerResourceRequirements": {"cpu": 1, "memoryInGB": 4, "gpu": 1},
            "environmentImageRequest": {
                "modelIds": ["resnet:1"],
                "driverProgram": "driver.py",
                "assets": [
                    {"id": "driver.py", "url": asset + "driver.py", "mimeType": "application/x-python"},
                    {"id": "src.tar.gz", "url": asset + "src.tar.gz", "unpack": True},
                ],
                "environment": environment,
            },
            **changes,
        }

    def ready(self) -> Azure:
        """With a model and a cluster that is up."""
        self.register_model()
        assert self.create_cluster().status == 201
        self.advance(601)
        return self

    def deploy(self, name: str = "svc", **changes: Any) -> Response:
        return self.send("POST", self.mms("/services"), self.deploy_body(name, **changes))

    def service(self, name: str = "svc") -> dict[str, Any]:
        return dict(self.json("GET", self.mms(f"/services/{name}")))

    def keys(self, name: str = "svc") -> dict[str, str]:
        return dict(self.json("POST", self.mms(f"/services/{name}/listkeys")))

    def score(self, key: str, name: str = "svc") -> Response:
        headers = {"authorization": f"Bearer {key}"}
        return self.send("POST", f"http://127.0.0.1/api/v1/service/{name}/score", headers=headers, data=b"jpeg")

    def advance(self, seconds: float) -> None:
        assert isinstance(self.clock, ManualClock)
        self.clock.advance(seconds)


def tar(files: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> bytes:
    """A gzipped archive with these files, whatever their names."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return buffer.getvalue()
