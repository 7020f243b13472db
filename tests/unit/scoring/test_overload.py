"""What clients are told when the queue or the model cannot serve them, and when the worker gives itself up."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.fakes import saved_models as kinds
from tests.fakes.pictures import BLUE, GREEN, RED, picture

LONG_S = 10.0


@pytest.fixture
def started(saved_model, script):
    return script(saved_model(kinds.probabilities))


def replace_queue(started: Any, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def submit(*args: Any, **options: Any) -> Any:
        raise error

    monkeypatch.setattr(started.module._service._batcher, "submit", submit)


@pytest.mark.parametrize(
    ("name", "arguments", "status", "code", "retry_after"),
    [
        ("QueueFull", (7,), 503, "too_busy", "7"),
        ("DeadlinePassed", (), 504, "too_late", None),
        ("RunnerDied", (), 503, "interrupted", "1"),
        ("Closed", (), 503, "interrupted", "1"),
        ("NotWanted", (), 499, "hung_up", None),
    ],
)
def test_an_unanswered_request_is_told_why(name, arguments, status, code, retry_after, started, monkeypatch):
    replace_queue(started, monkeypatch, getattr(started.module, name)(*arguments))
    reply = started.post(picture())
    assert (reply.status, reply.body["error"]["code"]) == (status, code)
    assert reply.headers.get("Retry-After") == retry_after


def test_the_queue_learns_weight_deadline_and_client(started, monkeypatch):
    asked = {}
    queue = started.module._service._batcher

    def submit(item, **options):
        asked.update(options)
        return type(queue).submit(queue, item, **options)

    monkeypatch.setattr(queue, "submit", submit)
    assert started.post(picture(size=(30, 20))).status == 200
    assert asked["weight"] == 600
    assert asked["is_wanted"]() is True


def test_pixels_that_were_decoded_before_the_queue_weigh_nothing(saved_model, script, monkeypatch):
    started = script(saved_model(kinds.uint8_pixels))
    weights = []
    queue = started.module._service._batcher

    def submit(item, *, weight, **options):
        weights.append(weight)
        return type(queue).submit(queue, item, weight=weight, **options)

    monkeypatch.setattr(queue, "submit", submit)
    assert started.post(picture()).status == 200
    assert weights == [0]


@pytest.mark.parametrize("kind", [kinds.probabilities, kinds.uint8_pixels], ids=lambda kind: kind.__name__)
def test_images_that_share_a_call_get_their_own_answers(kind, saved_model, script, monkeypatch):
    started = script(saved_model(kind), runners="1")
    model = started.module._service._model
    predict, begun, go = model.predict, threading.Event(), threading.Event()

    def held(prepared):
        begun.set()
        assert go.wait(LONG_S)
        return predict(prepared)

    monkeypatch.setattr(model, "predict", held)
    colors = [RED, GREEN, BLUE] * 4
    queue = started.module._service._batcher
    with ThreadPoolExecutor(len(colors) + 1) as threads:
        first = threads.submit(started.post, picture(RED))
        assert begun.wait(LONG_S)
        calls = [threads.submit(started.post, picture(color)) for color in colors]
        while len(queue._queue) < len(colors):
            time.sleep(0.002)
        go.set()
        replies = [call.result() for call in calls]
        assert first.result().body["batch"] == 1
    assert [reply.body["predictions"][0]["index"] for reply in replies] == [1, 2, 3] * 4
    assert sorted(reply.body["batch"] for reply in replies) == [4] * 4 + [8] * 8


@pytest.fixture
def ended(started, monkeypatch):
    """How often the worker ended itself."""
    ends: list[int] = []
    monkeypatch.setattr(started.module, "_end_worker", lambda: ends.append(1))
    return ends


@pytest.mark.parametrize("fault", [RuntimeError("CUDA_ERROR_ILLEGAL_ADDRESS"), MemoryError("out of memory")], ids=repr)
def test_a_model_that_fails_at_everything_ends_the_worker(fault, started, ended, monkeypatch, caplog):
    def broken(prepared):
        raise fault

    monkeypatch.setattr(started.module._service._model, "predict", broken)
    with caplog.at_level(logging.CRITICAL, "azmlinfsrv.score"):
        for _ in range(4):
            assert started.post(picture()).status in (500, 503)
        assert not ended
        started.post(picture())
    assert ended == [1]
    assert "fails at everything" in caplog.text


def test_images_that_the_model_fails_at_do_not_end_the_worker(started, ended, monkeypatch):
    model = started.module._service._model
    predict, poison = model.predict, picture(RED)

    def fails_at_red(prepared):
        if poison in prepared:
            raise RuntimeError("a defect of the model")
        return predict(prepared)

    monkeypatch.setattr(model, "predict", fails_at_red)
    for _ in range(20):
        assert started.post(poison).status == 500
    assert started.post(picture(GREEN)).status == 200
    assert not ended


def test_bad_images_are_nobodys_failure(started, ended):
    for _ in range(20):
        assert started.post(picture()[:200]).status == 400
    assert started.module._service._failures == 0
    assert not ended


def test_the_start_says_how_long_the_warm_up_took(saved_model, script, caplog):
    with caplog.at_level(logging.INFO, "azmlinfsrv.score"):
        script(saved_model(kinds.probabilities))
    assert "up to 8 images at a time, warmed up in " in caplog.text


def test_a_closed_service_leaves_no_thread_behind(saved_model, script):
    started = script(saved_model(kinds.probabilities))
    ours = [runner.thread for runner in started.module._service._batcher._runners]
    assert all(thread.is_alive() for thread in ours)
    started.module._service.close()
    assert not any(thread.is_alive() for thread in ours)
    assert started.post(picture()).body["error"]["code"] == "interrupted"
