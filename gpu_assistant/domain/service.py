"""A model behind a scoring URI: what is asked for, and what Azure made of it."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.text import Text

_SERVICE_NAME = re.compile(r"[a-z](?:[-a-z0-9]{1,30})[a-z0-9]")


@dataclass(frozen=True, slots=True)
class EnvironmentSpec:
    """The software around the model: a conda definition (YAML text) on a base image."""

    name: str
    conda_yaml: str
    base_image: str


@dataclass(frozen=True, slots=True)
class Autoscale:
    """More replicas while many requests come, fewer afterwards: between `DeploymentSpec.replicas` and `max_replicas`.

    Azure ML's router adds and removes replicas, never nodes, so it changes nothing about what bills. Every
    `refresh_period_s` it aims at `target_utilization_percent` of the replicas being busy.
    """

    max_replicas: int
    target_utilization_percent: int = 70
    refresh_period_s: int = 1


@dataclass(frozen=True, slots=True)
class DeploymentSpec:
    """A web service to be created on a compute target.

    `model_id` is `name:version`. `source_folder` is uploaded whole; `entry_script` is relative to it. The
    defaults that bite in Azure are set here: the SDK would give 0 GPUs, 0.1 cores, 0.5 GB and autoscaling.
    """

    service_name: str
    model_id: str
    compute_target: str
    source_folder: Path
    entry_script: str
    environment: EnvironmentSpec
    replicas: int = 1
    autoscale: Autoscale | None = None
    """None: there are always `replicas`. Otherwise they are the fewest."""
    gpus_per_replica: int = 1
    cpu_cores: float = 1.0
    memory_gb: float = 4.0
    scoring_timeout_ms: int = 60_000
    concurrent_requests: int = 1
    """That Azure's router hands to one replica at a time; more wait for `queue_wait_ms`, then get a 503."""
    queue_wait_ms: int = 500
    environment_variables: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    source_files: Mapping[str, str] = field(default_factory=dict)
    """Text files of this deployment alone, by name: they are uploaded beside those of `source_folder`."""


class ServiceState(enum.Enum):
    """A web service's life, in our words. An unknown word of Azure's is UNKNOWN, never success."""

    TRANSITIONING = Text("transitioning")
    HEALTHY = Text("healthy")
    UNHEALTHY = Text("unhealthy")
    FAILED = Text("failed")
    DELETING = Text("deleting")
    UNKNOWN = Text("unknown")


@dataclass(frozen=True, slots=True)
class WebService:
    """A web service as Azure reports it now. It never holds keys; `stage` is what the deployment is doing.

    `gpus` is what its fewest replicas hold together and `memory_gb` what each of them may use; 0 where Azure does not
    tell.
    """

    name: str
    azure_id: str
    state: ServiceState
    compute_target: str
    scoring_uri: str = ""
    error_code: str = ""
    error: str = ""
    stage: str = ""
    created: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    gpus: int = 0
    memory_gb: float = 0.0


class WhichKey(enum.Enum):
    """The two keys of a web service, in Azure's words."""

    PRIMARY = "Primary"
    SECONDARY = "Secondary"


@dataclass(frozen=True, slots=True)
class ServiceKeys:
    """Both keys of a web service; either one opens it."""

    primary: Secret
    secondary: Secret


def is_valid_service_name(name: str) -> bool:
    """3–32 lower-case letters, digits and dashes, starting with a letter, not ending with a dash (SDK v1)."""
    return bool(_SERVICE_NAME.fullmatch(name))
