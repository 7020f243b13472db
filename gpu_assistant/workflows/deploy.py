"""From a registered model to a web service that answers on a GPU."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gpu_assistant.backends.base import WorkspaceBackend
from gpu_assistant.domain.billing import (
    CREATED_BY,
    CREATED_BY_TAG,
    LEDGER_ID_TAG,
    MODEL_TAG,
    BillableResource,
    HourlyPrice,
    ResourceHandle,
    ResourceKind,
    ResourceState,
)
from gpu_assistant.domain.compute import Availability, ComputeState, ComputeTarget, VmSizeOffer
from gpu_assistant.domain.errors import (
    AssistantError,
    AzureFault,
    Cancelled,
    CannotReachAzure,
    ComputeNameTaken,
    ComputeNotFound,
    DeadlinePassed,
    NotHealthyInTime,
    ServiceNameTaken,
    ServiceServesAnotherModel,
    StillCreating,
    UnexpectedAnswer,
)
from gpu_assistant.domain.service import ServiceState, WebService
from gpu_assistant.domain.text import Text
from gpu_assistant.jobs.job import Job
from gpu_assistant.keystore import Keystore, save_service_keys
from gpu_assistant.ledger import Ledger
from gpu_assistant.workflows.clean_up import clean_up
from gpu_assistant.workflows.diagnose import explain_compute_failure, explain_service_failure
from gpu_assistant.workflows.placement import Cluster, doubt, find_cluster
from gpu_assistant.workflows.plan import DeployRequest, Plan, Shipment, find_offer, make_plan
from gpu_assistant.workflows.site import Site

log = logging.getLogger(__name__)

# After these nobody knows whether Azure did it, so the row stays open until it is proven absent.
_OUTCOME_UNKNOWN = (CannotReachAzure, DeadlinePassed, AzureFault, Cancelled, UnexpectedAnswer)

_BAD = (ServiceState.FAILED, ServiceState.UNHEALTHY)

_CREATE_COMPUTE = Text("Create AKS compute target")
_NOTHING = Text("nothing")
_NOT_SHOWN_YET = Text("Azure does not show it yet")
_USUAL_COMPUTE_S = 10 * 60
_USUAL_SERVICE_S = 12 * 60


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a deployment left: the service, its cluster, and how long it took."""

    service: WebService
    compute: ComputeTarget
    seconds: float


def deploy(
    request: DeployRequest,
    *,
    site: Site,
    backend: WorkspaceBackend,
    ledger: Ledger,
    keystore: Keystore,
    job: Job,
    shipment: Shipment,
) -> Deployment:
    """Create the compute target and the web service; leave the ledger true whatever happens.

    Goes on where an earlier run of the same request was cut off. Raises an AssistantError whose `billable` names
    everything of this workspace that is not proven gone.
    """
    started = time.monotonic()
    run = _Run(site, backend, ledger, keystore, job)
    try:
        with job.step(Text("Check model, VM size and quota")):
            plan = run.plan(request, shipment)
        target = run.compute_target(plan)
        service = run.web_service(plan)
        with job.step(Text("Store the API key")):
            _store_keys(service, site, backend, keystore, job)
    except AssistantError as exc:
        try:
            exc.billable = ledger.open_rows(site.workspace)
        except AssistantError:
            log.warning("the ledger could not be read while reporting %s", exc.code)
        raise
    return Deployment(service, target, time.monotonic() - started)


def _store_keys(service: WebService, site: Site, backend: WorkspaceBackend, keystore: Keystore, job: Job) -> None:
    try:
        save_service_keys(keystore, site.key_entry(service.name), backend.keys(service.name))
    except AssistantError as exc:
        # The service runs; scoring asks for the key again.
        job.log(Text("The key could not be read yet: {reason}", reason=exc.detail))
    if keystore.problem:
        job.log(keystore.problem)


class _Run:
    """One run of `deploy`: the steps that need the same things."""

    def __init__(self, site: Site, backend: WorkspaceBackend, ledger: Ledger, keystore: Keystore, job: Job) -> None:
        self._site = site
        self._backend = backend
        self._ledger = ledger
        self._keystore = keystore
        self._job = job

    def plan(self, request: DeployRequest, shipment: Shipment) -> Plan:
        """Refuse what can be refused; a cluster this program already made counts as its own quota."""
        request = request.named()
        offers = self._backend.vm_size_offers(request.region)
        mine = self._mine(ResourceKind.COMPUTE_TARGET, request.compute_name)
        if mine is not None:
            offers = [_without_quota(offer) for offer in offers]
        cluster = self._cluster(request, offers, ours=mine is not None)
        name = request.model.partition(":")[0]
        models = self._backend.models(name) or self._backend.models()
        plan = make_plan(
            request,
            workspace=self._site.workspace,
            models=models,
            offers=offers,
            shipment=shipment,
            cluster=cluster,
        )
        in_doubt = doubt(plan.request, cluster) if cluster is not None else None
        if in_doubt is not None:
            self._job.log(in_doubt)
        return plan

    def _cluster(self, request: DeployRequest, offers: Sequence[VmSizeOffer], *, ours: bool) -> Cluster | None:
        """The cluster that will be used as it is; None when it has to be created yet."""
        if not (ours or request.existing_compute):
            return None
        target = self._backend.compute_target(request.compute_name)
        if target is None:
            if request.existing_compute:
                raise ComputeNotFound(name=request.compute_name)
            return None
        if not request.existing_compute:
            size = find_offer(request.vm_size, offers).vm_size
            if size.name.lower() != target.vm_size.lower():
                return None  # the name is taken by a cluster that is not the one asked for
        services = self._backend.web_services()
        return find_cluster(target, ours=ours, offers=offers, services=services, besides=request.service_name)

    def compute_target(self, plan: Plan) -> ComputeTarget:
        """The cluster of the plan, ready: the person's own, one that an earlier run made, or a new one."""
        name = plan.request.compute_name
        found = self._backend.compute_target(name)
        if plan.compute is None:
            if found is None:
                raise ComputeNotFound(name=name)
            self._job.skip(_CREATE_COMPUTE)
            return self._ready_compute(plan)
        row = self._mine(ResourceKind.COMPUTE_TARGET, name)
        if found is not None and (
            row is None or found.vm_size.lower() != plan.compute.vm_size.lower() or found.attached
        ):
            raise ComputeNameTaken(name=name)
        with self._job.step(_CREATE_COMPUTE, usually_s=_USUAL_COMPUTE_S):
            if row is not None and found is None:
                self._settle(row, "")  # an earlier run was cut off before Azure heard of it
                row = self._mine(ResourceKind.COMPUTE_TARGET, name)
            if row is None:
                price = plan.offer.price.times(plan.compute.node_count) if plan.offer and plan.offer.price else None
                spec = plan.compute
                self._create(
                    ResourceKind.COMPUTE_TARGET,
                    name,
                    lambda tags: self._backend.start_compute_target(replace(spec, tags=tags)),
                    vm_size=spec.vm_size,
                    node_count=spec.node_count,
                    price=price,
                )
            return self._ready_compute(plan)

    def web_service(self, plan: Plan) -> WebService:
        """The web service of the plan, healthy: one that an earlier run made, or a new one in place of a failed one."""
        name = plan.service.service_name
        row = self._mine(ResourceKind.WEB_SERVICE, name)
        found = self._backend.web_service(name)
        if found is not None and row is None:
            raise ServiceNameTaken(name=name)
        if found is not None and row is not None and found.state is ServiceState.FAILED:
            self._remove_failed(row)
            row = found = None
        if found is not None:
            present = found.tags.get(MODEL_TAG, plan.service.model_id)
            if present != plan.service.model_id:
                raise ServiceServesAnotherModel(name=name, present=present, wanted=plan.service.model_id)
        with self._job.step(Text("Deploy web service"), usually_s=_USUAL_SERVICE_S):
            if found is None:
                if row is not None:
                    self._settle(row, "")
                spec = plan.service
                more = {MODEL_TAG: spec.model_id}
                self._create(
                    ResourceKind.WEB_SERVICE,
                    name,
                    lambda tags: self._backend.start_web_service(replace(spec, tags={**tags, **more})),
                )
            return self._healthy_service(plan)

    def _remove_failed(self, row: BillableResource) -> None:
        """Make room for another try on the same cluster, which took ten minutes to get."""
        clean_up(
            site=self._site,
            backend=self._backend,
            ledger=self._ledger,
            keystore=self._keystore,
            job=self._job,
            only={row.ledger_id},
        ).raise_if_left()

    # --- the only path to a billable resource -----------------------------------------------------------------

    def _create(
        self,
        kind: ResourceKind,
        name: str,
        start: Callable[[dict[str, str]], ResourceHandle],
        *,
        vm_size: str = "",
        node_count: int = 0,
        price: HourlyPrice | None = None,
    ) -> None:
        row = self._ledger.intend(
            kind,
            name,
            self._site.workspace,
            vm_size=vm_size,
            node_count=node_count,
            price_per_hour=price,
            practice=self._site.practice,
        )
        self._job.created.append(row.ledger_id)
        tags = {CREATED_BY_TAG: CREATED_BY, LEDGER_ID_TAG: row.ledger_id}
        self._job.raise_if_cancelled()
        try:
            handle = start(tags)
        except _OUTCOME_UNKNOWN:
            raise
        except AssistantError as exc:
            self._settle(row, exc.detail)
            raise
        self._ledger.record(row.ledger_id, ResourceState.LIVE, azure_id=handle.azure_id)

    def _settle(self, row: BillableResource, refusal: str) -> None:
        """Close a row whose resource Azure refused or never got, when two fresh reads show nothing of it."""
        for look in range(2):
            if look:
                self._job.cancelled.wait(min(self._job.pace.poll_s, 1.0))
            try:
                if self._backend.exists(row.billing_handle):
                    return
            except AssistantError:
                return
        why = f"Azure refused it ({refusal})" if refusal else "Azure never received it"
        self._ledger.record(row.ledger_id, ResourceState.GONE, note=f"{why}; two fresh reads do not show it")

    # --- waiting ------------------------------------------------------------------------------------------------

    def _ready_compute(self, plan: Plan) -> ComputeTarget:
        name = plan.request.compute_name

        def over(target: ComputeTarget | None) -> bool:
            return target is not None and target.state in (ComputeState.READY, ComputeState.FAILED)

        target = self._job.wait(
            lambda: self._backend.compute_target(name),
            until=over,
            describe=lambda seen: Text("Azure reports {state}", state=seen.state.value) if seen else _NOT_SHOWN_YET,
            timeout_s=self._job.pace.compute_timeout_s,
            on_timeout=lambda seen, minutes: StillCreating(
                name=name, state=seen.state.value if seen else _NOTHING, minutes=minutes
            ),
        )
        if target is None:
            raise ComputeNotFound(name=name)
        row = self._mine(ResourceKind.COMPUTE_TARGET, name)
        if row is not None:
            self._ledger.record(
                row.ledger_id, ResourceState.LIVE, azure_id=target.azure_id, underlying_id=target.underlying_id
            )
        if target.state is ComputeState.FAILED:
            raise explain_compute_failure(target, self._site.workspace.region)
        return target

    def _healthy_service(self, plan: Plan) -> WebService:
        name = plan.service.service_name

        def over(service: WebService | None) -> bool:
            return service is not None and service.state in (ServiceState.HEALTHY, *_BAD)

        service = self._job.wait(
            lambda: self._backend.web_service(name),
            until=over,
            describe=_service_progress,
            timeout_s=self._job.pace.service_timeout_s,
            on_timeout=lambda seen, minutes: NotHealthyInTime(
                name=name, state=seen.state.value if seen else _NOTHING, minutes=minutes
            ),
        )
        if service is None:
            raise NotHealthyInTime(name=name, state=_NOTHING, minutes=0)
        if service.state in _BAD:
            raise explain_service_failure(service, self._backend, memory_gb=plan.service.memory_gb)
        row = self._mine(ResourceKind.WEB_SERVICE, name)
        if row is not None:
            self._ledger.record(
                row.ledger_id, ResourceState.LIVE, azure_id=service.azure_id, scoring_uri=service.scoring_uri
            )
        return service

    def _mine(self, kind: ResourceKind, name: str) -> BillableResource | None:
        return self._ledger.find(kind, name, self._site.workspace)


def _without_quota(offer: VmSizeOffer) -> VmSizeOffer:
    """The offer for a cluster that exists already: what it holds of the quota must not stand in its own way."""
    is_short = offer.availability is Availability.NO_QUOTA
    availability = Availability.AVAILABLE if is_short else offer.availability
    return replace(offer, quota=None, regional_quota=None, availability=availability)


def _service_progress(service: WebService | None) -> str:
    if service is None:
        return _NOT_SHOWN_YET
    return service.stage or Text("Azure reports {state}", state=service.state.value)
