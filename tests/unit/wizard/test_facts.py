"""What follows from the state: open pages, money, the checklist."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from gpu_assistant.domain.billing import BillableResource, HourlyPrice, ResourceKind, ResourceState
from gpu_assistant.domain.compute import Availability, ComputeState, ComputeTarget, Quota, VmSizeOffer
from gpu_assistant.domain.service import Autoscale, ServiceState, WebService
from gpu_assistant.domain.workspace import WorkspaceRef
from gpu_assistant.wizard.money import money, price_text
from gpu_assistant.wizard.navigation import blocked, endpoint, endpoints, landing, next_step
from gpu_assistant.wizard.preflight import Verdict, can_deploy, deploy_request, preflight
from gpu_assistant.wizard.state import (
    DeployChoice,
    FirstWindow,
    JobKind,
    JobView,
    MachineChoice,
    Place,
    Step,
    WizardState,
)
from gpu_assistant.workflows.site import Site
from tests.fakes.scripted_backend import PRICE, T4, WORKSPACE
from tests.ui.page_states import inspection

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
OFFER = VmSizeOffer(T4, "eastus", Availability.AVAILABLE, Quota("T4 Family", 16, 0), Quota("cores", 50, 0), PRICE)
OPEN = WizardState(place=Place(Site(WORKSPACE), None))
CHOSEN = OPEN._replace(
    offers=(OFFER,),
    targets=(),
    machine=MachineChoice(T4.name),
    deployment=DeployChoice(model_id="resnet:2"),
    inspections={"resnet:2": inspection("resnet:2")},
)


def row(
    kind: ResourceKind = ResourceKind.COMPUTE_TARGET,
    name: str = "gpu",
    *,
    workspace: WorkspaceRef = WORKSPACE,
    price: HourlyPrice | None = PRICE,
    uri: str = "",
    practice: bool = False,
    minutes: int = 60,
) -> BillableResource:
    return BillableResource(
        f"id-{kind.value}-{name}-{workspace.name}",
        kind,
        name,
        workspace,
        ResourceState.LIVE,
        NOON - timedelta(minutes=minutes),
        price_per_hour=price,
        scoring_uri=uri,
        practice=practice,
    )


SERVICE = row(ResourceKind.WEB_SERVICE, "resnet", price=None, uri="http://127.0.0.1/score")


@pytest.mark.parametrize(
    ("state", "open_pages"),
    [
        (WizardState(), [1]),
        (OPEN, [1, 2, 5]),
        (OPEN._replace(machine=MachineChoice(T4.name)), [1, 2, 3, 5]),
        (OPEN._replace(rows=(SERVICE,)), [1, 2, 4, 5]),
        (OPEN._replace(rows=(replace(SERVICE, scoring_uri=""),)), [1, 2, 5]),
    ],
)
def test_pages_open_by_what_is_known(state: WizardState, open_pages: list[int]) -> None:
    assert [int(step) for step in Step if not blocked(state, step)] == open_pages


def listed(state: ServiceState) -> tuple[WebService, ...]:
    """What Azure says about the web service."""
    return (WebService(SERVICE.name, "id", state, "gpu", scoring_uri=SERVICE.scoring_uri),)


CHOSEN_MACHINE = OPEN._replace(machine=MachineChoice(T4.name))
ANSWERING = CHOSEN_MACHINE._replace(rows=(SERVICE,), services=listed(ServiceState.HEALTHY))


@pytest.mark.parametrize(
    ("state", "left_at", "goes_on_at"),
    [
        pytest.param(ANSWERING, Step.SCORE, Step.SCORE, id="the service still answers"),
        pytest.param(ANSWERING, Step.WORKSPACE, Step.WORKSPACE, id="never further than the person was"),
        pytest.param(ANSWERING, Step.MACHINE, Step.MACHINE, id="changing the machine"),
        pytest.param(ANSWERING, Step.CLEAN_UP, Step.CLEAN_UP, id="something is there to clean up"),
        pytest.param(CHOSEN_MACHINE, Step.SCORE, Step.DEPLOY, id="no service any more"),
        pytest.param(ANSWERING._replace(services=()), Step.SCORE, Step.DEPLOY, id="Azure does not list the service"),
        pytest.param(
            ANSWERING._replace(services=listed(ServiceState.FAILED)), Step.SCORE, Step.DEPLOY, id="the service failed"
        ),
        pytest.param(
            ANSWERING._replace(services=listed(ServiceState.TRANSITIONING)), Step.SCORE, Step.SCORE, id="a new key"
        ),
        pytest.param(OPEN, Step.SCORE, Step.MACHINE, id="neither service nor machine"),
        pytest.param(OPEN, Step.DEPLOY, Step.MACHINE, id="no machine"),
        pytest.param(CHOSEN_MACHINE, Step.CLEAN_UP, Step.WORKSPACE, id="all was cleaned up"),
        pytest.param(WizardState(), Step.SCORE, Step.WORKSPACE, id="no workspace"),
    ],
)
def test_where_to_go_on_after_a_restart(state: WizardState, left_at: Step, goes_on_at: Step) -> None:
    assert landing(state, left_at) is goes_on_at


def test_next_leads_on_only_where_the_way_is_open() -> None:
    assert next_step(WizardState()) is None
    assert next_step(OPEN) is Step.MACHINE
    assert next_step(OPEN._replace(step=Step.MACHINE)) is None
    assert next_step(OPEN._replace(step=Step.CLEAN_UP)) is None


def test_the_newest_service_answers_unless_another_was_chosen() -> None:
    older = replace(SERVICE, ledger_id="older", name="older", created=NOON - timedelta(days=1))
    state = OPEN._replace(rows=(older, SERVICE))
    assert [one.name for one in endpoints(state)] == ["resnet", "older"]
    first = endpoint(state)
    chosen = endpoint(state._replace(service_name="older"))
    assert first is not None
    assert chosen is not None
    assert (first.name, chosen.name) == ("resnet", "older")


def test_a_service_that_is_being_deleted_is_not_asked() -> None:
    assert endpoint(OPEN._replace(rows=(replace(SERVICE, state=ResourceState.DELETING),))) is None


def test_money_adds_up_the_open_workspace_and_counts_the_rest() -> None:
    other = WorkspaceRef("sub-2", "rg-2", "ws-2")
    state = OPEN._replace(rows=(row(), SERVICE, row(name="unpriced", price=None), row(workspace=other)))
    seen = money(state, NOON)
    assert (seen.per_hour, seen.running, seen.unpriced, seen.elsewhere) == (Decimal("0.526"), 2, 1, 1)
    assert round(seen.so_far, 4) == Decimal("0.526")


def test_before_a_workspace_is_open_money_counts_all_real_ones() -> None:
    state = WizardState(rows=(row(), row(name="toy", practice=True)))
    seen = money(state, NOON)
    assert (seen.running, seen.elsewhere, seen.practice) == (1, 0, False)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (None, "USD", "price unknown"),
        (Decimal("0"), "USD", "$0.00"),
        (Decimal("0.526"), "USD", "$0.53"),
        (Decimal("0.0033"), "USD", "$0.0033"),
        (Decimal("1234.5"), "EUR", "€1,234.50"),
        (Decimal("7"), "CHF", "7.00 CHF"),
    ],
)
def test_amounts_are_said_as_a_person_reads_them(amount: Decimal | None, currency: str, text: str) -> None:
    assert price_text(amount, currency) == text


def problems(state: WizardState) -> list[tuple[str, Step | None]]:
    return [(str(check.title), check.fix) for check in preflight(state) if check.verdict is Verdict.PROBLEM]


def test_everything_is_green_when_nothing_stands_in_the_way() -> None:
    assert problems(CHOSEN) == []
    assert can_deploy(CHOSEN)


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        (CHOSEN._replace(machine=None), ("Machine can be had", Step.MACHINE)),
        (CHOSEN._replace(deployment=DeployChoice()), ("Model can be fed with images", Step.DEPLOY)),
        (
            CHOSEN._replace(offers=(replace(OFFER, quota=Quota("T4 Family", 0, 0)),)),
            ("Quota is enough", Step.MACHINE),
        ),
        (
            CHOSEN._replace(offers=(replace(OFFER, availability=Availability.RETIRED),)),
            ("Machine can be had", Step.MACHINE),
        ),
        (
            CHOSEN._replace(deployment=CHOSEN.deployment._replace(replicas=2)),
            ("Replicas fit the GPUs", Step.DEPLOY),
        ),
        (
            CHOSEN._replace(deployment=CHOSEN.deployment._replace(autoscale=True, max_replicas=2)),
            ("Replicas fit the GPUs", Step.DEPLOY),
        ),
        (
            CHOSEN._replace(deployment=CHOSEN.deployment._replace(autoscale=True, max_replicas=0)),
            ("Names and settings are valid", Step.DEPLOY),
        ),
        (
            CHOSEN._replace(deployment=CHOSEN.deployment._replace(service_name="No Capitals")),
            ("Names and settings are valid", Step.DEPLOY),
        ),
        (
            CHOSEN._replace(machine=MachineChoice(existing_compute="not-there")),
            ("Machine can be had", Step.MACHINE),
        ),
    ],
)
def test_each_problem_names_the_page_where_it_is_mended(state: WizardState, problem: tuple[str, Step]) -> None:
    assert problem in problems(state)
    assert not can_deploy(state)


THEIRS = ComputeTarget("theirs", "/computes/theirs", T4.name, 1, ComputeState.READY)
ON_THEIRS = CHOSEN._replace(targets=(THEIRS,), machine=MachineChoice(existing_compute="theirs"))


def fit(state: WizardState) -> tuple[Verdict, str]:
    """What the checklist says about the GPUs."""
    (check,) = [one for one in preflight(state) if one.title == "Replicas fit the GPUs"]
    return check.verdict, check.detail


def test_replicas_are_held_against_the_gpus_of_an_existing_cluster() -> None:
    assert fit(ON_THEIRS) == (Verdict.OK, "1 × 1 GPU")
    assert can_deploy(ON_THEIRS)
    two = ON_THEIRS._replace(deployment=CHOSEN.deployment._replace(replicas=2))
    full = ON_THEIRS._replace(services=(WebService("busy", "/services/busy", ServiceState.HEALTHY, "theirs", gpus=1),))
    for state, says in ((two, "2 replicas want 2 GPUs"), (full, "held by busy")):
        verdict, detail = fit(state)
        assert verdict is Verdict.WARNING, "somebody else may have scaled it without Azure ML"
        assert says in detail
        ours = state._replace(rows=(row(name="theirs"),))
        assert problems(ours) == [("Replicas fit the GPUs", Step.DEPLOY)]
        assert not can_deploy(ours)
        assert can_deploy(ours._replace(targets=(replace(THEIRS, node_count=2),)))
    without = ON_THEIRS._replace(targets=(replace(THEIRS, vm_size="Standard_D3_v2"),))
    assert problems(without) == [("Replicas fit the GPUs", Step.MACHINE)], "no setting helps there"


@pytest.mark.parametrize("told", [{"vm_size": ""}, {"node_count": 0}, {"vm_size": "", "attached": True}])
def test_an_existing_cluster_of_unknown_size_gets_no_tick_and_stops_nothing(told: dict[str, object]) -> None:
    state = ON_THEIRS._replace(targets=(replace(THEIRS, **told),))  # type: ignore[arg-type]
    verdict, detail = fit(state)
    assert verdict is Verdict.WARNING
    assert "How many GPUs theirs has is not known" in detail
    assert can_deploy(state)


def test_a_cluster_of_ours_that_stands_has_the_nodes_that_it_has() -> None:
    request = deploy_request(CHOSEN)
    assert request is not None
    standing = replace(THEIRS, name=request.compute_name)
    state = CHOSEN._replace(
        machine=MachineChoice(T4.name, node_count=2),
        deployment=CHOSEN.deployment._replace(replicas=2),
        targets=(standing,),
    )
    assert can_deploy(state), "somebody else's cluster of that name says nothing about ours"
    assert problems(state._replace(rows=(row(name=request.compute_name),))) == [("Replicas fit the GPUs", Step.DEPLOY)]


def test_clusters_that_are_still_being_read_are_not_called_missing() -> None:
    reading = ON_THEIRS._replace(offers=None, targets=None, jobs={JobKind.MACHINES: JobView(JobKind.MACHINES, 1, 0.0)})
    assert Verdict.WAITING in {check.verdict for check in preflight(reading)}
    assert problems(reading) == []


def test_autoscale_asks_for_what_was_set_and_only_when_it_is_on() -> None:
    two_nodes = CHOSEN._replace(machine=MachineChoice(T4.name, node_count=2))
    choice = CHOSEN.deployment._replace(max_replicas=2, target_utilization_percent=60, refresh_period_s=5)
    off, on = (two_nodes._replace(deployment=choice._replace(autoscale=autoscale)) for autoscale in (False, True))
    asked = [deploy_request(state) for state in (off, on)]
    assert [request.autoscale for request in asked if request] == [None, Autoscale(2, 60, 5)]
    assert can_deploy(on)
    assert "1 to 2 × 1 GPU" in {check.detail for check in preflight(on)}


def test_the_quota_that_our_own_cluster_uses_is_no_problem() -> None:
    used_up = replace(OFFER, quota=Quota("T4 Family", 4, 4))
    request = deploy_request(CHOSEN)
    assert request is not None
    state = CHOSEN._replace(offers=(used_up,))
    assert problems(state) == [("Quota is enough", Step.MACHINE)]
    assert problems(state._replace(rows=(row(name=request.compute_name),))) == []


def test_a_signature_that_is_still_being_read_holds_the_deployment_back() -> None:
    state = CHOSEN._replace(inspections={})
    assert next(check.verdict for check in preflight(state)) is Verdict.WAITING
    assert not can_deploy(state)


def test_unknown_prices_and_missing_keyrings_warn_only() -> None:
    place = Place(Site(WORKSPACE), None, keystore_problem="No keyring")
    state = CHOSEN._replace(offers=(replace(OFFER, price=None),), place=place)
    assert [check.verdict for check in preflight(state)].count(Verdict.WARNING) == 2
    assert can_deploy(state)


def test_practice_asks_for_neither_gpu_nor_tls() -> None:
    practice = CHOSEN._replace(place=Place(Site(WORKSPACE, practice=True), None))
    for state, wanted in ((CHOSEN, True), (practice, False)):
        request = deploy_request(state)
        assert request is not None
        assert (request.expect_gpu, request.secure) == (wanted, wanted)


@pytest.mark.parametrize("kind", [JobKind.DEPLOY, JobKind.CLEAN_UP, JobKind.REGISTER])
def test_one_change_at_a_time(kind: JobKind) -> None:
    assert not can_deploy(CHOSEN._replace(jobs={kind: JobView(kind, 1, 0.0)}))


def test_a_second_window_changes_nothing() -> None:
    assert not can_deploy(CHOSEN._replace(first_window=FirstWindow(1, NOON)))
