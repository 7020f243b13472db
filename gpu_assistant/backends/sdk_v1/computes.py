"""AKS compute targets: create, read, delete, detach."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from azureml.core.compute import AksCompute

from gpu_assistant.backends.base import Phase, ResourceStatus
from gpu_assistant.backends.sdk_v1 import convert
from gpu_assistant.backends.sdk_v1.errors import About
from gpu_assistant.backends.sdk_v1.rest import ARM
from gpu_assistant.backends.sdk_v1.session import AzureSession
from gpu_assistant.domain.billing import LEDGER_ID_TAG, ResourceHandle, ResourceKind
from gpu_assistant.domain.compute import ComputeSpec, ComputeTarget, is_valid_compute_name
from gpu_assistant.domain.errors import (
    Action,
    AssistantError,
    BadSetting,
    CannotReachAzure,
    ComputeError,
    ComputeNameTaken,
    ComputeNotFound,
    Remedy,
)
from gpu_assistant.domain.text import Text

_AKS = "AKS"
_CLUSTER_PART = "/providers/microsoft.containerservice/managedclusters/"
_CLUSTER_API = {"api-version": "2024-02-01"}
_TAGS_API = {"api-version": "2021-04-01"}

log = logging.getLogger(__name__)


class Computes:
    """The compute targets of the open workspace."""

    def __init__(self, session: AzureSession) -> None:
        self._session = session

    def find(self, name: str) -> ComputeTarget | None:
        """A cluster by its name, freshly read; None also for a compute of another type."""
        body = self._read(name)
        return convert.compute_target(body) if body is not None and convert.compute_type(body) == _AKS else None

    def all(self) -> Sequence[ComputeTarget]:
        """Every cluster of the workspace."""
        return [convert.compute_target(body) for body in self._list() if convert.compute_type(body) == _AKS]

    def status(self, name: str) -> ResourceStatus:
        """One read."""
        body = self._read(name)
        return ResourceStatus(Phase.ABSENT, "NotFound") if body is None else convert.compute_status(body)

    def start(self, spec: ComputeSpec) -> ResourceHandle:
        """Ask for a cluster. One that exists already with the same ledger id is the answer to this request.

        The SDK builds and checks the request but does not send it: `ComputeTarget.create` has no tags for AKS,
        although the resource does, and it fails after the cluster was created when it cannot parse the read that
        follows. Without its tags a cluster would be lost with the ledger.
        """
        if not is_valid_compute_name(spec.name):
            raise BadSetting(
                setting=Text("compute target name {name}", name=spec.name),
                reason=Text("3 to 24 letters, digits and dashes, starting with a letter, and none of Azure's own"),
            )
        about = About(
            Text("Creating {name}", name=spec.name),
            kind=ResourceKind.COMPUTE_TARGET,
            name=spec.name,
            creating=True,
            vm_size=spec.vm_size,
            region=spec.region or self._session.ref.region,
            workspace=self._session.ref,
        )
        handle = ResourceHandle(ResourceKind.COMPUTE_TARGET, spec.name, self._session.compute_id(spec.name))
        body = self._read(spec.name)
        if body is not None:
            if _same_request(body, spec):
                return handle
            raise ComputeNameTaken(name=spec.name)
        payload = self._payload(spec, about)
        for is_last in (False, True):
            try:
                self._put(spec.name, payload, about)
                break
            except AssistantError as exc:
                if self._is_there_after_all(spec):
                    return handle
                # The request, or its answer, was lost. With the ledger id in its tags it may be sent again.
                if is_last or not isinstance(exc, CannotReachAzure) or not spec.tags:
                    raise
        self._ensure_tags(spec)
        return handle

    def start_delete(self, name: str) -> None:
        """Ask to delete the compute target and the AKS cluster that was made with it."""
        body = self._read(name)
        if body is None:
            return
        if convert.compute_target(body).attached:
            reason = Text(
                "{name} was attached to the workspace, not created in it. It can be detached, not deleted.", name=name
            )
            portal = Remedy(Action.OPEN_URL, "Look at the cluster in the portal", "https://portal.azure.com")
            raise ComputeError(reason=reason, remedies=(portal,))
        self._remove(name, "delete", Text("Deleting {name}", name=name))

    def start_detach(self, name: str) -> None:
        """Ask to take the compute target out of the workspace; its cluster goes on running."""
        self._remove(name, "detach", Text("Detaching {name}", name=name))

    def exists(self, handle: ResourceHandle) -> bool:
        """Asked three ways: by name, in the list, and for the AKS cluster where its id is known."""
        body = self._read(handle.name)
        if body is not None:
            return True
        if any(str(item.get("name", "")).lower() == handle.name.lower() for item in self._list()):
            return True
        if _CLUSTER_PART in handle.azure_id.lower():
            about = Text("Looking for the AKS cluster of {name}", name=handle.name)
            return self._session.rest.get(f"{ARM}{handle.azure_id}", about=about, params=_CLUSTER_API) is not None
        return False

    def require(self, name: str) -> ComputeTarget:
        """The cluster, or ComputeNotFound."""
        found = self.find(name)
        if found is None:
            raise ComputeNotFound(name=name)
        return found

    # --------------------------------------------------------------------------------------------------------------

    def _read(self, name: str) -> Any | None:
        return self._session.rest.get(
            self._session.computes_url(name),
            about=Text("Reading compute target {name}", name=name),
            params=self._session.compute_parameters,
        )

    def _list(self) -> list[Any]:
        return self._session.rest.list(
            self._session.computes_url(),
            about=Text("Reading the compute targets"),
            params=self._session.compute_parameters,
        )

    def _put(self, name: str, payload: Mapping[str, Any], about: About) -> None:
        self._session.rest.change(
            "PUT",
            self._session.compute_url(name),
            about=about,
            params=self._session.compute_parameters,
            body=payload,
        )

    def _payload(self, spec: ComputeSpec, about: About) -> Mapping[str, Any]:
        workspace = self._session.workspace
        with self._session.errors(about):
            configuration = AksCompute.provisioning_configuration(
                agent_count=spec.node_count,
                vm_size=spec.vm_size,
                location=spec.region or None,
                cluster_purpose=AksCompute.ClusterPurpose.DEV_TEST if spec.is_dev_test else None,
            )
            if spec.leaf_domain_label:
                configuration.enable_ssl(leaf_domain_label=spec.leaf_domain_label, overwrite_existing_domain=True)
            configuration.validate_configuration()
            payload: dict[str, Any] = AksCompute._build_create_payload(
                configuration, workspace.location, workspace.subscription_id
            )
        return {**payload, "tags": dict(spec.tags)}

    def _is_there_after_all(self, spec: ComputeSpec) -> bool:
        """Whether a request that seemed to fail was carried out: its answer may have been lost on the way."""
        try:
            body = self._read(spec.name)
        except AssistantError:
            return False
        return body is not None and _same_request(body, spec)

    def _ensure_tags(self, spec: ComputeSpec) -> None:
        """Set the tags through the tags API, should the resource provider have dropped them."""
        try:
            body = self._read(spec.name)
            if body is None or not spec.tags or _same_request(body, spec):
                return
            self._session.rest.change(
                "PATCH",
                f"{self._session.compute_url(spec.name)}/providers/Microsoft.Resources/tags/default",
                about=Text("Tagging {name}", name=spec.name),
                params=_TAGS_API,
                body={"operation": "Merge", "properties": {"tags": dict(spec.tags)}},
            )
        except AssistantError as exc:
            # The cluster is being made and the ledger knows it; only a lost ledger would miss the tags.
            log.warning("compute target %s has no tags: %s", spec.name, exc.detail)

    def _remove(self, name: str, action: str, what: str) -> None:
        # Not AksCompute.delete: it raises KeyError after the deletion began when one header is missing.
        self._session.rest.change(
            "DELETE",
            self._session.compute_url(name),
            about=About(what, kind=ResourceKind.COMPUTE_TARGET, name=name),
            params={**self._session.compute_parameters, "underlyingResourceAction": action},
        )


def _same_request(body: Any, spec: ComputeSpec) -> bool:
    ledger_id = spec.tags.get(LEDGER_ID_TAG)
    return bool(ledger_id) and convert.compute_target(body).tags.get(LEDGER_ID_TAG) == ledger_id
