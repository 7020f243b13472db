"""A real Secret Service: keys land there at deploy, serve a later command, and are gone after clean-up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpu_assistant import paths
from tests.conftest import CommandLine
from tests.secret_service import SecretService


@pytest.fixture
def secret_service(tmp_path: Path) -> Iterator[SecretService]:
    service = SecretService(tmp_path / "keyring")
    service.start()
    yield service
    service.close()


def _environment(service: SecretService) -> dict[str, str]:
    """The cache of the sample model stays where it is, whatever HOME says."""
    return {"GPU_ASSISTANT_CACHE_DIR": str(paths.user_folders().cache), **service.environment}


def test_keys_live_in_the_keyring_from_deploy_to_clean_up(
    secret_service: SecretService, gpu_assistant: CommandLine
) -> None:
    gpu_assistant.environment = _environment(secret_service)
    deploy = gpu_assistant(
        *("deploy", "--practice", "--speed", "max", "--model", "efficientnet-lite0"),
        *("--vm-size", "Standard_NC4as_T4_v3"),
    )
    assert "keyring" not in deploy.err
    (entry,) = secret_service.entries()
    assert entry.startswith("practice-")
    assert entry.endswith("/services/efficientnet-lite0")

    # Scoring with the stored key needs no SDK process: the log of the command does not mention one.
    log = gpu_assistant.data_dir / "logs" / "gpu-assistant.log"
    os.truncate(log, 0)
    assert "espresso" in gpu_assistant("score", "--practice", "coffee.jpg").out
    assert "gpu_assistant.sdk" not in log.read_text(encoding="utf-8")

    gpu_assistant("clean-up", "--practice", "--yes")
    assert secret_service.entries() == {}


def test_a_sign_in_is_remembered_under_a_key_in_the_keyring(
    secret_service: SecretService, real: CommandLine, gpu_assistant: CommandLine
) -> None:
    proxy = {name: real.environment[name] for name in ("HTTPS_PROXY", "REQUESTS_CA_BUNDLE", "NO_PROXY")}
    real.environment = {**_environment(secret_service), **proxy}
    assert real("status", "--json").json["verified"] is False

    signed_in = real("sign-in", "--sign-in", "device-code")
    assert "Signed in as student@" in signed_in.out
    assert "lasts for this command only" not in signed_in.err
    (entry,) = secret_service.entries()
    assert entry == "sign-in cache key"
    cache = real.data_dir / "sign-in.bin"
    assert b".eyJ" not in cache.read_bytes()  # a dot never comes out of Fernet by chance
    assert cache.stat().st_mode & 0o077 == 0

    assert real("status", "--json").json == {"resources": [], "per_hour": 0.0, "so_far": 0.0, "verified": True}

    real("sign-out")
    assert real("status", "--json").json["verified"] is False
