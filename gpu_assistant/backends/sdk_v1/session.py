"""One signed-in connection to Azure, and the workspace that is open in it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from azureml._model_management._util import _get_mms_url
from azureml.core import Workspace
from azureml.core.authentication import TokenAuthentication

from gpu_assistant.backends.base import BackendConfig
from gpu_assistant.backends.sdk_v1 import convert
from gpu_assistant.backends.sdk_v1.errors import About, translated
from gpu_assistant.backends.sdk_v1.rest import ARM, AzureRest
from gpu_assistant.backends.sdk_v1.sign_in import SignIn
from gpu_assistant.backends.sdk_v1.transport import Transport
from gpu_assistant.domain.errors import BadSetting, CannotReachAzure, TokenExpired
from gpu_assistant.domain.text import Text
from gpu_assistant.domain.workspace import WorkspaceRef

_COMPUTES = {"api-version": "2020-02-02"}


class AzureSession:
    """What the parts of the adapter share. Safe from any thread."""

    def __init__(self, config: BackendConfig) -> None:
        self.transport = Transport()
        self.transport.install()
        self.sign_in = SignIn(config)
        # The cloud is named: without it the SDK asks the network which clouds there are.
        self.auth: Any = TokenAuthentication(self.sign_in.token_for, cloud="AzureCloud")
        self.rest = AzureRest(self._headers, self.sign_in.forget_token)
        self._lock = threading.RLock()
        self._wanted = config.workspace
        self._workspace: Any = None
        self._ref: WorkspaceRef | None = None
        self._addresses: dict[str, str] = {}

    @contextmanager
    def errors(self, about: About | str) -> Iterator[None]:
        """Raise our errors for those of the SDK; a refused token is not offered again."""
        try:
            with translated(about):
                yield
        except TokenExpired:
            self.sign_in.forget_token()
            raise

    def open(self, ref: WorkspaceRef) -> WorkspaceRef:
        """Read the workspace and make later calls speak of it."""
        self.sign_in.workspace_name = ref.name
        with self.errors(About(Text("Opening workspace {name}", name=ref.name), workspace=ref)):
            workspace = Workspace.get(
                ref.name, auth=self.auth, subscription_id=ref.subscription_id, resource_group=ref.resource_group
            )
            # When the connection breaks, the SDK returns a workspace without its resource instead of raising.
            if workspace._workspace_autorest_object is None:
                raise CannotReachAzure(
                    what=Text("Opening workspace {name}", name=ref.name), reason=Text("the connection broke off")
                )
            opened = convert.workspace_ref(workspace, tenant_id=self.sign_in.tenant_id)
        with self._lock:
            self._workspace, self._ref, self._wanted = workspace, opened, opened
            self._addresses.clear()
        return opened

    @property
    def workspace(self) -> Any:
        """The SDK's workspace; the one an earlier process had is opened again at first use."""
        with self._lock:
            if self._workspace is None:
                if self._wanted is None:
                    raise BadSetting(setting=Text("workspace"), reason=Text("no workspace is open yet"))
                self.open(self._wanted)
            return self._workspace

    @property
    def ref(self) -> WorkspaceRef:
        """The open workspace with region and tenant."""
        _ = self.workspace
        if self._ref is None:
            raise BadSetting(setting=Text("workspace"), reason=Text("no workspace is open yet"))
        return self._ref

    # --- addresses --------------------------------------------------------------------------------------------

    @property
    def compute_parameters(self) -> dict[str, str]:
        """The query of every request about computes."""
        return dict(_COMPUTES)

    def compute_url(self, name: str) -> str:
        """Where a compute is created and deleted (Azure Resource Manager)."""
        return f"{ARM}{self.compute_id(name)}"

    def compute_id(self, name: str) -> str:
        """The ARM id of a compute."""
        return f"{self.ref.azure_id}/computes/{quote(name, safe='')}"

    def computes_url(self, name: str = "") -> str:
        """Where computes are read: the resource provider's own host, as the SDK does, for it is never stale."""
        base = self._address("computes", lambda workspace: workspace.service_context._get_api_url())
        url = f"{base}/rp/workspaces{self.ref.azure_id}/computes"
        return f"{url}/{quote(name, safe='')}" if name else url

    def artifacts_url(self, what: str, path: str) -> str:
        """Where `what` ("contentinfo", "prefix/contentinfo") of the artifact `origin/container/path` is told."""
        base = self._address("artifacts", lambda workspace: workspace.service_context._get_artifacts_url())
        return f"{base}/artifact/v2.0{self.ref.azure_id}/artifacts/{what}/{quote(path)}"

    def service_url(self, *parts: str) -> str:
        """Where web services, models, assets and operations are (model management)."""
        base = self._address("model management", _get_mms_url)
        return "/".join([base, *(quote(part, safe="") for part in parts)])

    def _address(self, name: str, discover: Callable[[Any], Any]) -> str:
        workspace = self.workspace
        with self._lock:
            if name not in self._addresses:
                with self.errors(Text("Finding the services of the workspace")):
                    self._addresses[name] = str(discover(workspace)).rstrip("/")
            return self._addresses[name]

    def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = self.auth.get_authentication_header()
        return headers
