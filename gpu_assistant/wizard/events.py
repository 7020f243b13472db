"""Everything that can happen to the wizard's state: a closed union of plain facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from gpu_assistant.domain.billing import BillableResource
from gpu_assistant.domain.compute import ComputeTarget, VmSizeOffer
from gpu_assistant.domain.errors import AssistantError
from gpu_assistant.domain.model import RegisteredModel
from gpu_assistant.domain.service import WebService
from gpu_assistant.domain.workspace import Account, SignInPrompt, Subscription, WorkspaceRef
from gpu_assistant.jobs.events import JobEvent
from gpu_assistant.jobs.job import CancelMeaning
from gpu_assistant.wizard.state import (
    Batch,
    DeployChoice,
    JobKind,
    MachineChoice,
    Place,
    Scored,
    Step,
)
from gpu_assistant.workflows.clean_up import CleanUpReport
from gpu_assistant.workflows.inspect_model import ModelInspection
from gpu_assistant.workflows.reconcile import Overview


@dataclass(frozen=True, slots=True)
class Went:
    """The person opened a page."""

    step: Step


@dataclass(frozen=True, slots=True)
class JobBegan:
    """A job was started. It takes the place of an earlier one of its kind."""

    kind: JobKind
    number: int
    at_s: float
    subject: str = ""


@dataclass(frozen=True, slots=True)
class JobSaid:
    """A job said something."""

    kind: JobKind
    number: int
    event: JobEvent
    at_s: float


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """The person wants a job to stop."""

    kind: JobKind
    meaning: CancelMeaning


@dataclass(frozen=True, slots=True)
class Dismissed:
    """The person has read how a job ended."""

    kind: JobKind


@dataclass(frozen=True, slots=True)
class LookedAround:
    """What was found at the start: the package practice lacks, recent workspaces, a damaged ledger's copy."""

    practice_missing: str
    recent: tuple[WorkspaceRef, ...]
    ledger_damaged: Path | None


@dataclass(frozen=True, slots=True)
class PromptShown:
    """Azure waits for the person to sign in; None when it no longer does."""

    prompt: SignInPrompt | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody is signed in and no workspace is open yet; None after signing out."""

    account: Account | None


@dataclass(frozen=True, slots=True)
class Browsed:
    """What the account can see; None leaves as it is."""

    subscriptions: tuple[Subscription, ...] | None = None
    workspaces: tuple[WorkspaceRef, ...] | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A workspace is open."""

    place: Place
    services: tuple[WebService, ...]
    samples: Mapping[str, Path]
    recent: tuple[WorkspaceRef, ...]


@dataclass(frozen=True, slots=True)
class Closed:
    """No workspace is open any more."""


@dataclass(frozen=True, slots=True)
class MachinesRead:
    """The VM sizes with what stands in their way, and the clusters that exist."""

    offers: tuple[VmSizeOffer, ...]
    targets: tuple[ComputeTarget, ...]


@dataclass(frozen=True, slots=True)
class MachineChosen:
    """The person chose what to run on; None takes the choice back."""

    choice: MachineChoice | None


@dataclass(frozen=True, slots=True)
class ModelsRead:
    """The registered models, newest version first."""

    models: tuple[RegisteredModel, ...]


@dataclass(frozen=True, slots=True)
class ModelInspected:
    """What a model says about itself, or why it cannot."""

    model_id: str
    found: ModelInspection | AssistantError


@dataclass(frozen=True, slots=True)
class DeploymentEdited:
    """The person changed the web service's settings."""

    choice: DeployChoice


@dataclass(frozen=True, slots=True)
class ServicesRead:
    """The web services as Azure reports them."""

    services: tuple[WebService, ...]


@dataclass(frozen=True, slots=True)
class ServiceChosen:
    """The person scores with this web service from now on."""

    name: str


@dataclass(frozen=True, slots=True)
class ServiceLogRead:
    """The log of a web service."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class LedgerRead:
    """The open rows of the ledger."""

    rows: tuple[BillableResource, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """Ledger and Azure were compared."""

    overview: Overview
    at: datetime


@dataclass(frozen=True, slots=True)
class CleanedUp:
    """A clean-up ended; `rows` are those it was about, as the ledger has them now."""

    report: CleanUpReport
    rows: tuple[BillableResource, ...]


@dataclass(frozen=True, slots=True)
class ImagesTaken:
    """Images are on their way."""

    images: Sequence[Scored]


@dataclass(frozen=True, slots=True)
class ImageAnswered:
    """One of them has its answer or its error."""

    image: Scored


@dataclass(frozen=True, slots=True)
class ImageSelected:
    """The person wants to see an image again; None shows the latest."""

    number: int | None


@dataclass(frozen=True, slots=True)
class BatchMoved:
    """How far a batch is."""

    batch: Batch | None


@dataclass(frozen=True, slots=True)
class KeystoreLooked:
    """Whether keys go to the OS keyring: the reason why not, or empty."""

    problem: str


@dataclass(frozen=True, slots=True)
class ScenarioChanged:
    """Practice plays another failure; empty for none."""

    name: str


WizardEvent: TypeAlias = (
    Went
    | JobBegan
    | JobSaid
    | CancelAsked
    | Dismissed
    | LookedAround
    | PromptShown
    | SignedIn
    | Browsed
    | Opened
    | Closed
    | MachinesRead
    | MachineChosen
    | ModelsRead
    | ModelInspected
    | DeploymentEdited
    | ServicesRead
    | ServiceChosen
    | ServiceLogRead
    | LedgerRead
    | Compared
    | CleanedUp
    | ImagesTaken
    | ImageAnswered
    | ImageSelected
    | BatchMoved
    | KeystoreLooked
    | ScenarioChanged
)
