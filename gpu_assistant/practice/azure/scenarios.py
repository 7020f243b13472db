"""Failures as data: `resources/practice/scenarios/*.toml`, read strictly, played faithfully.

A scenario changes what the practice workspace answers (faults), what it has (quota, sizes) and how things end
(cluster creation, image build, start of the container, deletion). The dataclasses below are the schema.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gpu_assistant.practice.azure.catalog import Catalog, read_toml
from gpu_assistant.practice.azure.clock import Durations
from gpu_assistant.practice.front.http import Request, Response


class ScenarioError(ValueError):
    """A scenario file that does not follow the schema, or a name that no file has."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls the requests that match `method`, `host` and `path` (shell patterns, any case).

    With `status` or `reset` the request is answered so and never reaches its route, or with `carried_out` it does
    and only the answer is lost; without, it is answered normally, only later (`delay_s`) or slower (`bytes_per_s`).
    `after` requests pass first, then `times` are hit.
    """

    path: str
    method: str = "*"
    host: str = "*"
    status: int | None = None
    code: str = ""
    message: str = ""
    reset: bool = False
    carried_out: bool = False
    delay_s: float = 0.0
    bytes_per_s: float | None = None
    after: int = 0
    times: int | None = None

    @property
    def answers(self) -> bool:
        """Whether the client sees the fault's answer, not the route's."""
        return self.reset or self.status is not None

    @property
    def refuses(self) -> bool:
        """Whether the request never reaches its route."""
        return self.answers and not self.carried_out

    def matches(self, request: Request) -> bool:
        """Whether this request is of the kind."""
        return (
            self.method in ("*", request.method)
            and fnmatch.fnmatchcase(request.host, self.host.lower())
            and fnmatch.fnmatchcase(request.path.lower(), self.path.lower())
        )

    def answer(self) -> Response:
        """What the client sees."""
        headers = {"Retry-After": "2"} if self.status in (429, 503) else None
        response = Response.of_error(self.status or 500, self.code, self.message, headers)
        return replace(response, reset=self.reset, delay_s=self.delay_s, bytes_per_s=self.bytes_per_s)


@dataclass(frozen=True, slots=True)
class Restriction:
    """A VM size that the subscription cannot have in the region."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class ClusterCreate:
    """The creation of the cluster is accepted and fails after the share `at` of its time."""

    code: str
    message: str
    at: float = 0.5


@dataclass(frozen=True, slots=True)
class ImageBuild:
    """The image build fails; `log` is what the build log ends with."""

    message: str
    log: str


@dataclass(frozen=True, slots=True)
class Start:
    """The container crashes: `entry_script_tail` is added to the uploaded entry script, so the crash is real.

    With `memory_below_gb`, only services that asked for less memory than this crash.
    """

    entry_script_tail: str
    code: str
    message: str
    memory_below_gb: float | None = None


@dataclass(frozen=True, slots=True)
class Rollout:
    """`never_healthy`: the service stays Transitioning. `hides_gpus`: the nodes offer no `nvidia.com/gpu`."""

    never_healthy: bool = False
    hides_gpus: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """Deletions of `target` (compute, service or any): the first `fail_times` fail, or all are accepted in vain.

    `at_least_real_s` makes them slow at any speed of the clock.
    """

    target: str = "any"
    fail_times: int = 0
    code: str = ""
    message: str = ""
    ignored: bool = False
    at_least_real_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Keys:
    """`rejected_until_regenerated`: scoring answers 401 to the first generation of keys."""

    rejected_until_regenerated: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """One file. `description` says what a user sees."""

    name: str
    title: str
    description: str
    quota: Mapping[str, int] = field(default_factory=dict)
    restriction: tuple[Restriction, ...] = ()
    fault: tuple[Fault, ...] = ()
    durations: Mapping[str, float] = field(default_factory=dict)
    cluster_create: ClusterCreate | None = None
    image_build: ImageBuild | None = None
    start: Start | None = None
    rollout: Rollout = Rollout()
    delete: Delete | None = None
    keys: Keys = Keys()


NOTHING_WRONG = Scenario("", "Nothing goes wrong", "Everything works as it does in Azure on a good day.")

_LISTS: Mapping[str, type[Any]] = {"restriction": Restriction, "fault": Fault}
_PARTS: Mapping[str, type[Any]] = {
    "cluster_create": ClusterCreate,
    "image_build": ImageBuild,
    "start": Start,
    "rollout": Rollout,
    "delete": Delete,
    "keys": Keys,
}


def parse_scenario(name: str, document: Mapping[str, Any]) -> Scenario:
    """A scenario from the content of its file. Raises ScenarioError, which names what is wrong."""
    values: dict[str, Any] = {}
    for key, value in document.items():
        where = f"{name}.toml: {key}"
        if key in _LISTS:
            values[key] = tuple(_part(_LISTS[key], where, row) for row in _of_type(where, value, list))
        elif key in _PARTS:
            values[key] = _part(_PARTS[key], where, value)
        elif key == "quota":
            rows = _of_type(where, value, dict).items()
            values[key] = {family: _of_type(f"{where}.{family}", cores, int) for family, cores in rows}
        elif key == "durations":
            known = {item.name for item in dataclasses.fields(Durations)}
            _refuse_unknown(where, _of_type(where, value, dict), known)
            values[key] = {what: float(_of_type(f"{where}.{what}", s, (int, float))) for what, s in value.items()}
        elif key in ("title", "description"):
            values[key] = _of_type(where, value, str)
        else:
            raise ScenarioError(f"{name}.toml: unknown key {key!r}")
    if not values.get("title") or not values.get("description"):
        raise ScenarioError(f"{name}.toml: a scenario needs a title and a description")
    return Scenario(name=name, **values)


class ScenarioBook:
    """All scenarios, and the one that is played now. Safe to use from several threads."""

    def __init__(self, folder: Path, catalog: Catalog) -> None:
        self._scenarios = {path.stem: parse_scenario(path.stem, read_toml(path)) for path in _files(folder)}
        self._plain_catalog = catalog
        self._lock = threading.Lock()
        self._play(NOTHING_WRONG)

    @property
    def names(self) -> tuple[str, ...]:
        """The names one can play, sorted."""
        return tuple(sorted(self._scenarios))

    def scenario(self, name: str) -> Scenario:
        """A scenario by name. Raises ScenarioError, which lists the names."""
        try:
            return self._scenarios[name]
        except KeyError:
            raise ScenarioError(f"no scenario {name!r}; there are: {', '.join(self.names)}") from None

    @property
    def playing(self) -> Scenario:
        """The scenario that is played now."""
        return self._playing

    @property
    def catalog(self) -> Catalog:
        """What the region sells under this scenario."""
        return self._catalog

    @property
    def durations(self) -> Durations:
        """How long things take under this scenario."""
        return replace(Durations(), **self._playing.durations)

    def play(self, name: str | None) -> None:
        """Play a scenario from its beginning; None: nothing goes wrong any more."""
        self._play(NOTHING_WRONG if not name else self.scenario(name))

    def intercept(self, request: Request) -> Response | None:
        """The refusal that the scenario has for this request, if any; counts it."""
        fault = self._strike(request, lambda fault: fault.refuses)
        return None if fault is None else fault.answer()

    def shape(self, request: Request, response: Response) -> Response:
        """The answer as the network delivers it: late, slowly, or not at all."""
        fault = self._strike(request, lambda fault: not fault.refuses)
        if fault is None:
            return response
        if fault.answers:
            return fault.answer()
        return replace(response, delay_s=response.delay_s + fault.delay_s, bytes_per_s=fault.bytes_per_s)

    def deletion_fails(self, target: str) -> Delete | None:
        """What the scenario has for a deletion of a `compute` or `service` that is asked for now; counts it."""
        plan = self._playing.delete
        if plan is None or plan.target not in (target, "any"):
            return None
        with self._lock:
            self._deletions += 1
            return plan if self._deletions <= plan.fail_times or plan.ignored or plan.at_least_real_s else None

    def _play(self, scenario: Scenario) -> None:
        restrictions = {row.name: row.reason for row in scenario.restriction}
        catalog = self._plain_catalog.with_limits(scenario.quota, restrictions)
        with self._lock:
            self._playing = scenario
            self._catalog = catalog
            self._seen = [0] * len(scenario.fault)
            self._deletions = 0

    def _strike(self, request: Request, is_asked_for: Callable[[Fault], bool]) -> Fault | None:
        with self._lock:
            for number, fault in enumerate(self._playing.fault):
                if not is_asked_for(fault) or not fault.matches(request):
                    continue
                self._seen[number] += 1
                hits = self._seen[number] - fault.after
                if hits > 0 and (fault.times is None or hits <= fault.times):
                    return fault
        return None


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.toml"))


def _part(kind: type[Any], where: str, value: Any) -> Any:
    table = _of_type(where, value, dict)
    fields = {item.name: item for item in dataclasses.fields(kind)}
    _refuse_unknown(where, table, fields.keys())
    missing = [name for name, item in fields.items() if name not in table and _is_required(item)]
    if missing:
        raise ScenarioError(f"{where} lacks {', '.join(missing)}")
    return kind(**{name: _checked(f"{where}.{name}", fields[name].type, part) for name, part in table.items()})


def _is_required(item: dataclasses.Field[Any]) -> bool:
    return item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING


def _refuse_unknown(where: str, table: Mapping[str, Any], known: Any) -> None:
    for key in table:
        if key not in known:
            raise ScenarioError(f"{where}: unknown key {key!r}")


_TYPES: Mapping[str, Any] = {"str": str, "int": int, "float": (int, float), "bool": bool}


def _checked(where: str, annotation: Any, value: Any) -> Any:
    kind = str(annotation).removesuffix(" | None")
    return _of_type(where, value, _TYPES[kind])


def _of_type(where: str, value: Any, kind: Any) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ScenarioError(f"{where}: {value!r:.40} is of the wrong type")
    return value
