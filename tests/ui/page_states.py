"""States of the wizard, made by hand, for tests of the pages Deploy and Clean up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from gpu_assistant.domain.billing import BillableResource, HourlyPrice, ResourceKind, ResourceState
from gpu_assistant.domain.compute import Availability, Quota, VmSize, VmSizeOffer
from gpu_assistant.domain.errors import EntryScriptCrashed
from gpu_assistant.domain.model import RegisteredModel, SavedModelSummary, Signature, TensorSpec
from gpu_assistant.domain.text import Text
from gpu_assistant.domain.workspace import WorkspaceRef
from gpu_assistant.wizard.state import (
    DeployChoice,
    JobKind,
    JobView,
    MachineChoice,
    Phase,
    Place,
    Step,
    StepView,
    WizardState,
)
from gpu_assistant.workflows.clean_up import CleanUpReport, Gone, Kept, Left
from gpu_assistant.workflows.inspect_model import ModelInspection
from gpu_assistant.workflows.reconcile import overview
from gpu_assistant.workflows.site import Site

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)
WORKSPACE = WorkspaceRef("11111111-2222-3333-4444-555555555555", "rg-vision", "ws-vision", "westeurope")
ELSEWHERE = WorkspaceRef("11111111-2222-3333-4444-555555555555", "rg-other", "ws-other", "northeurope")
PRICE = HourlyPrice(Decimal("0.526"), "USD", date(2026, 11, 1))
SERVICE = "resnet50"
CLUSTER = "gpu-nc4as-t4-v3"
PROOF = Text("Azure does not know it any more ({moment:%Y-%m-%d %H:%M:%S} UTC)", moment=NOW)


def offer(*, price: HourlyPrice | None = PRICE, free_vcpus: int = 8) -> VmSizeOffer:
    """One T4."""
    size = VmSize("Standard_NC4as_T4_v3", "NCasT4_v3", "Standard NCASv3_T4 Family", "NVIDIA", "Tesla T4", 1, 16, 4, 28)
    return VmSizeOffer(size, "westeurope", Availability.AVAILABLE, Quota(size.family, free_vcpus, 0), None, price)


def model(name: str = "resnet50", version: int = 1) -> RegisteredModel:
    """A registered model."""
    return RegisteredModel(name, version, "TensorFlow", NOW - timedelta(days=version), id=f"{name}:{version}")


def inspection(model_id: str = "resnet50:1", **changes: object) -> ModelInspection:
    """Of a model like the ResNet-50 that everybody deploys."""
    signature = Signature(
        "serving_default",
        (TensorSpec("image_bytes", "string", (None,)),),
        (TensorSpec("classes", "string", (None,)), TensorSpec("probabilities", "float32", (None, 1001))),
    )
    summary = SavedModelSummary(Path("/tmp/model"), "2.21.0", ("serve",), (signature,), {}, 25_600_000, False, True)
    found = ModelInspection(model_id, summary, signature, 25_600_000, 1001, "resnet50/labels.txt", ())
    return replace(found, **changes)  # type: ignore[arg-type]


def row(
    kind: ResourceKind = ResourceKind.COMPUTE_TARGET,
    name: str = "",
    *,
    practice: bool = False,
    workspace: WorkspaceRef = WORKSPACE,
    price: HourlyPrice | None = PRICE,
    state: ResourceState = ResourceState.LIVE,
    owned: bool = True,
) -> BillableResource:
    """A row of the ledger, 90 minutes old."""
    is_cluster = kind is ResourceKind.COMPUTE_TARGET
    name = name or (CLUSTER if is_cluster else SERVICE)
    return BillableResource(
        ledger_id=f"{workspace.name}-{name}",
        kind=kind,
        name=name,
        workspace=workspace,
        state=state,
        created=NOW - timedelta(minutes=90),
        vm_size="Standard_NC4as_T4_v3" if is_cluster else "",
        node_count=1 if is_cluster else 0,
        price_per_hour=price if is_cluster else None,
        owned=owned,
        practice=practice,
        gone=NOW if state is ResourceState.GONE else None,
        scoring_uri="" if is_cluster else "http://127.0.0.1:40123/api/v1/service/resnet50/score",
    )


def opened(*, practice: bool = False, step: Step = Step.DEPLOY) -> WizardState:
    """A workspace is open, a machine chosen, models, sizes and the signature read."""
    return WizardState(
        step=step,
        place=Place(Site(WORKSPACE, practice), None, speed=60.0 if practice else 1.0),
        offers=(offer(),),
        targets=(),
        machine=MachineChoice("Standard_NC4as_T4_v3"),
        models=(model(), model("efficientnet-lite0", 2), model("efficientnet-lite0", 1)),
        deployment=DeployChoice(model_id="resnet50:1"),
        inspections={"resnet50:1": inspection()},
    )


def both(*, practice: bool = False) -> tuple[BillableResource, ...]:
    """A cluster and its web service."""
    return row(practice=practice), row(ResourceKind.WEB_SERVICE, practice=practice)


def deploying(*, practice: bool = False, phase: Phase = Phase.RUNNING) -> WizardState:
    """The cluster is there, the service on its way."""
    log = ("Uploading score.py", "WARNING: the base image is large", "Building the container image")
    return with_job(opened(practice=practice), deploy_job(phase, log=log), rows=(row(practice=practice),))


def deploy_job(phase: Phase, **changes: object) -> JobView:
    """A deployment 312 s after it began, at 1000 s of the fake clock."""
    last = Phase.RUNNING if phase is Phase.CANCELLING else phase
    steps = (
        StepView(Text("Check model, VM size and quota"), 0, 688.0, Phase.DONE, elapsed_s=2.0),
        StepView(Text("Create AKS compute target"), 600, 690.0, Phase.DONE, elapsed_s=190.0),
        StepView(
            Text("Deploy web service"), 720, 880.0, last, Text("Azure reports {state}", state=Text("transitioning"))
        ),
    )
    job = JobView(JobKind.DEPLOY, 1, 688.0, phase, steps, subject=SERVICE)
    return job._replace(ended_s=1000.0 if phase.is_over else None, **changes)  # type: ignore[arg-type]


def failed(*, practice: bool = False) -> WizardState:
    """init() raised."""
    error = EntryScriptCrashed(
        name=SERVICE,
        cause="ValueError: no signature serving_default",
        log="loading the model\nValueError: no signature serving_default",
    )
    error.billable = both(practice=practice)
    job = deploy_job(Phase.FAILED, error=error)
    return with_job(opened(practice=practice), job, rows=both(practice=practice))


def deployed(*, practice: bool = False) -> WizardState:
    """The service answers."""
    return with_job(opened(practice=practice), deploy_job(Phase.DONE), rows=both(practice=practice))


def existing(*, practice: bool = False) -> WizardState:
    """Page 5, with what exists compared with Azure."""
    state = opened(practice=practice, step=Step.CLEAN_UP)
    rows = both(practice=practice)
    said = {one.ledger_id: Text("ready") if one.is_billable else Text("healthy") for one in rows}
    return state._replace(rows=rows, overview=overview(rows, said, NOW), checked_at=NOW - timedelta(seconds=20))


def cleaning(*, practice: bool = False) -> WizardState:
    """A clean-up that deletes the cluster."""
    steps = (
        StepView(Text("Find what exists"), 0, 900.0, Phase.DONE, elapsed_s=1.0),
        StepView(
            Text("Delete {kind} {name}", kind=ResourceKind.WEB_SERVICE.words, name=SERVICE),
            60,
            901.0,
            Phase.DONE,
            elapsed_s=40.0,
        ),
        StepView(
            Text("Delete {kind} {name}", kind=ResourceKind.COMPUTE_TARGET.words, name=CLUSTER),
            300,
            941.0,
            doing=Text("Azure reports {state}", state="Deleting"),
        ),
    )
    return with_job(existing(practice=practice), JobView(JobKind.CLEAN_UP, 2, 900.0, steps=steps))


KEPT = (
    Kept(Text("workspace {name}", name="ws-vision"), Text("it is yours and holds your models")),
    Kept(Text("registered models"), Text("they are yours; storing them costs cents")),
)


def gone(*, practice: bool = False, price: HourlyPrice | None = PRICE) -> WizardState:
    """All is proven gone."""
    report = CleanUpReport(
        (
            Gone(ResourceKind.WEB_SERVICE, SERVICE, PROOF, Decimal(0), ""),
            Gone(ResourceKind.COMPUTE_TARGET, CLUSTER, PROOF, Decimal("0.789") if price else None, "USD"),
        ),
        (),
        KEPT,
    )
    rows = (
        row(ResourceKind.WEB_SERVICE, practice=practice, state=ResourceState.GONE),
        row(practice=practice, state=ResourceState.GONE, price=price),
    )
    state = opened(practice=practice, step=Step.CLEAN_UP)._replace(report=report, cleaned_rows=rows)
    return with_job(state, JobView(JobKind.CLEAN_UP, 2, 900.0, Phase.DONE, ended_s=1000.0))


def partly_gone() -> WizardState:
    """Azure would not let go of the cluster."""
    report = CleanUpReport(
        (Gone(ResourceKind.WEB_SERVICE, SERVICE, PROOF, Decimal(0), ""),),
        (
            Left(
                ResourceKind.COMPUTE_TARGET,
                CLUSTER,
                Text("Azure was still deleting it after {minutes:.0f} minutes", minutes=40),
                PRICE,
                f"https://portal.azure.com/#resource{WORKSPACE.azure_id}",
            ),
        ),
        KEPT,
        (Text("The keyring is locked"),),
    )
    rows = (row(ResourceKind.WEB_SERVICE, state=ResourceState.GONE), row(state=ResourceState.DELETING))
    state = opened(step=Step.CLEAN_UP)._replace(
        report=report, cleaned_rows=rows, rows=(row(state=ResourceState.DELETING),)
    )
    return with_job(state, JobView(JobKind.CLEAN_UP, 2, 900.0, Phase.DONE, ended_s=1000.0))


def with_job(state: WizardState, job: JobView, **changes: object) -> WizardState:
    """The state with one more job, and other changes."""
    return state._replace(jobs={**state.jobs, job.kind: job}, **changes)  # type: ignore[arg-type]
