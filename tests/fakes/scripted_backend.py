"""An Azure that follows a script: resources live in memory, and any call can be told to fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from gpu_assistant.backends.base import (
    DownloadedGraph,
    DownloadProgress,
    OnDownload,
    OnUpload,
    Phase,
    ResourceStatus,
)
from gpu_assistant.backends.saved_model_files import find_saved_model
from gpu_assistant.domain.billing import (
    LEDGER_ID_TAG,
    FoundResource,
    HourlyPrice,
    ResourceHandle,
    ResourceKind,
)
from gpu_assistant.domain.compute import (
    Availability,
    ComputeSpec,
    ComputeState,
    ComputeTarget,
    Quota,
    VmSize,
    VmSizeOffer,
)
from gpu_assistant.domain.errors import AssistantError, ModelNotFound
from gpu_assistant.domain.model import RegisteredModel
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.service import DeploymentSpec, ServiceKeys, ServiceState, WebService, WhichKey
from gpu_assistant.domain.workspace import Subscription, WorkspaceRef
from tests.fakes import wire_writer

WORKSPACE = WorkspaceRef("sub-1", "rg-1", "ws-1", region="eastus", tenant_id="tenant-1")
T4 = VmSize("Standard_NC4as_T4_v3", "NCasT4_v3", "T4 Family", "NVIDIA", "T4", 1, 16, 4, 28, "7.5", True, True)
PRICE = HourlyPrice(Decimal("0.526"), "USD")
CLASSIFIER_FILES = {
    "resnet/labels.txt": b"background\n" + b"a cat\n" * 1000,
    "resnet/saved_model.pb": wire_writer.saved_model(wire_writer.meta_graph(wire_writer.CLASSIFIER)),
    "resnet/variables/variables.data-00000-of-00001": b"\0" * 1000,
    "resnet/variables/variables.index": b"index",
}
"""The files of a small registered SavedModel that takes JPEG bytes and gives classes and probabilities."""


class ScriptedBackend:
    """`fail[method]` is a list of errors raised by the next calls; `polls_needed` reads pass before READY.

    `on_call` sees every method name before it runs, which is where a test may pull the plug.
    """

    def __init__(self) -> None:
        self.offers: list[VmSizeOffer] = [
            VmSizeOffer(T4, "eastus", Availability.AVAILABLE, Quota("T4 Family", 16, 0), Quota("cores", 50, 0), PRICE)
        ]
        self.registered = [RegisteredModel("resnet", 2, id="resnet:2"), RegisteredModel("resnet", 1, id="resnet:1")]
        self.model_files: dict[str, Mapping[str, bytes]] = {one.id: CLASSIFIER_FILES for one in self.registered}
        self.computes: dict[str, ComputeTarget] = {}
        self.services: dict[str, WebService] = {}
        self.fail: dict[str, list[AssistantError]] = {}
        self.calls: Counter[str] = Counter()
        self.on_call: Callable[[str], None] = lambda name: None
        self.polls_needed = 2
        self.polls_left = 2
        self.compute_ends_as = ComputeState.READY
        self.compute_error = ""
        self.service_ends_as = ServiceState.HEALTHY
        self.service_error = ("", "")
        self.log_text = ""
        self.deletes_ignored = 0
        self.secret_keys = ServiceKeys(Secret("primary-0123456789"), Secret("secondary-0123456789"))

    def _enter(self, name: str) -> None:
        self.calls[name] += 1
        self.on_call(name)
        if self.fail.get(name):
            raise self.fail[name].pop(0)

    def open_workspace(self, workspace: WorkspaceRef) -> WorkspaceRef:
        return workspace

    def subscriptions(self) -> Sequence[Subscription]:
        self._enter("subscriptions")
        return [Subscription("sub-1", "One")]

    def workspaces(self, subscription_id: str) -> Sequence[WorkspaceRef]:
        return [WORKSPACE]

    def vm_size_offers(self, region: str = "") -> Sequence[VmSizeOffer]:
        self._enter("vm_size_offers")
        return self.offers

    def models(self, name: str = "") -> Sequence[RegisteredModel]:
        self._enter("models")
        return [model for model in self.registered if name in ("", model.name)]

    def register_model(
        self, name: str, folder: Path, *, tags: Mapping[str, str], on_upload: OnUpload | None = None
    ) -> RegisteredModel:
        raise NotImplementedError

    def download_model_graph(
        self, model_id: str, folder: Path, *, on_download: OnDownload | None = None
    ) -> DownloadedGraph:
        self._enter("download_model_graph")
        contents = self.model_files.get(model_id)
        if contents is None:
            raise ModelNotFound(name=model_id, suggestion="")
        files = find_saved_model(model_id, contents)
        graph = folder / "graph" / "saved_model.pb"
        graph.parent.mkdir(parents=True)
        graph.write_bytes(contents[files.graph])
        if on_download is not None:
            on_download(DownloadProgress(len(contents[files.graph]), len(contents[files.graph])))
        left_out = {files.inside(path): len(contents[path]) for path in files.rest}
        labels, preprocessing = (self._copy(contents, places, folder) for places in (files.labels, files.preprocessing))
        return DownloadedGraph(graph.parent, left_out, labels, files.labels[0] if labels else "", preprocessing)

    def _copy(self, contents: Mapping[str, bytes], places: Sequence[str], folder: Path) -> Path | None:
        """The first of these files, in `folder`."""
        if not places:
            return None
        copy = folder / places[0].rpartition("/")[2]
        copy.write_bytes(contents[places[0]])
        return copy

    def download_model(self, model_id: str, folder: Path, *, on_download: OnDownload | None = None) -> Path:
        self._enter("download_model")
        contents = self.model_files.get(model_id)
        if contents is None:
            raise ModelNotFound(name=model_id, suggestion="")
        files = find_saved_model(model_id, contents)
        for path in (files.graph, *files.rest):
            target = folder / "model" / files.inside(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(contents[path])
        return folder / "model"

    def start_compute_target(self, spec: ComputeSpec) -> ResourceHandle:
        self._enter("start_compute_target")
        self.computes[spec.name] = ComputeTarget(
            spec.name, f"/computes/{spec.name}", spec.vm_size, spec.node_count, ComputeState.CREATING, tags=spec.tags
        )
        self.polls_left = self.polls_needed
        return ResourceHandle(ResourceKind.COMPUTE_TARGET, spec.name, f"/computes/{spec.name}")

    def compute_target(self, name: str) -> ComputeTarget | None:
        self._enter("compute_target")
        target = self.computes.get(name)
        if target is not None and target.state is ComputeState.CREATING:
            self.polls_left -= 1
            if self.polls_left <= 0:
                target = replace(target, state=self.compute_ends_as, error=self.compute_error)
                self.computes[name] = target
        return target

    def compute_targets(self) -> Sequence[ComputeTarget]:
        return list(self.computes.values())

    def start_web_service(self, spec: DeploymentSpec) -> ResourceHandle:
        self._enter("start_web_service")
        self.services[spec.service_name] = WebService(
            spec.service_name,
            f"/services/{spec.service_name}",
            ServiceState.TRANSITIONING,
            spec.compute_target,
            tags=spec.tags,
            gpus=spec.replicas * spec.gpus_per_replica,
            memory_gb=spec.memory_gb,
        )
        self.polls_left = self.polls_needed
        return ResourceHandle(ResourceKind.WEB_SERVICE, spec.service_name, f"/services/{spec.service_name}")

    def web_service(self, name: str) -> WebService | None:
        self._enter("web_service")
        service = self.services.get(name)
        if service is not None and service.state is ServiceState.TRANSITIONING:
            self.polls_left -= 1
            if self.polls_left <= 0:
                code, error = self.service_error
                service = replace(
                    service,
                    state=self.service_ends_as,
                    error_code=code,
                    error=error,
                    scoring_uri="http://127.0.0.1:9/score" if self.service_ends_as is ServiceState.HEALTHY else "",
                )
                self.services[name] = service
        return service

    def web_services(self) -> Sequence[WebService]:
        self._enter("web_services")
        return list(self.services.values())

    def status(self, handle: ResourceHandle) -> ResourceStatus:
        self._enter("status")
        thing = self._shelf(handle).get(handle.name)
        if thing is None:
            return ResourceStatus(Phase.ABSENT)
        phase = {"creating": Phase.PROVISIONING, "transitioning": Phase.PROVISIONING, "failed": Phase.FAILED}
        return ResourceStatus(phase.get(thing.state.value, Phase.READY), thing.state.value)

    def service_log(self, name: str, *, lines: int = 500, init_container: bool = False) -> str:
        self._enter("service_log")
        return "" if init_container else self.log_text

    def keys(self, name: str) -> ServiceKeys:
        self._enter("keys")
        return self.secret_keys

    def regenerate_key(self, name: str, which: WhichKey) -> ServiceKeys:
        raise NotImplementedError

    def start_delete(self, handle: ResourceHandle) -> None:
        self._enter("start_delete")
        if self.deletes_ignored:
            self.deletes_ignored -= 1
            return
        self._shelf(handle).pop(handle.name, None)

    def start_detach(self, handle: ResourceHandle) -> None:
        self._shelf(handle).pop(handle.name, None)

    def exists(self, handle: ResourceHandle) -> bool:
        self._enter("exists")
        return handle.name in self._shelf(handle)

    def resources_tagged_ours(self) -> Sequence[FoundResource]:
        self._enter("resources_tagged_ours")
        found = []
        for kind, shelf in (
            (ResourceKind.COMPUTE_TARGET, self.computes),
            (ResourceKind.WEB_SERVICE, self.services),
        ):
            for thing in shelf.values():
                if LEDGER_ID_TAG in thing.tags:
                    found.append(
                        FoundResource(
                            ResourceHandle(kind, thing.name, thing.azure_id),
                            thing.state.value,
                            True,
                            thing.tags[LEDGER_ID_TAG],
                            getattr(thing, "vm_size", ""),
                            getattr(thing, "node_count", 0),
                        )
                    )
        return found

    def _shelf(self, handle: ResourceHandle) -> dict[str, ComputeTarget] | dict[str, WebService]:
        return self.computes if handle.kind is ResourceKind.COMPUTE_TARGET else self.services
