from __future__ import annotations

import base64
import json
from pathlib import Path

import jwt
import pytest

from gpu_assistant.practice.constants import TENANT_ID
from gpu_assistant.practice.front import tokens
from gpu_assistant.practice.front.authority import Authority, load_key
from gpu_assistant.practice.front.tokens import TokenIssuer, TokenRejectedError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Authority(tmp_path)
    return tmp_path


def rejection(folder: Path, token: str) -> str:
    with pytest.raises(TokenRejectedError) as caught:
        tokens.verify(folder, token)
    assert token not in str(caught.value)
    return caught.value.code


def test_a_token_has_what_the_sdk_reads_without_a_key(folder: Path) -> None:
    claims = jwt.decode(tokens.mint(folder), options={"verify_signature": False})
    assert isinstance(claims["exp"], int)
    assert claims["tid"] == TENANT_ID
    assert claims["upn"].endswith("@practice.onmicrosoft.com")


@pytest.mark.parametrize(
    "audience",
    [
        "https://management.core.windows.net/",
        "https://management.core.windows.net",
        "https://management.azure.com",
        "https://management.azure.com/",
    ],
)
def test_audiences_of_the_resource_manager_are_accepted(folder: Path, audience: str) -> None:
    assert tokens.verify(folder, tokens.mint(folder, audience=audience))["aud"] == audience


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"lifetime_s": -60}, "ExpiredAuthenticationToken"),
        ({"audience": "https://graph.microsoft.com"}, "InvalidAuthenticationTokenAudience"),
        ({"audience": ""}, "InvalidAuthenticationTokenAudience"),
    ],
)
def test_tokens_that_are_not_good(folder: Path, options: dict[str, object], code: str) -> None:
    assert rejection(folder, tokens.mint(folder, **options)) == code  # type: ignore[arg-type]


def test_forged_tokens(folder: Path, tmp_path: Path) -> None:
    Authority(tmp_path / "other")
    good = tokens.mint(folder)
    header, payload, signature = good.split(".")
    richer = base64.urlsafe_b64decode(payload + "==").replace(b"student", b"admini0")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    public_key = (folder / "ca.pem").read_bytes()
    forgeries = {
        "of another folder": tokens.mint(tmp_path / "other"),
        "unsigned": jwt.encode(claims, None, algorithm="none"),
        "signed with a guess": jwt.encode(claims, "x" * 32, algorithm="HS256"),
        "signed with what is public": jwt.encode(claims, public_key[:64].hex(), algorithm="HS256"),
        "by the certificate's own key": jwt.encode(claims, load_key(folder), algorithm="ES256"),
        "changed": ".".join([header, base64.urlsafe_b64encode(richer).decode().rstrip("="), signature]),
        "cut": good[:-10],
        "empty": "",
        "not a token": "Bearer",
        "no expiry": TokenIssuer(load_key(folder)).sign({"aud": claims["aud"], "tid": "t"}),
    }
    for name, forged in forgeries.items():
        with pytest.raises(TokenRejectedError):
            tokens.verify(folder, forged)
        assert name


def test_secrets_differ_by_purpose_and_folder_and_are_stable(folder: Path, tmp_path: Path) -> None:
    Authority(tmp_path / "other")
    first = tokens.derive_secret(folder, "service keys")
    assert len(first) == 32
    assert tokens.derive_secret(folder, "service keys") == first
    assert tokens.derive_secret(folder, "signatures") != first
    assert tokens.derive_secret(tmp_path / "other", "service keys") != first


def test_a_folder_that_no_server_ever_used(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        tokens.mint(tmp_path)
