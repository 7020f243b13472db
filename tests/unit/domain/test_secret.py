"""A secret is known to whoever blacks it out, whatever other threads do."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from gpu_assistant.domain.secret import Secret

_ROUNDS = 3000


@pytest.fixture
def restless_threads() -> Iterator[None]:
    """They take turns as often as they can."""
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual_s)


def test_secrets_come_and_go_while_a_line_is_redacted(restless_threads: None) -> None:
    kept = [Secret(f"kept {number}") for number in range(50)]
    ended = threading.Event()

    def make() -> None:
        while not ended.is_set():
            for number in range(20):
                Secret(f"passing {number}")

    makers = [threading.Thread(target=make) for _ in range(3)]
    for maker in makers:
        maker.start()
    try:
        for _ in range(_ROUNDS):
            assert Secret.live_values() >= {secret.reveal() for secret in kept}
    finally:
        ended.set()
        for maker in makers:
            maker.join()


def test_a_secret_that_is_gone_is_forgotten() -> None:
    passing = Secret("a key of another day")
    assert "a key of another day" in Secret.live_values()
    del passing
    assert "a key of another day" not in Secret.live_values()
