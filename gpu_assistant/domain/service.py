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
    gpus_per_replica: int = 1
    cpu_cores: float = 1.0
    memory_gb: float = 4.0
    scoring_timeout_ms: int = 60_000
    environment_variables: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


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
    """A web service as Azure reports it now. It never holds keys; `stage` is what the deployment is doing."""

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
