"""Files of answers: what is understood, and what is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_assistant.domain.errors import BadSetting
from gpu_assistant.paths import resource
from gpu_assistant.wizard.answers import read_answers


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "answers.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_steps_are_read_in_order(tmp_path: Path) -> None:
    first, second = read_answers(
        written(
            tmp_path,
            '[[step]]\ndo = "open practice"\nshots = true\n'
            '[[step]]\ndo = "choose machine"\nvm_size = "Standard_NC4as_T4_v3"\nnodes = 2\nname = "two nodes"\n',
        )
    )
    assert (first.action, first.name, first.shots) == ("open practice", "open-practice", True)
    assert second.name == "two nodes"
    assert second.details["vm_size"] == "Standard_NC4as_T4_v3"
    assert second.details["nodes"] == 2


@pytest.mark.parametrize("file", sorted(resource("practice", "answers").glob("*.toml")), ids=lambda file: file.stem)
def test_the_answers_we_bring_are_understood(file: Path) -> None:
    assert read_answers(file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no [[step]]"),
        ("step = 3", "no [[step]]"),
        ("[[step]]\n", "step 1: do must be one of"),
        ('[[step]]\ndo = "dance"', "step 1: do must be one of"),
        ('[[step]]\ndo = "open practice"\n[[step]]\ndo = "deploy"\nvm_size = "x"', "step 2: deploy takes no vm_size"),
        ('[[step]]\ndo = "choose machine"\nnodes = "two"', "nodes must be of type int"),
        ("[[step]", "answers.toml"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadSetting) as caught:
        read_answers(written(tmp_path, text))
    assert said in caught.value.detail


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadSetting):
        read_answers(tmp_path / "nowhere.toml")
