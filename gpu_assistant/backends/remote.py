"""A workspace backend whose work is done in the SDK process.

It has every method of `WorkspaceBackend` and `SignsIn`, each with the longest time worth waiting for, and it
remembers what a new process must be told: the open workspace, and a sign-in that no file may hold.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gpu_assistant.backends.base import (
    BackendConfig,
    DownloadedGraph,
    OnDownload,
    OnPrompt,
    OnUpload,
    ResourceStatus,
)
from gpu_assistant.backends.process import SdkProcess
from gpu_assistant.domain.billing import FoundResource, ResourceHandle
from gpu_assistant.domain.compute import ComputeSpec, ComputeTarget, VmSizeOffer
from gpu_assistant.domain.errors import TokenExpired
from gpu_assistant.domain.model import RegisteredModel
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.service import DeploymentSpec, ServiceKeys, WebService, WhichKey
from gpu_assistant.domain.text import Text
from gpu_assistant.domain.workspace import Account, SignInMethod, Subscription, WorkspaceRef

SDK_V1 = "gpu_assistant.backends.sdk_v1.backend:SdkV1Backend"

# The longest silence worth waiting for. A read is one or two requests, each tried twice; loading the SDK into a
# new process, which the first call pays, takes up to 6 s on a slow disk.
_READ_S = 90.0
_OFFERS_S = 150.0  # the list of all VM sizes of a subscription is several megabytes
_CHANGE_S = 180.0
_UPLOAD_S = 300.0  # counted from the last byte that went out
_DOWNLOAD_S = 180.0  # counted from the last byte that came; sizes of files are asked for after it
_SIGN_IN_S = 16 * 60.0  # a device code lives 15 minutes


class _Memory:
    """What every process after the first must be told. Shared by all views of one backend."""

    def __init__(self) -> None:
        self.workspace: WorkspaceRef | None = None
        self.sign_in: Secret | None = None
        self.sign_in_again: Callable[[], None] | None = None


class RemoteBackend:
    """`WorkspaceBackend` and `SignsIn` over an `SdkProcess`. Safe from any thread.

    A call raises DeadlinePassed when the SDK is silent for too long, and OutcomeUnknown when the process ended
    while it was changing something.
    """

    def __init__(self, config: Callable[[], BackendConfig], adapter: str = SDK_V1) -> None:
        memory = _Memory()
        self._memory = memory
        self._cancel: threading.Event | None = None
        self._process = SdkProcess(
            adapter,
            lambda: replace(config(), workspace=memory.workspace, remembered_sign_in=memory.sign_in),
        )

    def bound_to(self, cancel: threading.Event) -> RemoteBackend:
        """The same backend, whose calls also end with Cancelled as soon as `cancel` is set."""
        view = copy.copy(self)
        view._cancel = cancel
        return view

    def renew_with(self, sign_in_again: Callable[[], None]) -> None:
        """Call this when the sign-in expires under a call, then make the call once more.

        A request that Azure answers with 401 was not carried out, so repeating it is safe. `sign_in_again` runs
        on the thread of the call and raises when nobody can sign in.
        """
        self._memory.sign_in_again = sign_in_again

    def start(self) -> None:
        """Load the SDK in advance. Does not wait."""
        self._process.start()

    def close(self) -> None:
        """End the SDK process, for all views. What runs in Azure goes on."""
        self._process.close()

    # --- identity ---------------------------------------------------------------------------------------------

    def account(self) -> Account | None:
        found: Account | None = self._ask_once("account", what=Text("Reading the sign-in"))
        return found

    def sign_in(self, method: SignInMethod, *, tenant_id: str = "", on_prompt: OnPrompt | None = None) -> Account:
        if method is SignInMethod.TOKEN:
            # A ready token is part of the configuration: a new process asks for a fresh one.
            self._process.restart()
        account: Account = self._process.call(
            "sign_in",
            method,
            tenant_id=tenant_id,
            deadline_s=_SIGN_IN_S,
            what=Text("Signing in"),
            on_event=on_prompt,
            event_keyword="on_prompt",
            cancel=self._cancel,
        )
        self._memory.sign_in = self._ask_once("sign_in_memory", what=Text("Signing in"))
        return account

    def sign_out(self) -> None:
        self._memory.sign_in = None
        self._ask_once("sign_out", what=Text("Signing out"))

    # --- finding ----------------------------------------------------------------------------------------------

    def open_workspace(self, workspace: WorkspaceRef) -> WorkspaceRef:
        opened: WorkspaceRef = self._read("open_workspace", workspace, what=Text("Opening the workspace"))
        self._memory.workspace = opened
        return opened

    def subscriptions(self) -> Sequence[Subscription]:
        found: Sequence[Subscription] = self._read("subscriptions", what=Text("Reading the subscriptions"))
        return found

    def workspaces(self, subscription_id: str) -> Sequence[WorkspaceRef]:
        found: Sequence[WorkspaceRef] = self._read("workspaces", subscription_id, what=Text("Reading the workspaces"))
        return found

    def vm_size_offers(self, region: str = "") -> Sequence[VmSizeOffer]:
        found: Sequence[VmSizeOffer] = self._read(
            "vm_size_offers", region, what=Text("Reading VM sizes and quota"), deadline_s=_OFFERS_S
        )
        return found

    def models(self, name: str = "") -> Sequence[RegisteredModel]:
        found: Sequence[RegisteredModel] = self._read("models", name, what=Text("Reading the models"))
        return found

    def register_model(
        self, name: str, folder: Path, *, tags: Mapping[str, str], on_upload: OnUpload | None = None
    ) -> RegisteredModel:
        model: RegisteredModel = self._call(
            "register_model",
            name,
            folder.absolute(),
            tags=dict(tags),
            deadline_s=_UPLOAD_S,
            what=Text("Registering {name}", name=name),
            on_event=on_upload or _ignore,
            event_keyword="on_upload",
        )
        return model

    def download_model_graph(
        self, model_id: str, folder: Path, *, on_download: OnDownload | None = None
    ) -> DownloadedGraph:
        found: DownloadedGraph = self._download("download_model_graph", model_id, folder, on_download)
        return found

    def download_model(self, model_id: str, folder: Path, *, on_download: OnDownload | None = None) -> Path:
        found: Path = self._download("download_model", model_id, folder, on_download)
        return found

    def _download(self, method: str, model_id: str, folder: Path, on_download: OnDownload | None) -> Any:
        return self._read(
            method,
            model_id,
            folder.absolute(),
            deadline_s=_DOWNLOAD_S,
            what=Text("Reading the files of {model}", model=model_id),
            on_event=on_download or _ignore,
            event_keyword="on_download",
        )

    # --- compute targets and web services ---------------------------------------------------------------------

    def start_compute_target(self, spec: ComputeSpec) -> ResourceHandle:
        handle: ResourceHandle = self._change(
            "start_compute_target", spec, what=Text("Creating {name}", name=spec.name)
        )
        return handle

    def compute_target(self, name: str) -> ComputeTarget | None:
        found: ComputeTarget | None = self._read("compute_target", name, what=Text("Reading {name}", name=name))
        return found

    def compute_targets(self) -> Sequence[ComputeTarget]:
        found: Sequence[ComputeTarget] = self._read("compute_targets", what=Text("Reading the compute targets"))
        return found

    def start_web_service(self, spec: DeploymentSpec) -> ResourceHandle:
        handle: ResourceHandle = self._change(
            "start_web_service", spec, what=Text("Deploying {name}", name=spec.service_name), deadline_s=_UPLOAD_S
        )
        return handle

    def web_service(self, name: str) -> WebService | None:
        found: WebService | None = self._read("web_service", name, what=Text("Reading {name}", name=name))
        return found

    def web_services(self) -> Sequence[WebService]:
        found: Sequence[WebService] = self._read("web_services", what=Text("Reading the web services"))
        return found

    def status(self, handle: ResourceHandle) -> ResourceStatus:
        status: ResourceStatus = self._read("status", handle, what=Text("Reading {name}", name=handle.name))
        return status

    def service_log(self, name: str, *, lines: int = 500, init_container: bool = False) -> str:
        text: str = self._read(
            "service_log",
            name,
            lines=lines,
            init_container=init_container,
            what=Text("Reading the log of {name}", name=name),
        )
        return text

    def keys(self, name: str) -> ServiceKeys:
        keys: ServiceKeys = self._read("keys", name, what=Text("Reading the keys of {name}", name=name))
        return keys

    def regenerate_key(self, name: str, which: WhichKey) -> ServiceKeys:
        keys: ServiceKeys = self._change(
            "regenerate_key", name, which, what=Text("Making a new key for {name}", name=name)
        )
        return keys

    def start_delete(self, handle: ResourceHandle) -> None:
        self._change("start_delete", handle, what=Text("Deleting {name}", name=handle.name))

    def start_detach(self, handle: ResourceHandle) -> None:
        self._change("start_detach", handle, what=Text("Detaching {name}", name=handle.name))

    def exists(self, handle: ResourceHandle) -> bool:
        found: bool = self._read("exists", handle, what=Text("Looking for {name}", name=handle.name))
        return found

    def resources_tagged_ours(self) -> Sequence[FoundResource]:
        found: Sequence[FoundResource] = self._read(
            "resources_tagged_ours", what=Text("Looking for what this program created")
        )
        return found

    def _read(self, method: str, *args: object, what: str, deadline_s: float = _READ_S, **kwargs: Any) -> Any:
        return self._call(method, *args, what=what, deadline_s=deadline_s, repeatable=True, **kwargs)

    def _change(self, method: str, *args: object, what: str, deadline_s: float = _CHANGE_S, **kwargs: Any) -> Any:
        return self._call(method, *args, what=what, deadline_s=deadline_s, **kwargs)

    def _ask_once(self, method: str, *, what: str) -> Any:
        """For the sign-in itself, which must not be renewed from within."""
        return self._process.call(method, what=what, deadline_s=_READ_S, repeatable=True, cancel=self._cancel)

    def _call(self, method: str, *args: object, **kwargs: Any) -> Any:
        try:
            return self._process.call(method, *args, cancel=self._cancel, **kwargs)
        except TokenExpired:
            if self._memory.sign_in_again is None:
                raise
        self._memory.sign_in_again()
        return self._process.call(method, *args, cancel=self._cancel, **kwargs)


def _ignore(event: object) -> None:
    """Progress nobody looks at still counts against the deadline's silence."""
