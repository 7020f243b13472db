"""Everything that can happen to the wizard's state: a closed union of plain facts.

Tuples, because making a frozen dataclass takes seven times as long as making one of these: with thirty of them that
was a fifth of what the program itself added to the time until the window is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from gpu_assistant.domain.billing import BillableResource
    from gpu_assistant.domain.compute import ComputeTarget, VmSizeOffer
    from gpu_assistant.domain.errors import AssistantError
    from gpu_assistant.domain.model import RegisteredModel
    from gpu_assistant.domain.service import WebService
    from gpu_assistant.domain.workspace import Account, SignInPrompt, Subscription, WorkspaceRef
    from gpu_assistant.jobs.cancel_meaning import CancelMeaning
    from gpu_assistant.jobs.events import JobEvent
    from gpu_assistant.wizard.state import (
        Batch,
        DeployChoice,
        JobKind,
        MachineChoice,
        Place,
        Rehearsed,
        Scored,
        Step,
    )
    from gpu_assistant.workflows.clean_up import CleanUpReport
    from gpu_assistant.workflows.inspect_model import ModelInspection
    from gpu_assistant.workflows.load.results import LoadRun
    from gpu_assistant.workflows.reconcile import Overview


class Went(NamedTuple):
    """The person opened a page."""

    step: Step


class JobBegan(NamedTuple):
    """A job was started. It takes the place of an earlier one of its kind."""

    kind: JobKind
    number: int
    at_s: float
    subject: str = ""


class JobSaid(NamedTuple):
    """A job said something."""

    kind: JobKind
    number: int
    event: JobEvent
    at_s: float


class CancelAsked(NamedTuple):
    """The person wants a job to stop."""

    kind: JobKind
    meaning: CancelMeaning


class Dismissed(NamedTuple):
    """The person has read how a job ended."""

    kind: JobKind


class LookedAround(NamedTuple):
    """What was found at the start: the package practice lacks, recent workspaces, a damaged ledger's copy."""

    practice_missing: str
    recent: tuple[WorkspaceRef, ...]
    ledger_damaged: Path | None
    can_rehearse: bool = False


class PromptShown(NamedTuple):
    """Azure waits for the person to sign in; None when it no longer does."""

    prompt: SignInPrompt | None


class SignedIn(NamedTuple):
    """Somebody is signed in and no workspace is open yet; None after signing out."""

    account: Account | None


class Browsed(NamedTuple):
    """What the account can see; None leaves as it is."""

    subscriptions: tuple[Subscription, ...] | None = None
    workspaces: tuple[WorkspaceRef, ...] | None = None


class Opened(NamedTuple):
    """A workspace is open."""

    place: Place
    services: tuple[WebService, ...]
    samples: Mapping[str, Path]
    recent: tuple[WorkspaceRef, ...]


class Closed(NamedTuple):
    """No workspace is open any more."""


class MachinesRead(NamedTuple):
    """The VM sizes with what stands in their way, and the clusters that exist."""

    offers: tuple[VmSizeOffer, ...]
    targets: tuple[ComputeTarget, ...]


class MachineChosen(NamedTuple):
    """The person chose what to run on; None takes the choice back."""

    choice: MachineChoice | None


class ModelsRead(NamedTuple):
    """The registered models, newest version first."""

    models: tuple[RegisteredModel, ...]


class ModelInspected(NamedTuple):
    """What a model says about itself, or why it cannot."""

    model_id: str
    found: ModelInspection | AssistantError


class LabelsRead(NamedTuple):
    """The names of the classes from a file or a list of our own, or why they cannot be had."""

    source: str
    found: tuple[str, ...] | AssistantError


class DeploymentEdited(NamedTuple):
    """The person changed the web service's settings."""

    choice: DeployChoice


class ServicesRead(NamedTuple):
    """The web services as Azure reports them."""

    services: tuple[WebService, ...]


class ServiceChosen(NamedTuple):
    """The person scores with this web service from now on."""

    name: str


class ServiceLogRead(NamedTuple):
    """The log of a web service."""

    name: str
    text: str


class LedgerRead(NamedTuple):
    """The open rows of the ledger."""

    rows: tuple[BillableResource, ...]


class Compared(NamedTuple):
    """Ledger and Azure were compared."""

    overview: Overview
    at: datetime


class CleanedUp(NamedTuple):
    """A clean-up ended; `rows` are those it was about, as the ledger has them now."""

    report: CleanUpReport
    rows: tuple[BillableResource, ...]


class ImagesTaken(NamedTuple):
    """Images are on their way."""

    images: Sequence[Scored]


class ImageWaits(NamedTuple):
    """The answer to one of them takes longer: why, as a Text."""

    number: int
    why: str


class ImageAnswered(NamedTuple):
    """One of them has its answer or its error."""

    image: Scored


class ImageSelected(NamedTuple):
    """The person wants to see an image again; None shows the latest."""

    number: int | None


class BatchMoved(NamedTuple):
    """How far a batch is."""

    batch: Batch | None


class ModelFolderKnown(NamedTuple):
    """The whole SavedModel of a registered model lies on this computer."""

    model_id: str
    folder: Path


class RehearsalEnded(NamedTuple):
    """A rehearsal was held; None forgets the latest."""

    rehearsed: Rehearsed | None


class LoadMoved(NamedTuple):
    """How far a load test is; its `number` tells which."""

    run: LoadRun


class KeystoreLooked(NamedTuple):
    """Whether keys go to the OS keyring: the reason why not, or empty."""

    problem: str


class ScenarioChanged(NamedTuple):
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
    | LabelsRead
    | DeploymentEdited
    | ServicesRead
    | ServiceChosen
    | ServiceLogRead
    | LedgerRead
    | Compared
    | CleanedUp
    | ImagesTaken
    | ImageWaits
    | ImageAnswered
    | ImageSelected
    | BatchMoved
    | ModelFolderKnown
    | RehearsalEnded
    | LoadMoved
    | KeystoreLooked
    | ScenarioChanged
)
