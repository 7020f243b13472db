"""What the wizard knows, as one frozen value. Facts only: whatever follows from them is in `navigation` and `money`.

Tuples, for the reason that `events` gives.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

# For the annotations alone: page 1 is on screen before what these modules bring is needed.
if TYPE_CHECKING:
    from gpu_assistant.domain.billing import BillableResource
    from gpu_assistant.domain.compute import ComputeTarget, VmSizeOffer
    from gpu_assistant.domain.errors import AssistantError
    from gpu_assistant.domain.model import RegisteredModel
    from gpu_assistant.domain.scoring import ScoredImage
    from gpu_assistant.domain.service import WebService
    from gpu_assistant.domain.workspace import Account, SignInPrompt, Subscription, WorkspaceRef
    from gpu_assistant.jobs.cancel_meaning import CancelMeaning
    from gpu_assistant.workflows.clean_up import CleanUpReport
    from gpu_assistant.workflows.inspect_model import ModelInspection
    from gpu_assistant.workflows.load.results import LoadRun
    from gpu_assistant.workflows.plan import DeployRequest
    from gpu_assistant.workflows.reconcile import Overview
    from gpu_assistant.workflows.rehearse import Rehearsal
    from gpu_assistant.workflows.site import Site


class Step(enum.IntEnum):
    """The five pages, in the order of the journey."""

    WORKSPACE = 1
    MACHINE = 2
    DEPLOY = 3
    SCORE = 4
    CLEAN_UP = 5


class JobKind(enum.Enum):
    """What the wizard can be busy with. At most one job of a kind runs at a time; a new one replaces the old."""

    OPEN = "open"
    """Sign in, or start the practice workspace, and open a workspace."""
    BROWSE = "browse"
    """Read the subscriptions, or the workspaces of one."""
    MACHINES = "machines"
    MODELS = "models"
    REGISTER = "register"
    INSPECT = "inspect"
    DEPLOY = "deploy"
    SCORE = "score"
    KEYS = "keys"
    REFRESH = "refresh"
    """Compare the ledger with Azure."""
    CLEAN_UP = "clean_up"
    REHEARSE = "rehearse"
    """Run what would be deployed on this computer first."""
    LOAD = "load"
    """A load test of the web service."""
    SERVICE_LOG = "service_log"
    DISK = "disk"
    """Small reading and writing that nobody watches."""
    LEAVE = "leave"


class Phase(enum.Enum):
    """Where a job or one of its steps stands."""

    RUNNING = "running"
    CANCELLING = "cancelling"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self not in (Phase.RUNNING, Phase.CANCELLING)


class StepView(NamedTuple):
    """One step of a job. `started_s` is on the controller's monotonic clock; `name` and `doing` may be Texts."""

    name: str
    usually_s: float
    started_s: float
    phase: Phase = Phase.RUNNING
    doing: str = ""
    fraction: float | None = None
    elapsed_s: float = 0.0
    """The job's own measure, up to its latest word."""


LOG_LINES_KEPT = 2000


class JobView(NamedTuple):
    """A job as it is shown: running, or how it ended."""

    kind: JobKind
    number: int
    started_s: float
    phase: Phase = Phase.RUNNING
    steps: tuple[StepView, ...] = ()
    log: tuple[str, ...] = ()
    error: AssistantError | None = None
    ended_s: float | None = None
    meaning: CancelMeaning | None = None
    subject: str = ""
    """What it is about, where several are possible: a model id, a service name."""

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return not self.phase.is_over


class Place(NamedTuple):
    """The opened workspace. `speed` is how much faster than Azure practice goes; `scenario` the failure it plays."""

    site: Site
    account: Account | None
    speed: float = 1.0
    scenario: str = ""
    keystore_problem: str = ""
    """Why keys are kept in memory only; empty when the OS keyring has them."""


class MachineChoice(NamedTuple):
    """What to run on: a new cluster of `node_count` × `vm_size`, or the workspace's `existing_compute`."""

    vm_size: str = ""
    node_count: int = 1
    existing_compute: str = ""
    secure: bool = True
    """TLS. Practice answers on 127.0.0.1 in plain HTTP whatever is chosen."""


class DeployChoice(NamedTuple):
    """The settings of the web service; empty names are made up from the model and the VM size.

    With `autoscale`, `replicas` are the fewest.
    """

    model_id: str = ""
    service_name: str = ""
    replicas: int = 1
    autoscale: bool = False
    max_replicas: int = 2
    target_utilization_percent: int = 70
    refresh_period_s: int = 1
    gpus_per_replica: int = 1
    cpu_cores: float = 1.0
    memory_gb: float = 4.0
    scoring_timeout_s: float = 60.0
    expect_gpu: bool = True
    signature: str = ""
    output: str = ""
    preprocess: str = ""
    """How pixels are fed, in the words of `--preprocess`. Empty: as the model's own file says, else as proposed."""
    labels: str = ""
    """A file, or "imagenet". Empty: the model's own."""


class Scored(NamedTuple):
    """One image of the session and what came of it; both None while it is on its way.

    `total_ms` is from taking the file up to having the answer, network and preparation included.
    """

    number: int
    path: Path
    image: ScoredImage | None = None
    error: AssistantError | None = None
    total_ms: float = 0.0
    waits_for: str = ""
    """Why its answer takes longer, as a Text; empty while nothing is known of that."""

    @property
    def is_pending(self) -> bool:
        """Whether the answer has not come yet."""
        return self.image is None and self.error is None


SCORED_KEPT = 200
LATENCIES_KEPT = 5000


class Batch(NamedTuple):
    """Several files or folders in one go. Every answer is written to `csv` as it comes, so memory stays small."""

    total: int
    done: int
    failed: int
    csv: Path
    running: bool
    cancelled: bool = False


class Rehearsed(NamedTuple):
    """How the latest rehearsal went, and with which choices it was held."""

    model_id: str
    request: DeployRequest
    held: Rehearsal


LOAD_RUNS_KEPT = 20


class FirstWindow(NamedTuple):
    """Another window holds this data folder: who, and since when."""

    pid: int
    since: datetime


class WizardState(NamedTuple):
    """Everything the window draws from. None means "not read yet"; an empty tuple means "there are none"."""

    step: Step = Step.WORKSPACE
    first_window: FirstWindow | None = None
    """Set in a second window, which may look and not touch."""
    practice_missing: str = ""
    """The package that the practice workspace lacks; empty when it can be used."""
    recent: tuple[WorkspaceRef, ...] = ()
    place: Place | None = None
    account: Account | None = None
    """Who is signed in while no workspace is open yet."""
    prompt: SignInPrompt | None = None
    subscriptions: tuple[Subscription, ...] | None = None
    workspaces: tuple[WorkspaceRef, ...] | None = None
    offers: tuple[VmSizeOffer, ...] | None = None
    targets: tuple[ComputeTarget, ...] | None = None
    machine: MachineChoice | None = None
    models: tuple[RegisteredModel, ...] | None = None
    inspections: Mapping[str, ModelInspection | AssistantError] = MappingProxyType({})
    """By model id: what the SavedModel says about itself, or why it cannot be used."""
    labels: Mapping[str, tuple[str, ...] | AssistantError] = MappingProxyType({})
    """By `DeployChoice.labels`: the names of the classes, or why they cannot be had."""
    deployment: DeployChoice = DeployChoice()
    services: tuple[WebService, ...] = ()
    """As Azure reported them when last asked."""
    service_name: str = ""
    """The one the person chose to score with; empty means the newest."""
    service_logs: Mapping[str, str] = MappingProxyType({})
    rows: tuple[BillableResource, ...] = ()
    """Every open row of the ledger, all workspaces; what the cost meter adds up."""
    overview: Overview | None = None
    """What Azure and ledger said together when last compared."""
    checked_at: datetime | None = None
    report: CleanUpReport | None = None
    cleaned_rows: tuple[BillableResource, ...] = ()
    """The rows as they stand after the last clean-up, proven gone or not: what a receipt is made of."""
    scored: tuple[Scored, ...] = ()
    """The latest images, oldest first."""
    selected: int | None = None
    """`number` of the image that is shown large; None shows the latest."""
    latencies_ms: tuple[float, ...] = ()
    """Request times of this session, in the order of the answers."""
    batch: Batch | None = None
    samples: Mapping[str, Path] = MappingProxyType({})
    """Sample images by file name."""
    can_rehearse: bool = False
    """Whether this computer has TensorFlow and the inference server."""
    model_folders: Mapping[str, Path] = MappingProxyType({})
    """By model id: where its SavedModel lies on this computer, whole."""
    rehearsed: Rehearsed | None = None
    load_runs: tuple[LoadRun, ...] = ()
    """The load tests of this session, oldest first; the last one may be running."""
    jobs: Mapping[JobKind, JobView] = MappingProxyType({})
    """The present or latest job of each kind."""
    ledger_damaged: Path | None = None

    def job(self, kind: JobKind) -> JobView | None:
        """The present or latest job of a kind."""
        return self.jobs.get(kind)

    def is_busy(self, *kinds: JobKind) -> bool:
        """Whether a job of one of these kinds runs."""
        return any(kind in self.jobs and self.jobs[kind].is_running for kind in kinds)
