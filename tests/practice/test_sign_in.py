"""Sign-in with the real msal inside the SDK process, over TLS, at the sign-in host that the practice server plays."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from gpu_assistant.backends.remote import RemoteBackend
from gpu_assistant.domain.errors import (
    AssistantError,
    AzureCliMissing,
    Cancelled,
    NotSignedIn,
    SignInFailed,
    SignInTimedOut,
    TokenExpired,
    WrongTenant,
)
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.workspace import SignInMethod, SignInPrompt, WorkspaceRef
from tests.fakes.practice_azure import TENANT, USER, PracticeAzure

PROGRAMS = Path(__file__).resolve().parents[1] / "data" / "programs"


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[PracticeAzure]:
    played = PracticeAzure(tmp_path)
    yield played
    assert played.unknown == []
    played.close()


@pytest.fixture
def key() -> Secret:
    return Secret(Fernet.generate_key().decode())


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "data" / "sign-in.bin"


def with_browser(azure: PracticeAzure, command: str, **config: object) -> RemoteBackend:
    return azure.backend(more_environment={"BROWSER": command}, **config)


def fake_browser(tail: str = "&") -> str:
    return f"{sys.executable} {PROGRAMS / 'fake_browser.py'} %s {tail}".strip()


def with_device_code(backend: RemoteBackend, **options: str) -> list[SignInPrompt]:
    prompts: list[SignInPrompt] = []
    backend.sign_in(SignInMethod.DEVICE_CODE, on_prompt=prompts.append, **options)
    return prompts


# --- the ways to sign in --------------------------------------------------------------------------------------


def test_browser(azure: PracticeAzure) -> None:
    backend = with_browser(azure, fake_browser())
    assert backend.account() is None
    with pytest.raises(NotSignedIn):
        backend.subscriptions()
    prompts: list[SignInPrompt] = []
    account = backend.sign_in(SignInMethod.BROWSER, on_prompt=prompts.append)
    assert (account.username, account.tenant_id, account.method) == (USER, TENANT, SignInMethod.BROWSER)
    [prompt] = prompts
    assert prompt.url.startswith("https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize?")
    assert "code_challenge_method=S256" in prompt.url
    assert prompt.user_code == ""
    [subscription] = backend.subscriptions()
    assert subscription.tenant_id == TENANT
    assert backend.open_workspace(azure.workspace).tenant_id == TENANT


def test_browser_command_that_does_not_return(azure: PracticeAzure, tmp_path: Path) -> None:
    marker = tmp_path / "browser-is-open"
    command = f"{sys.executable} {PROGRAMS / 'lasting_browser.py'} %s {marker}"
    backend = with_browser(azure, command)
    try:
        account = backend.sign_in(SignInMethod.BROWSER)
        assert marker.exists(), "it was still open when the sign-in was done"
        assert account.username == USER
    finally:
        marker.unlink(missing_ok=True)


def test_a_person_without_a_browser_here_opens_the_address_elsewhere(azure: PracticeAzure) -> None:
    elsewhere: list[subprocess.Popen[bytes]] = []

    def open_elsewhere(prompt: SignInPrompt) -> None:
        command = [sys.executable, str(PROGRAMS / "fake_browser.py"), prompt.url]
        elsewhere.append(subprocess.Popen(command, env={**os.environ, **azure.environment}))

    backend = with_browser(azure, "/nonexistent/browser %s")
    assert backend.sign_in(SignInMethod.BROWSER, on_prompt=open_elsewhere).username == USER
    assert elsewhere[0].wait(20) == 0


def test_device_code(azure: PracticeAzure) -> None:
    backend = azure.backend()
    [prompt] = with_device_code(backend)
    assert prompt.user_code
    assert prompt.expires is not None
    assert prompt.url.startswith("https://")
    account = backend.account()
    assert account is not None
    assert (account.username, account.tenant_id, account.method) == (USER, TENANT, SignInMethod.DEVICE_CODE)


def test_ready_token(azure: PracticeAzure) -> None:
    backend = azure.backend(token=Secret(azure.token()))
    account = backend.account()
    assert account is not None
    assert (account.username, account.method) == (USER, SignInMethod.TOKEN)
    assert backend.sign_in(SignInMethod.TOKEN) == account


def test_ready_token_that_is_old(azure: PracticeAzure) -> None:
    backend = azure.backend(token=Secret(azure.token(lifetime_s=-60.0)))
    assert backend.account() is None
    with pytest.raises(TokenExpired):
        backend.subscriptions()


def test_there_is_no_ready_token(azure: PracticeAzure) -> None:
    with pytest.raises(SignInFailed):
        azure.backend().sign_in(SignInMethod.TOKEN)


# --- the Azure CLI --------------------------------------------------------------------------------------------

AZ = """#!{python}
import json, sys
open({log!r}, "a").write(json.dumps(sys.argv[1:]) + chr(10))
sys.stderr.write({stderr!r})
sys.stdout.write({stdout!r})
sys.exit({code})
"""


def with_azure_cli(
    azure: PracticeAzure, folder: Path, *, stdout: str = "", stderr: str = "", code: int = 0
) -> RemoteBackend:
    program = folder / "bin" / "az"
    program.parent.mkdir()
    program.write_text(
        AZ.format(python=sys.executable, log=str(folder / "az.log"), stdout=stdout, stderr=stderr, code=code)
    )
    program.chmod(0o755)
    return azure.backend(more_environment={"PATH": f"{program.parent}:{os.environ['PATH']}"})


def test_azure_cli(azure: PracticeAzure, tmp_path: Path) -> None:
    answer = json.dumps({"accessToken": azure.token(), "tenant": TENANT})
    backend = with_azure_cli(azure, tmp_path, stdout=answer)
    account = backend.sign_in(SignInMethod.AZURE_CLI, tenant_id=TENANT)
    assert (account.username, account.method) == (USER, SignInMethod.AZURE_CLI)
    assert backend.subscriptions()
    asked = json.loads((tmp_path / "az.log").read_text().splitlines()[0])
    assert asked[:4] == ["account", "get-access-token", "--resource", "https://management.core.windows.net/"]
    assert asked[-2:] == ["--tenant", TENANT]


def test_azure_cli_is_not_installed(azure: PracticeAzure, tmp_path: Path) -> None:
    backend = azure.backend(more_environment={"PATH": str(tmp_path)})
    with pytest.raises(AzureCliMissing, match="not installed"):
        backend.sign_in(SignInMethod.AZURE_CLI)


@pytest.mark.parametrize(
    ("stderr", "expected", "says"),
    [
        ("ERROR: Please run 'az login' to setup account.", AzureCliMissing, "Run: az login"),
        ("ERROR: AADSTS50020: User account does not exist in tenant 'x'", WrongTenant, "another directory"),
        ("ERROR: The command failed with an unexpected error", AzureCliMissing, "unexpected error"),
    ],
)
def test_azure_cli_refuses(
    azure: PracticeAzure, tmp_path: Path, stderr: str, expected: type[AssistantError], says: str
) -> None:
    backend = with_azure_cli(azure, tmp_path, stderr=stderr, code=1)
    with pytest.raises(expected, match=says):
        backend.sign_in(SignInMethod.AZURE_CLI)


def test_azure_cli_answers_nonsense(azure: PracticeAzure, tmp_path: Path) -> None:
    backend = with_azure_cli(azure, tmp_path, stdout="{}")
    with pytest.raises(SignInFailed, match="not a token"):
        backend.sign_in(SignInMethod.AZURE_CLI)


# --- what is kept ---------------------------------------------------------------------------------------------


def test_the_encrypted_file_serves_the_next_program_silently(azure: PracticeAzure, cache: Path, key: Secret) -> None:
    first = azure.backend(token_cache=cache, token_cache_key=key)
    with_device_code(first)
    before = first.account()
    first.close()
    sealed = cache.read_bytes()
    assert stat.S_IMODE(cache.stat().st_mode) == 0o600
    for word in (b"refresh_token", b".eyJ", USER.encode(), b"secret"):  # a dot never comes out of Fernet by chance
        assert word not in sealed
    second = azure.backend(token_cache=cache, token_cache_key=key)
    assert second.account() == before
    assert second.subscriptions()
    assert [path.name for path in cache.parent.iterdir()] == [cache.name], "no temporary file is left"


def test_without_a_key_the_sign_in_outlives_the_process_but_not_the_program(azure: PracticeAzure, cache: Path) -> None:
    backend = azure.backend(token_cache=cache)
    with_device_code(backend)
    before = backend.account()
    backend._process.restart()
    assert backend.account() == before
    backend.close()
    assert not cache.exists()
    assert azure.backend(token_cache=cache).account() is None


@pytest.mark.parametrize("damage", ["truncated", "foreign", "empty", "another key"])
def test_a_file_that_cannot_be_read_is_set_aside(azure: PracticeAzure, cache: Path, key: Secret, damage: str) -> None:
    first = azure.backend(token_cache=cache, token_cache_key=key)
    with_device_code(first)
    first.close()
    sealed = cache.read_bytes()
    if damage == "another key":
        key = Secret(Fernet.generate_key().decode())
    else:
        cache.write_bytes(
            {"truncated": sealed[: len(sealed) // 2], "foreign": b'{"AccessToken": {}}', "empty": b""}[damage]
        )
    left = cache.read_bytes()
    second = azure.backend(token_cache=cache, token_cache_key=key)
    assert second.account() is None
    assert not cache.exists()
    assert cache.with_name("sign-in.bin.damaged").read_bytes() == left
    with_device_code(second)
    assert cache.exists()


def test_sign_out_forgets(azure: PracticeAzure, cache: Path, key: Secret) -> None:
    backend = azure.backend(token_cache=cache, token_cache_key=key)
    with_device_code(backend)
    backend.sign_out()
    assert not cache.exists()
    assert backend.account() is None
    backend._process.restart()
    assert backend.account() is None


# --- while working --------------------------------------------------------------------------------------------


def test_a_token_that_expires_in_mid_flight_is_renewed_silently(azure: PracticeAzure) -> None:
    backend = azure.backend()
    with_device_code(backend)
    backend.open_workspace(azure.workspace)
    azure.set(scenario="token-expired")
    for _ in range(20):
        backend.compute_targets()


def test_a_sign_in_that_can_no_longer_be_renewed(azure: PracticeAzure) -> None:
    backend = azure.backend()
    with_device_code(backend)
    backend.open_workspace(azure.workspace)
    azure.set(scenario="token-refused", sign_in="refresh-expired")
    with pytest.raises(TokenExpired):
        backend.compute_targets()
    assert backend.account() is None


def test_the_subscription_belongs_to_another_directory(azure: PracticeAzure) -> None:
    backend = azure.backend()
    with_device_code(backend)
    elsewhere = WorkspaceRef("11111111-2222-3333-4444-555555555555", "rg", "ws")
    with pytest.raises(WrongTenant) as caught:
        backend.open_workspace(elsewhere)
    assert caught.value.facts == {"tenant": TENANT, "subscription": elsewhere.subscription_id}


# --- refusals -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "answer", "expected", "says"),
    [
        (SignInMethod.BROWSER, "deny", SignInFailed, "declined"),
        (SignInMethod.DEVICE_CODE, "deny", SignInFailed, "declined"),
        # In the browser this one is a page of Microsoft's that never comes back: the wait ends after five minutes.
        (SignInMethod.DEVICE_CODE, "wrong-tenant", WrongTenant, "another directory"),
    ],
)
def test_the_person_or_the_directory_refuses(
    azure: PracticeAzure, method: SignInMethod, answer: str, expected: type[AssistantError], says: str
) -> None:
    azure.set(sign_in=answer)
    backend = with_browser(azure, fake_browser())
    with pytest.raises(expected, match=says):
        backend.sign_in(method)
    assert backend.account() is None


def test_the_directory_does_not_exist(azure: PracticeAzure) -> None:
    azure.set(sign_in="tenant-not-found")
    with pytest.raises(SignInFailed, match=r"There is no directory \(tenant\) contoso\.example\."):
        azure.backend().sign_in(SignInMethod.DEVICE_CODE, tenant_id="contoso.example")


def test_the_device_code_expires(azure: PracticeAzure) -> None:
    azure.set(sign_in="code-expired")
    with pytest.raises(SignInTimedOut):
        with_device_code(azure.backend())


def test_cancel_does_not_wait_for_the_person(azure: PracticeAzure) -> None:
    azure.set(sign_in="never-answer")
    backend = azure.backend()
    cancel = threading.Event()
    with pytest.raises(Cancelled, match="Signing in was stopped"):
        backend.bound_to(cancel).sign_in(SignInMethod.DEVICE_CODE, on_prompt=lambda prompt: cancel.set())
    assert backend.account() is None
