"""What a deployment request asks for, and whether a cluster can carry it. Pure; the request is a plain dict."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gpu_assistant.practice.azure import bodies
from gpu_assistant.practice.azure.catalog import VmSize
from gpu_assistant.practice.azure.records import Detail, Failure, Model

SERVICE_NAME = re.compile(r"(?=.{3,32}\Z)[a-z]([-a-z0-9]*[a-z0-9])?")

_UNSCHEDULABLE = (
    "Couldn't Schedule because the kubernetes cluster didn't have available resources after trying for 00:05:00"
)


@dataclass(frozen=True, slots=True)
class Deployment:
    """A typed view of the `POST services` body. Absent values have the SDK's documented defaults.

    What `check` has let pass, the properties can read; before, they may raise MalformedError.
    """

    request: Mapping[str, Any]

    def check(self) -> None:
        """Raise MalformedError when a part of the request is of the wrong type."""
        for part in ("kvTags", "properties", "autoScaler", "dataCollection", "livenessProbeRequirements", "keys"):
            bodies.table(self.request, part)
        bodies.text(self.request, "computeName")
        for part in ("python", "docker"):
            bodies.table(self.environment, part)
        bodies.table(bodies.table(self.environment, "docker"), "baseImageRegistry")
        _ = self.replicas, self.max_replicas, self.gpus_per_replica, self.cpu_per_replica, self.memory_gb_per_replica
        _ = self.concurrent_requests_per_replica, self.queue_wait_ms
        _ = self.scoring_timeout_ms, self.model_ids, self.assets, self.entry_script

    @property
    def is_autoscaled(self) -> bool:
        """Whether the router changes the number of containers, as it does unless a number was given."""
        said = self._autoscaler.get("autoscaleEnabled")
        return self.request.get("numReplicas") is None if said is None else bool(said)

    @property
    def replicas(self) -> int:
        """How many containers; with autoscaling the least it may have, which is what practice runs."""
        key, where = ("minReplicas", self._autoscaler) if self.is_autoscaled else ("numReplicas", self.request)
        return max(1, int(bodies.number(where, key) or 1))

    @property
    def max_replicas(self) -> int:
        """The most containers that autoscaling may come to."""
        return int(bodies.number(self._autoscaler, "maxReplicas") or 10) if self.is_autoscaled else self.replicas

    @property
    def gpus_per_replica(self) -> int:
        """`gpu_cores`: 0 unless asked for, whatever machine the container lands on."""
        return int(bodies.number(self._resources, "gpu") or 0)

    @property
    def cpu_per_replica(self) -> float:
        """Requested CPU cores."""
        return bodies.number(self._resources, "cpu") or 0.1

    @property
    def memory_gb_per_replica(self) -> float:
        """Requested memory."""
        return bodies.number(self._resources, "memoryInGB") or 0.5

    @property
    def scoring_timeout_ms(self) -> int:
        """How long the front end waits for an answer."""
        return int(bodies.number(self.request, "scoringTimeoutMs") or 60_000)

    @property
    def concurrent_requests_per_replica(self) -> int:
        """How many requests the front end hands to a container at a time."""
        return max(1, int(bodies.number(self.request, "maxConcurrentRequestsPerContainer") or 1))

    @property
    def queue_wait_ms(self) -> int:
        """How long the front end keeps a request while all containers have their share."""
        return int(bodies.number(self.request, "maxQueueWaitMs") or 500)

    @property
    def model_ids(self) -> list[str]:
        """`name:version` of every model."""
        return bodies.texts(self._image, "modelIds")

    @property
    def assets(self) -> list[dict[str, Any]]:
        """The uploaded files: `{"id", "url", "unpack"}`."""
        return bodies.rows(self._image, "assets")

    @property
    def environment(self) -> Mapping[str, Any]:
        """The environment definition that came with the request."""
        return bodies.table(self._image, "environment")

    @property
    def environment_variables(self) -> dict[str, str]:
        """The deployment's own variables, unchanged."""
        return bodies.text_table(self.environment, "environmentVariables")

    @property
    def entry_script(self) -> str:
        """Relative path of the script with `init` and `run`, else the generated driver that imports it."""
        named = self.environment_variables.get("AZUREML_ENTRY_SCRIPT")
        return named or bodies.text(self._image, "driverProgram") or ""

    @property
    def image_hash(self) -> str:
        """Same for environments that share an image."""
        docker = bodies.table(self.environment, "docker")
        parts = {
            "python": self.environment.get("python"),
            "baseImage": docker.get("baseImage"),
            "baseDockerfile": docker.get("baseDockerfile"),
            "stack": self.environment.get("inferencingStackVersion"),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def _autoscaler(self) -> Mapping[str, Any]:
        return bodies.table(self.request, "autoScaler")

    @property
    def _resources(self) -> Mapping[str, Any]:
        return bodies.table(self.request, "containerResourceRequirements")

    @property
    def _image(self) -> Mapping[str, Any]:
        return bodies.table(self.request, "environmentImageRequest")


def request_problem(name: str, deployment: Deployment, models: Mapping[str, Model]) -> Failure | None:
    """Why the request is refused before anything is created."""
    if not SERVICE_NAME.fullmatch(name):
        return _bad_request(
            "InvalidServiceName",
            f"Service name '{name}' is invalid: 3 to 32 lower-case letters, digits and dashes, starting with a letter "
            "and ending with a letter or a digit.",
        )
    if deployment.request.get("computeType") != "AKS":
        kind = deployment.request.get("computeType")
        return _bad_request("UnsupportedComputeType", f"Practice deploys to AKS only, not to '{kind}'.")
    for model_id in deployment.model_ids:
        if model_id not in models:
            failure = _bad_request("ModelNotFound", f"Model with id {model_id} was not found.")
            return Failure(failure.code, failure.message, 404, failure.details)
    if deployment.max_replicas < deployment.replicas:
        return _bad_request(
            "InvalidAutoScaler",
            f"The autoscaler's minReplicas {deployment.replicas} is more than its maxReplicas "
            f"{deployment.max_replicas}.",
        )
    if not deployment.entry_script:
        return _bad_request("NoEntryScript", "Practice has no no-code deployment: the request names no entry script.")
    return None


def scheduling_problem(
    deployment: Deployment, size: VmSize | None, node_count: int, others: Iterable[Deployment]
) -> Failure | None:
    """Why Kubernetes finds no node for the containers: the deployment is accepted and fails later.

    `others` are the services that hold their share of the cluster.
    """
    held = list(others)
    node = (float(size.node_gpus), float(size.vcpus), size.memory_gb) if size else (0.0, 0.0, 0.0)
    names = ("nvidia.com/gpu", "cpu", "memory")
    for number, name in enumerate(names):
        wanted = _share(deployment)[number]
        free = node[number] * node_count - sum(_share(other)[number] * other.replicas for other in held)
        if wanted > 0 and (wanted > node[number] or wanted * deployment.replicas > free):
            return unschedulable(node_count, name)
    return None


def unschedulable(node_count: int, resource: str) -> Failure:
    """The failure that AKS reports after five minutes."""
    return Failure(
        "KubernetesDeploymentFailed",
        "Kubernetes Deployment failed",
        details=(
            Detail(
                "Unschedulable",
                f"{_UNSCHEDULABLE}. You can address this error by either adding more nodes, changing the SKU of your "
                "nodes or changing the resource requirements of your service. Please refer to "
                "https://aka.ms/debugimage#container-cannot-be-scheduled for more information.",
            ),
            Detail("DeploymentFailed", f"0/{node_count} nodes are available: {node_count} Insufficient {resource}."),
        ),
    )


def crash(service: str, code: str = "CrashLoopBackOff", message: str = "") -> Failure:
    """The failure of a container that ends again and again."""
    told = message or (
        "Your container application crashed. This may be caused by errors in your scoring file's init() function.\n"
        f"Please check the logs for your container instance: {service}. From the AML SDK, you can run "
        "print(service.get_logs()) if you have service object to fetch the logs.\nPlease refer to "
        "https://aka.ms/debugimage#service-launch-fails for more information."
    )
    return Failure("KubernetesDeploymentFailed", "Kubernetes Deployment failed", details=(Detail(code, told),))


def build_failure(message: str) -> Failure:
    """The failure of an image build; `message` is the line of the build log that matters."""
    return Failure(
        "EnvironmentBuildFailed",
        "Failed Building the Environment.",
        details=(Detail("ImageBuildFailure", message),),
    )


def without_secrets(request: Mapping[str, Any]) -> dict[str, Any]:
    """The request without service keys and without the password of an image registry."""
    kept: dict[str, Any] = json.loads(json.dumps(request))
    kept.pop("keys", None)
    environment = kept.get("environmentImageRequest", {}).get("environment")
    if isinstance(environment, dict):
        forget_registry_password(environment)
    return kept


def forget_registry_password(environment: dict[str, Any]) -> None:
    """Blank the password of the base image's registry, in place."""
    docker = environment.get("docker")
    registry = docker.get("baseImageRegistry") if isinstance(docker, dict) else None
    if isinstance(registry, dict) and registry.get("password"):
        registry["password"] = None


def _share(deployment: Deployment) -> tuple[float, float, float]:
    return deployment.gpus_per_replica, deployment.cpu_per_replica, deployment.memory_gb_per_replica


def _bad_request(code: str, message: str) -> Failure:
    return Failure(code, message, 400, (Detail(code, message),))
