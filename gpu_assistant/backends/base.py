"""What gpu-assistant asks of an Azure Machine Learning workspace, in the words of the domain.

No word of an SDK generation here. Nothing waits, prints, touches Tk or raises an SDK exception: every error is
an `AssistantError`. All methods may be called from any worker thread; each is one exchange with Azure (a few
for uploads), so each can be resumed after a crash by reading.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from gpu_assistant.domain.billing import FoundResource, ResourceHandle
from gpu_assistant.domain.compute import ComputeSpec, ComputeTarget, VmSizeOffer
from gpu_assistant.domain.model import RegisteredModel
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.service import DeploymentSpec, ServiceKeys, WebService, WhichKey
from gpu_assistant.domain.text import Text
from gpu_assistant.domain.workspace import Account, SignInMethod, SignInPrompt, Subscription, WorkspaceRef


class Phase(enum.Enum):
    """Where a long operation of Azure's stands, read from the resource itself."""

    PROVISIONING = Text("provisioning")
    READY = Text("ready")
    FAILED = Text("failed")
    DELETING = Text("deleting")
    ABSENT = Text("absent")
    UNKNOWN = Text("unknown")


@dataclass(frozen=True, slots=True)
class ResourceStatus:
    """One read of one resource. `said` is Azure's own word; `stage` what it is doing, when it tells."""

    phase: Phase
    said: str = ""
    stage: str = ""
    error_code: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class UploadProgress:
    """How far an upload is: bytes of `total_bytes`, and the file in hand."""

    done_bytes: int
    total_bytes: int
    file: str = ""


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """How far the download of one file is; `total_bytes` is 0 when Azure does not tell."""

    done_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class DownloadedGraph:
    """What describes a registered SavedModel, copied to this computer without its weights.

    `folder` holds saved_model.pb and nothing else. `left_out` names every other file of the same SavedModel by its
    path below that folder, with its bytes, or None where the storage does not tell. `labels` is the labels.txt that
    the scoring script will read, and `labels_from` its path in the registered model; None and "" without one.
    `preprocessing` is the preprocessing.json that it will read.
    """

    folder: Path
    left_out: Mapping[str, int | None] = field(default_factory=dict)
    labels: Path | None = None
    labels_from: str = ""
    preprocessing: Path | None = None


OnUpload = Callable[[UploadProgress], None]
OnDownload = Callable[[DownloadProgress], None]
OnPrompt = Callable[[SignInPrompt], None]


class WorkspaceBackend(Protocol):
    """One opened workspace.

    `start_*` returns as soon as Azure accepted the request; the handle can be written to the ledger and is all
    that is needed to go on after a restart. Reading something that does not exist gives None, not an error.
    """

    def open_workspace(self, workspace: WorkspaceRef) -> WorkspaceRef:
        """Make later calls speak of this workspace; returns it with region and tenant filled in."""
        ...

    def subscriptions(self) -> Sequence[Subscription]: ...

    def workspaces(self, subscription_id: str) -> Sequence[WorkspaceRef]: ...

    def vm_size_offers(self, region: str = "") -> Sequence[VmSizeOffer]:
        """Every N-series size with quota, price and what stands in its way; region "" is the workspace's."""
        ...

    def models(self, name: str = "") -> Sequence[RegisteredModel]:
        """All versions of all models (or of one name), newest first."""
        ...

    def register_model(
        self, name: str, folder: Path, *, tags: Mapping[str, str], on_upload: OnUpload | None = None
    ) -> RegisteredModel:
        """Upload a SavedModel folder, from anywhere on disk, as the next version of `name`."""
        ...

    def download_model_graph(
        self, model_id: str, folder: Path, *, on_download: OnDownload | None = None
    ) -> DownloadedGraph:
        """Copy what describes the registered model `name:version` into `folder`, which belongs to this call.

        At most 256 MiB of saved_model.pb and 4 MiB of labels; never the weights. `on_download` hears of the former.
        A file is there whole or not at all, but is not looked into: it may be damaged. Raises ModelNotFound, and
        ModelError with the reason when the model holds no SavedModel, several, or one beyond the bounds.
        """
        ...

    def download_model(self, model_id: str, folder: Path, *, on_download: OnDownload | None = None) -> Path:
        """Copy the whole SavedModel of the registered model `name:version` below `folder`, which belongs to this call.

        Gives the folder that holds saved_model.pb; a labels.txt that lies above it in the registry is put into it.
        `on_download` hears of all files together. Raises what `download_model_graph` raises.
        """
        ...

    def start_compute_target(self, spec: ComputeSpec) -> ResourceHandle: ...

    def compute_target(self, name: str) -> ComputeTarget | None: ...

    def compute_targets(self) -> Sequence[ComputeTarget]: ...

    def start_web_service(self, spec: DeploymentSpec) -> ResourceHandle: ...

    def web_service(self, name: str) -> WebService | None: ...

    def web_services(self) -> Sequence[WebService]: ...

    def status(self, handle: ResourceHandle) -> ResourceStatus:
        """One fresh read; `Phase.ABSENT` only when Azure itself says that it does not exist."""
        ...

    def service_log(self, name: str, *, lines: int = 500, init_container: bool = False) -> str: ...

    def keys(self, name: str) -> ServiceKeys: ...

    def regenerate_key(self, name: str, which: WhichKey) -> ServiceKeys:
        """Ask for a new key and return what the service has then."""
        ...

    def start_delete(self, handle: ResourceHandle) -> None:
        """Ask Azure to delete; something already gone is success. An attached cluster is a `ComputeError`."""
        ...

    def start_detach(self, handle: ResourceHandle) -> None:
        """Take an attached cluster out of the workspace; it goes on running and billing elsewhere."""
        ...

    def exists(self, handle: ResourceHandle) -> bool:
        """A fresh read of Azure, lists included: False only when Azure says so everywhere it was asked.

        `azure_id` of a compute target may name the AKS cluster behind it, which is then asked for too.
        """
        ...

    def resources_tagged_ours(self) -> Sequence[FoundResource]:
        """Everything in the workspace that carries this program's tags, and clusters that host it."""
        ...


class SignsIn(Protocol):
    """What a backend can do about identity."""

    def account(self) -> Account | None:
        """Who is signed in, silently; None when nobody is (or the cached sign-in no longer works)."""
        ...

    def sign_in(self, method: SignInMethod, *, tenant_id: str = "", on_prompt: OnPrompt | None = None) -> Account:
        """Ask the person. Blocks until done, refused or timed out; cancel by ending the SDK process."""
        ...

    def sign_out(self) -> None:
        """Forget the tokens here and in the encrypted cache."""
        ...


@dataclass(frozen=True, slots=True)
class BackendConfig:
    """What an adapter is given when its process starts. Travels over the pipe, never on a command line.

    `environment` is set in the SDK process alone, before the SDK is imported: the proxy and the CA bundle of
    the practice workspace. `token` is a ready token (practice); None means sign-in with Microsoft.
    `token_cache` is the file of the encrypted token cache and `token_cache_key` its Fernet key; without a key
    tokens stay in memory.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    token: Secret | None = None
    token_cache: Path | None = None
    token_cache_key: Secret | None = None
    home: Path | None = None
    """A folder the SDK may use as home for the caches it writes."""
    debug: bool = False
    """Whether the SDK's own talkative logging is passed on, redacted."""
    workspace: WorkspaceRef | None = None
    """The workspace that was open when an earlier process ended; it is opened again with the first call."""
    remembered_sign_in: Secret | None = None
    """What `sign_in_memory()` of an earlier process gave, when there is no key for a file."""
