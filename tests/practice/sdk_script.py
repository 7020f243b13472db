"""Somebody else's program: azureml-core as its documentation uses it, nothing of ours imported, nothing patched.

Reads the JSON of `gpu-assistant practice --json` on stdin, goes through the whole workflow in the current folder,
and writes what it saw as one JSON object to the file named on its command line.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import requests
from azureml.core import ComputeTarget, Environment, Model, Webservice, Workspace
from azureml.core.authentication import TokenAuthentication
from azureml.core.compute import AksCompute
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.model import InferenceConfig
from azureml.core.webservice import AksWebservice
from azureml.exceptions import ComputeTargetException, WebserviceException

LARGE_BYTES = 66 * 1024 * 1024  # above 64 MiB the storage client sends blocks

SCORE = """\
import json
import os


def init():
    global text
    folder = os.environ["AZUREML_MODEL_DIR"]
    with open(os.path.join(folder, "little", "greeting.txt")) as file:
        text = file.read()
    print("the model says", text)


def run(data):
    return {"greeting": text, "variable": os.environ["EXAMPLE"], "data": json.loads(data)}
"""


def main(practice: dict[str, str], seen: dict[str, object]) -> None:
    auth = TokenAuthentication(lambda audience: practice["token"], cloud="AzureCloud")
    subscription, group = practice["subscription_id"], practice["resource_group"]
    seen["listed"] = sorted(Workspace.list(subscription, auth=auth))
    ws = Workspace.get(practice["workspace"], auth=auth, subscription_id=subscription, resource_group=group)
    seen["location"] = ws.location

    little, large = Path("little"), Path("large")
    (little / "deep").mkdir(parents=True)
    (little / "greeting.txt").write_text("hello", encoding="utf-8")
    (little / "empty").write_bytes(b"")
    (little / "deep" / "weights").write_bytes(os.urandom(3 * 1024 * 1024))
    large.mkdir()
    (large / "weights").write_bytes(os.urandom(1024) * (LARGE_BYTES // 1024))
    first = Model.register(ws, str(little), "little", tags={"kind": "test"})
    second = Model.register(ws, str(little), "little")
    Model.register(ws, str(large), "large")
    seen["versions"] = [first.version, second.version, Model(ws, "little").version]
    seen["models"] = sorted(model.id for model in Model.list(ws) if model.name in ("little", "large"))
    seen["tags"] = Model(ws, id="little:1").tags
    for name, source in (("little", little), ("large", large)):
        Model(ws, name).download(f"down-{name}", exist_ok=True)
        files = [path.relative_to(source) for path in source.rglob("*") if path.is_file()]
        target = Path(f"down-{name}") / name
        seen[f"{name}_is_same"] = all((target / f).read_bytes() == (source / f).read_bytes() for f in files)

    configuration = AksCompute.provisioning_configuration(
        vm_size="Standard_NC4as_T4_v3", agent_count=1, cluster_purpose=AksCompute.ClusterPurpose.DEV_TEST
    )
    aks = ComputeTarget.create(ws, "gpu-aks", configuration)
    aks.wait_for_completion(show_output=True)
    seen["cluster"] = [aks.provisioning_state, aks.agent_count, aks.get_status()]
    seen["clusters"] = [target.name for target in ComputeTarget.list(ws)]

    environment = Environment("gpu-env")
    environment.docker.base_image = "example.azurecr.io/gpu:1"
    environment.environment_variables = {"EXAMPLE": "value"}
    environment.python.conda_dependencies = CondaDependencies.create(
        python_version="3.11", pip_packages=["azureml-inference-server-http"], pin_sdk_version=False
    )
    environment.inferencing_stack_version = "latest"
    environment.register(ws)
    seen["environment"] = Environment.get(ws, "gpu-env").environment_variables["EXAMPLE"]

    Path("src").mkdir()
    Path("src", "score.py").write_text(SCORE, encoding="utf-8")
    inference = InferenceConfig(entry_script="score.py", source_directory="src", environment=environment)
    deployment = AksWebservice.deploy_configuration(
        autoscale_enabled=False, num_replicas=1, cpu_cores=1, memory_gb=4, gpu_cores=1, tags={"a": "b"}
    )
    service = Model.deploy(ws, "greeter", [Model(ws, "little", version=1)], inference, deployment, aks)
    service.wait_for_deployment(show_output=True)
    seen["state"], seen["scoring_uri"] = service.state, service.scoring_uri
    primary, secondary = service.get_keys()
    headers = {"Authorization": f"Bearer {primary}", "Content-Type": "application/octet-stream"}
    answer = requests.post(service.scoring_uri, data=b'{"x": 1}', headers=headers, timeout=60)
    seen["raw"] = [answer.status_code, answer.json()]
    wrong = requests.post(service.scoring_uri, data=b"{}", headers={"Authorization": "Bearer no"}, timeout=60)
    seen["wrong_key"] = wrong.status_code
    seen["run"] = service.run(json.dumps({"y": 2}))
    seen["log_has_init"] = "the model says hello" in service.get_logs()
    seen["swagger"] = requests.get(service.swagger_uri, headers=headers, timeout=60).status_code
    service.regen_key("Primary")
    changed, same = service.get_keys()
    seen["regenerated"] = [changed != primary, same == secondary]
    seen["old_key"] = requests.post(service.scoring_uri, data=b"{}", headers=headers, timeout=60).status_code
    seen["services"] = [(one.name, one.tags) for one in Webservice.list(ws, compute_type="AKS")]

    seen["autoscaler_off"] = service.autoscaler.autoscale_enabled
    service.update(
        autoscale_enabled=True, autoscale_min_replicas=1, autoscale_max_replicas=3, autoscale_target_utilization=60
    )
    service.wait_for_deployment(show_output=True)
    scaler = AksWebservice(ws, "greeter").autoscaler
    seen["autoscaler"] = [
        *(scaler.autoscale_enabled, scaler.min_replicas, scaler.max_replicas, scaler.target_utilization),
        scaler.refresh_period_seconds,
    ]
    seen["autoscaled"] = service.state

    uri = service.scoring_uri
    service.delete()
    try:
        AksWebservice(ws, "greeter")
    except WebserviceException as error:
        seen["service_gone"] = error.message.split(":")[0]
    seen["score_gone"] = requests.post(uri, data=b"{}", headers=headers, timeout=60).status_code
    aks.delete()
    aks.wait_for_completion(show_output=True, is_delete_operation=True)
    try:
        ComputeTarget(ws, "gpu-aks")
    except ComputeTargetException as error:
        seen["cluster_gone"] = error.message.split(":")[0]
    seen["left"] = [target.name for target in ComputeTarget.list(ws)]


if __name__ == "__main__":
    seen: dict[str, object] = {}
    try:
        main(json.load(sys.stdin), seen)
    finally:
        Path(sys.argv[1]).write_text(json.dumps(seen), encoding="utf-8")
