"""The played sign-in host, used by an unmodified `msal` through the proxy and over TLS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import msal
import pytest
import requests

from gpu_assistant.practice.constants import SIGN_IN_HOST, TENANT_DOMAIN, TENANT_ID, USER_PRINCIPAL_NAME
from gpu_assistant.practice.front import tokens
from gpu_assistant.practice.front.authority import Authority, load_key
from gpu_assistant.practice.front.dispatch import Dispatcher
from gpu_assistant.practice.front.http import Router
from gpu_assistant.practice.front.listener import PracticeListener
from gpu_assistant.practice.front.tokens import TokenIssuer
from gpu_assistant.practice.sign_in.host import SignInHost
from gpu_assistant.practice.sign_in.policy import LoginPolicy, SignInAnswer

CLIENT_ID = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"  # the Azure CLI's public client, as azure-identity uses it
SCOPES = ["https://management.core.windows.net//.default"]
PROGRAMS = Path(__file__).resolve().parents[1] / "data" / "programs"


class SignIn:
    """The sign-in host behind a listener, and clients of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.policy = LoginPolicy()
        self.authority = Authority(folder)
        self.router = Router()
        SignInHost(TokenIssuer(load_key(folder)), self.policy).add_routes(self.router)
        self.dispatcher = Dispatcher(self.router, lambda token: None)
        self.listener = PracticeListener(self.dispatcher, self.authority)
        self.listener.start()
        self.proxies = {"https": f"http://127.0.0.1:{self.listener.port}"}
        self.sessions: list[requests.Session] = []

    def close(self) -> None:
        for session in self.sessions:
            session.close()
        self.listener.stop()

    def client(self, tenant: str = "organizations", **options: Any) -> msal.PublicClientApplication:
        return msal.PublicClientApplication(
            CLIENT_ID, authority=f"https://{SIGN_IN_HOST}/{tenant}", http_client=self.session(), **options
        )

    def session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.proxies = self.proxies
        session.verify = str(self.authority.ca_bundle)
        self.sessions.append(session)
        return session

    def run_program(self, name: str, *arguments: str) -> dict[str, Any]:
        environment = {
            **{key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")},
            "HTTPS_PROXY": self.proxies["https"],
            "REQUESTS_CA_BUNDLE": str(self.authority.ca_bundle),
            "NO_PROXY": "127.0.0.1,localhost",
            "BROWSER": f"{sys.executable} {PROGRAMS / 'fake_browser.py'} %s &",
        }
        command = [sys.executable, str(PROGRAMS / name), *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture
def sign_in(tmp_path: Path) -> Iterator[SignIn]:
    served = SignIn(tmp_path / "practice")
    yield served
    assert served.dispatcher.unknown == ()
    assert served.listener.refused == {}
    served.close()


def check_tokens(sign_in: SignIn, answer: dict[str, Any]) -> None:
    assert "error" not in answer, answer
    claims = tokens.verify(sign_in.folder, answer["access_token"])
    assert claims["aud"] == "https://management.core.windows.net/"
    assert (claims["tid"], claims["upn"]) == (TENANT_ID, USER_PRINCIPAL_NAME)


def device_flow(sign_in: SignIn, client: msal.PublicClientApplication) -> dict[str, Any]:
    flow = client.initiate_device_flow(scopes=SCOPES)
    assert flow["user_code"] in flow["message"]
    return dict(client.acquire_token_by_device_flow(flow))


def test_device_code_silent_and_refresh(sign_in: SignIn) -> None:
    cache = msal.SerializableTokenCache()
    client = sign_in.client(token_cache=cache)
    answer = device_flow(sign_in, client)
    check_tokens(sign_in, answer)
    assert answer["id_token_claims"]["preferred_username"] == USER_PRINCIPAL_NAME

    [account] = client.get_accounts()
    assert account["username"] == USER_PRINCIPAL_NAME
    assert account["home_account_id"].endswith(f".{TENANT_ID}")
    silent = client.acquire_token_silent(SCOPES, account)
    assert silent["access_token"] == answer["access_token"]
    assert silent["token_source"] == "cache"
    renewed = client.acquire_token_silent(SCOPES, account, force_refresh=True)
    assert renewed["token_source"] == "identity_provider"
    check_tokens(sign_in, renewed)

    # A new program with the kept cache, after the practice server was restarted: codes are gone, tokens are not.
    restarted = SignIn(sign_in.folder)
    later = restarted.client(token_cache=cache)
    check_tokens(sign_in, later.acquire_token_silent(SCOPES, account, force_refresh=True))
    restarted.close()


def test_the_device_code_waits_for_the_person_once(sign_in: SignIn) -> None:
    session = sign_in.session()
    base = f"https://{SIGN_IN_HOST}/common/oauth2/v2.0"
    code = session.post(f"{base}/devicecode", data={"client_id": CLIENT_ID, "scope": SCOPES[0]}).json()["device_code"]
    form = {
        "client_id": CLIENT_ID,
        "device_code": code,
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
    }
    first, second, third = (session.post(f"{base}/token", data=form) for _ in range(3))
    assert (first.status_code, first.json()["error"]) == (400, "authorization_pending")
    check_tokens(sign_in, second.json())
    assert third.json()["error"] == "expired_token"


@pytest.mark.parametrize("tenant", ["organizations", "common", TENANT_ID, TENANT_DOMAIN])
def test_a_browser_sign_in(sign_in: SignIn, tenant: str) -> None:
    answer = sign_in.run_program("interactive_sign_in.py", tenant, CLIENT_ID, SCOPES[0])
    check_tokens(sign_in, answer)


def test_a_browser_sign_in_that_is_declined(sign_in: SignIn) -> None:
    sign_in.policy.set("deny")
    answer = sign_in.run_program("interactive_sign_in.py", "organizations", CLIENT_ID, SCOPES[0])
    assert answer["error"] == "access_denied"
    assert "AADSTS65004" in answer["error_description"]


@pytest.mark.parametrize(
    ("policy", "error", "number"),
    [
        (SignInAnswer.DENY, "authorization_declined", "AADSTS70017"),
        (SignInAnswer.CODE_EXPIRED, "expired_token", "AADSTS70020"),
        (SignInAnswer.WRONG_TENANT, "invalid_grant", "AADSTS50020"),
    ],
)
def test_a_device_sign_in_that_fails_says_why(sign_in: SignIn, policy: SignInAnswer, error: str, number: str) -> None:
    sign_in.policy.answer = policy
    answer = device_flow(sign_in, sign_in.client())
    assert answer["error"] == error
    assert number in answer["error_description"]
    assert "access_token" not in answer


def test_nobody_answers_a_device_code(sign_in: SignIn) -> None:
    sign_in.policy.answer = SignInAnswer.NEVER_ANSWER
    client = sign_in.client()
    flow = client.initiate_device_flow(scopes=SCOPES)
    asked: list[int] = []

    def give_up(_: object) -> bool:
        asked.append(1)
        return len(asked) > 1

    answer = client.acquire_token_by_device_flow(flow, exit_condition=give_up)
    assert answer["error"] == "authorization_pending"


def test_a_tenant_that_does_not_exist(sign_in: SignIn) -> None:
    unknown = "11111111-2222-3333-4444-555555555555"
    with pytest.raises(ValueError, match="Unable to get authority configuration"):  # msal's own words
        sign_in.client(tenant=unknown)
    answer = sign_in.session().get(f"https://{SIGN_IN_HOST}/{unknown}/v2.0/.well-known/openid-configuration")
    assert answer.status_code == 400
    assert answer.json()["error_description"].startswith(f"AADSTS90002: Tenant '{unknown}' not found.")
    sign_in.policy.answer = SignInAnswer.TENANT_NOT_FOUND
    with pytest.raises(ValueError, match="Unable to get authority configuration"):
        sign_in.client(tenant=TENANT_ID)


def test_a_refresh_that_is_no_longer_good(sign_in: SignIn) -> None:
    client = sign_in.client()
    check_tokens(sign_in, device_flow(sign_in, client))
    sign_in.policy.answer = SignInAnswer.REFRESH_EXPIRED
    [account] = client.get_accounts()
    answer = client.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)
    assert answer["error"] == "invalid_grant"
    assert "AADSTS700082" in answer["error_description"]


def test_a_service_principal_and_one_without_its_secret(sign_in: SignIn) -> None:
    application = msal.ConfidentialClientApplication(
        "11111111-0000-0000-0000-000000000000",
        client_credential="any secret will do in practice",
        authority=f"https://{SIGN_IN_HOST}/{TENANT_ID}",
        http_client=sign_in.session(),
    )
    answer = application.acquire_token_for_client(SCOPES)
    assert tokens.verify(sign_in.folder, answer["access_token"])["sub"] == "11111111-0000-0000-0000-000000000000"
    assert "id_token" not in answer
    refused = sign_in.session().post(
        f"https://{SIGN_IN_HOST}/{TENANT_ID}/oauth2/v2.0/token",
        data={"client_id": "x", "grant_type": "client_credentials", "scope": SCOPES[0]},
    )
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


def test_a_code_is_good_once_for_its_own_client_and_verifier(sign_in: SignIn) -> None:
    session = sign_in.session()
    base = f"https://{SIGN_IN_HOST}/{TENANT_ID}/oauth2/v2.0"

    def new_code() -> str:
        query = {
            "client_id": CLIENT_ID,
            "redirect_uri": "http://localhost:8400",
            "response_type": "code",
            "state": "a&b",
            "scope": SCOPES[0],
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",  # RFC 7636, appendix B
            "code_challenge_method": "S256",
        }
        sent_back = session.get(f"{base}/authorize", params=query, allow_redirects=False)
        location = sent_back.headers["Location"]
        assert location.startswith("http://localhost:8400?code=")
        assert location.endswith("&state=a%26b")
        return location.split("code=")[1].split("&")[0]

    def redeem(code: str, **changes: str) -> requests.Response:
        form = {
            "client_id": CLIENT_ID,
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": "http://localhost:8400",
            "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        }
        return session.post(f"{base}/token", data={**form, **changes})

    good = new_code()
    assert redeem(good).status_code == 200
    assert redeem(good).json()["error"] == "invalid_grant"
    for changes in ({"code_verifier": "wrong"}, {"client_id": "another"}, {"redirect_uri": "http://localhost:1"}):
        assert redeem(new_code(), **changes).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "query",
    [
        {"client_id": CLIENT_ID, "redirect_uri": "https://evil.example.com/"},
        {"client_id": CLIENT_ID},
        {"redirect_uri": "http://localhost:1"},
        {"client_id": CLIENT_ID, "redirect_uri": "http://localhost:1", "code_challenge_method": "plain"},
    ],
    ids=["foreign redirect", "no redirect", "no client", "plain PKCE"],
)
def test_a_bad_authorize_request_is_not_sent_anywhere(sign_in: SignIn, query: dict[str, str]) -> None:
    answer = sign_in.session().get(
        f"https://{SIGN_IN_HOST}/common/oauth2/v2.0/authorize", params=query, allow_redirects=False
    )
    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"a=1&" * 300, b"grant_type=password&client_id=x"])
def test_a_bad_token_request_is_a_400(sign_in: SignIn, body: bytes) -> None:
    answer = sign_in.session().post(f"https://{SIGN_IN_HOST}/common/oauth2/v2.0/token", data=body)
    assert answer.status_code == 400
    assert answer.json()["error_description"].startswith("AADSTS")


def test_the_published_key_verifies_the_id_token(sign_in: SignIn) -> None:
    answer = device_flow(sign_in, sign_in.client())
    keys = sign_in.session().get(f"https://{SIGN_IN_HOST}/common/discovery/v2.0/keys").json()
    key = jwt.PyJWKSet.from_dict(keys)["practice"]
    claims = jwt.decode(answer["id_token"], key, algorithms=["ES256"], audience=CLIENT_ID)
    assert claims["tid"] == TENANT_ID
