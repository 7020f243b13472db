"""A real Secret Service: keys land there at deploy, serve a later command, and are gone after clean-up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import CommandLine, clean_environment

_LIST = """
import json, secretstorage
from contextlib import closing
with closing(secretstorage.dbus_init()) as bus:
    items = secretstorage.get_default_collection(bus).search_items({"service": "gpu-assistant"})
    print(json.dumps(sorted(item.get_attributes()["username"] for item in items)))
"""


class SecretService:
    """gnome-keyring on a D-Bus session of its own, unlocked, with an empty home."""

    def __init__(self, home: Path) -> None:
        self.environment = {**clean_environment(), "HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
        self.environment.pop("PYTHON_KEYRING_BACKEND")
        # The cache of the sample model stays where it is, whatever HOME says.
        self.environment.setdefault("GPU_ASSISTANT_CACHE_DIR", str(Path.home() / ".cache" / "gpu-assistant"))
        self._bus = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--print-address"],
            stdout=subprocess.PIPE,
            text=True,
            env=self.environment,
        )
        assert self._bus.stdout is not None
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = self._bus.stdout.readline().strip()
        self._daemon = subprocess.Popen(
            ["gnome-keyring-daemon", "--unlock", "--foreground", "--components=secrets"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.environment,
        )
        assert self._daemon.stdin is not None
        self._daemon.stdin.write(b"a password for the test")
        self._daemon.stdin.close()

    def entries(self) -> list[str]:
        """The names under which this program keeps something."""
        done = subprocess.run(
            [sys.executable, "-c", _LIST], env=self.environment, capture_output=True, text=True, timeout=30
        )
        assert done.returncode == 0, done.stderr
        names: list[str] = json.loads(done.stdout)
        return names

    def close(self) -> None:
        for process in (self._daemon, self._bus):
            process.terminate()
            process.wait(timeout=10)
        if self._bus.stdout is not None:
            self._bus.stdout.close()


@pytest.fixture
def secret_service(tmp_path: Path) -> Iterator[SecretService]:
    service = SecretService(tmp_path)
    yield service
    service.close()


def test_keys_live_in_the_keyring_from_deploy_to_clean_up(
    secret_service: SecretService, gpu_assistant: CommandLine
) -> None:
    gpu_assistant.environment = secret_service.environment
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
    assert secret_service.entries() == []


def test_a_sign_in_is_remembered_under_a_key_in_the_keyring(
    secret_service: SecretService, real: CommandLine, gpu_assistant: CommandLine
) -> None:
    proxy = {name: real.environment[name] for name in ("HTTPS_PROXY", "REQUESTS_CA_BUNDLE", "NO_PROXY")}
    real.environment = {**secret_service.environment, **proxy}
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
