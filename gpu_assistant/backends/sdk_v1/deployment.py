"""Deploying a registered model as a web service on AKS, through `Model.deploy`."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from azureml.core import Environment, Model
from azureml.core.model import InferenceConfig
from azureml.core.webservice import AksWebservice

from gpu_assistant.backends.sdk_v1 import convert
from gpu_assistant.backends.sdk_v1.computes import Computes
from gpu_assistant.backends.sdk_v1.errors import About
from gpu_assistant.backends.sdk_v1.services import Services
from gpu_assistant.backends.sdk_v1.session import AzureSession
from gpu_assistant.domain.billing import LEDGER_ID_TAG, ResourceHandle, ResourceKind
from gpu_assistant.domain.errors import AssistantError, BadSetting, ServiceNameTaken, UnexpectedAnswer
from gpu_assistant.domain.service import DeploymentSpec, is_valid_service_name
from gpu_assistant.domain.text import Text

# With an image of one's own this asks for the inference server that matches it, as the SDK's converter does.
_INFERENCE_STACK = "latest"

# Kubernetes restarts a container that does not answer its health probe, and a script answers nothing while it starts.
# The SDK's 310 s are too few where a GPU compiles its kernels first; its 2 s for an answer are few on a busy CPU.
_FIRST_PROBE_S = 900
_PROBE_TIMEOUT_S = 10


class Deployments:
    """Starts web services in the open workspace."""

    def __init__(self, session: AzureSession, computes: Computes, services: Services) -> None:
        self._session = session
        self._computes = computes
        self._services = services
        self._scratch = threading.Lock()

    def start(self, spec: DeploymentSpec) -> ResourceHandle:
        """Upload the sources and ask for the service. Returns when Azure accepted it.

        A service that exists already with the same ledger id is the answer to this request. When the SDK raises
        after Azure accepted (a reply that was lost, or one that it cannot parse), the service is there and its
        handle is returned.
        """
        name = spec.service_name
        if not is_valid_service_name(name):
            raise BadSetting(
                setting=Text("web service name {name}", name=name),
                reason=Text("3 to 32 lower-case letters, digits and dashes, starting with a letter"),
            )
        handle = ResourceHandle(ResourceKind.WEB_SERVICE, name, f"{self._session.ref.azure_id}/services/{name}")
        existing = self._services.read(name)
        if existing is not None:
            if _same_request(existing, spec):
                return handle
            raise ServiceNameTaken(name=name)
        self._computes.require(spec.compute_target)
        try:
            service = self._deploy(spec)
        except AssistantError as exc:
            if self._is_there_after_all(spec, exc):
                return handle
            raise
        self._services.remember_operation(name, str(service._operation_endpoint or ""))
        return handle

    def _deploy(self, spec: DeploymentSpec) -> Any:
        about = About(
            Text("Deploying {name}", name=spec.service_name),
            kind=ResourceKind.WEB_SERVICE,
            name=spec.service_name,
            creating=True,
            model=spec.model_id,
        )
        workspace = self._session.workspace
        with self._session.errors(about), self._scratch_folder() as scratch:
            model = Model(workspace, id=spec.model_id)
            inference = InferenceConfig(
                entry_script=spec.entry_script,
                source_directory=os.fspath(_sources(spec, scratch)),
                environment=_environment(spec, scratch),
            )
            return Model.deploy(
                workspace,
                spec.service_name,
                [model],
                inference_config=inference,
                deployment_config=_configuration(spec),
            )

    def _is_there_after_all(self, spec: DeploymentSpec, exc: AssistantError) -> bool:
        try:
            body = self._services.read(spec.service_name)
        except AssistantError:
            return False
        # It was not there before. Without tags to compare, only an answer that could not be understood means us.
        return body is not None and (_same_request(body, spec) or type(exc) is UnexpectedAnswer)

    @contextmanager
    def _scratch_folder(self) -> Iterator[Path]:
        """A folder for the temporary files of the SDK, which never removes them; one deployment at a time."""
        with self._scratch:
            before, folder = tempfile.tempdir, tempfile.mkdtemp(prefix="gpu-assistant-deploy-")
            tempfile.tempdir = folder
            try:
                yield Path(folder)
            finally:
                tempfile.tempdir = before
                shutil.rmtree(folder, ignore_errors=True)


def _sources(spec: DeploymentSpec, scratch: Path) -> Path:
    """The folder to upload, without what Python left in it; the SDK would take everything."""
    clean = scratch / "scoring"
    shutil.copytree(spec.source_folder, clean, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    for name, text in spec.source_files.items():
        (clean / name).write_text(text, encoding="utf-8")
    return clean


def _environment(spec: DeploymentSpec, scratch: Path) -> Any:
    conda_file = scratch / "conda.yml"
    conda_file.write_text(spec.environment.conda_yaml, encoding="utf-8")
    environment = Environment.from_conda_specification(spec.environment.name, os.fspath(conda_file))
    environment.docker.base_image = spec.environment.base_image
    environment.inferencing_stack_version = _INFERENCE_STACK
    environment.environment_variables = dict(spec.environment_variables)
    return environment


def _configuration(spec: DeploymentSpec) -> Any:
    return AksWebservice.deploy_configuration(
        **_replicas(spec),
        cpu_cores=spec.cpu_cores,
        memory_gb=spec.memory_gb,
        gpu_cores=spec.gpus_per_replica,
        scoring_timeout_ms=spec.scoring_timeout_ms,
        replica_max_concurrent_requests=spec.concurrent_requests,
        max_request_wait_time=spec.queue_wait_ms,
        initial_delay_seconds=_FIRST_PROBE_S,
        timeout_seconds=_PROBE_TIMEOUT_S,
        auth_enabled=True,
        tags=dict(spec.tags),
        compute_target_name=spec.compute_target,
    )


def _replicas(spec: DeploymentSpec) -> dict[str, Any]:
    """The SDK wants one of the two to be said: left alone it scales up to 10 replicas, whatever GPUs there are."""
    if spec.autoscale is None:
        return {"autoscale_enabled": False, "num_replicas": spec.replicas}
    return {
        "autoscale_enabled": True,
        "autoscale_min_replicas": spec.replicas,
        "autoscale_max_replicas": spec.autoscale.max_replicas,
        "autoscale_target_utilization": spec.autoscale.target_utilization_percent,
        "autoscale_refresh_seconds": spec.autoscale.refresh_period_s,
    }


def _same_request(body: Any, spec: DeploymentSpec) -> bool:
    ledger_id = spec.tags.get(LEDGER_ID_TAG)
    tags = body.get("kvTags") if isinstance(body, dict) else None
    return bool(ledger_id) and convert.tags_of(tags).get(LEDGER_ID_TAG) == ledger_id
