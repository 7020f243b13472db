"""A keyring as some people have it: it works, and writes everything in clear into the home folder."""

from __future__ import annotations

import json
from pathlib import Path

from keyring.backend import KeyringBackend


class Keyring(KeyringBackend):
    """Chosen by name in keyringrc.cfg."""

    priority = 1

    def _file(self) -> Path:
        return Path.home() / "plain-text-keys.json"

    def _all(self) -> dict[str, str]:
        entries: dict[str, str] = json.loads(self._file().read_text()) if self._file().exists() else {}
        return entries

    def get_password(self, service: str, username: str) -> str | None:
        return self._all().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._file().write_text(json.dumps({**self._all(), f"{service}/{username}": password}))

    def delete_password(self, service: str, username: str) -> None:
        self._file().write_text(json.dumps({k: v for k, v in self._all().items() if k != f"{service}/{username}"}))
