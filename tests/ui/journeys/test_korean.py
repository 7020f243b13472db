"""In Korean up to the Deploy page: no English sentence is left; and language and theme can be changed on the way."""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from gpu_assistant.i18n import DOMAIN
from gpu_assistant.paths import resource
from tests.source_texts import texts
from tests.ui.journeys.journey import FASTEST, OPEN_S, PRACTICE, READ_S, VM_SIZE, ready, row_of
from tests.ui.person import Person
from tests.ui.view import View

PACKAGE = Path(__file__).parents[3] / "gpu_assistant"
KOREAN = gettext.translation(DOMAIN, localedir=str(resource("locale")), languages=["ko"])


@pytest.fixture(scope="module")
def english() -> re.Pattern[str]:
    """Matches a text that stands in English in the source and has another Korean translation."""
    patterns = []
    for key in texts(PACKAGE):
        for form in (key,) if isinstance(key, str) else key:
            said = KOREAN.gettext(form) if isinstance(key, str) else KOREAN.ngettext(key[0], key[1], 1)
            if said != form and re.search(r"[A-Za-z]{2,}", re.sub(r"{[^}]*}", "", form)):
                patterns.append(_pattern(form))
    assert len(patterns) > 200, "the texts of the source were not found"
    return re.compile("|".join(patterns))


def test_no_english_is_left_up_to_the_deploy_page(
    start_window: Callable[..., Person], english: re.Pattern[str]
) -> None:
    person = start_window(*FASTEST, LANG="ko_KR.UTF-8", LANGUAGE="")
    assert person.view.windows[0].title == "작업 영역 – gpu-assistant"
    _sees_no_english(person, english)
    person.click("workspace.practice")
    person.wait_for(ready("footer.next"), OPEN_S, "open workspace")
    _sees_no_english(person, english)
    person.click("footer.next")
    row = person.wait_for(row_of(VM_SIZE), READ_S, "table of VM sizes")
    _sees_no_english(person, english)
    person.click(row.name)
    person.wait_for(ready("footer.next"), what="choice")
    _sees_no_english(person, english)
    person.click("footer.next")
    person.wait_for(ready("footer.primary"), READ_S, "checklist without a problem")
    person.click("deploy.advanced")
    _sees_no_english(person, english)
    person.click("menu")
    person.see("menu.entries")
    _sees_no_english(person, english)
    person.press("Escape")
    person.press("F1")
    person.wait_for(lambda view: len(view.windows) > 1, what="help")
    _sees_no_english(person, english)


def test_language_and_theme_change_in_the_running_window_and_nothing_is_lost(
    start_window: Callable[..., Person], english: re.Pattern[str], tmp_path: Path
) -> None:
    person = start_window(*PRACTICE, "--page", "machine", "--language", "ko", "--theme", "light")
    row = person.wait_for(row_of(VM_SIZE), OPEN_S, "table of VM sizes")
    person.click(row.name)
    person.see("machine.chosen")
    person.fill("machine.nodes", "2")
    person.press("Tab")
    person.press("alt+n")
    person.wait_for(ready("footer.primary"), READ_S, "checklist without a problem")
    person.fill("deploy.service_name", "my-service")
    assert _brightness(person, tmp_path) > 200

    _choose_in_menu(person, "English")
    person.wait_for(lambda view: view.windows[0].title == "Deploy – practice", what="the page in English")
    person.wait_for(ready("footer.primary"), READ_S, "checklist without a problem")
    _choose_in_menu(person, "Dark")
    person.wait_for(lambda view: _brightness(person, tmp_path) < 90, what="dark window")

    assert len(list(_english(person.view, english))) > 10, "what tells English from Korean does not know English"
    assert person.see("deploy.service_name").text == "my-service"
    person.press("alt+2")
    assert person.see("machine.nodes").text == "2"
    assert person.see("machine.chosen").text == VM_SIZE
    _choose_in_menu(person, "한국어")
    person.wait_for(lambda view: view.windows[0].title == "머신 – practice", what="the page in Korean")
    assert person.see("machine.nodes").text == "2"


def _pattern(text: str) -> str:
    """A whole line that says `text`, with anything for the facts in it."""
    return r"\W*" + ".+?".join(re.escape(part) for part in re.split(r"{[^}]*}", text.strip())) + r"\W*"


def _sees_no_english(person: Person, english: re.Pattern[str]) -> None:
    left = sorted(set(_english(person.view, english)))
    assert not left, f"in English: {left}\n{person.read()}"


def _english(view: View, english: re.Pattern[str]) -> Iterator[str]:
    for item in view.items:
        for text in (item.text.replace("\n", " "), *item.values):
            yield from (part for part in (text, *text.split(" · ")) if english.fullmatch(part))


def _choose_in_menu(person: Person, entry: str) -> None:
    person.click("menu")
    person.see("menu.entries")
    person.click(entry)
    person.wait_until_gone("menu.entries")


def _brightness(person: Person, folder: Path) -> float:
    """0 is black, 255 white: the middle of the page's upper edge, where nothing is written."""
    x, y, width, _height = person.view.windows[-1].rect
    with Image.open(person.screenshot(folder / "screen.png")) as shown:
        grey = shown.convert("L").getpixel((x + width // 2, y + 4))
    assert isinstance(grey, int)
    return float(grey)
