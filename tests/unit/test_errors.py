from __future__ import annotations

import pickle
import re
import string
from collections.abc import Iterator

import pytest

from gpu_assistant.domain import errors
from gpu_assistant.domain.errors import AssistantError
from gpu_assistant.practice import lifecycle  # noqa: F401  # so that its errors are in the family
from gpu_assistant.saved_model import errors as _saved_model_errors  # noqa: F401


def _family(cls: type[AssistantError] = AssistantError) -> Iterator[type[AssistantError]]:
    yield cls
    for child in cls.__subclasses__():
        if child.__module__.startswith(("gpu_assistant.domain", "gpu_assistant.saved_model", "gpu_assistant.practice")):
            yield from _family(child)


def _facts(template: str) -> dict[str, object]:
    """A fact for each name: a number where the template formats one."""
    return {name: 7 if spec else f"<{name}>" for _, name, spec, _ in string.Formatter().parse(template) if name}


FAMILY = sorted(set(_family()), key=lambda cls: cls.__name__)


@pytest.mark.parametrize("cls", FAMILY, ids=lambda cls: cls.__name__)
def test_every_error_names_what_happened_and_what_to_do(cls: type[AssistantError]) -> None:
    error = cls(**_facts(cls.template))
    assert error.title
    assert error.remedies
    assert all(remedy.label for remedy in error.remedies)
    assert re.fullmatch("[a-z_]+", cls.code)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.detail, again.remedies, again.facts) == (cls, error.detail, error.remedies, error.facts)


def test_codes_are_unique() -> None:
    codes = [cls.code for cls in FAMILY]
    assert sorted(codes) == sorted(set(codes))


def test_a_missing_fact_is_noticed_at_once() -> None:
    with pytest.raises(TypeError, match="needs the facts"):
        errors.QuotaTooSmall(family="x")
