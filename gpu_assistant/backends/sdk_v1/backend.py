"""`WorkspaceBackend` and `SignsIn` on `azureml-core`, for use inside the SDK process.

The SDK opens workspaces, lists and registers models, builds environments and deploys; it is given each request
to build that it can build. What is read about resources that cost money is read through the SDK's own addresses
and sign-in, but parsed here: the SDK's parsers let one odd resource hide all others. Nothing waits for Azure to
finish.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timezone
from pathlib import Path

from azureml.core import Model, Workspace

from gpu_assistant import paths
from gpu_assistant.backends.base import (
    BackendConfig,
    DownloadedGraph,
    OnDownload,
    OnPrompt,
    OnUpload,
    ResourceStatus,
)
from gpu_assistant.backends.sdk_v1 import convert
from gpu_assistant.backends.sdk_v1.computes import Computes
from gpu_assistant.backends.sdk_v1.deployment import Deployments
from gpu_assistant.backends.sdk_v1.downloads import Downloads
from gpu_assistant.backends.sdk_v1.errors import About
from gpu_assistant.backends.sdk_v1.offers import vm_size_offers
from gpu_assistant.backends.sdk_v1.rest import ARM
from gpu_assistant.backends.sdk_v1.services import Services
from gpu_assistant.backends.sdk_v1.session import AzureSession
from gpu_assistant.backends.sdk_v1.uploads import Uploads
from gpu_assistant.backends.vm_catalogue import load_vm_catalogue
from gpu_assistant.domain.billing import FoundResource, ResourceHandle, ResourceKind
from gpu_assistant.domain.compute import ComputeSpec, ComputeTarget, VmSizeOffer
from gpu_assistant.domain.model import RegisteredModel
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.service import DeploymentSpec, ServiceKeys, WebService, WhichKey
from gpu_assistant.domain.text import Text
from gpu_assistant.domain.workspace import Account, SignInMethod, Subscription, WorkspaceRef

_LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)
_SUBSCRIPTIONS_API = {"api-version": "2022-12-01"}


class SdkV1Backend:
    """Every method is one exchange with Azure, may be called from any thread, and raises AssistantErrors only."""

    def __init__(self, config: BackendConfig) -> None:
        self._session = AzureSession(config)
        self._computes = Computes(self._session)
        self._services = Services(self._session)
        self._deployments = Deployments(self._session, self._computes, self._services)
        self._uploads = Uploads(self._session)
        self._downloads = Downloads(self._session)
        self._catalogue = load_vm_catalogue(paths.resource("vm_sizes.toml"))

    # --- identity ---------------------------------------------------------------------------------------------

    def account(self) -> Account | None:
        return self._session.sign_in.account()

    def sign_in(self, method: SignInMethod, *, tenant_id: str = "", on_prompt: OnPrompt | None = None) -> Account:
        return self._session.sign_in.sign_in(method, tenant_id=tenant_id, on_prompt=on_prompt)

    def sign_out(self) -> None:
        self._session.sign_in.sign_out()

    def sign_in_memory(self) -> Secret | None:
        """The sign-in for the next process of this program; None when the encrypted file keeps it."""
        return self._session.sign_in.memory()

    # --- finding ----------------------------------------------------------------------------------------------

    def open_workspace(self, workspace: WorkspaceRef) -> WorkspaceRef:
        return self._session.open(workspace)

    def subscriptions(self) -> Sequence[Subscription]:
        tenant_id = self._session.sign_in.tenant_id
        found = self._session.rest.list(
            f"{ARM}/subscriptions", about=Text("Reading the subscriptions"), params=_SUBSCRIPTIONS_API
        )
        return [convert.subscription(body, tenant_id=tenant_id) for body in found]

    def workspaces(self, subscription_id: str) -> Sequence[WorkspaceRef]:
        with self._session.errors(Text("Reading the workspaces")):
            found = Workspace.list(subscription_id, auth=self._session.auth)
            tenant_id = self._session.sign_in.tenant_id
            return [
                convert.workspace_ref(workspace, tenant_id=tenant_id)
                for same_name in found.values()
                for workspace in same_name
            ]

    def vm_size_offers(self, region: str = "") -> Sequence[VmSizeOffer]:
        ref = self._session.ref
        return vm_size_offers(
            self._catalogue,
            self._session.rest,
            subscription_id=ref.subscription_id,
            region=region or ref.region,
            today=date.today(),
        )

    def models(self, name: str = "") -> Sequence[RegisteredModel]:
        with self._session.errors(About(Text("Reading the models"), model=name)):
            # expand=False: datasets are of no interest here, and a null in their place would raise TypeError.
            found = Model.list(self._session.workspace, name=name or None, expand=False)
            models = [convert.registered_model(model) for model in found]
        return sorted(models, key=lambda model: (model.created or _LONG_AGO, model.version), reverse=True)

    def register_model(
        self, name: str, folder: Path, *, tags: Mapping[str, str], on_upload: OnUpload | None = None
    ) -> RegisteredModel:
        return self._uploads.register(name, folder, tags=tags, on_upload=on_upload)

    def download_model_graph(
        self, model_id: str, folder: Path, *, on_download: OnDownload | None = None
    ) -> DownloadedGraph:
        return self._downloads.graph(model_id, folder, on_download=on_download)

    def download_model(self, model_id: str, folder: Path, *, on_download: OnDownload | None = None) -> Path:
        return self._downloads.whole(model_id, folder, on_download=on_download)

    # --- compute targets and web services ---------------------------------------------------------------------

    def start_compute_target(self, spec: ComputeSpec) -> ResourceHandle:
        return self._computes.start(spec)

    def compute_target(self, name: str) -> ComputeTarget | None:
        return self._computes.find(name)

    def compute_targets(self) -> Sequence[ComputeTarget]:
        return self._computes.all()

    def start_web_service(self, spec: DeploymentSpec) -> ResourceHandle:
        return self._deployments.start(spec)

    def web_service(self, name: str) -> WebService | None:
        return self._services.find(name)

    def web_services(self) -> Sequence[WebService]:
        return self._services.all()

    def status(self, handle: ResourceHandle) -> ResourceStatus:
        if handle.kind is ResourceKind.COMPUTE_TARGET:
            return self._computes.status(handle.name)
        return self._services.status(handle.name)

    def service_log(self, name: str, *, lines: int = 500, init_container: bool = False) -> str:
        return self._services.log(name, lines=lines, init_container=init_container)

    def keys(self, name: str) -> ServiceKeys:
        return self._services.keys(name)

    def regenerate_key(self, name: str, which: WhichKey) -> ServiceKeys:
        return self._services.regenerate_key(name, which)

    def start_delete(self, handle: ResourceHandle) -> None:
        if handle.kind is ResourceKind.COMPUTE_TARGET:
            self._computes.start_delete(handle.name)
        else:
            self._services.start_delete(handle.name)

    def start_detach(self, handle: ResourceHandle) -> None:
        self._computes.start_detach(handle.name)

    def exists(self, handle: ResourceHandle) -> bool:
        if handle.kind is ResourceKind.COMPUTE_TARGET:
            return self._computes.exists(handle)
        return self._services.exists(handle.name)

    def resources_tagged_ours(self) -> Sequence[FoundResource]:
        services = [service for service in self._services.all() if convert.is_ours(service.tags)]
        hosts = {service.compute_target for service in services}
        clusters = [target for target in self._computes.all() if convert.is_ours(target.tags) or target.name in hosts]
        return [
            *(convert.found_service(service) for service in services),
            *(convert.found_compute(target) for target in clusters),
        ]
