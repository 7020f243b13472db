"""What stands between the choices and a deployment: a checklist that turns green or names the fix. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gpu_assistant.domain.compute import ComputeState
from gpu_assistant.domain.errors import (
    AssistantError,
    BadSetting,
    ComputeNotFound,
    NotSchedulable,
    QuotaError,
    VmSizeError,
)
from gpu_assistant.domain.service import Autoscale
from gpu_assistant.domain.text import Text, known_text
from gpu_assistant.wizard import navigation
from gpu_assistant.wizard.feeding import chosen_labels, feeding, labels_obstacle, with_feeding
from gpu_assistant.wizard.state import JobKind, Step, WizardState
from gpu_assistant.workflows.placement import Cluster, doubt, find_cluster
from gpu_assistant.workflows.plan import DeployRequest, problems


class Verdict(enum.Enum):
    """How a check came out. A warning does not stop anything; WAITING means that it is still being read."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the list. `fix` is the page where it can be mended."""

    title: str
    verdict: Verdict
    detail: str = ""
    error: AssistantError | None = None
    fix: Step | None = None


def deploy_request(state: WizardState) -> DeployRequest | None:
    """The person's choices as the workflow takes them, names made up where none were given; None while some lack."""
    if state.machine is None or not state.deployment.model_id or state.place is None:
        return None
    machine, choice = state.machine, state.deployment
    practice = state.place.site.practice
    request = DeployRequest(
        model=choice.model_id,
        vm_size=machine.vm_size,
        node_count=machine.node_count,
        existing_compute=machine.existing_compute,
        service_name=choice.service_name,
        replicas=choice.replicas,
        autoscale=Autoscale(choice.max_replicas, choice.target_utilization_percent, choice.refresh_period_s)
        if choice.autoscale
        else None,
        gpus_per_replica=choice.gpus_per_replica,
        cpu_cores=choice.cpu_cores,
        memory_gb=choice.memory_gb,
        scoring_timeout_ms=round(choice.scoring_timeout_s * 1000),
        # practice answers on this computer's CPU, in plain HTTP on 127.0.0.1
        expect_gpu=choice.expect_gpu and not practice,
        secure=machine.secure and not practice,
    )
    return with_feeding(request, state).named()


def preflight(state: WizardState) -> tuple[Check, ...]:
    """The whole list, in the order in which things would go wrong."""
    found = list(_found_problems(state))
    return (
        _model_check(state),
        *_labels_check(state),
        _machine_check(state, found),
        _kind_check(Text("Quota is enough"), QuotaError, found, Step.MACHINE, _quota_note(state)),
        _fit_check(state, found),
        _kind_check(Text("Names and settings are valid"), BadSetting, found, Step.DEPLOY, ""),
        _price_check(state),
        _key_check(state),
    )


def can_deploy(state: WizardState) -> bool:
    """Whether nothing stands in the way."""
    return (
        deploy_request(state) is not None
        and navigation.can_change(state)
        and all(check.verdict in (Verdict.OK, Verdict.WARNING) for check in preflight(state))
    )


def _found_problems(state: WizardState) -> Iterator[AssistantError]:
    request = deploy_request(state)
    if request is None:
        return
    offer = None if request.existing_compute else navigation.offer(state, request.vm_size)
    if offer is not None and any(row.name == request.compute_name and row.owned for row in navigation.here(state)):
        # The cluster exists already: its own nodes are what uses the quota.
        offer = replace(offer, quota=None, regional_quota=None)
    yield from problems(request, offer, _standing_cluster(state, request))


def _standing_cluster(state: WizardState, request: DeployRequest) -> Cluster | None:
    """The cluster that the request will find, as it was listed last; None when it has to be created."""
    for target in state.targets or ():
        if target.name != request.compute_name:
            continue
        ours = any(row.name == target.name and row.owned for row in navigation.here(state))
        if request.existing_compute or (ours and target.vm_size.lower() == request.vm_size.lower()):
            return find_cluster(
                target,
                ours=ours,
                offers=state.offers or (),
                services=state.services,
                besides=request.service_name,
            )
    return None


def _kind_check(title: str, kind: type[AssistantError], found: list[AssistantError], fix: Step, note: str) -> Check:
    for error in found:
        if isinstance(error, kind):
            return Check(title, Verdict.PROBLEM, _words(error), error, fix)
    return Check(title, Verdict.OK, note)


def _model_check(state: WizardState) -> Check:
    title = Text("Model can be fed with images")
    model_id = state.deployment.model_id
    if not model_id:
        return Check(title, Verdict.PROBLEM, Text("Choose a model"), fix=Step.DEPLOY)
    found = state.inspections.get(model_id)
    if isinstance(found, AssistantError):
        return Check(title, Verdict.PROBLEM, _words(found), found, Step.DEPLOY)
    if found is None:
        return Check(title, Verdict.WAITING, Text("Reading its signature"))
    return _feeding_check(title, state) or Check(title, Verdict.OK, model_id)


def _feeding_check(title: str, state: WizardState) -> Check | None:
    """What is not settled about feeding the model; None when all is."""
    how = feeding(state)
    if how is None:
        return None
    if how.problem is not None:
        return Check(title, Verdict.PROBLEM, _words(how.problem), how.problem, Step.DEPLOY)
    if how.is_guess:
        return Check(title, Verdict.WARNING, Text("How pixels are scaled is a guess: check it, and the first answers"))
    return None


def _labels_check(state: WizardState) -> Iterator[Check]:
    """Nothing is asked of the model's own labels: without any, answers carry numbers."""
    if not state.deployment.labels:
        return
    title = Text("Labels fit the model")
    labels, obstacle = chosen_labels(state), labels_obstacle(state)
    if obstacle is not None:
        yield Check(title, Verdict.PROBLEM, _words(obstacle), obstacle, Step.DEPLOY)
    elif labels is None:
        yield Check(title, Verdict.WAITING, Text("Reading the labels"))
    else:
        count = len(labels) if isinstance(labels, tuple) else 0
        yield Check(title, Verdict.OK, Text("{count} labels", count=count))


def _machine_check(state: WizardState, found: list[AssistantError]) -> Check:
    title = Text("Machine can be had")
    machine = state.machine
    if machine is None:
        return Check(title, Verdict.PROBLEM, Text("Choose a machine"), fix=Step.MACHINE)
    if state.offers is None and state.is_busy(JobKind.MACHINES):
        return Check(title, Verdict.WAITING, Text("Reading VM sizes and quota"))
    if machine.existing_compute:
        targets = {target.name: target for target in state.targets or ()}
        target = targets.get(machine.existing_compute)
        if target is None or target.state is not ComputeState.READY:
            missing = ComputeNotFound(name=machine.existing_compute)
            return Check(title, Verdict.PROBLEM, _words(missing), missing, Step.MACHINE)
        return Check(title, Verdict.OK, Text("{name}, which exists", name=target.name))
    for error in found:
        if isinstance(error, VmSizeError):
            return Check(title, Verdict.PROBLEM, _words(error), error, Step.MACHINE)
    return Check(title, Verdict.OK, Text("{count} × {vm_size}", count=machine.node_count, vm_size=machine.vm_size))


def _quota_note(state: WizardState) -> str:
    offer = navigation.offer(state, state.machine.vm_size) if state.machine else None
    if offer is None or offer.quota is None:
        return Text("Azure decides when it creates the cluster")
    return Text("{free} of {limit} vCPUs free", free=offer.quota.free_vcpus, limit=offer.quota.limit_vcpus)


def _fit_check(state: WizardState, found: list[AssistantError]) -> Check:
    request = deploy_request(state)
    cluster = _standing_cluster(state, request) if request is not None else None
    fix = Step.MACHINE if cluster is not None and cluster.gpus_per_node == 0 else Step.DEPLOY
    check = _kind_check(Text("Replicas fit the GPUs"), NotSchedulable, found, fix, _fit_note(state))
    if check.verdict is not Verdict.OK or request is None or cluster is None:
        return check
    in_doubt = doubt(request, cluster)
    return check if in_doubt is None else Check(check.title, Verdict.WARNING, in_doubt)


def _fit_note(state: WizardState) -> str:
    request = deploy_request(state)
    if request is None:
        return ""
    if request.autoscale is not None:
        return Text(
            "{least} to {most} × {gpus} GPU",
            least=request.replicas,
            most=request.autoscale.max_replicas,
            gpus=request.gpus_per_replica,
        )
    return Text("{replicas} × {gpus} GPU", replicas=request.replicas, gpus=request.gpus_per_replica)


def _price_check(state: WizardState) -> Check:
    title = Text("Price is known")
    if state.machine is not None and state.machine.existing_compute:
        return Check(title, Verdict.OK, Text("The cluster is paid for already"))
    offer = navigation.offer(state, state.machine.vm_size) if state.machine else None
    if offer is None or offer.price is None:
        return Check(title, Verdict.WARNING, Text("The price of this size is unknown; Azure's bill will tell"))
    return Check(title, Verdict.OK)


def _key_check(state: WizardState) -> Check:
    title = Text("Keys go to the keyring")
    problem = state.place.keystore_problem if state.place else ""
    return Check(title, Verdict.WARNING if problem else Verdict.OK, problem)


def _words(error: AssistantError) -> Text:
    """What happened, so that it can be translated. The template is the error class's own."""
    return known_text(error.template, error.facts)
