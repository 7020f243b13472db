"""What a person asks for when they deploy, and everything that can be refused before it costs anything."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gpu_assistant.domain.compute import Availability, ComputeSpec, Quota, VmSizeOffer, is_valid_compute_name
from gpu_assistant.domain.errors import (
    AssistantError,
    BadSetting,
    ModelNotFound,
    QuotaTooSmall,
    VmSizeNotAvailable,
    VmSizeRetired,
    VmSizeUnknown,
)
from gpu_assistant.domain.model import RegisteredModel
from gpu_assistant.domain.preprocessing import FILE as PREPROCESSING_FILE
from gpu_assistant.domain.preprocessing import Preprocessing
from gpu_assistant.domain.service import Autoscale, DeploymentSpec, EnvironmentSpec, is_valid_service_name
from gpu_assistant.domain.text import Text
from gpu_assistant.domain.workspace import WorkspaceRef
from gpu_assistant.workflows.placement import Cluster, cluster_problems, new_cluster_problems
from gpu_assistant.workflows.serving import CONCURRENT_REQUESTS, QUEUE_WAIT_MS, server_variables

# Conda must be in it, and no CUDA: TensorFlow's own wheels bring the CUDA libraries, and two copies collide.
BASE_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest"
ENVIRONMENT_NAME = "gpu-assistant-tensorflow"
ENTRY_SCRIPT = "score.py"
LABELS_FILE = "labels.txt"
MIN_TIMEOUT_MS = 1_000
MAX_TIMEOUT_MS = 300_000
"""An AKS endpoint ends a request after 300 s at the latest (documented for Kubernetes endpoints)."""


@dataclass(frozen=True, slots=True)
class DeployRequest:
    """The person's choices. `model` is `name` (newest version) or `name:version`.

    `existing_compute` names a cluster of the workspace to use instead of creating `compute_name`.
    `expect_gpu` makes the scoring script refuse to start when it sees no GPU. `secure` asks for TLS. `signature`,
    `output`, `preprocessing` and `labels` are for the scoring script; what is empty it finds out or finds in the model.
    """

    model: str
    vm_size: str
    node_count: int = 1
    compute_name: str = ""
    existing_compute: str = ""
    service_name: str = ""
    region: str = ""
    replicas: int = 1
    autoscale: Autoscale | None = None
    gpus_per_replica: int = 1
    cpu_cores: float = 1.0
    memory_gb: float = 4.0
    scoring_timeout_ms: int = 60_000
    expect_gpu: bool = True
    secure: bool = True
    signature: str = ""
    output: str = ""
    preprocessing: Preprocessing | None = None
    labels: tuple[str, ...] = ()

    def named(self) -> DeployRequest:
        """The same with names made up where the person gave none; the same choices give the same names."""
        model_name = self.model.partition(":")[0]
        values = {name: getattr(self, name) for name in self.__slots__}
        values["compute_name"] = self.existing_compute or self.compute_name or _compute_name(self.vm_size)
        values["service_name"] = self.service_name or _service_name(model_name)
        return DeployRequest(**values)


@dataclass(frozen=True, slots=True)
class Plan:
    """A request that passed: what will be created, and what it will cost."""

    request: DeployRequest
    model: RegisteredModel
    compute: ComputeSpec | None
    service: DeploymentSpec
    offer: VmSizeOffer | None


@dataclass(frozen=True, slots=True)
class Shipment:
    """What is uploaded with every deployment: the scoring folder and its conda definition."""

    scoring_folder: Path
    base_image: str = BASE_IMAGE
    extra_variables: dict[str, str] = field(default_factory=dict)

    def environment(self) -> EnvironmentSpec:
        """The software around the model, read from the shipped file."""
        text = (self.scoring_folder / "environment.yml").read_text(encoding="utf-8")
        return EnvironmentSpec(ENVIRONMENT_NAME, text, self.base_image)


def make_plan(
    request: DeployRequest,
    *,
    workspace: WorkspaceRef,
    models: Sequence[RegisteredModel],
    offers: Sequence[VmSizeOffer],
    shipment: Shipment,
    cluster: Cluster | None = None,
) -> Plan:
    """The plan for a request. Raises the first AssistantError that stands in its way; asks nobody anything.

    `cluster` is the one that the request will find, when there is one already.
    """
    request = request.named()
    model = find_model(request.model, models)
    offer = None if request.existing_compute else find_offer(request.vm_size, offers)
    for problem in problems(request, offer, cluster):
        raise problem
    compute = None
    if offer is not None:
        compute = ComputeSpec(
            name=request.compute_name,
            vm_size=offer.vm_size.name,
            node_count=request.node_count,
            region=request.region,
            leaf_domain_label=_domain_label(workspace, request.compute_name) if request.secure else "",
        )
    service = DeploymentSpec(
        service_name=request.service_name,
        model_id=f"{model.name}:{model.version}",
        compute_target=request.compute_name,
        source_folder=shipment.scoring_folder,
        entry_script=ENTRY_SCRIPT,
        environment=shipment.environment(),
        replicas=request.replicas,
        autoscale=request.autoscale,
        gpus_per_replica=request.gpus_per_replica,
        cpu_cores=request.cpu_cores,
        memory_gb=request.memory_gb,
        scoring_timeout_ms=request.scoring_timeout_ms,
        concurrent_requests=CONCURRENT_REQUESTS,
        queue_wait_ms=QUEUE_WAIT_MS,
        environment_variables={
            **server_variables(expect_gpu=request.expect_gpu, scoring_timeout_ms=request.scoring_timeout_ms),
            **_told_by_name(request),
            **shipment.extra_variables,
        },
        source_files=source_files(request),
    )
    return Plan(request, model, compute, service, offer)


def source_files(request: DeployRequest) -> dict[str, str]:
    """The files of this deployment alone. Labels are too many for an environment variable; both go the same way."""
    files = {}
    if request.preprocessing is not None:
        files[PREPROCESSING_FILE] = request.preprocessing.to_json()
    if request.labels:
        files[LABELS_FILE] = "\n".join(request.labels) + "\n"
    return files


def _told_by_name(request: DeployRequest) -> dict[str, str]:
    told = {"GPU_ASSISTANT_SIGNATURE": request.signature, "GPU_ASSISTANT_OUTPUT": request.output}
    return {variable: value for variable, value in told.items() if value}


def problems(
    request: DeployRequest, offer: VmSizeOffer | None, cluster: Cluster | None = None
) -> Iterator[AssistantError]:
    """What is wrong with a request, most basic first. Pure: the preflight list of every face.

    `offer` is of the size of a cluster that is to be created; a `cluster` that exists already has the nodes that
    count, whatever the request says of their number.
    """
    if not is_valid_service_name(request.service_name):
        yield BadSetting(
            setting=Text("Service name {name!r}", name=request.service_name),
            reason=Text("3 to 32 lower-case letters, digits and dashes, starting with a letter"),
        )
    if not is_valid_compute_name(request.compute_name):
        yield BadSetting(
            setting=Text("Compute name {name!r}", name=request.compute_name),
            reason=Text("3 to 24 letters, digits and dashes, starting with a letter"),
        )
    for setting, value, least in (
        (Text("Nodes"), request.node_count, 1),
        (Text("Replicas"), request.replicas, 1),
        (Text("GPUs per replica"), request.gpus_per_replica, 1),
    ):
        if value < least:
            yield _too_small(setting, value, least)
    if request.autoscale is not None:
        yield from _autoscale_problems(request.replicas, request.autoscale)
    if request.cpu_cores < 0.1 or request.memory_gb < 0.5:
        yield BadSetting(setting=Text("CPU and memory"), reason=Text("at least 0.1 cores and 0.5 GB are needed"))
    if not MIN_TIMEOUT_MS <= request.scoring_timeout_ms <= MAX_TIMEOUT_MS:
        yield BadSetting(
            setting=Text("Timeout"),
            reason=Text("must lie between {least} and {most} milliseconds", least=MIN_TIMEOUT_MS, most=MAX_TIMEOUT_MS),
        )
    if offer is not None:
        yield from _size_problems(request, offer)
    if cluster is not None:
        yield from cluster_problems(request, cluster)
    elif offer is not None:
        yield from new_cluster_problems(request, offer.vm_size)


def find_offer(vm_size: str, offers: Sequence[VmSizeOffer]) -> VmSizeOffer:
    """The offer of that name, whatever its case, with or without "Standard_". Raises VmSizeUnknown."""
    wanted = "standard_" + vm_size.lower().removeprefix("standard_")
    for offer in offers:
        if offer.vm_size.name.lower() == wanted:
            return offer
    near = difflib.get_close_matches(wanted.capitalize(), [offer.vm_size.name for offer in offers], n=1, cutoff=0.5)
    raise VmSizeUnknown(vm_size=vm_size, suggestion=_did_you_mean(near[0]) if near else "")


def find_model(wanted: str, models: Sequence[RegisteredModel]) -> RegisteredModel:
    """`name` gives the newest version, `name:version` that one. Raises ModelNotFound with what there is."""
    name, _, version = wanted.partition(":")
    named = [model for model in models if model.name == name]
    chosen = [model for model in named if not version or str(model.version) == version]
    if chosen:
        return max(chosen, key=lambda model: model.version)
    if named:
        versions = ", ".join(str(model.version) for model in named)
        has = Text(" {name} has the versions {versions}.", name=name, versions=versions)
        raise ModelNotFound(name=wanted, suggestion=has)
    names = sorted({model.name for model in models})
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        raise ModelNotFound(name=wanted, suggestion=_did_you_mean(near[0]))
    listed = Text(" There are: {names}.", names=", ".join(names[:8]))
    raise ModelNotFound(name=wanted, suggestion=listed if names else Text(" No model is registered there yet."))


def _did_you_mean(name: str) -> Text:
    return Text(" Did you mean {name}?", name=name)


def _too_small(setting: Text, value: int, least: int) -> BadSetting:
    return BadSetting(setting=setting, reason=Text("must be at least {least}, not {value}", least=least, value=value))


def _autoscale_problems(replicas: int, autoscale: Autoscale) -> Iterator[AssistantError]:
    """What the SDK would refuse, and targets that no load can reach."""
    if autoscale.max_replicas < replicas:
        yield _too_small(Text("Replicas at most"), autoscale.max_replicas, replicas)
    if not 1 <= autoscale.target_utilization_percent <= 100:
        yield BadSetting(setting=Text("Target utilization"), reason=Text("must lie between 1 and 100 percent"))
    if autoscale.refresh_period_s < 1:
        yield _too_small(Text("Look at the load every (s)"), autoscale.refresh_period_s, 1)


def _size_problems(request: DeployRequest, offer: VmSizeOffer) -> Iterator[AssistantError]:
    size = offer.vm_size
    if offer.availability is Availability.RETIRED:
        yield VmSizeRetired(
            vm_size=size.name,
            retired_on=size.retired_on.isoformat() if size.retired_on else Text("a past date"),
            replacement=size.replacement or Text("a current N-series size"),
        )
    if offer.availability in (Availability.NOT_OFFERED, Availability.NOT_SUPPORTED):
        yield VmSizeNotAvailable(
            vm_size=size.name, region=offer.region, reason=offer.reason or offer.availability.value
        )
    needed = size.vcpus * request.node_count
    if offer.availability is Availability.NO_QUOTA and offer.quota is None:
        yield _quota_problem(Quota(size.family, 0, 0), needed, offer.region)
    for quota in (offer.quota, offer.regional_quota):
        if quota is not None and needed > quota.free_vcpus:
            yield _quota_problem(quota, needed, offer.region)


def _quota_problem(quota: Quota, needed_vcpus: int, region: str) -> QuotaTooSmall:
    return QuotaTooSmall(
        family=quota.family,
        region=region,
        needed_vcpus=needed_vcpus,
        free_vcpus=quota.free_vcpus,
        limit_vcpus=quota.limit_vcpus,
    )


def _compute_name(vm_size: str) -> str:
    short = re.sub(r"[^a-z0-9]+", "-", vm_size.lower().removeprefix("standard_")).strip("-")
    return f"gpu-{short}"[:24].rstrip("-")


def _service_name(model_name: str) -> str:
    short = re.sub(r"[^a-z0-9]+", "-", model_name.lower()).strip("-")
    if not short[:1].isalpha():
        short = f"model-{short}"
    return short[:32].rstrip("-").ljust(3, "x")


def _domain_label(workspace: WorkspaceRef, compute_name: str) -> str:
    """A DNS label that is ours in the whole region: Azure adds its own random part as well."""
    digest = hashlib.sha256(f"{workspace.azure_id.lower()}/{compute_name}".encode()).hexdigest()
    return f"gpa{digest[:10]}"
