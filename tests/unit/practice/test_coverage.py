"""COVERAGE.md and the route table say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gpu_assistant.practice.azure import surface
from gpu_assistant.practice.azure.addresses import (
    ARTIFACTS,
    ENVIRONMENTS,
    MODEL_MANAGEMENT,
    WORKSPACE_ID,
    WORKSPACE_PATTERN,
)
from gpu_assistant.practice.constants import LOOPBACK_HOST, REGION, RESOURCE_GROUP, SUBSCRIPTION_ID, WORKSPACE
from gpu_assistant.practice.front.dispatch import Dispatcher
from gpu_assistant.practice.front.http import Request
from tests.fakes.practice_client import T4, Azure

COVERAGE = Path(surface.__file__).parents[1].joinpath("COVERAGE.md").read_text(encoding="utf-8")
ABBREVIATIONS = {
    "{MMS}": MODEL_MANAGEMENT,
    "{ART}": ARTIFACTS,
    "{ENV}": ENVIRONMENTS,
    "{WS}": WORKSPACE_PATTERN,
}


def documented() -> set[tuple[str, str, str]]:
    routes = set()
    host = ""
    for line in COVERAGE.splitlines():
        if line.startswith("## "):
            host = line[3:].split(":")[0]
        row = re.match(r"\| `([A-Z]+) (\S+)` \| [^|]+ \| (?:sdk|docs|guess) \|", line)
        if row:
            method, pattern = row.groups()
            for short, long in ABBREVIATIONS.items():
                pattern = pattern.replace(short, long)
            routes.add((method, host, pattern))
    return routes


def test_every_declared_route_is_documented_and_the_other_way_round(azure: Azure) -> None:
    declared = {(route.method, route.host, route.pattern) for route in azure.router.routes}
    assert declared - documented() == set()
    assert documented() - declared == set()


def test_no_route_is_declared_twice(azure: Azure) -> None:
    declared = [(route.method, route.host, route.pattern) for route in azure.router.routes]
    assert len(declared) == len(set(declared))


HOSTILE_BODIES = (
    b"",
    b"{",
    b"[]",
    b"null",
    b"5",
    b'"x"',
    b'{"properties": 5, "name": [], "paths": 5}',
    b"\xff\x00",
    b"[1]",
)
HOSTILE_QUERIES = ({}, {"$skipToken": "x", "count": "-1", "tail": "x", "offset": "x", "underlyingResourceAction": "x"})


def test_no_request_makes_a_handler_raise_or_answer_5xx(azure: Azure) -> None:
    azure.ready().deploy()
    azure.advance(600)
    params = {"subscription": SUBSCRIPTION_ID, "group": RESOURCE_GROUP, "workspace": WORKSPACE, "location": REGION}
    names = ("svc", "gpu-aks", "resnet:1", "nobody", "..", "a b", "x" * 300)
    tried = 0
    for route in azure.router.routes:
        for name in names:
            filled = re.sub(r"\{(\w+)(?::rest)?\}", lambda part, name=name: params.get(part[1], name), route.pattern)
            for body in HOSTILE_BODIES:
                for query in HOSTILE_QUERIES:
                    request = Request(route.method, route.host, filled, query, body=body)
                    found = azure.router.find(request)
                    if found is not None:
                        matched, with_params = found
                        answer = matched.handler(with_params)
                        is_fine = answer.status < 500 or (answer.status == 503 and route.host == LOOPBACK_HOST)
                        assert is_fine, (route.method, filled, body, answer)
                        tried += 1
    assert tried > 5000


WRONG_VALUES = (None, 5, -1, "x", "", [], [5], {}, {"a": 5}, True, 1e400)


def mutations(value: Any) -> Iterator[Any]:
    """The value with one part of it replaced by something of a wrong type."""
    if isinstance(value, dict):
        for key, part in value.items():
            for other in [*WRONG_VALUES, *mutations(part)]:
                yield {**value, key: other}
    if isinstance(value, list):
        for number, part in enumerate(value):
            for other in [*WRONG_VALUES, *mutations(part)]:
                yield [*value[:number], other, *value[number + 1 :]]


def test_no_deployment_request_with_a_wrong_part_breaks_anything(azure: Azure) -> None:
    azure.ready()
    for body in mutations(azure.deploy_body(overwrite=True)):
        answer = azure.send("POST", azure.mms("/services"), body)
        assert answer.status in (202, 400, 404, 409), (body, answer)
        assert azure.send("GET", azure.mms("/services?expand=true&tags=a&modelName=x")).status == 200
        assert azure.send("GET", azure.mms("/services?expand=true")).status == 200


def test_no_cluster_request_with_a_wrong_part_breaks_anything(azure: Azure) -> None:
    inner = {"agentVmSize": T4, "agentCount": 1, "clusterPurpose": "DevTest", "sslConfiguration": {"status": "Auto"}}
    body = {"location": "eastus", "tags": {"a": "b"}, "properties": {"computeType": "AKS", "properties": inner}}
    for number, changed in enumerate(mutations(body)):
        answer = azure.send("PUT", azure.compute_url(f"aks-{number}"), changed)
        assert answer.status in (201, 400, 404, 409), (changed, answer)
        assert azure.send("GET", "/rp/workspaces" + WORKSPACE_ID + "/computes").status == 200


def test_an_unknown_route_is_501_with_its_name(azure: Azure) -> None:
    dispatcher = Dispatcher(azure.router, lambda token: None)
    answer = dispatcher.answer(Request("GET", "management.azure.com", "/subscriptions/x/secrets"))
    assert answer.status == 501
    assert b"/subscriptions/x/secrets" in answer.body
    assert dispatcher.unknown == ("GET management.azure.com/subscriptions/x/secrets",)
