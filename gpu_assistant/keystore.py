"""Where service keys live: the OS keyring, or this session's memory. Never a file in clear."""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from gpu_assistant.domain.errors import KeystoreError
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.service import ServiceKeys
from gpu_assistant.domain.text import Text
from gpu_assistant.domain.workspace import WorkspaceRef

log = logging.getLogger(__name__)
T = TypeVar("T")

SERVICE_NAME = "gpu-assistant"

# Exact classes only: keyring also chooses, silently, backends that write plain text or forget at once.
ALLOWED_BACKENDS = frozenset(
    {
        "keyring.backends.SecretService.Keyring",
        "keyring.backends.kwallet.DBusKeyring",
        "keyring.backends.macOS.Keyring",
        "keyring.backends.Windows.WinVaultKeyring",
    }
)
_NO_KEYRING = "keyring.backends.fail.Keyring"
_PROBE = "is the keyring open"
# Long enough for a person to find and type the keyring's password.
_ANSWER_WITHIN_S = 90.0


class KeyringBackend(Protocol):
    """The part of a `keyring` backend that is used."""

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


class Keystore(Protocol):
    """Keys by name. Methods may block while the person unlocks the keyring: call them on a worker thread."""

    @property
    def problem(self) -> str:
        """Why keys are kept in memory only; empty when the OS keyring has them."""
        ...

    def save(self, name: str, secret: Secret) -> None: ...

    def load(self, name: str) -> Secret | None: ...

    def forget(self, name: str) -> None:
        """Remove; a name that is not there is fine."""
        ...


class SessionKeystore:
    """Memory only: gone when the program ends."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        self.secrets: dict[str, Secret] = {}

    def save(self, name: str, secret: Secret) -> None:
        self.secrets[name] = secret

    def load(self, name: str) -> Secret | None:
        return self.secrets.get(name)

    def forget(self, name: str) -> None:
        self.secrets.pop(name, None)


class OsKeystore:
    """The OS keyring, with memory behind it.

    When the keyring fails once (locked, dismissed, silent) it is not asked again, as each call could open
    another prompt; keys then stay in memory and `problem` says so. `retry()` gives it another chance.
    """

    def __init__(self, backend: KeyringBackend, *, answer_within_s: float = _ANSWER_WITHIN_S) -> None:
        self._backend = backend
        self._answer_within_s = answer_within_s
        self._session = SessionKeystore("")
        self._only_in_memory: dict[str, Secret] = {}
        self._worker = _Worker()

    @property
    def problem(self) -> str:
        return self._session.problem

    def retry(self) -> None:
        """Ask the keyring again, now and from now on, because the person wants to; keys in memory go there."""
        self._session.problem = ""
        self._worker = _Worker()
        self._ask(lambda: self._backend.get_password(SERVICE_NAME, _PROBE))
        for name, secret in list(self._only_in_memory.items()):
            self.save(name, secret)

    def adopt(self, keys: SessionKeystore) -> None:
        """Know these keys too; they go to the keyring with `retry()`."""
        for name, secret in keys.secrets.items():
            self._session.save(name, secret)
            self._only_in_memory[name] = secret

    def save(self, name: str, secret: Secret) -> None:
        self._session.save(name, secret)
        self._only_in_memory[name] = secret
        is_there = self._ask(lambda: self._save_and_read_back(name, secret.reveal()))
        if is_there:
            self._only_in_memory.pop(name, None)
        elif is_there is False:
            self._session.problem = Text("The keyring took the key but did not give it back.")

    def load(self, name: str) -> Secret | None:
        known = self._session.load(name)
        if known is not None:
            return known
        text = self._ask(lambda: self._backend.get_password(SERVICE_NAME, name))
        if not text:
            return None
        secret = Secret(text)
        self._session.save(name, secret)  # one read per key and session: each may prompt
        return secret

    def forget(self, name: str) -> None:
        """Raises KeystoreError when the keyring may still hold it."""
        self._session.forget(name)
        self._only_in_memory.pop(name, None)
        self._ask(lambda: self._delete(name))
        if self.problem:
            reason = Text("The key {name} may still be in the keyring. {problem}", name=name, problem=self.problem)
            raise KeystoreError(reason=reason)

    def _save_and_read_back(self, name: str, text: str) -> bool:
        self._backend.set_password(SERVICE_NAME, name, text)
        return self._backend.get_password(SERVICE_NAME, name) == text

    def _delete(self, name: str) -> None:
        if self._backend.get_password(SERVICE_NAME, name) is not None:
            self._backend.delete_password(SERVICE_NAME, name)

    def _ask(self, call: Callable[[], T]) -> T | None:
        if self.problem:
            return None
        try:
            return self._worker.run(call, self._answer_within_s)
        except TimeoutError:
            self._session.problem = Text("The keyring did not answer; keys are kept in memory for this session.")
        except Exception as exc:
            # keyring backends raise their own families and those of D-Bus; the text may quote what was asked
            log.warning("keyring failed: %s", type(exc).__name__)
            self._session.problem = _refusal(type(exc).__name__)
        return None


class _Worker:
    """One daemon thread for all keyring calls: they may block for ever, and must not hold the program's end."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], queue.SimpleQueue[Any]]] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="keyring", daemon=True).start()

    def run(self, call: Callable[[], T], timeout_s: float) -> T:
        answer: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()
        self._calls.put((call, answer))
        try:
            worked, value = answer.get(timeout=timeout_s)
        except queue.Empty:
            raise TimeoutError from None
        if not worked:
            raise value
        result: T = value
        return result

    def _work(self) -> None:
        while True:
            call, answer = self._calls.get()
            try:
                answer.put((True, call()))
            except Exception as exc:
                answer.put((False, exc))


def _refusal(error: str) -> str:
    """What the person is told; `error` is the class name of what the keyring raised (measured with SecretService)."""
    if error == "KeyringLocked":  # nobody there to ask, or the prompt was dismissed
        return Text("The keyring is locked and was not unlocked; keys are kept in memory for this session.")
    if error == "InitError":  # a first keyring needs a password from the person
        return Text("There is no keyring yet and none was made; keys are kept in memory for this session.")
    return Text("The keyring refused ({error}); keys are kept in memory for this session.", error=error)


def open_keystore(*, look_anew: bool = False) -> Keystore:
    """The OS keyring when an allowed one works here, else memory, with the reason. Imports `keyring` (slow).

    `keyring` itself looks once in a program's life; `look_anew` makes it look again.
    """
    import keyring

    if look_anew:
        vars(keyring.backend.get_all_keyring).pop("saved_result", None)
        keyring.core.init_backend()
    chosen: Any = keyring.get_keyring()
    for candidate in (chosen, *getattr(chosen, "backends", ())):
        if _class_name(candidate) in ALLOWED_BACKENDS:
            return OsKeystore(candidate)
    found = _class_name(chosen)
    if found == _NO_KEYRING:
        return SessionKeystore(Text("No OS keyring answers here; keys are kept in memory for this session."))
    return SessionKeystore(
        Text(
            "The keyring {keyring} cannot be trusted with keys; keys are kept in memory for this session.",
            keyring=found,
        )
    )


def reopen_keystore(present: Keystore) -> Keystore:
    """Give the OS keyring another chance, because the person wants to; returns the keystore to use from now on.

    Keys that were in memory only go to the keyring. May block while the person unlocks it.
    """
    keystore = present
    if isinstance(present, SessionKeystore):
        keystore = open_keystore(look_anew=True)
        if not isinstance(keystore, OsKeystore):
            present.problem = keystore.problem
            return present
        keystore.adopt(present)
    if isinstance(keystore, OsKeystore):
        keystore.retry()
    return keystore


def save_service_keys(keystore: Keystore, entry: str, keys: ServiceKeys) -> None:
    """Keep both keys of a web service under one entry, so that one prompt is enough."""
    both = {"primary": keys.primary.reveal(), "secondary": keys.secondary.reveal()}
    keystore.save(entry, Secret(json.dumps(both)))


def load_service_keys(keystore: Keystore, entry: str) -> ServiceKeys | None:
    """Both keys, or None when there are none (or the entry is not ours)."""
    stored = keystore.load(entry)
    if stored is None:
        return None
    try:
        both = json.loads(stored.reveal())
        return ServiceKeys(Secret(both["primary"]), Secret(both["secondary"]))
    except (ValueError, KeyError, TypeError):
        return None


def service_entry(workspace: WorkspaceRef, service_name: str, *, scope: str = "") -> str:
    """The keyring entry of a web service. `scope` keeps practice workspaces of different data folders apart."""
    return f"{scope}{workspace.azure_id.lower()}/services/{service_name}"


def _class_name(backend: object) -> str:
    return f"{type(backend).__module__}.{type(backend).__name__}"
