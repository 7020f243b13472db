"""Real files, dragged with the mouse out of a real file manager onto the score page, and what the model says of each.

One window and one web service for all tests here: a person drops again and again, first on the empty page, then on the
picture that is there.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.ui.file_manager import FileManager
from tests.ui.journeys.journey import ANSWER_S, LABELS, OPEN_S, PRACTICE, deploy_by_command, sample_photos
from tests.ui.person import Person
from tests.ui.screen import Screen
from tests.ui.stage import Stage
from tests.ui.view import View

NAMES = {
    "my coffee cup.jpg": "coffee.jpg",
    "한글 고양이 사진.jpg": "chelsea.jpg",
    "{rocket} launch}.jpg": "rocket.jpg",
    "camera 100%20 sure.jpg": "camera.jpg",
}
"""Names that are hard for programs, and the sample photo under each."""
TEXT = "notes {1}.txt"


@pytest.fixture(scope="module")
def stage(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """As everywhere, but for all tests of this module."""
    opened = Stage(screen, tmp_path_factory.mktemp("drop"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def person(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """In front of the score page, where a web service answers."""
    data_dir = tmp_path_factory.mktemp("drop-data")
    deploy_by_command(data_dir)
    person = stage.start_window(*PRACTICE, "--page", "score", data_dir=data_dir)
    person.see("score.drop", OPEN_S)
    return person


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """The photos and a text file, in a folder whose name is no easier than theirs."""
    folder = tmp_path / "사진 {of} today%20"
    folder.mkdir()
    photos = sample_photos()
    for name, photo in NAMES.items():
        shutil.copy(photos[photo], folder / name)
    (folder / TEXT).write_text("Not a picture at all.", encoding="utf-8")
    return {file.name: file for file in folder.iterdir()}


def test_one_photo(person: Person, file_manager: Callable[..., FileManager], files: dict[str, Path]) -> None:
    name = "my coffee cup.jpg"
    _drag(person, file_manager, [files[name]])
    _see_large(person, name)  # by itself: nothing else was there before
    _see_answers(person, [name])


def test_three_photos(person: Person, file_manager: Callable[..., FileManager], files: dict[str, Path]) -> None:
    names = ["한글 고양이 사진.jpg", "{rocket} launch}.jpg", "camera 100%20 sure.jpg"]
    _drag(person, file_manager, [files[name] for name in names])
    _see_answers(person, names)


def test_photos_and_a_text_file(
    person: Person, file_manager: Callable[..., FileManager], files: dict[str, Path]
) -> None:
    names = ["camera 100%20 sure.jpg", "my coffee cup.jpg"]
    before = len(_thumbnails(person.view))
    _drag(person, file_manager, [files[names[0]], files[TEXT], files[names[1]]])
    person.wait_for(lambda view: len(_thumbnails(view)) == before + 3, ANSWER_S, "three more images")
    _see_answers(person, names)
    mine = [item for item in person.view.named("score.history/") if item.text.startswith(TEXT)]
    assert [item.text for item in mine] == [f"{TEXT} No answer"]
    person.click(mine[0].name)
    reason = person.see("score.reason")
    assert "is not an image" in reason.text, person.read()
    assert TEXT in [item.text for item in person.view.named("score.headline")]


def _drag(person: Person, file_manager: Callable[..., FileManager], files: Sequence[Path]) -> None:
    target = next(item for name in ("score.drop", "score.picture", "score.reason") if (item := person.view.find(name)))
    file_manager(files[0].parent).drag(files, to=target.rect)


def _see_answers(person: Person, names: Sequence[str]) -> None:
    """Each photo of the latest drop is in the strip, spelled as it is named; a click shows it with its label."""
    wanted = [f"{name} {LABELS[NAMES[name]]}" for name in names]

    def all_answered(view: View) -> bool:
        latest = _thumbnails(view)[-len(names) - 1 :]
        return all(one in latest for one in wanted)

    person.wait_for(all_answered, ANSWER_S, f"thumbnails {wanted}")
    for name, thumbnail in zip(names, wanted, strict=True):
        place = [item for item in person.view.named("score.history/") if item.text == thumbnail][-1]
        person.click(place.name)
        _see_large(person, name)


def _see_large(person: Person, name: str) -> None:
    """The photo, its name and its label are what the page shows."""
    label = LABELS[NAMES[name]]

    def is_shown(view: View) -> bool:
        headline = [item.text for item in view.named("score.headline/")]
        bars = [item.text for item in view.named("score.bars/")]
        picture = [item.text for item in view.named("score.picture/")]
        return headline == [name, label] and bars[0].startswith(f"{label} ") and picture == [name]

    person.wait_for(is_shown, ANSWER_S, f"{name} as {label}")


def _thumbnails(view: View) -> list[str]:
    return [item.text for item in view.named("score.history/") if item.role == "thumbnail"]
