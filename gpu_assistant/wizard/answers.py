"""Answers for the wizard in a file, so that it can be walked without a person: for pictures, for support, for tests.

A TOML file with one `[[step]]` for each thing that is done, in order:

    [[step]]
    do = "open practice"
    shots = true            # with --screenshots: a picture before, one while it runs, one of how it ended

`do` is one of the actions below; the other keys of a step are its details. `expect_error = "code"` says that the
step is meant to fail that way; any other failure ends the walk.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpu_assistant.domain.errors import BadSetting
from gpu_assistant.domain.text import Text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_DETAILS: Mapping[str, Mapping[str, type]] = {
    "open practice": {},
    "open workspace": {"subscription": str, "resource_group": str, "name": str, "tenant": str},
    "go": {"page": str},
    "choose machine": {"vm_size": str, "nodes": int, "existing": str},
    "choose model": {"model": str, "signature": str, "output": str, "preprocess": str, "labels": str},
    "deploy": {"service": str, "replicas": int, "stop": str},
    "score": {"images": list},
    "clean up": {},
    "scenario": {"name": str},
    "shot": {},
}
"""Every action, and the details it takes."""
_ALWAYS: Mapping[str, type] = {"do": str, "name": str, "shots": bool, "expect_error": str}


@dataclass(frozen=True, slots=True)
class Answer:
    """One step of the walk. `name` names its pictures; `shots` asks for them."""

    action: str
    name: str
    shots: bool = False
    expect_error: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def read_answers(path: Path) -> tuple[Answer, ...]:
    """The steps of a file. Raises BadSetting with the step and what is wrong with it."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise BadSetting(setting=path.name, reason=str(exc)) from None
    steps = content.get("step")
    if not isinstance(steps, list) or not steps:
        raise BadSetting(setting=path.name, reason=Text("there is no [[step]] in it"))
    return tuple(_answer(path, number, step) for number, step in enumerate(steps, start=1))


def _answer(path: Path, number: int, step: Mapping[str, Any]) -> Answer:
    action = str(step.get("do") or "")
    where = f"{path.name}, step {number}"
    if action not in _DETAILS:
        raise BadSetting(setting=where, reason=Text("do must be one of: {actions}", actions=", ".join(_DETAILS)))
    kinds = {**_DETAILS[action], **_ALWAYS}
    for key, value in step.items():
        if key not in kinds:
            raise BadSetting(setting=where, reason=Text("{action} takes no {key}", action=action, key=key))
        if not isinstance(value, kinds[key]):
            kind = kinds[key].__name__
            raise BadSetting(setting=where, reason=Text("{key} must be of type {kind}", key=key, kind=kind))
    return Answer(
        action=action,
        name=str(step.get("name") or action.replace(" ", "-")),
        shots=bool(step.get("shots", False)),
        expect_error=str(step.get("expect_error", "")),
        details={key: value for key, value in step.items() if key in _DETAILS[action] or key == "name"},
    )
