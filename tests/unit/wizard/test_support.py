from __future__ import annotations

import json
import os
import zipfile
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from gpu_assistant.domain.billing import BillableResource, HourlyPrice, ResourceKind, ResourceState
from gpu_assistant.domain.errors import AssistantError
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.workspace import Account, SignInMethod, WorkspaceRef
from gpu_assistant.wizard.state import JobKind, JobView, Phase, Place, Step, WizardState
from gpu_assistant.wizard.support import BundleFile, bundle_name, collect, without_secrets, write_bundle
from gpu_assistant.workflows.site import Site

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)
SUBSCRIPTION = "12345678-aaaa-bbbb-cccc-1234567890ab"
WORKSPACE = WorkspaceRef(SUBSCRIPTION, "rg", "vision", region="eastus", tenant_id="tenant-of-somebody")

# What must never be in a bundle, and how it may come to stand in a log.
PLANTED = {
    "service key": ("q8RtYp2LmN4vXz7BcD1fGh3JkW5sQ9aE", '"primaryKey": "{}"'),
    "service key, escaped": ("z8RtYp2LmN4vXz7BcD1fGh3JkW5sQ9aF", '{{\\"secondaryKey\\": \\"{}\\"}}'),
    "service key without its name": ("Q8rTyP2lMn4VxZ7bCd1FgH3jKw5SqA9e", "retrying with {} now"),
    "bearer token": ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl", "Authorization: Bearer {}"),
    "token without its name": ("eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQi.abc_DEF-123", "got {}"),
    "signature of a blob": ("aB3%2FxYz%2B9kLmNoPqRsTuVw%3D", "https://x.blob.core.windows.net/c/b?sv=2024&sig={}&se=1"),
    "storage key": ("Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq", "AccountKey={};EndpointSuffix=x"),
    "client secret": ("n0T~aReAl.s3cret", "client_secret={}"),
    "api key": ("hunter2hunter2", "x-api-key: {}"),
    "refresh token": ("0.AXoAbcdefGHIJKL-12345", "'refresh_token': '{}'"),
    "password": ("correct-horse", "password: {}"),
    "device code": ("GAQABAAEAAAAmoFfGtYxvRrNriQdPKIZ", "device_code={}"),
    "e-mail": ("somebody@example.com", "signed in as {}"),
}


def the_log(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    lines = [json.dumps({"text": shape.format(value)}) for value, shape in PLANTED.values()]
    file = folder / "gpu-assistant.log"
    file.write_text("\n".join(lines) + "\n")
    return file


def the_state() -> WizardState:
    row = BillableResource(
        ledger_id="one",
        kind=ResourceKind.COMPUTE_TARGET,
        name="gpu-cluster",
        workspace=WORKSPACE,
        state=ResourceState.LIVE,
        created=NOW - timedelta(hours=1),
        azure_id=f"/subscriptions/{SUBSCRIPTION}/x",
        price_per_hour=HourlyPrice(Decimal("0.526"), "USD"),
        scoring_uri="http://20.1.2.3/score",
    )
    error = AssistantError(reason="It failed", log="line 1\nAuthorization: Bearer abcdefghijklmnop\nline 3")
    job = JobView(
        JobKind.DEPLOY, 1, 0.0, Phase.FAILED, log=("key = ABCDEFGHabcdefgh12345678",), error=error, ended_s=9.0
    )
    account = Account("somebody@example.com", "tenant-of-somebody", SignInMethod.BROWSER)
    return WizardState(step=Step.DEPLOY, place=Place(Site(WORKSPACE), account), rows=(row,), jobs={JobKind.DEPLOY: job})


def the_bundle(tmp_path: Path, **more: str) -> dict[str, str]:
    the_log(tmp_path / "logs")
    files = collect(the_state(), logs=tmp_path / "logs", tk_version="8.6.13", now=NOW)
    return {file.name: file.text for file in files}


@pytest.mark.parametrize("what", PLANTED)
def test_nothing_secret_is_in_the_bundle(tmp_path: Path, what: str) -> None:
    value, _ = PLANTED[what]
    everything = "\n".join(the_bundle(tmp_path).values())
    assert value not in everything
    # not a part of it either: one that is cut at a dot or a dash is still a secret
    assert value[: len(value) * 2 // 3] not in everything


def test_a_living_secret_is_blacked_out_whatever_it_looks_like(tmp_path: Path) -> None:
    secret = Secret("plainwordsonly")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "gpu-assistant.log").write_text(f"we said {secret.reveal()} aloud\n")
    files = collect(WizardState(), logs=tmp_path / "logs", tk_version="8.6", now=NOW)
    assert "plainwordsonly" not in "\n".join(file.text for file in files)


def test_crash_reports_and_job_logs_are_cleaned_too(tmp_path: Path) -> None:
    files = collect(the_state(), logs=tmp_path, tk_version="8.6", now=NOW, crashes=("ValueError: sig=AbCdEfGh123456",))
    everything = "\n".join(file.text for file in files)
    for part in ("AbCdEfGh123456", "abcdefghijklmnop", "ABCDEFGHabcdefgh12345678", "somebody@", "tenant-of-somebody"):
        assert part not in everything
    assert "ValueError" in everything


def test_it_tells_what_is_needed_to_understand(tmp_path: Path) -> None:
    bundle = the_bundle(tmp_path)
    assert list(bundle) == ["about.json", "window.json", "ledger.json", "errors.txt", "logs/gpu-assistant.log"]
    about = json.loads(bundle["about.json"])
    assert about["tk"] == "8.6.13"
    assert about["packages"]["pillow"]
    window = json.loads(bundle["window.json"])
    assert (window["page"], window["workspace"]["name"]) == ("deploy", "vision")
    assert window["jobs"][0]["phase"] == "failed"
    (row,) = json.loads(bundle["ledger.json"])
    assert (row["name"], row["state"], row["price_per_hour"]) == ("gpu-cluster", "live", "0.526")
    assert SUBSCRIPTION not in bundle["ledger.json"]
    assert "20.1.2.3" not in bundle["ledger.json"]
    assert "It failed" in bundle["errors.txt"]


@pytest.mark.parametrize(
    "harmless",
    [
        "12345678-aaaa-bbbb-cccc-1234567890ab",
        "d41d8cd98f00b204e9800998ecf8427e",
        "Standard_NC4as_T4_v3",
        "efficientnet-lite0:3",
        "2026-11-22T12:00:00.123+00:00",
        "gpu_assistant.backends.sdk_v1.deployment",
    ],
)
def test_what_helps_is_left(harmless: str) -> None:
    assert harmless in without_secrets(f"text {harmless} text")


def test_the_home_folder_and_with_it_a_name_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/kim")
    assert without_secrets("read /home/kim/pictures/cat.jpg") == "read ~/pictures/cat.jpg"


def test_only_the_end_of_a_long_log_is_taken_and_no_line_is_cut(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    lines = [f'{{"number": {number}, "text": "{"word " * 20}"}}' for number in range(5000)]
    (logs / "gpu-assistant.log").write_text("\n".join(lines) + "\n")
    files = {file.name: file for file in collect(WizardState(), logs=logs, tk_version="8.6", now=NOW)}
    taken = files["logs/gpu-assistant.log"]
    assert 150_000 < taken.size_bytes <= 200_000
    numbers = [json.loads(line)["number"] for line in taken.text.splitlines()]
    assert numbers == list(range(numbers[0], 5000))


def test_of_many_logs_the_newest_are_taken(tmp_path: Path) -> None:
    for day in range(7):
        file = tmp_path / f"gpu-assistant.log.2026-11-1{day}"
        file.write_text(f"day {day}\n")
        os.utime(file, (day, day))
    (tmp_path / "keys.txt").write_text("not a log")
    names = [file.name for file in collect(WizardState(), logs=tmp_path, tk_version="8.6", now=NOW)]
    assert names[4:] == [f"logs/gpu-assistant.log.2026-11-1{day}" for day in (6, 5, 4, 3)]


def test_without_logs_there_is_still_a_report(tmp_path: Path) -> None:
    files = collect(WizardState(), logs=tmp_path / "nothing here", tk_version="8.6", now=NOW)
    assert [file.name for file in files] == ["about.json", "window.json", "ledger.json", "errors.txt"]


def test_the_zip_holds_what_was_shown(tmp_path: Path) -> None:
    target = tmp_path / bundle_name(NOW)
    write_bundle((BundleFile("about.json", "{}"), BundleFile("logs/한국어.log", "배포")), target)
    with zipfile.ZipFile(target) as bundle:
        assert bundle.namelist() == ["about.json", "logs/한국어.log"]
        assert bundle.read("logs/한국어.log").decode() == "배포"
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_a_disk_that_refuses_leaves_nothing_half_done(tmp_path: Path) -> None:
    target = tmp_path / "taken"
    target.mkdir()
    (target / "inside").touch()
    with pytest.raises(OSError, match="taken"):
        write_bundle((BundleFile("a", "b"),), target)
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
