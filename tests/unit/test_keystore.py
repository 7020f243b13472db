from __future__ import annotations

import threading
from collections.abc import Callable

import keyring
import keyring.backends.chainer
import keyring.backends.fail
import keyring.backends.null
import pytest

from gpu_assistant import keystore as module
from gpu_assistant.domain.errors import KeystoreError
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.service import ServiceKeys
from gpu_assistant.domain.workspace import WorkspaceRef
from gpu_assistant.keystore import (
    OsKeystore,
    SessionKeystore,
    load_service_keys,
    open_keystore,
    reopen_keystore,
    save_service_keys,
    service_entry,
)


class Keyring:
    """A keyring in memory, whose calls can be made to fail, forget or hang."""

    def __init__(self) -> None:
        self.entries: dict[str, str] = {}
        self.before: Callable[[], None] = lambda: None
        self.forgets = False
        self.calls = 0

    def _enter(self) -> None:
        self.calls += 1
        self.before()

    def get_password(self, service: str, username: str) -> str | None:
        self._enter()
        assert service == "gpu-assistant"
        return self.entries.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self._enter()
        if not self.forgets:
            self.entries[username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._enter()
        del self.entries[username]


@pytest.fixture
def ring() -> Keyring:
    return Keyring()


def test_a_key_is_kept_and_forgotten(ring: Keyring) -> None:
    OsKeystore(ring).save("a", Secret("geheim-비밀"))
    store = OsKeystore(ring)
    assert store.load("a") == Secret("geheim-비밀")
    store.forget("a")
    store.forget("a")
    assert ring.entries == {}
    assert store.load("a") is None
    assert store.problem == ""


def test_one_read_for_each_key_and_session(ring: Keyring) -> None:
    ring.entries["a"] = "text"
    store = OsKeystore(ring)
    store.load("a")
    asked = ring.calls
    store.load("a")
    assert ring.calls == asked


def test_a_keyring_that_forgets_is_noticed_and_memory_serves(ring: Keyring) -> None:
    ring.forgets = True
    store = OsKeystore(ring)
    store.save("a", Secret("text"))
    assert "did not give it back" in store.problem
    assert store.load("a") == Secret("text")


def test_a_locked_keyring_is_asked_once(ring: Keyring) -> None:
    def locked() -> None:
        raise keyring.errors.KeyringLocked("the text of a key could stand here")

    ring.before = locked
    store = OsKeystore(ring)
    store.save("a", Secret("text"))
    store.save("b", Secret("text"))
    assert ring.calls == 1
    assert "is locked" in store.problem
    assert "could stand here" not in store.problem
    assert store.load("a") == Secret("text")
    ring.before = lambda: None
    store.retry()
    assert store.problem == ""
    assert ring.entries == {"a": "text", "b": "text"}  # what was in memory only has gone there
    store.save("c", Secret("text"))
    assert set(ring.entries) == {"a", "b", "c"}


def test_a_retry_asks_even_when_there_is_no_key(ring: Keyring) -> None:
    def locked() -> None:
        raise keyring.errors.KeyringLocked

    ring.before = locked
    store = OsKeystore(ring)
    assert store.load("a") is None
    store.retry()
    assert ring.calls == 2
    assert "is locked" in store.problem


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (keyring.errors.KeyringLocked, "is locked and was not unlocked"),
        (keyring.errors.InitError, "no keyring yet and none was made"),
        (keyring.errors.PasswordSetError, "refused (PasswordSetError)"),
    ],
)
def test_each_refusal_has_its_sentence(ring: Keyring, error: type[Exception], told: str) -> None:
    def refuse() -> None:
        raise error("the text of a key could stand here")

    ring.before = refuse
    store = OsKeystore(ring)
    store.save("a", Secret("text"))
    assert told in store.problem
    assert "kept in memory for this session" in store.problem
    assert "could stand here" not in store.problem


def test_a_keyring_that_comes_later_gets_what_was_in_memory(monkeypatch: pytest.MonkeyPatch, ring: Keyring) -> None:
    chosen: list[object] = [keyring.backends.fail.Keyring()]
    monkeypatch.setattr(keyring, "get_keyring", lambda: chosen[0])
    monkeypatch.setattr(module, "ALLOWED_BACKENDS", frozenset({f"{Keyring.__module__}.Keyring"}))
    memory = open_keystore()
    memory.save("a", Secret("text"))
    assert reopen_keystore(memory) is memory
    assert "No OS keyring" in memory.problem

    chosen[0] = ring
    store = reopen_keystore(memory)
    assert store.problem == ""
    assert ring.entries == {"a": "text"}
    assert store.load("a") == Secret("text")


def test_a_silent_keyring_does_not_hold_anybody(ring: Keyring) -> None:
    release = threading.Event()
    ring.before = lambda: release.wait(20) and None
    store = OsKeystore(ring, answer_within_s=0.05)
    store.save("a", Secret("text"))
    assert "did not answer" in store.problem
    release.set()


def test_a_key_that_may_be_left_is_an_error(ring: Keyring) -> None:
    def broken() -> None:
        raise keyring.errors.KeyringError

    store = OsKeystore(ring)
    store.save("a", Secret("text"))
    ring.before = broken
    with pytest.raises(KeystoreError, match="may still be in the keyring"):
        store.forget("a")


@pytest.mark.parametrize("name", ["fail", "null", "plain"])
def test_backends_that_cannot_be_trusted_are_refused(name: str, monkeypatch: pytest.MonkeyPatch, ring: Keyring) -> None:
    chosen = {"fail": keyring.backends.fail.Keyring(), "null": keyring.backends.null.Keyring(), "plain": ring}[name]
    monkeypatch.setattr(keyring, "get_keyring", lambda: chosen)
    store = open_keystore()
    assert isinstance(store, SessionKeystore)
    assert "memory" in store.problem


def test_an_allowed_backend_inside_a_chain_is_used_directly(monkeypatch: pytest.MonkeyPatch, ring: Keyring) -> None:
    class Chain:
        backends = (keyring.backends.null.Keyring(), ring)

    monkeypatch.setattr(keyring, "get_keyring", Chain)
    monkeypatch.setattr(module, "ALLOWED_BACKENDS", frozenset({f"{Keyring.__module__}.Keyring"}))
    store = open_keystore()
    assert isinstance(store, OsKeystore)
    store.save("a", Secret("text"))
    assert ring.entries == {"a": "text"}


def test_service_keys_travel_as_one_entry() -> None:
    store = SessionKeystore("")
    keys = ServiceKeys(Secret("one"), Secret("two"))
    entry = service_entry(WorkspaceRef("S", "RG", "Ws"), "svc", scope="practice-1:")
    save_service_keys(store, entry, keys)
    assert load_service_keys(store, entry) == keys
    assert entry == entry.lower()
    store.save(entry, Secret("somebody else's text"))
    assert load_service_keys(store, entry) is None
