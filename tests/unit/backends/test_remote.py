"""The sign-in that expires under a call: renewed in place, or reported once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gpu_assistant.backends.base import BackendConfig
from gpu_assistant.backends.remote import RemoteBackend
from gpu_assistant.domain.errors import TokenExpired
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.workspace import SignInMethod
from tests.fakes.expiring_adapter import EXPIRED

ADAPTER = "tests.fakes.expiring_adapter:ExpiringAdapter"


class Tokens:
    """What each new SDK process is given."""

    def __init__(self) -> None:
        self.token = EXPIRED
        self.asked = 0

    def config(self) -> BackendConfig:
        return BackendConfig(token=Secret(self.token))


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def backend(tokens: Tokens) -> Iterator[RemoteBackend]:
    backend = RemoteBackend(tokens.config, ADAPTER)
    yield backend
    backend.close()


def test_it_is_renewed_and_the_call_goes_on(backend: RemoteBackend, tokens: Tokens) -> None:
    def sign_in_again() -> None:
        tokens.asked += 1
        tokens.token = "a fresh token"
        backend.sign_in(SignInMethod.TOKEN)

    backend.renew_with(sign_in_again)
    assert backend.keys("svc").primary == Secret("one")
    backend.keys("svc")
    assert tokens.asked == 1


def test_a_renewal_that_does_not_help_is_tried_once(backend: RemoteBackend, tokens: Tokens) -> None:
    def sign_in_again() -> None:
        tokens.asked += 1

    backend.renew_with(sign_in_again)
    with pytest.raises(TokenExpired):
        backend.keys("svc")
    assert tokens.asked == 1


def test_the_sign_in_itself_is_never_renewed_from_within(backend: RemoteBackend, tokens: Tokens) -> None:
    backend.renew_with(lambda: pytest.fail("asked while signing in"))
    with pytest.raises(TokenExpired):
        backend.account()


def test_without_anybody_to_ask_it_is_an_error(backend: RemoteBackend) -> None:
    with pytest.raises(TokenExpired):
        backend.keys("svc")
