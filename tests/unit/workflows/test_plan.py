from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from gpu_assistant.domain.compute import Availability, Quota, is_valid_compute_name
from gpu_assistant.domain.errors import ModelNotFound, VmSizeUnknown
from gpu_assistant.domain.service import Autoscale, is_valid_service_name
from gpu_assistant.workflows.plan import DeployRequest, Shipment, find_model, find_offer, make_plan, problems
from gpu_assistant.workflows.serving import CONCURRENT_REQUESTS
from tests.fakes.scripted_backend import T4, WORKSPACE, ScriptedBackend

GOOD = DeployRequest(model="resnet", vm_size=T4.name).named()
OFFER = ScriptedBackend().offers[0]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"service_name": "Ab"}, "bad_setting"),
        ({"service_name": "-abc"}, "bad_setting"),
        ({"compute_name": "a"}, "bad_setting"),
        ({"compute_name": "local"}, "bad_setting"),
        ({"node_count": 0}, "bad_setting"),
        ({"replicas": 0}, "bad_setting"),
        ({"gpus_per_replica": 0}, "bad_setting"),
        ({"memory_gb": 0.1}, "bad_setting"),
        ({"scoring_timeout_ms": 10}, "bad_setting"),
        ({"scoring_timeout_ms": 10**7}, "bad_setting"),
        ({"replicas": 2}, "not_schedulable"),
        ({"autoscale": Autoscale(0)}, "bad_setting"),
        ({"replicas": 2, "autoscale": Autoscale(1)}, "bad_setting"),
        ({"autoscale": Autoscale(1, target_utilization_percent=0)}, "bad_setting"),
        ({"autoscale": Autoscale(1, target_utilization_percent=101)}, "bad_setting"),
        ({"autoscale": Autoscale(1, refresh_period_s=0)}, "bad_setting"),
        ({"autoscale": Autoscale(2)}, "not_schedulable"),
        ({"memory_gb": 64.0}, "not_schedulable"),
        ({"cpu_cores": 8.0}, "not_schedulable"),
        ({"node_count": 5}, "quota_too_small"),
    ],
)
def test_what_is_refused_before_it_costs_anything(change: dict[str, object], code: str) -> None:
    assert list(problems(GOOD, OFFER)) == []
    assert next(problems(replace(GOOD, **change), OFFER)).code == code  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("offer", "code"),
    [
        (replace(OFFER, availability=Availability.RETIRED), "vm_size_retired"),
        (replace(OFFER, availability=Availability.NOT_OFFERED), "vm_size_not_available"),
        (replace(OFFER, availability=Availability.NOT_SUPPORTED), "vm_size_not_available"),
        (replace(OFFER, quota=Quota("T4", 0, 0)), "quota_too_small"),
        (replace(OFFER, quota=None, availability=Availability.NO_QUOTA), "quota_too_small"),
        (replace(OFFER, regional_quota=Quota("cores", 100, 98)), "quota_too_small"),
    ],
)
def test_sizes_that_cannot_be_had(offer: object, code: str) -> None:
    assert next(problems(GOOD, offer)).code == code  # type: ignore[arg-type]


def test_a_retired_size_names_its_replacement() -> None:
    size = replace(T4, name="Standard_NC6", retired_on=date(2023, 8, 31), replacement="Standard_NC4as_T4_v3")
    problem = next(problems(GOOD, replace(OFFER, vm_size=size, availability=Availability.RETIRED)))
    assert "2023-08-31" in problem.detail
    assert "Standard_NC4as_T4_v3" in problem.detail


def test_names_are_made_up_the_same_way_each_time() -> None:
    request = DeployRequest(model="My_Model v2!:3", vm_size="Standard_ND128isr_NDR_GB200_v6")
    assert request.named() == request.named()
    assert is_valid_compute_name(request.named().compute_name)
    assert is_valid_service_name(request.named().service_name)
    assert is_valid_service_name(DeployRequest(model="7", vm_size="x").named().service_name)


def test_wrong_names_get_a_suggestion() -> None:
    azure = ScriptedBackend()
    with pytest.raises(VmSizeUnknown, match="Did you mean Standard_NC4as_T4_v3"):
        find_offer("Standard_NC4as_T4v3", azure.offers)
    with pytest.raises(ModelNotFound, match="Did you mean resnet"):
        find_model("resnet50", azure.registered)
    with pytest.raises(ModelNotFound, match="has the versions 2, 1"):
        find_model("resnet:9", azure.registered)


@pytest.mark.parametrize("name", ["Standard_NC4as_T4_v3", "standard_nc4as_t4_v3", "NC4as_T4_v3"])
def test_a_size_is_found_as_people_write_it(name: str) -> None:
    assert find_offer(name, ScriptedBackend().offers).vm_size is T4


def test_replicas_may_be_added_while_gpus_are_free(shipment: Shipment) -> None:
    request = replace(GOOD, node_count=2, autoscale=Autoscale(2, 60, 5))
    assert list(problems(request, OFFER)) == []
    (problem,) = problems(replace(request, autoscale=Autoscale(3)), OFFER)
    assert "3 replicas want 3 GPUs and the cluster has 2" in problem.detail
    models = ScriptedBackend().registered
    plan = make_plan(request, workspace=WORKSPACE, models=models, offers=[OFFER], shipment=shipment)
    assert (plan.service.replicas, plan.service.autoscale) == (1, Autoscale(2, 60, 5))
    assert plan.compute is not None
    assert plan.compute.node_count == 2, "nodes, and with them the price, are what was asked for"


def test_tls_is_asked_for_unless_refused(shipment: Shipment) -> None:
    def label(request: DeployRequest) -> str:
        plan = make_plan(
            request,
            workspace=WORKSPACE,
            models=ScriptedBackend().registered,
            offers=[OFFER],
            shipment=shipment,
        )
        assert plan.compute is not None
        return plan.compute.leaf_domain_label

    assert label(GOOD).startswith("gpa")
    assert label(GOOD) == label(GOOD)
    assert label(replace(GOOD, secure=False)) == ""


def test_the_gpu_is_promised_to_the_script(shipment: Shipment) -> None:
    models = ScriptedBackend().registered
    plan = make_plan(GOOD, workspace=WORKSPACE, models=models, offers=[OFFER], shipment=shipment)
    assert plan.service.environment_variables["GPU_ASSISTANT_EXPECT_GPU"] == "1"
    assert plan.service.concurrent_requests == CONCURRENT_REQUESTS
    assert plan.service.gpus_per_replica == 1
