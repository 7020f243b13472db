"""The sign-in between two runs: a file encrypted under a key from the OS keyring, or nothing on disk at all."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.workspace import SignInMethod

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Remembered:
    """A sign-in: how, as whom, and msal's own cache with the refresh token. The whole of it is a secret.

    `tenant_id` is the one that was asked for; empty for the directory of the account itself.
    """

    method: SignInMethod
    tenant_id: str
    home_account_id: str = ""
    msal_cache: str = ""

    def packed(self) -> Secret:
        """As one text."""
        return Secret(json.dumps({**asdict(self), "method": self.method.value}))

    @classmethod
    def unpacked(cls, secret: Secret) -> Remembered:
        """The reverse. Raises ValueError for a text that is something else."""
        found = json.loads(secret.reveal())
        if not isinstance(found, dict):
            raise ValueError("not a remembered sign-in")
        return cls(
            SignInMethod(found.get("method")),
            str(found.get("tenant_id", "")),
            str(found.get("home_account_id", "")),
            str(found.get("msal_cache", "")),
        )


class TokenCache:
    """Keeps one sign-in. Without a path or a key it keeps nothing, and `is_kept` says so.

    A file that cannot be read with this key is set aside under another name, never deleted and never trusted.
    """

    def __init__(self, path: Path | None, key: Secret | None) -> None:
        self._path = path
        self._fernet = _fernet(key)

    @property
    def is_kept(self) -> bool:
        """Whether what is saved outlives this process."""
        return self._path is not None and self._fernet is not None

    def load(self) -> Remembered | None:
        """What was saved last; None when nothing usable is there."""
        if self._path is None or self._fernet is None:
            return None
        try:
            sealed = self._path.read_bytes()
        except OSError:
            return None
        try:
            return Remembered.unpacked(Secret(self._fernet.decrypt(sealed).decode()))
        except (InvalidToken, ValueError):
            aside = self._path.with_name(f"{self._path.name}.damaged")
            log.warning("the saved sign-in cannot be read with the key of this keyring; it is now %s", aside.name)
            try:
                os.replace(self._path, aside)
            except OSError:
                log.warning("it could not be renamed either; the next sign-in writes over it")
            return None

    def save(self, remembered: Remembered) -> None:
        """Write it so that a crash leaves the old file or the new one. A full disk costs the memory, no more."""
        if self._path is None or self._fernet is None:
            return
        sealed = self._fernet.encrypt(remembered.packed().reveal().encode())
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # mkstemp makes the file with mode 0600 from its first moment.
            descriptor, name = tempfile.mkstemp(prefix=f"{self._path.name}.", dir=self._path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(sealed)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(name, self._path)
            except BaseException:
                os.unlink(name)
                raise
        except OSError as exc:
            log.warning("the sign-in could not be saved: %s", exc.strerror)

    def clear(self) -> None:
        """Forget it."""
        if self._path is not None:
            try:
                self._path.unlink(missing_ok=True)
            except OSError as exc:
                log.warning("the saved sign-in could not be removed: %s", exc.strerror)


def _fernet(key: Secret | None) -> Fernet | None:
    if key is None:
        return None
    try:
        return Fernet(key.reveal())
    except ValueError:
        log.warning("the key for the saved sign-in is not a Fernet key; the sign-in stays in memory")
        return None
