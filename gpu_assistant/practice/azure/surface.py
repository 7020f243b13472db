"""The Azure surface of the practice server, put together: everything the SDK can see, in one object."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gpu_assistant import paths
from gpu_assistant.practice.azure.arm import ArmRoutes
from gpu_assistant.practice.azure.artifacts import ArtifactRoutes
from gpu_assistant.practice.azure.blob_routes import BlobRoutes
from gpu_assistant.practice.azure.blobs import BlobStore, SasSigner
from gpu_assistant.practice.azure.catalog import load_catalog
from gpu_assistant.practice.azure.clock import Clock
from gpu_assistant.practice.azure.clusters import Clusters
from gpu_assistant.practice.azure.computes import ComputeRoutes
from gpu_assistant.practice.azure.environments import EnvironmentRoutes
from gpu_assistant.practice.azure.modelmanagement import ModelRoutes
from gpu_assistant.practice.azure.models import Models
from gpu_assistant.practice.azure.rollout import Pool, Rollout
from gpu_assistant.practice.azure.scenarios import ScenarioBook
from gpu_assistant.practice.azure.scoring import ScoringRoutes
from gpu_assistant.practice.azure.service_keys import KeyMaker
from gpu_assistant.practice.azure.service_routes import ServiceRoutes
from gpu_assistant.practice.azure.services import Services
from gpu_assistant.practice.azure.state_file import StateFile
from gpu_assistant.practice.front.http import Handler, Request, Response, Router


class Surface:
    """What the server holds of the surface once its routes are declared. Safe to use from several threads."""

    def __init__(
        self, state: StateFile, book: ScenarioBook, clusters: Clusters, models: Models, services: Services
    ) -> None:
        self._state = state
        self._book = book
        self._clusters = clusters
        self._models = models
        self._services = services

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Names of the scenarios there are."""
        return self._book.names

    @property
    def scenario(self) -> str | None:
        """The name of the scenario that is played, if any."""
        return self._book.playing.name or None

    def interceptor(self, request: Request) -> Response | None:
        """The answer that the scenario gives in place of the route, or None. To be asked once per request."""
        return self._book.intercept(request)

    def set_scenario(self, name: str | None) -> None:
        """Play a scenario from its beginning, or none. Raises ScenarioError, which lists the names."""
        self._book.play(name)

    def resume(self) -> None:
        """Start the containers of services that were deployed before the server was restarted."""
        self._services.resume()

    def services_running(self) -> tuple[str, ...]:
        """Names of the services that exist, failed ones included."""
        return self._services.names()

    def computes_running(self) -> tuple[str, ...]:
        """Names of the AKS clusters that would bill in Azure."""
        return tuple(cluster.name for cluster in self._clusters.clusters())

    def has_model(self, name: str) -> bool:
        """Whether any version of a model of this name is registered."""
        return bool(self._models.list(lambda model: model.name == name))

    def seed_model(
        self,
        name: str,
        files: Mapping[str, Path],
        *,
        tags: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
        description: str | None = None,
        framework: str = "TensorFlow",
        framework_version: str | None = None,
    ) -> int:
        """Register files of this computer as a model, linked rather than copied; gives the version.

        `files` maps a path below one common folder (`efficientnet-lite0/saved_model.pb`) to the file.
        """
        body: dict[str, Any] = {
            "properties": dict(properties or {}),
            "description": description,
            "framework": framework,
            "frameworkVersion": framework_version,
        }
        return self._models.seed(name, files, tags or {}, body).version

    def close(self) -> None:
        """Write the state; the server ends the inference processes itself."""
        self._state.save()


class _ShapedRouter(Router):
    """Declares routes on another router, their answers shaped by the scenario (a slow network)."""

    def __init__(self, router: Router, book: ScenarioBook) -> None:
        super().__init__()
        self._router = router
        self._book = book

    def add(self, method: str, host: str, pattern: str, handler: Handler, *, needs_token: bool = True) -> None:
        def shaped(request: Request) -> Response:
            return self._book.shape(request, handler(request))

        self._router.add(method, host, pattern, shaped, needs_token=needs_token)


def add_routes(
    router: Router,
    *,
    folder: Path,
    port: Callable[[], int],
    clock: Clock,
    pool: Pool,
    secrets: Callable[[str], bytes],
    scenario: str | None = None,
) -> Surface:
    """Declare every route of the surface and give the object that steers it.

    `folder` holds state and blobs, `port` tells the practice port once it is known, `secrets` derives 32 bytes
    for a purpose. Raises ScenarioError for a scenario that does not exist.
    """
    state = StateFile(folder, clock)
    book = ScenarioBook(paths.resource("practice", "scenarios"), load_catalog(paths.resource()))
    book.play(scenario)
    store = BlobStore(folder)
    signer = SasSigner(secrets("blob-signatures"))
    keys = KeyMaker(secrets("service-keys"), secrets("chosen-service-keys"))
    workspace_guid = str(uuid.UUID(bytes=hashlib.sha256(secrets("workspace-id")).digest()[:16]))
    orphaned: list[Callable[[str], None]] = []

    def on_target_gone(name: str) -> None:
        for tell in orphaned:
            tell(name)

    clusters = Clusters(state, clock, book, on_target_gone)
    rollout = Rollout(folder, state, clock, book, clusters, store, pool)
    services = Services(state, clock, book, clusters, rollout, pool, keys)
    orphaned.append(services.target_is_gone)
    models = Models(state, clock, store)
    shaped = _ShapedRouter(router, book)
    ArmRoutes(lambda: book.catalog, clusters, clock.wall_s, workspace_guid).add_to(shaped)
    ComputeRoutes(clusters).add_to(shaped)
    ModelRoutes(models).add_to(shaped)
    ArtifactRoutes(store, signer, clock.wall_s).add_to(shaped)
    EnvironmentRoutes(state).add_to(shaped)
    ServiceRoutes(services, clock, signer, port).add_to(shaped)
    ScoringRoutes(services, book).add_to(shaped)
    BlobRoutes(store, signer, clock.wall_s).add_to(shaped)
    return Surface(state, book, clusters, models, services)
