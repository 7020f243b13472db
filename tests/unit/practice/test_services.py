"""Web services: from the request to a healthy answer and back, and every way in which that fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gpu_assistant.practice.replicas.pool import ServiceHealth
from gpu_assistant.practice.replicas.replica import ReplicaStatus
from tests.fakes.practice_client import PORT, Azure, tar

# What the SDK reads from a service without asking whether it is there.
REQUIRED = (
    *("name", "computeType", "createdTime", "description", "kvTags", "properties", "appInsightsEnabled"),
    *("authEnabled", "aadAuthEnabled", "computeName", "autoScaler", "containerResourceRequirements"),
    *("dataCollection", "maxConcurrentRequestsPerContainer", "maxQueueWaitMs", "numReplicas", "scoringTimeoutMs"),
    *("scoringUri", "livenessProbeRequirements"),
)
AUTOSCALER = {
    "autoscaleEnabled": True,
    "minReplicas": 1,
    "maxReplicas": 4,
    "targetUtilization": 50,
    "refreshPeriodInSeconds": 3,
}
AUTOSCALED = {"numReplicas": None, "autoScaler": AUTOSCALER}
CRASHED = ServiceHealth(ReplicaStatus.CRASHED, "ValueError: no")
STARTING = ServiceHealth(ReplicaStatus.STARTING)


def operation(azure: Azure, answer: Any, query: str = "") -> dict[str, Any]:
    location = answer.headers["Operation-Location"]
    assert "?" not in location
    operation_id = location.split("/")[-1]
    return dict(azure.json("GET", azure.mms(f"/operations/{operation_id}{query}")))


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status, json.loads(answer.body)["code"]


def test_a_service_is_healthy_when_the_time_has_passed_and_its_server_answers(azure: Azure) -> None:
    azure.ready()
    azure.pool.outcome = STARTING
    answer = azure.deploy()
    assert answer.status == 202
    service = azure.service()
    assert service.keys() >= set(REQUIRED)
    assert (service["state"], service["scoringUri"]) == ("Transitioning", None)
    assert operation(azure, answer)["operationDetails"]["subOperationType"] == "BuildEnvironment"
    azure.advance(361)
    assert operation(azure, answer)["operationDetails"]["subOperationType"] == "DeployService"
    azure.advance(181)
    assert azure.service()["state"] == "Transitioning"
    azure.pool.states["svc"] = ServiceHealth(ReplicaStatus.HEALTHY)
    assert azure.service()["state"] == "Healthy"
    assert operation(azure, answer)["state"] == "Succeeded"
    assert azure.service()["scoringUri"] == f"http://127.0.0.1:{PORT}/api/v1/service/svc/score"


def test_the_containers_get_the_files_the_model_and_the_variables_unchanged(azure: Azure) -> None:
    azure.ready().deploy()
    (spec,) = azure.pool.started
    assert spec.entry_script == "src/score.py"
    assert (spec.source_dir / "src" / "score.py").read_text(encoding="utf-8").startswith("def init")
    assert (spec.source_dir / "driver.py").is_file()
    assert spec.environment == {"AZUREML_ENTRY_SCRIPT": "src/score.py", "MY_OWN": "1"}
    # As in Azure, what was registered lies inside AZUREML_MODEL_DIR under its own name.
    assert (spec.models["resnet:1"] / "resnet" / "saved_model.pb").read_bytes() == b"pb"


def test_the_second_deployment_of_an_environment_uses_the_image_of_the_first(azure: Azure) -> None:
    azure.ready().deploy("one", containerResourceRequirements={})
    azure.advance(600)
    assert azure.service("one")["state"] == "Healthy"
    azure.deploy("two", containerResourceRequirements={})
    azure.advance(181)
    assert azure.service("two")["state"] == "Healthy"


def test_the_streamed_log_is_told_once(azure: Azure) -> None:
    azure.ready()
    answer = azure.deploy()
    first = operation(azure, answer)["streamingOperationLog"]
    azure.advance(600)
    rest = operation(azure, answer, f"?offset={len(first)}")["streamingOperationLog"]
    entries = [entry.split("|") for entry in (first + rest).split("#")]
    assert all(len(entry) == 2 and len(entry[0]) == 14 and entry[0].isdigit() for entry in entries)
    assert entries[-1][1] == "Succeeded"
    assert first + rest == operation(azure, answer)["streamingOperationLog"]


def test_the_build_log_can_be_read_at_its_address(azure: Azure) -> None:
    azure.ready()
    log = azure.send("GET", operation(azure, azure.deploy())["operationLog"])
    assert b"Installing pip dependencies: done" in log.body


@pytest.mark.parametrize(
    ("name", "changes", "status", "code"),
    [
        ("Upper", {}, 400, "InvalidServiceName"),
        ("ab", {}, 400, "InvalidServiceName"),
        ("ends-", {}, 400, "InvalidServiceName"),
        ("x" * 33, {}, 400, "InvalidServiceName"),
        ("no-cluster", {"computeName": "other"}, 404, "ComputeNotFound"),
        ("no-aks", {"computeType": "ACI"}, 400, "UnsupportedComputeType"),
        ("no-model", {"environmentImageRequest": {"modelIds": ["resnet:2"]}}, 404, "ModelNotFound"),
        ("min-over-max", AUTOSCALED | {"autoScaler": AUTOSCALER | {"minReplicas": 5}}, 400, "InvalidAutoScaler"),
        ("no-code", {"environmentImageRequest": {"modelIds": ["resnet:1"]}}, 400, "NoEntryScript"),
    ],
)
def test_what_azure_refuses_is_refused_and_leaves_nothing(
    azure: Azure, name: str, changes: dict[str, Any], status: int, code: str
) -> None:
    azure.ready()
    assert code_of(azure.deploy(name, **changes)) == (status, code)
    body = {"type": "Create", "serviceName": name, "createRequest": azure.deploy_body(name, **changes)}
    assert azure.json("POST", azure.mms("/services/validate"), body)["error"]["code"] == code
    assert azure.json("GET", azure.mms("/services?expand=true")) == {"value": []}


def test_a_cluster_that_is_not_ready_takes_no_service(azure: Azure) -> None:
    azure.register_model()
    azure.create_cluster()
    assert code_of(azure.deploy())[1] == "ComputeNotReady"


def test_a_taken_name_is_told_by_validation_and_by_409(azure: Azure) -> None:
    azure.ready()
    url = azure.mms("/services/validate/name/svc")
    assert azure.json("POST", url, {}) == {}
    azure.deploy()
    assert "already exists" in azure.json("POST", url, {})["error"]["message"]
    assert code_of(azure.deploy()) == (409, "Conflict")
    assert azure.deploy(overwrite=True).status == 202


@pytest.mark.parametrize(
    ("changes", "resource"),
    [
        ({"numReplicas": 2}, "nvidia.com/gpu"),
        ({"containerResourceRequirements": {"cpu": 5, "memoryInGB": 4, "gpu": 1}}, "cpu"),
        ({"containerResourceRequirements": {"cpu": 1, "memoryInGB": 40, "gpu": 1}}, "memory"),
        ({"containerResourceRequirements": {"cpu": 1, "memoryInGB": 4, "gpu": 2}}, "nvidia.com/gpu"),
    ],
)
def test_what_fits_on_no_node_is_accepted_and_fails_after_five_minutes(
    azure: Azure, changes: dict[str, Any], resource: str
) -> None:
    azure.ready()
    answer = azure.deploy(**changes)
    assert answer.status == 202
    azure.advance(360 + 299)
    assert azure.service()["state"] == "Transitioning"
    azure.advance(2)
    assert azure.service()["state"] == "Failed"
    failed = operation(azure, answer)
    text = json.dumps(failed["error"])
    assert "didn't have available resources after trying for 00:05:00" in text
    assert f"0/1 nodes are available: 1 Insufficient {resource}." in text
    assert failed["operationDetails"]["subOperationType"] == "DeployService"
    assert azure.pool.started == []


def test_another_service_holds_the_gpu_until_it_is_deleted(azure: Azure) -> None:
    azure.ready().deploy("first")
    azure.advance(600)
    azure.deploy("second")
    azure.advance(600)
    assert azure.service("second")["state"] == "Failed"
    azure.send("DELETE", azure.mms("/services/first"))
    azure.advance(31)
    azure.deploy("third")
    azure.advance(600)
    assert azure.service("third")["state"] == "Healthy"


def test_a_crash_at_start_fails_the_service_and_keeps_its_log(azure: Azure) -> None:
    azure.ready()
    azure.pool.outcome = CRASHED
    answer = azure.deploy()
    azure.advance(600)
    failed = operation(azure, answer)
    assert (failed["state"], failed["error"]["details"][0]["code"]) == ("Failed", "CrashLoopBackOff")
    assert azure.service()["error"]["code"] == "KubernetesDeploymentFailed"
    assert "line 9" in azure.json("GET", azure.mms("/services/svc/logs?tail=5000&init=False"))["content"]
    init = azure.json("GET", azure.mms("/services/svc/logs?tail=5000&init=True"))["content"]
    assert "resnet:1" in init


def test_a_server_that_dies_later_makes_the_service_unhealthy(azure: Azure) -> None:
    azure.ready().deploy()
    azure.advance(600)
    assert azure.service()["state"] == "Healthy"
    azure.pool.states["svc"] = CRASHED
    assert azure.service()["state"] == "Unhealthy"
    assert azure.service()["scoringUri"] is not None


@pytest.mark.parametrize("requirement", ["tensorflow-gpu", "tensorflow_gpu==1.12", "tensorflow-gpu==2.12.0"])
def test_the_package_of_the_old_guides_does_not_install(azure: Azure, requirement: str) -> None:
    azure.ready()
    body = azure.deploy_body()
    python = body["environmentImageRequest"]["environment"]["python"]
    python["condaDependencies"]["dependencies"] = ["python=3.11", {"pip": ["numpy", requirement]}]
    answer = azure.send("POST", azure.mms("/services"), body)
    azure.advance(361)
    failed = operation(azure, answer)
    assert (failed["state"], failed["error"]["code"]) == ("Failed", "EnvironmentBuildFailed")
    assert failed["operationDetails"]["subOperationType"] == "BuildEnvironment"
    assert b"CondaEnvException: Pip failed" in azure.send("GET", failed["operationLog"]).body


def test_keys_open_the_service_and_change_only_when_asked(azure: Azure) -> None:
    azure.ready().deploy()
    azure.advance(600)
    keys = azure.keys()
    assert keys["primaryKey"] != keys["secondaryKey"]
    assert azure.keys() == keys
    assert azure.score(keys["primaryKey"]).status == 200
    assert azure.score(keys["secondaryKey"]).status == 200
    for wrong in ("", "x", keys["primaryKey"][:-1]):
        assert azure.score(wrong).status == 401
    answer = azure.send("POST", azure.mms("/services/svc/regenerateKeys"), {"keyType": "Primary", "keyValue": None})
    assert operation(azure, answer)["state"] == "Succeeded"
    assert azure.score(keys["primaryKey"]).status == 401
    assert azure.score(keys["secondaryKey"]).status == 200
    assert azure.score(azure.keys()["primaryKey"]).status == 200


def test_a_chosen_key_works_and_is_in_no_file(azure: Azure) -> None:
    azure.ready().deploy(keys={"primaryKey": "chosen-at-deployment", "secondaryKey": None})
    azure.advance(600)
    assert azure.score("chosen-at-deployment").status == 200
    body = {"keyType": "Secondary", "keyValue": "chosen-later"}
    azure.send("POST", azure.mms("/services/svc/regenerateKeys"), body)
    assert azure.score("chosen-later").status == 200
    assert azure.restart().keys() == {"primaryKey": "chosen-at-deployment", "secondaryKey": "chosen-later"}


def test_a_new_service_of_the_same_name_has_new_keys(azure: Azure) -> None:
    azure.ready().deploy()
    old = azure.keys()
    azure.deploy(overwrite=True)
    assert azure.keys() != old


def test_no_file_holds_a_key_a_signature_or_a_password(azure: Azure) -> None:
    azure.ready().deploy(keys={"primaryKey": "chosen-key-1", "secondaryKey": None})
    azure.advance(600)
    secrets = [*azure.keys().values(), "registry-password", "sig="]
    for file in azure.folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not [secret for secret in secrets if secret.encode() in content], file


def test_scoring_refuses_what_is_not_ready_and_what_is_gone(azure: Azure) -> None:
    azure.ready().deploy()
    key = azure.keys()["primaryKey"]
    assert azure.score(key).status == 503
    azure.advance(600)
    assert azure.score(key).status == 200
    azure.send("DELETE", azure.mms("/services/svc"))
    assert azure.score(key).status == 503
    azure.advance(31)
    assert azure.score(key).status == 404


def test_a_service_without_keys_lets_everybody_in(azure: Azure) -> None:
    azure.ready().deploy(authEnabled=False)
    azure.advance(600)
    assert azure.send("POST", "http://127.0.0.1/api/v1/service/svc/score", data=b"x").status == 200


def test_deletion_ends_the_processes_and_the_files(azure: Azure) -> None:
    azure.ready().deploy()
    azure.advance(600)
    deleted = azure.send("DELETE", azure.mms("/services/svc"))
    assert deleted.status == 202
    assert azure.pool.stopped == ["svc"]
    assert azure.service()["state"] == "Deleting"
    assert operation(azure, deleted)["state"] == "Running"
    azure.advance(31)
    assert operation(azure, deleted)["state"] == "Succeeded"
    assert code_of(azure.send("GET", azure.mms("/services/svc"))) == (404, "NotFound")
    assert azure.send("DELETE", azure.mms("/services/svc")).status == 204
    assert list((azure.folder / "sources").iterdir()) == []


def test_a_service_can_be_described_anew_and_rolled_out_again(azure: Azure) -> None:
    azure.ready().deploy(containerResourceRequirements={"cpu": 1, "memoryInGB": 4})
    azure.advance(600)
    tags = [{"op": "replace", "path": "/kvTags", "value": {"a": "b"}}]
    assert azure.json("PATCH", azure.mms("/services/svc"), tags)["kvTags"] == {"a": "b"}
    assert azure.service()["state"] == "Healthy"
    replicas = [{"op": "replace", "path": "/numReplicas", "value": 2}]
    answer = azure.send("PATCH", azure.mms("/services/svc"), replicas)
    assert answer.status == 202
    assert azure.service()["state"] == "Transitioning"
    azure.advance(181)
    assert operation(azure, answer)["state"] == "Succeeded"
    assert azure.pool.started[-1].replicas == 2


@pytest.mark.parametrize(
    ("changes", "concurrent_requests", "queue_wait_ms"),
    [
        pytest.param({}, 1, 500, id="by default, as the SDK documents it"),
        pytest.param({"maxConcurrentRequestsPerContainer": 64, "maxQueueWaitMs": 5000}, 64, 5000, id="as asked for"),
    ],
)
def test_a_service_says_and_keeps_how_many_requests_a_container_gets(
    azure: Azure, changes: dict[str, Any], concurrent_requests: int, queue_wait_ms: int
) -> None:
    azure.ready().deploy(**changes)
    azure.advance(600)
    told = azure.service()
    assert (told["maxConcurrentRequestsPerContainer"], told["maxQueueWaitMs"]) == (concurrent_requests, queue_wait_ms)
    started = azure.pool.started[-1]
    assert (started.concurrent_requests, started.queue_wait_ms) == (concurrent_requests, queue_wait_ms)


@pytest.mark.parametrize(
    ("changes", "autoscaler", "running"),
    [
        pytest.param(AUTOSCALED, AUTOSCALER, 1, id="as asked for"),
        pytest.param(
            {"numReplicas": None},
            AUTOSCALER | {"maxReplicas": 10, "targetUtilization": 70, "refreshPeriodInSeconds": 1},
            1,
            id="by default, as the SDK documents it",
        ),
    ],
)
def test_an_autoscaled_service_says_so_and_runs_its_fewest_containers(
    azure: Azure, changes: dict[str, Any], autoscaler: dict[str, Any], running: int
) -> None:
    azure.ready().deploy(**changes)
    azure.advance(600)
    service = azure.service()
    assert (service["state"], service["autoScaler"], service["numReplicas"]) == ("Healthy", autoscaler, running)
    assert azure.pool.started[-1].replicas == running


def test_a_service_is_autoscaled_from_now_on_and_not_any_more(azure: Azure) -> None:
    azure.ready().deploy(containerResourceRequirements={"cpu": 1, "memoryInGB": 4})
    azure.advance(600)
    on = [{"op": "replace", "path": f"/autoScaler/{key}", "value": value} for key, value in AUTOSCALER.items()]
    on[1]["value"] = 2
    assert azure.send("PATCH", azure.mms("/services/svc"), on).status == 202
    azure.advance(181)
    assert azure.service()["autoScaler"] == AUTOSCALER | {"minReplicas": 2}
    assert azure.pool.started[-1].replicas == 2
    off = [{"op": "replace", "path": "/autoScaler/autoscaleEnabled", "value": False}]
    assert azure.send("PATCH", azure.mms("/services/svc"), off).status == 202
    azure.advance(181)
    assert azure.service()["autoScaler"]["autoscaleEnabled"] is False
    assert azure.pool.started[-1].replicas == 1


def test_services_are_listed_by_type_and_model(azure: Azure) -> None:
    azure.ready().deploy(kvTags={"created-by": "gpu-assistant"})
    for query, count in (
        ("computeType=AKS", 1),
        ("computeType=ACI", 0),
        ("modelName=resnet", 1),
        ("modelId=resnet:2", 0),
        ("tags=created-by=gpu-assistant", 1),
        ("tags=created-by=me", 0),
    ):
        listed = azure.json("GET", azure.mms(f"/services?expand=true&{query}"))
        assert len(listed["value"]) == count, query
        assert "nextLink" not in listed


def test_a_restart_starts_what_was_healthy_and_keeps_its_keys(azure: Azure) -> None:
    azure.ready().deploy()
    azure.advance(600)
    assert azure.service()["state"] == "Healthy"
    keys = azure.keys()
    again = azure.restart()
    assert again.service()["state"] == "Unhealthy"
    again.surface.resume()
    assert again.service()["state"] == "Healthy"
    assert again.keys() == keys
    assert again.surface.services_running() == ("svc",)


def test_a_restart_in_the_middle_of_a_deployment_goes_on_with_it(azure: Azure) -> None:
    azure.ready().deploy()
    azure.advance(300)
    again = azure.restart()
    again.surface.resume()
    again.advance(300)
    assert again.service()["state"] == "Healthy"


def test_without_its_cluster_a_service_is_unhealthy(azure: Azure) -> None:
    azure.ready().deploy()
    azure.advance(600)
    assert azure.service()["state"] == "Healthy"
    azure.send("DELETE", azure.compute_url() + "?underlyingResourceAction=delete")
    azure.advance(301)
    azure.json("GET", "/rp/workspaces" + azure.compute_url(), status=404)
    assert azure.service()["state"] == "Unhealthy"


def test_an_archive_that_wants_out_is_refused(azure: Azure, tmp_path: Path) -> None:
    azure.ready()
    body = azure.deploy_body()
    for number, archive in enumerate((tar({"../../evil.py": b"x"}), tar({"/abs.py": b"x"}), b"not an archive")):
        azure.upload(f"bad{number}", {"x.tar.gz": archive})
        url = f"aml://artifact/LocalUpload/bad{number}/x.tar.gz"
        body["environmentImageRequest"]["assets"] = [{"id": "x.tar.gz", "url": url, "unpack": True}]
        assert azure.send("POST", azure.mms("/services"), body).status == 400
    assert not list(tmp_path.parent.rglob("evil.py"))
    azure.upload("link", {"x.tar.gz": tar({"src/score.py": b"x"}, links={"src/link": "/etc/passwd"})})
    body["environmentImageRequest"]["assets"][0]["url"] = "aml://artifact/LocalUpload/link/x.tar.gz"
    assert azure.send("POST", azure.mms("/services"), body).status == 202
    assert not (azure.pool.started[-1].source_dir / "src" / "link").exists()


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"environmentImageRequest": 1}', b'{"name": 5, "keys": 1}'])
def test_a_malformed_request_is_a_4xx(azure: Azure, data: bytes) -> None:
    assert 400 <= azure.send("POST", azure.mms("/services"), data=data).status < 500


# What the scenarios do to services.


def test_a_scenario_breaks_the_script_itself(azure_playing: Callable[[str], Azure]) -> None:
    azure = azure_playing("init-crashes").ready()
    azure.deploy()
    script = azure.pool.started[0].source_dir / "src" / "score.py"
    namespace: dict[str, Any] = {}
    exec(compile(script.read_text(encoding="utf-8"), str(script), "exec"), namespace)
    with pytest.raises(ValueError, match="SavedModel"):
        namespace["init"]()


def test_out_of_memory_befalls_only_small_services(azure_playing: Callable[[str], Azure]) -> None:
    azure = azure_playing("out-of-memory").ready()
    azure.pool.outcome = CRASHED
    answer = azure.deploy()
    assert "_exit(137)" in (azure.pool.started[0].source_dir / "src" / "score.py").read_text(encoding="utf-8")
    azure.advance(600)
    assert operation(azure, answer)["error"]["details"][0]["code"] == "OOMKilled"
    azure.deploy(overwrite=True, containerResourceRequirements={"cpu": 1, "memoryInGB": 8, "gpu": 1})
    assert "_exit" not in (azure.pool.started[1].source_dir / "src" / "score.py").read_text(encoding="utf-8")


def test_never_healthy_stays_transitioning_at_any_speed(azure_playing: Callable[[str], Azure]) -> None:
    azure = azure_playing("never-healthy").ready()
    answer = azure.deploy()
    azure.clock.set_speed(float("inf"))
    assert (azure.service()["state"], operation(azure, answer)["state"]) == ("Transitioning", "Running")
    azure.send("DELETE", azure.mms("/services/svc"))
    assert azure.send("GET", azure.mms("/services/svc")).status == 404


def test_nodes_without_gpus_take_a_service_without_gpus(azure_playing: Callable[[str], Azure]) -> None:
    azure = azure_playing("unschedulable-gpu").ready()
    azure.deploy()
    azure.advance(700)
    assert "Insufficient nvidia.com/gpu" in json.dumps(azure.service()["error"])
    azure.deploy("cpu", containerResourceRequirements={"cpu": 1, "memoryInGB": 4})
    azure.advance(600)
    assert azure.service("cpu")["state"] == "Healthy"


def test_an_image_build_can_fail(azure_playing: Callable[[str], Azure]) -> None:
    azure = azure_playing("image-build-fails").ready()
    answer = azure.deploy()
    azure.advance(361)
    assert "numpy==99.0" in json.dumps(operation(azure, answer)["error"])
    azure.surface.set_scenario(None)
    azure.deploy(overwrite=True)
    azure.advance(600)
    assert azure.service()["state"] == "Healthy"


def test_a_failed_deletion_of_a_service_is_only_seen_by_looking(azure_playing: Callable[[str], Azure]) -> None:
    azure = azure_playing("delete-fails-once").ready()
    azure.deploy()
    azure.advance(600)
    assert azure.service()["state"] == "Healthy"
    first = azure.send("DELETE", azure.mms("/services/svc"))
    azure.advance(31)
    assert operation(azure, first)["state"] == "Failed"
    assert azure.service()["state"] == "Healthy"
    azure.send("DELETE", azure.mms("/services/svc"))
    azure.advance(31)
    assert azure.send("GET", azure.mms("/services/svc")).status == 404


def test_rejected_keys_work_after_regeneration(azure_playing: Callable[[str], Azure]) -> None:
    azure = azure_playing("key-rejected").ready()
    azure.deploy()
    azure.advance(600)
    assert azure.score(azure.keys()["primaryKey"]).status == 401
    azure.send("POST", azure.mms("/services/svc/regenerateKeys"), {"keyType": "Primary", "keyValue": None})
    assert azure.score(azure.keys()["primaryKey"]).status == 200
    assert azure.score(azure.keys()["secondaryKey"]).status == 401


def test_an_overloaded_service_answers_the_fourth_request(azure_playing: Callable[[str], Azure]) -> None:
    azure = azure_playing("service-unavailable-when-scoring").ready()
    azure.deploy()
    azure.advance(600)
    key = azure.keys()["primaryKey"]
    assert [azure.score(key).status for _ in range(4)] == [503, 503, 503, 200]
