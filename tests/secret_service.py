"""A real Secret Service for tests: gnome-keyring on a D-Bus session of its own, with an empty home."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import clean_environment

APT_PACKAGES = "gnome-keyring gcr dbus"
PASSWORD = "a password for the test"
_WITHIN_S = 20.0

_PROMPTER = "/usr/libexec/gcr-prompter"
_PROMPTER_SERVICE = f"[D-BUS Service]\nName=org.gnome.keyring.SystemPrompter\nExec={_PROMPTER}\n"
_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={folder}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{folder}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""

_ENTRIES = """
import json, secretstorage
from contextlib import closing
with closing(secretstorage.dbus_init()) as bus:
    items = secretstorage.get_default_collection(bus).search_items({"service": "gpu-assistant"})
    print(json.dumps({item.get_attributes()["username"]: item.get_secret().decode() for item in items}))
"""
_LOCK = """
import secretstorage
from contextlib import closing
with closing(secretstorage.dbus_init()) as bus:
    secretstorage.get_default_collection(bus).lock()
"""
_IS_THERE = """
import secretstorage
from contextlib import closing
with closing(secretstorage.dbus_init()) as bus:
    assert not secretstorage.get_default_collection(bus).is_locked()
"""


class SecretService:
    """A D-Bus session on which nothing is started by itself but, with a `display`, the window that asks for a password.

    `start()` brings the keyring, unlocked. `home` becomes HOME of the daemon and is where its files lie.
    """

    def __init__(self, home: Path, *, display: str = "") -> None:
        missing = [name for name in ("dbus-daemon", "gnome-keyring-daemon") if shutil.which(name) is None]
        assert not missing, f"missing {', '.join(missing)}: apt-get install --no-install-recommends {APT_PACKAGES}"
        self.home = home
        self._daemon: subprocess.Popen[bytes] | None = None
        bus = home / "bus"
        bus.mkdir(parents=True)
        (bus / "bus.conf").write_text(_BUS.format(folder=bus), encoding="utf-8")
        own = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "XDG_DATA_HOME": str(home / "share")}
        if display:
            assert Path(_PROMPTER).exists(), f"missing {_PROMPTER}: apt-get install {APT_PACKAGES}"
            (bus / "prompter.service").write_text(_PROMPTER_SERVICE, encoding="utf-8")
            own |= {"DISPLAY": display, "GTK_THEME": "Adwaita", "NO_AT_BRIDGE": "1", "GSETTINGS_BACKEND": "memory"}
        self._environment = {**clean_environment(), **own}
        self._environment.pop("PYTHON_KEYRING_BACKEND")
        self._bus = subprocess.Popen(
            ["dbus-daemon", f"--config-file={bus / 'bus.conf'}", "--nofork", "--print-address"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=self._environment,
        )
        assert self._bus.stdout is not None
        self.address = self._bus.stdout.readline().strip()
        assert self.address, "the D-Bus session has not started"
        self._environment["DBUS_SESSION_BUS_ADDRESS"] = self.address

    @property
    def environment(self) -> Mapping[str, str]:
        """For a program that is to find this service, with HOME here."""
        return self._environment

    def start(self) -> None:
        """Start the keyring and wait until it is there and unlocked."""
        self._daemon = subprocess.Popen(
            ["gnome-keyring-daemon", "--unlock", "--foreground", "--components=secrets"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self._environment,
        )
        assert self._daemon.stdin is not None
        self._daemon.stdin.write(PASSWORD.encode())
        self._daemon.stdin.close()
        deadline = time.monotonic() + _WITHIN_S
        while self._run(_IS_THERE).returncode != 0:  # a wrong password would exit 0 as well: see it unlocked
            assert time.monotonic() < deadline, "the keyring has not come"

    def lock(self) -> None:
        """Lock what keys are kept in; from then on every access asks for the password."""
        done = self._run(_LOCK)
        assert done.returncode == 0, done.stderr

    def entries(self) -> dict[str, str]:
        """What this program keeps, by name. The values are secret: compare, do not print."""
        done = self._run(_ENTRIES)
        assert done.returncode == 0, done.stderr
        kept: dict[str, str] = json.loads(done.stdout)
        return kept

    def close(self) -> None:
        """End it all."""
        for process in (self._daemon, self._bus):
            if process is not None:
                process.terminate()
                process.wait(timeout=10)
        if self._bus.stdout is not None:
            self._bus.stdout.close()

    def _run(self, program: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in self._environment.items() if name != "DISPLAY"}
        return subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=30
        )
