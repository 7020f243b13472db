"""Deployed services: Microsoft's inference server in processes of its own, that start, crash and end as they should."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gpu_assistant.practice.front.http import Request, Response
from gpu_assistant.practice.replicas import pool as inference
from gpu_assistant.practice.replicas.pool import InferencePool
from gpu_assistant.practice.replicas.replica import ReplicaSpec, ReplicaStatus

ENTRY_SCRIPTS = Path(__file__).resolve().parents[1] / "data" / "entry_scripts"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="process groups and /proc are POSIX")


def wait_until(condition: Callable[[], bool], *, timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.02)


def settle(pool: InferencePool, service: str = "svc") -> ReplicaStatus:
    wait_until(lambda: pool.state(service).status is not ReplicaStatus.STARTING)
    return pool.state(service).status


def score(body: bytes = b'{"do": "report"}', *, service: str = "svc", **headers: str) -> Request:
    all_headers = {"content-type": "application/json", **headers}
    return Request("POST", "127.0.0.1", f"/api/v1/service/{service}/score", headers=all_headers, body=body)


def processes_below(pid: int) -> set[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {pid, *(found for child in children for found in processes_below(int(child)))}


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except FileNotFoundError:
        return False


def processes_of(folder: Path) -> set[int]:
    """Processes of this test's replicas, found by the home folder in their environment."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"HOME={folder}".encode() in (entry / "environ").read_bytes():
                found.add(int(entry.name))
        except OSError:
            pass  # ended in the meantime
    return found - {os.getpid()}


def listening_addresses(port: int) -> list[str]:
    """The local addresses, as the kernel writes them, on which somebody listens on this port."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            address, _, hex_port = line.split()[1].partition(":")
            if int(hex_port, 16) == port and line.split()[3] == "0A":
                found.append(address)
    return found


@pytest.fixture
def spec(tmp_path: Path) -> ReplicaSpec:
    model = tmp_path / "store" / "resnet50"
    model.mkdir(parents=True)
    (model / "weights.txt").write_text("weights")
    return ReplicaSpec(
        service="svc",
        source_dir=ENTRY_SCRIPTS,
        entry_script="src/report.py",
        models={"resnet50:1": model},
        environment={"EXAMPLE": "from the deployment", "AZUREML_SOURCE_DIRECTORY": "src"},
        replicas=1,
        work_dir=tmp_path / "work",
    )


@pytest.fixture
def pool() -> Iterator[InferencePool]:
    running = InferencePool()
    yield running
    running.stop_all()


def report(pool: InferencePool) -> dict[str, object]:
    answer = pool.forward("svc", score())
    assert answer.status == 200, answer.body
    return dict(json.loads(answer.body))


def test_a_service_runs_the_uploaded_script_with_its_model_and_variables(
    pool: InferencePool, spec: ReplicaSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "not for the script")
    pool.start(spec)
    assert settle(pool) is ReplicaStatus.HEALTHY, pool.log("svc", 100)
    seen = report(pool)
    environment = seen["environment"]
    assert isinstance(environment, dict)
    assert seen["model_files"] == ["weights.txt"]
    assert environment["AZUREML_MODEL_DIR"].endswith("/svc/azureml-models/resnet50/1")
    assert environment["EXAMPLE"] == "from the deployment"
    assert seen["cwd"] == str(ENTRY_SCRIPTS)
    assert seen["helper"] == "imported from the source directory"
    assert not {"HTTPS_PROXY", "AZURE_CLIENT_SECRET"} & environment.keys()
    assert environment["HOME"] != os.environ["HOME"]
    assert not seen["can_import_this_checkout"]
    assert "init was here" in pool.log("svc", 100)
    assert pool.log("svc", 1).count("\n") == 1


def test_several_models_share_one_root(pool: InferencePool, spec: ReplicaSpec, tmp_path: Path) -> None:
    second = tmp_path / "store" / "labels"
    second.mkdir()
    pool.start(replace(spec, models={**spec.models, "labels:3": second}))
    assert settle(pool) is ReplicaStatus.HEALTHY
    assert report(pool)["model_files"] == ["labels", "resnet50"]


def test_two_replicas_at_most_take_turns_on_the_loopback_interface_only(pool: InferencePool, spec: ReplicaSpec) -> None:
    pool.start(replace(spec, replicas=5))
    assert settle(pool) is ReplicaStatus.HEALTHY
    reports = [report(pool) for _ in range(4)]
    assert len({seen["pid"] for seen in reports}) == 2
    assert reports[0]["pid"] == reports[2]["pid"]
    for port in {seen["port"] for seen in reports}:
        assert listening_addresses(int(str(port))) == ["0100007F"]  # 127.0.0.1
    assert "==> replica 2 of 2 <==" in pool.log("svc", 50)


def test_gunicorn_settings_of_the_deployment_are_heeded(pool: InferencePool, spec: ReplicaSpec) -> None:
    settings = {"GUNICORN_CMD_ARGS": "--worker-class gthread --threads 4", "WORKER_COUNT": "2", "WORKER_TIMEOUT": "77"}
    pool.start(replace(spec, environment={**spec.environment, **settings}))
    assert settle(pool) is ReplicaStatus.HEALTHY
    log = pool.log("svc", 200)
    assert "Using worker: gthread" in log
    assert log.count("Booting worker") == 2
    assert "Worker Timeout (seconds): 77" in log


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        ("src/init_raises.py", "FileNotFoundError: the weights are not where they should be"),
        ("src/import_fails.py", "ModuleNotFoundError: No module named 'a_package_nobody_installed'"),
        ("src/no_run.py", ""),
        ("src/missing.py", "FileNotFoundError: [Errno 2] No such file or directory"),
        ("src/init_exits.py", "SystemExit: 1"),
    ],
)
def test_a_crash_at_start_is_noticed_and_explained(
    pool: InferencePool, spec: ReplicaSpec, script: str, cause: str
) -> None:
    pool.start(replace(spec, entry_script=script))
    assert settle(pool) is ReplicaStatus.CRASHED
    assert pool.state("svc").detail.startswith(cause)
    assert cause in pool.log("svc", 500)
    assert pool.forward("svc", score()).status == 503


def test_answers_are_those_of_the_front_end_of_aks(
    pool: InferencePool, spec: ReplicaSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pool.forward("svc", score()).status == 503
    assert pool.state("svc").status is ReplicaStatus.ABSENT
    pool.start(replace(spec, scoring_timeout_ms=1000))
    assert settle(pool) is ReplicaStatus.HEALTHY

    def status(do: str) -> int:
        return pool.forward("svc", score(json.dumps({"do": do}).encode())).status

    assert status("raise") == 502
    assert status("teapot") == 418
    assert status("sleep") == 504
    health = pool.forward("svc", Request("GET", "127.0.0.1", "/api/v1/service/svc/"))
    assert (health.status, health.body) == (200, b"Healthy")
    monkeypatch.setattr(inference, "MAX_BODY_BYTES", 100)
    assert pool.forward("svc", score(b" " * 101)).status == 413


def test_a_replica_gets_no_more_requests_at_a_time_than_the_deployment_allows(
    pool: InferencePool, spec: ReplicaSpec
) -> None:
    gthread = {**spec.environment, "GUNICORN_CMD_ARGS": "--worker-class gthread --threads 8"}
    pool.start(replace(spec, environment=gthread, concurrent_requests=2, queue_wait_ms=100, scoring_timeout_ms=2000))
    assert settle(pool) is ReplicaStatus.HEALTHY
    statuses: list[int] = []
    sleepers = [
        threading.Thread(target=lambda: statuses.append(pool.forward("svc", score(b'{"do": "sleep"}')).status))
        for _ in range(3)
    ]
    for sleeper in sleepers:
        sleeper.start()
    for sleeper in sleepers:
        sleeper.join()
    assert sorted(statuses) == [503, 504, 504]
    assert "pid" in report(pool)  # the places of those who gave up are free again


def test_a_dying_worker_is_a_502_and_is_replaced(pool: InferencePool, spec: ReplicaSpec) -> None:
    pool.start(spec)
    assert settle(pool) is ReplicaStatus.HEALTHY
    assert pool.forward("svc", score(b'{"do": "die"}')).status == 502
    assert "pid" in report(pool)


def test_the_key_does_not_reach_the_script(pool: InferencePool, spec: ReplicaSpec) -> None:
    pool.start(spec)
    assert settle(pool) is ReplicaStatus.HEALTHY
    answer = pool.forward("svc", score(b'{"do": "headers"}', authorization="Bearer SERVICEKEY", accept="x/y"))
    assert b"x/y" in answer.body
    assert b"SERVICEKEY" not in answer.body
    assert "SERVICEKEY" not in pool.log("svc", 500)


def test_stop_returns_when_every_process_has_ended(pool: InferencePool, spec: ReplicaSpec, tmp_path: Path) -> None:
    pool.start(spec)
    assert settle(pool) is ReplicaStatus.HEALTHY
    assert pool.forward("svc", score(b'{"do": "daemonize"}')).status == 200
    running = processes_of(tmp_path)
    assert len(running) >= 4  # guard, master, worker, and the daemon in a session of its own
    pool.stop("svc")
    assert not [pid for pid in running if is_running(pid)]
    assert pool.state("svc").status is ReplicaStatus.ABSENT
    assert not spec.folder.exists()
    assert (tmp_path / "store" / "resnet50" / "weights.txt").exists()
    pool.stop("svc")


def test_stop_while_init_is_still_running(pool: InferencePool, spec: ReplicaSpec, tmp_path: Path) -> None:
    pool.start(replace(spec, entry_script="src/init_hangs.py"))
    wait_until(lambda: "init hangs now" in pool.log("svc", 100))
    pool.stop("svc")
    assert not processes_of(tmp_path)


def test_a_second_start_takes_the_place_of_the_first(pool: InferencePool, spec: ReplicaSpec) -> None:
    pool.start(spec)
    settle(pool)
    first = report(pool)["pid"]
    threads = [threading.Thread(target=pool.start, args=(spec,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert settle(pool) is ReplicaStatus.HEALTHY
    assert report(pool)["pid"] != first
    assert not is_running(int(str(first)))
    assert pool.services == ("svc",)


SERVER = """
    import json, sys, time
    from pathlib import Path
    from gpu_assistant.practice.replicas.pool import InferencePool
    from gpu_assistant.practice.replicas.replica import ReplicaSpec, ReplicaStatus
    ENVIRONMENT = {"WORKER_COUNT": "2", "AZUREML_SOURCE_DIRECTORY": "src"}
    pool = InferencePool()
    pool.start(ReplicaSpec("svc", Path(sys.argv[1]), "src/report.py", {}, ENVIRONMENT, 2, Path(sys.argv[2])))
    while pool.state("svc").status is ReplicaStatus.STARTING:
        time.sleep(0.02)
    print(pool.state("svc").status.value, flush=True)
    time.sleep(600)
"""


@contextlib.contextmanager
def killed_at_the_end(process: subprocess.Popen[str]) -> Iterator[None]:
    try:
        yield
    finally:
        process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("victims", ["server", "guards", "server and guards"])
def test_nothing_outlives_a_sigkill(tmp_path: Path, victims: str) -> None:
    program = [sys.executable, "-c", textwrap.dedent(SERVER), str(ENTRY_SCRIPTS), str(tmp_path / "work")]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as server, killed_at_the_end(server):
        assert server.stdout is not None
        assert server.stdout.readline() == "healthy\n"
        guards = processes_below(server.pid) - {server.pid}
        guards = {pid for pid in guards if b"replicas.guard" in Path(f"/proc/{pid}/cmdline").read_bytes()}
        below = processes_below(server.pid) - {server.pid}
        assert len(guards) == 2
        assert len(below) >= 8  # two of each: guard, master, worker, worker; now and then a passing helper
        if "guards" in victims:
            for pid in guards:
                os.kill(pid, signal.SIGKILL)
        if "server" in victims:
            server.kill()
        wait_until(lambda: not [pid for pid in below if is_running(pid)], timeout_s=10)


def test_a_health_answer_is_a_response() -> None:
    """`forward` keeps to the contract of the route modules."""
    assert isinstance(InferencePool().forward("nobody", score(service="nobody")), Response)
