"""What the practice workspace remembers: plain records, and how they become JSON and come back.

No record holds a key, a token or a SAS signature in clear.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar, cast

from gpu_assistant.practice.azure.clock import Moment

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Detail:
    """One line of an error's details."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Failure:
    """How something failed, in Azure's words."""

    code: str
    message: str
    status: int = 400
    details: tuple[Detail, ...] = ()


@dataclass(frozen=True, slots=True)
class Deletion:
    """A deletion (or detachment) under way; `failure` and `is_ignored` are what will come of it."""

    began: Moment
    duration_s: float
    action: str = "delete"
    at_least_real_s: float = 0.0
    failure: Failure | None = None
    is_ignored: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """One version of a registered model; `body` is what was sent to register it."""

    name: str
    version: int
    created: str
    body: dict[str, Any]

    @property
    def model_id(self) -> str:
        """`name:version`."""
        return f"{self.name}:{self.version}"


@dataclass(frozen=True, slots=True)
class Asset:
    """A named set of artifacts: what a model's `aml://asset/…` points to."""

    asset_id: str
    name: str
    created: str
    artifacts: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ManagedCluster:
    """The AKS cluster behind a compute target. It bills until it is deleted, attached to a workspace or not."""

    name: str
    vm_size: str
    node_count: int
    created: Moment
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ComputeTarget:
    """An AKS compute target. `failure` is how its creation ends, known from the start, told when it is due."""

    name: str
    cluster: str
    vm_size: str
    node_count: int
    purpose: str
    location: str
    began: Moment
    duration_s: float
    is_attached: bool = False
    failure: Failure | None = None
    at_least_real_s: float = 0.0
    load_balancer_type: str = "PublicIp"
    load_balancer_subnet: str | None = None
    ssl: dict[str, Any] | None = None
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    deletion: Deletion | None = None


class Fate(str, Enum):
    """What becomes of a deployment; decided when it is accepted, seen when it is due."""

    RUNS = "runs"
    """The inference server decides."""
    BUILD_FAILS = "build fails"
    UNSCHEDULABLE = "unschedulable"
    NEVER_HEALTHY = "never healthy"


class Settled(str, Enum):
    """Whether a deployment has come to its end once; what was seen by a reader stays so."""

    NOT_YET = "not yet"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Service:
    """A web service. `request` is the deployment request without keys and registry passwords."""

    name: str
    uid: str
    compute_target: str
    request: dict[str, Any]
    created: str
    updated: str
    began: Moment
    build_s: float
    rollout_s: float
    operation_id: str
    fate: Fate = Fate.RUNS
    at_least_real_s: float = 0.0
    settled: Settled = Settled.NOT_YET
    failure: Failure | None = None
    key_generations: dict[str, int] = field(default_factory=lambda: {"Primary": 1, "Secondary": 1})
    sealed_keys: dict[str, str] = field(default_factory=dict)
    deletion: Deletion | None = None


class Subject(str, Enum):
    """What an operation is about."""

    COMPUTE_CREATE = "compute create"
    COMPUTE_DELETE = "compute delete"
    SERVICE_CREATE = "service create"
    SERVICE_DELETE = "service delete"
    SERVICE_KEYS = "service keys"


@dataclass(frozen=True, slots=True)
class Operation:
    """A long operation that a client may poll by its id, also after its subject is gone."""

    operation_id: str
    subject: Subject
    name: str
    began: Moment
    duration_s: float = 0.0
    at_least_real_s: float = 0.0
    failure: Failure | None = None


@dataclass(slots=True)
class Tables:
    """All records of the workspace, by name or id. Only `StateFile` hands it out, under its lock."""

    virtual_s: float | None = None
    models: dict[str, Model] = field(default_factory=dict)
    assets: dict[str, Asset] = field(default_factory=dict)
    environments: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)
    """Environment hash → when its image was built."""
    clusters: dict[str, ManagedCluster] = field(default_factory=dict)
    compute_targets: dict[str, ComputeTarget] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)


def to_plain(record: Any) -> Any:
    """A record as JSON values."""
    return dataclasses.asdict(record)


def from_plain(kind: type[T], value: Any) -> T:
    """The record of this type from JSON values. Raises ValueError, TypeError or KeyError when it does not fit."""
    return cast(T, _build(kind, value))


def _build(kind: Any, value: Any) -> Any:
    origin = typing.get_origin(kind)
    if kind is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        inner = [part for part in typing.get_args(kind) if part is not type(None)]
        return None if value is None else _build(inner[0], value)
    if origin in (dict, list, tuple):
        return _build_container(origin, typing.get_args(kind), value)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        unknown = value.keys() - hints.keys()
        if unknown:
            raise ValueError(f"{kind.__name__} has no {', '.join(sorted(unknown))}")
        return kind(**{name: _build(hints[name], part) for name, part in value.items()})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if kind is float and isinstance(value, int):
        return float(value)
    if not isinstance(value, kind):
        raise TypeError(f"{value!r:.40} is no {kind.__name__}")
    return value


def _build_container(origin: Any, arguments: tuple[Any, ...], value: Any) -> Any:
    expected = dict if origin is dict else list
    if not isinstance(value, (expected, origin)):
        raise TypeError(f"{value!r:.40} is no {origin.__name__}")
    if origin is dict:
        return {str(key): _build(arguments[1], part) for key, part in value.items()}
    return origin(_build(arguments[0], part) for part in value)
