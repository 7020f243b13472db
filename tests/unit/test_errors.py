from __future__ import annotations

import pickle
import re
from collections.abc import Iterator

import pytest

from gpu_assistant.domain import errors
from gpu_assistant.domain.errors import AssistantError, needed_facts


def _family(cls: type[AssistantError] = AssistantError) -> Iterator[type[AssistantError]]:
    yield cls
    for child in cls.__subclasses__():
        if child.__module__.startswith("gpu_assistant.domain"):
            yield from _family(child)


FAMILY = sorted(set(_family()), key=lambda cls: cls.__name__)


@pytest.mark.parametrize("cls", FAMILY, ids=lambda cls: cls.__name__)
def test_every_error_names_what_happened_and_what_to_do(cls: type[AssistantError]) -> None:
    facts = {
        name: 7 if "minutes" in name or "seconds" in name or name.endswith("_gb") else f"<{name}>"
        for name in needed_facts(cls.template)
    }
    error = cls(**facts)
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
