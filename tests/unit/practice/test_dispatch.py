from __future__ import annotations

import pytest

from gpu_assistant.practice.constants import ARM_HOST, LOOPBACK_HOST
from gpu_assistant.practice.front.dispatch import Dispatcher, describe
from gpu_assistant.practice.front.http import Request, Response, Router


def accept(token: str) -> None:
    assert token == "good"


def test_steering_the_server_is_neither_use_nor_touched_by_faults() -> None:
    now = [0.0]
    router = Router()
    router.add("GET", LOOPBACK_HOST, "/practice/status", lambda _: Response(200), needs_token=False)
    router.add("GET", ARM_HOST, "/x", lambda _: Response(200))
    fault = Response.of_error(429, "TooManyRequests", "slow down")
    dispatcher = Dispatcher(router, accept, interceptor=lambda _: fault, monotonic=lambda: now[0])
    now[0] = 100.0
    assert dispatcher.answer(Request("GET", LOOPBACK_HOST, "/practice/status")).status == 200
    assert dispatcher.idle_s == 100.0
    assert dispatcher.answer(Request("GET", ARM_HOST, "/x")).status == 429
    assert dispatcher.idle_s == 0.0
    # Only on the loopback address: the same path on a played host is Azure's.
    assert dispatcher.answer(Request("GET", ARM_HOST, "/practice/status")).status == 429


def test_a_route_that_needs_a_token_is_reached_with_one() -> None:
    router = Router()
    router.add("GET", ARM_HOST, "/x/{name}", lambda request: Response.of_json(dict(request.params)))
    dispatcher = Dispatcher(router, accept)
    headers = {"authorization": "bearer good"}
    assert dispatcher.answer(Request("GET", ARM_HOST, "/X/y", headers=headers)).body == b'{"name": "y"}'
    assert dispatcher.answer(Request("GET", ARM_HOST, "/x/y")).status == 401


def test_an_interceptor_that_crashes_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    def crash(request: Request) -> Response | None:
        raise ZeroDivisionError("inner words")

    answer = Dispatcher(Router(), accept, interceptor=crash).answer(Request("GET", ARM_HOST, "/x"))
    assert answer.status == 500
    assert b"inner words" not in answer.body
    assert "failed" in caplog.text


def test_the_list_of_unknown_requests_is_bounded() -> None:
    dispatcher = Dispatcher(Router(), accept)
    for number in range(1000):
        dispatcher.answer(Request("GET", ARM_HOST, f"/{number}"))
    assert len(dispatcher.unknown) == 200


def test_a_request_cannot_write_log_lines_of_its_own() -> None:
    request = Request("GET", ARM_HOST, "/a\nERROR all is lost", raw_query="sig=SECRET&b\r=c")
    assert describe(request) == f"GET {ARM_HOST}/a?ERROR all is lost?sig&b?"
