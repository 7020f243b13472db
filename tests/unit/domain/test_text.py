from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable

import pytest

from gpu_assistant.domain.errors import CannotReachAzure
from gpu_assistant.domain.service import ServiceState
from gpu_assistant.domain.text import Text, joined, known_text

NESTED = Text("Delete {what} in {minutes:.0f} minutes", what=Text("web service"), minutes=2.6)


def test_it_is_the_english_sentence() -> None:
    assert NESTED == "Delete web service in 3 minutes"
    assert f"{NESTED}!" == "Delete web service in 3 minutes!"
    assert json.dumps(NESTED) == '"Delete web service in 3 minutes"'


def test_braces_without_facts_are_left_alone() -> None:
    assert Text("Use {name} in the file") == "Use {name} in the file"


def test_facts_may_have_any_name() -> None:
    assert Text("{cls} {self} {template}", cls=1, self=2, template=3) == "1 2 3"


@pytest.mark.parametrize(
    "again", [lambda text: pickle.loads(pickle.dumps(text)), copy.copy, copy.deepcopy], ids=["pickle", "copy", "deep"]
)
def test_it_survives_copying(again: Callable[[Text], Text]) -> None:
    for text in (NESTED, NESTED.inside_a_sentence()):
        other = again(text)
        assert (str(other), other.template, dict(other.facts)) == (str(text), text.template, dict(text.facts))
        assert isinstance(other.facts["what"], Text)


def test_inside_a_sentence_only_the_english_changes() -> None:
    inside = NESTED.inside_a_sentence()
    assert inside == "delete web service in 3 minutes"
    assert (inside.template, inside.facts) == (NESTED.template, NESTED.facts)


def test_joined_keeps_its_parts() -> None:
    both = joined([NESTED, "and {more}"], "; ")
    assert both == "Delete web service in 3 minutes; and {more}"
    assert both.facts["part0"] is NESTED
    assert joined([]) == ""


def test_known_text_takes_the_template_of_an_error() -> None:
    assert known_text(CannotReachAzure.title) == "Azure cannot be reached"


def test_the_detail_of_an_error_can_be_said_again() -> None:
    error = pickle.loads(pickle.dumps(CannotReachAzure(what=Text("Reading the quota"), reason="it broke")))
    assert error.detail == "Reading the quota failed: it broke. Check the network, VPN or proxy."
    assert error.detail.template == CannotReachAzure.template
    assert isinstance(error.detail.facts["what"], Text)


def test_states_are_found_by_their_plain_words() -> None:
    assert ServiceState("healthy") is ServiceState.HEALTHY
    assert pickle.loads(pickle.dumps(ServiceState.HEALTHY)) is ServiceState.HEALTHY
