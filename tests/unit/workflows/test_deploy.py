from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from gpu_assistant.domain.billing import LEDGER_ID_TAG, ResourceKind, ResourceState
from gpu_assistant.domain.compute import Availability, ComputeState, ComputeTarget, Quota
from gpu_assistant.domain.errors import (
    AssistantError,
    AzureFault,
    Cancelled,
    CannotReachAzure,
    ComputeNameTaken,
    ComputeNotFound,
    EntryScriptCrashed,
    ImageBuildFailed,
    NotHealthyInTime,
    NotSchedulable,
    OutOfMemory,
    QuotaRefused,
    QuotaTooSmall,
    ServiceNameTaken,
    ServiceServesAnotherModel,
    StillCreating,
)
from gpu_assistant.domain.service import Autoscale, ServiceState
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.jobs.events import JobEvent, LogLine, StepFinished
from gpu_assistant.jobs.job import Job, Pace
from gpu_assistant.keystore import SessionKeystore, load_service_keys
from gpu_assistant.ledger import Ledger
from gpu_assistant.workflows.deploy import Deployment, deploy
from gpu_assistant.workflows.plan import DeployRequest, Shipment
from gpu_assistant.workflows.site import Site
from tests.fakes.scripted_backend import T4, ScriptedBackend

REQUEST = DeployRequest(model="resnet", vm_size="standard_nc4as_t4_v3")
TWO_NODES = replace(REQUEST, node_count=2)
THEIRS = DeployRequest(model="resnet", vm_size="", existing_compute="theirs")
Run = Callable[..., Deployment]


@pytest.fixture
def run(
    azure: ScriptedBackend, ledger: Ledger, keystore: SessionKeystore, site: Site, job: Job, shipment: Shipment
) -> Run:
    def run(request: DeployRequest = REQUEST, with_job: Job = job) -> Deployment:
        return deploy(
            request, site=site, backend=azure, ledger=ledger, keystore=keystore, job=with_job, shipment=shipment
        )

    return run


def states(ledger: Ledger) -> dict[str, str]:
    return {row.name: row.state.value for row in ledger.rows()}


def test_from_nothing_to_a_healthy_service(
    run: Run, azure: ScriptedBackend, ledger: Ledger, keystore: SessionKeystore, site: Site, events: list[JobEvent]
) -> None:
    deployment = run()
    assert deployment.service.state is ServiceState.HEALTHY
    assert states(ledger) == {"gpu-nc4as-t4-v3": "live", "resnet": "live"}
    cluster, service = ledger.rows()
    assert azure.computes[cluster.name].tags[LEDGER_ID_TAG] == cluster.ledger_id
    assert azure.services["resnet"].tags[LEDGER_ID_TAG] == service.ledger_id
    assert cluster.price_per_hour is not None
    assert service.scoring_uri == deployment.service.scoring_uri
    assert load_service_keys(keystore, site.key_entry("resnet")) == azure.secret_keys
    assert [event.step for event in events if isinstance(event, StepFinished)] == [
        "Check model, VM size and quota",
        "Create AKS compute target",
        "Deploy web service",
        "Store the API key",
    ]


def test_the_ledger_knows_before_azure_does(run: Run, azure: ScriptedBackend, ledger: Ledger) -> None:
    seen: list[tuple[str, dict[str, str]]] = []
    azure.on_call = lambda name: seen.append((name, states(ledger))) if name.startswith("start_") else None
    run()
    assert seen == [
        ("start_compute_target", {"gpu-nc4as-t4-v3": "intended"}),
        ("start_web_service", {"gpu-nc4as-t4-v3": "live", "resnet": "intended"}),
    ]


def test_the_newest_version_is_deployed_unless_one_is_named(run: Run, azure: ScriptedBackend) -> None:
    seen: list[str] = []
    original = azure.start_web_service
    azure.start_web_service = lambda spec: (seen.append(spec.model_id), original(spec))[1]  # type: ignore[method-assign]
    run(TWO_NODES)
    run(replace(TWO_NODES, model="resnet:1", service_name="old"))
    assert seen == ["resnet:2", "resnet:1"]


def test_a_second_service_shares_the_cluster(run: Run, azure: ScriptedBackend) -> None:
    run(TWO_NODES)
    run(replace(TWO_NODES, service_name="second"))
    assert azure.calls["start_compute_target"] == 1


def test_running_it_again_after_a_kill_goes_on(run: Run, azure: ScriptedBackend, ledger: Ledger) -> None:
    class Killed(BaseException):
        pass

    def kill(name: str) -> None:
        if name == "start_web_service":
            raise Killed

    azure.on_call = kill
    with pytest.raises(Killed):
        run()
    assert states(ledger) == {"gpu-nc4as-t4-v3": "live", "resnet": "intended"}
    azure.on_call = lambda name: None
    run()
    assert azure.calls["start_compute_target"] == 1
    assert [row.state.value for row in ledger.rows()] == ["live", "gone", "live"]


def test_a_refused_create_is_proven_absent_at_once(run: Run, azure: ScriptedBackend, ledger: Ledger) -> None:
    azure.fail["start_compute_target"] = [QuotaRefused(name="gpu", reason="limit 0")]
    with pytest.raises(QuotaRefused) as caught:
        run()
    assert caught.value.billable == ()
    (row,) = ledger.rows()
    assert row.state is ResourceState.GONE
    assert "limit 0" in row.note
    assert azure.calls["exists"] == 2


@pytest.mark.parametrize(
    "error", [CannotReachAzure(what="PUT", reason="reset"), AzureFault(what="PUT", status=500, reason="")]
)
def test_a_create_whose_end_nobody_saw_stays_on_record(
    run: Run, azure: ScriptedBackend, ledger: Ledger, error: AssistantError
) -> None:
    azure.fail["start_compute_target"] = [error]
    with pytest.raises(type(error)) as caught:
        run()
    assert states(ledger) == {"gpu-nc4as-t4-v3": "intended"}
    assert [row.name for row in caught.value.billable] == ["gpu-nc4as-t4-v3"]


def test_what_still_bills_travels_with_the_error(run: Run, azure: ScriptedBackend) -> None:
    azure.service_ends_as = ServiceState.FAILED
    azure.log_text = "Traceback (most recent call last):\n  File ...\nValueError: no such layer\nworker exits"
    with pytest.raises(EntryScriptCrashed, match="no such layer") as caught:
        run()
    assert {row.name for row in caught.value.billable} == {"gpu-nc4as-t4-v3", "resnet"}
    assert "Traceback" in caught.value.log


@pytest.mark.parametrize(
    ("service_error", "log_text", "expected", "cause"),
    [
        (
            ("KubernetesDeploymentFailed", "0/1 nodes: 1 Insufficient nvidia.com/gpu."),
            "",
            NotSchedulable,
            "nvidia.com/gpu",
        ),
        (("ImageBuildFailed", ""), "pip…\nERROR: No matching distribution found for x", ImageBuildFailed, "for x"),
        (("", ""), "killed\nreason: OOMKilled", OutOfMemory, "4 GB"),
        (("", ""), "ModuleNotFoundError: No module named 'torch'", EntryScriptCrashed, "torch"),
        (
            ("CrashLoopBackOff", "Your container application crashed."),
            "saved_model.ModelError: there is no model\n"
            "azureml_inference_server_http.server.user_script.UserScriptException: Caught an unhandled exception",
            EntryScriptCrashed,
            "there is no model",
        ),
    ],
)
def test_a_failed_service_shows_the_line_that_matters(
    run: Run,
    azure: ScriptedBackend,
    service_error: tuple[str, str],
    log_text: str,
    expected: type[AssistantError],
    cause: str,
) -> None:
    azure.service_ends_as = ServiceState.FAILED
    azure.service_error = service_error
    azure.log_text = log_text
    with pytest.raises(expected, match=cause):
        run()


def test_a_cluster_that_cannot_be_made(run: Run, azure: ScriptedBackend, ledger: Ledger) -> None:
    azure.compute_ends_as = ComputeState.FAILED
    azure.compute_error = "QuotaExceeded: too few cores"
    with pytest.raises(QuotaRefused):
        run()
    assert states(ledger) == {"gpu-nc4as-t4-v3": "live"}  # it failed, but it exists until proven gone


def test_a_failed_service_makes_room_for_the_next_try(run: Run, azure: ScriptedBackend, ledger: Ledger) -> None:
    azure.service_ends_as = ServiceState.FAILED
    azure.log_text = "ValueError: no such layer"
    with pytest.raises(EntryScriptCrashed):
        run()
    azure.service_ends_as = ServiceState.HEALTHY
    assert run().service.state is ServiceState.HEALTHY
    assert azure.calls["start_compute_target"] == 1
    assert [(row.name, row.state.value) for row in ledger.rows()] == [
        ("gpu-nc4as-t4-v3", "live"),
        ("resnet", "gone"),
        ("resnet", "live"),
    ]


def test_another_version_is_not_taken_for_the_one_that_runs(run: Run) -> None:
    run()
    with pytest.raises(ServiceServesAnotherModel, match="resnet serves resnet:2, not resnet:1"):
        run(replace(REQUEST, model="resnet:1"))


def test_names_that_somebody_else_uses(run: Run, azure: ScriptedBackend, ledger: Ledger) -> None:
    run()
    for row in ledger.rows():
        ledger.record(row.ledger_id, ResourceState.GONE, note="forgotten by this computer")
    with pytest.raises(ComputeNameTaken):
        run()
    with pytest.raises(ServiceNameTaken):
        run(replace(REQUEST, existing_compute="gpu-nc4as-t4-v3"))
    assert len(azure.computes) == 1


def test_quota_is_checked_before_anything_is_written(run: Run, azure: ScriptedBackend, ledger: Ledger) -> None:
    with pytest.raises(QuotaTooSmall):
        run(replace(REQUEST, node_count=5))
    azure.offers = [replace(azure.offers[0], availability=Availability.NOT_OFFERED, reason="not for you")]
    with pytest.raises(AssistantError, match="not for you"):
        run()
    assert ledger.rows() == ()
    assert azure.calls["start_compute_target"] == 0


def test_a_cluster_that_took_the_last_quota_does_not_stand_in_its_own_way(run: Run, azure: ScriptedBackend) -> None:
    run(TWO_NODES)
    azure.offers = [replace(azure.offers[0], availability=Availability.NO_QUOTA, quota=Quota("T4 Family", 8, 8))]
    run(replace(TWO_NODES, service_name="second"))
    assert azure.calls["start_compute_target"] == 1


def test_patience_has_an_end_and_the_row_stays(azure: ScriptedBackend, run: Run, ledger: Ledger) -> None:
    azure.polls_needed = 10**9
    hasty = Job(lambda event: None, pace=Pace(poll_s=0, compute_timeout_s=0))
    with pytest.raises(StillCreating, match="creating"):
        run(with_job=hasty)
    assert states(ledger) == {"gpu-nc4as-t4-v3": "live"}
    azure.polls_left = 1
    hasty = Job(lambda event: None, pace=Pace(poll_s=0, service_timeout_s=0))
    azure.polls_needed = 10**9
    with pytest.raises(NotHealthyInTime):
        run(with_job=hasty)


def test_weather_while_waiting_is_borne(azure: ScriptedBackend, run: Run) -> None:
    azure.fail["compute_target"] = []
    calm = Job(lambda event: None, pace=Pace(poll_s=0, patience_s=60))
    azure.polls_needed = 5

    def storm(name: str) -> None:
        if name == "web_service" and azure.calls[name] in (3, 4):
            raise CannotReachAzure(what="GET", reason="reset")

    azure.on_call = storm
    assert run(with_job=calm).service.state is ServiceState.HEALTHY


def test_cancel_is_felt_at_once_and_knows_what_it_made(azure: ScriptedBackend, run: Run, ledger: Ledger) -> None:
    job = Job(lambda event: None, pace=Pace(poll_s=3600))
    azure.polls_needed = 10**9

    def stop(name: str) -> None:
        if name == "compute_target" and azure.calls[name] == 2:
            job.cancel(CancelMeaning.CLEAN_UP)

    azure.on_call = stop
    with pytest.raises(Cancelled):
        run(with_job=job)
    assert job.created == [row.ledger_id for row in ledger.open_rows()]


def test_a_key_that_cannot_be_read_does_not_undo_a_deployment(
    run: Run, azure: ScriptedBackend, keystore: SessionKeystore, site: Site
) -> None:
    azure.fail["keys"] = [CannotReachAzure(what="listkeys", reason="reset")]
    assert run().service.state is ServiceState.HEALTHY
    assert load_service_keys(keystore, site.key_entry("resnet")) is None


def test_the_persons_own_cluster_is_used_and_not_written_down(run: Run, azure: ScriptedBackend, ledger: Ledger) -> None:
    run()
    for row in ledger.rows():
        ledger.record(row.ledger_id, ResourceState.GONE, note="not ours")
    azure.services.clear()
    run(DeployRequest(model="resnet", vm_size="", existing_compute="gpu-nc4as-t4-v3"))
    assert [row.kind for row in ledger.open_rows()] == [ResourceKind.WEB_SERVICE]


def their_cluster(azure: ScriptedBackend, **told: object) -> None:
    """A cluster of the workspace that this program did not make."""
    cluster = ComputeTarget("theirs", "/computes/theirs", T4.name, 1, ComputeState.READY)
    azure.computes["theirs"] = replace(cluster, **told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("told", "change", "says"),
    [
        ({}, {"gpus_per_replica": 2}, "a replica wants 2 GPUs and a node has 1"),
        ({}, {"memory_gb": 29.0}, "and a node has 4 and 28"),
        ({"vm_size": "Standard_D3_v2"}, {}, "Standard_D3_v2, which have no GPU"),
    ],
)
def test_replicas_that_no_node_of_an_existing_cluster_can_take_are_refused_before_anything_is_deployed(
    run: Run,
    azure: ScriptedBackend,
    ledger: Ledger,
    told: dict[str, object],
    change: dict[str, object],
    says: str,
) -> None:
    their_cluster(azure, **told)
    with pytest.raises(NotSchedulable, match=says):
        run(replace(THEIRS, **change))  # type: ignore[arg-type]
    assert azure.calls["start_web_service"] == 0
    assert ledger.rows() == ()


def test_gpus_that_another_web_service_holds_are_not_free(run: Run) -> None:
    run(replace(REQUEST, node_count=2))
    second = DeployRequest(model="resnet", vm_size="", existing_compute="gpu-nc4as-t4-v3", service_name="second")
    with pytest.raises(NotSchedulable, match="3 replicas want 3 GPUs and the cluster has 2"):
        run(replace(second, autoscale=Autoscale(3)))
    with pytest.raises(NotSchedulable, match=r"free on the cluster: 1 of 2 \(held by resnet\)"):
        run(replace(second, replicas=2))
    assert run(second).service.name == "second"
    with pytest.raises(NotSchedulable, match=r"free on the cluster: 0 of 2 \(held by resnet, second\)"):
        run(replace(second, service_name="third"))
    assert run(second).service.name == "second", "its own GPU does not stand in its way"


def test_the_nodes_that_are_there_count_and_not_those_that_are_asked_for(run: Run, azure: ScriptedBackend) -> None:
    run()
    with pytest.raises(NotSchedulable, match="held by resnet"):
        run(replace(REQUEST, node_count=3, service_name="second"))
    assert azure.calls["start_web_service"] == 1


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"vm_size": "", "node_count": 0, "attached": True}, "How many GPUs theirs has is not known"),
        ({"attached": True}, "By that list, 2 replicas want 2 GPUs and the cluster has 1"),
        ({}, "theirs may have more nodes than Azure ML lists. By that list, 2 replicas want 2 GPUs"),
    ],
)
def test_what_is_not_certain_is_told_and_deployed(
    run: Run, azure: ScriptedBackend, events: list[JobEvent], told: dict[str, object], says: str
) -> None:
    their_cluster(azure, **told)
    assert run(replace(THEIRS, replicas=2)).service.state is ServiceState.HEALTHY
    assert any(says in event.text for event in events if isinstance(event, LogLine))


def test_a_cluster_that_is_not_there_is_named_before_anything_else(run: Run, azure: ScriptedBackend) -> None:
    with pytest.raises(ComputeNotFound, match="theirs"):
        run(THEIRS)
    assert azure.calls["start_web_service"] == 0
