"""Keys in the window: in a real keyring where one works; in memory, never in a file, where none does; and it says so.

One web service for all tests but the first, deployed without a keyring: each window has its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.secret_service import PASSWORD, SecretService
from tests.service_keys import places_of, service_keys
from tests.ui.journeys.journey import (
    ANSWER_S,
    DEPLOY_S,
    LABELS,
    OPEN_S,
    PRACTICE,
    READ_S,
    SERVICE,
    VM_SIZE,
    deploy_by_command,
    ready,
    resources,
    row_of,
    see_all_gone,
)
from tests.ui.person import Person
from tests.ui.screen import Screen, wait_until
from tests.ui.stage import Stage

KEYS_TAB = "Keys"
IN_KEYRING = "✓ Kept in the keyring of this computer, never in a file. Clean-up removes them there."
IN_MEMORY = "keys are kept in memory for this session."
NO_KEYRING = f"No OS keyring answers here; {IN_MEMORY}"
LOCKED = f"The keyring is locked and was not unlocked; {IN_MEMORY}"
BAD_NULL = f"The keyring keyring.backends.null.Keyring cannot be trusted with keys; {IN_MEMORY}"
BAD_FILE = f"The keyring plain_text_keyring.Keyring cannot be trusted with keys; {IN_MEMORY}"

StartWindow = Callable[..., Person]


@pytest.fixture(scope="module")
def stage(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """As everywhere, but for all tests of this module: so the practice server and its model stay up meanwhile."""
    opened = Stage(screen, tmp_path_factory.mktemp("keyring"))
    yield opened
    opened.close()


@pytest.fixture
def start_window(stage: Stage) -> Iterator[StartWindow]:
    """Each test has windows of its own."""
    before = len(stage.people)
    yield stage.start_window
    for person in stage.people[before:]:
        person.program.end()


@pytest.fixture
def keyrings(tmp_path: Path) -> Iterator[Callable[..., SecretService]]:
    """Starts D-Bus sessions on which a keyring can be started; all end after the test."""
    opened: list[SecretService] = []

    def open_one(display: str = "") -> SecretService:
        opened.append(SecretService(tmp_path / f"keyring{len(opened)}", display=display))
        return opened[-1]

    yield open_one
    for service in opened:
        service.close()


@pytest.fixture(scope="module")
def deployed(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a web service that answers, whose keys no keyring knows."""
    data_dir = tmp_path_factory.mktemp("keyring-data")
    deploy_by_command(data_dir)
    return data_dir


def test_keys_live_in_the_keyring_from_deploy_to_clean_up(
    start_window: StartWindow, keyrings: Callable[..., SecretService], tmp_path: Path
) -> None:
    service = keyrings()
    service.start()
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    first = _start(start_window, service, "--page", "machine", "--debug", data_dir=data_dir)
    first.click(first.wait_for(row_of(VM_SIZE), OPEN_S, "table of VM sizes").name)
    first.press("alt+n")
    first.wait_for(ready("footer.primary"), READ_S, "checklist without a problem")
    first.see("Keys go to the keyring")
    assert not first.sees(IN_MEMORY)
    first.click("footer.primary")
    first.see("score.drop", DEPLOY_S)
    first.click(KEYS_TAB)
    assert first.see("score.keys_kept").text == IN_KEYRING
    keys = service_keys(data_dir)
    _holds(service, keys)
    first.close_window()
    first.click("Keep running")
    assert first.program.wait_for_end() == 0

    second = _start(start_window, service, "--page", "score", "--debug", data_dir=data_dir)
    second.see("score.drop", OPEN_S)
    asked = _asked_for_keys(data_dir)
    assert asked >= 1, "the practice server writes no talkative log: nothing could be seen there"
    _score(second)
    second.click(KEYS_TAB)
    assert second.see("score.keys_kept").text == IN_KEYRING
    second.click("score.copy_primary")
    second.see("The key is on the clipboard for 30 seconds.")
    second.click("toast.close")
    assert _asked_for_keys(data_dir) == asked
    _nothing_in_clear(keys, second, tmp_path)

    second.press("alt+5")
    second.wait_for(ready("footer.primary"), READ_S, "button to delete everything")
    second.click("footer.primary")
    see_all_gone(second)
    assert service.entries() == {}
    assert resources(data_dir) == []
    _nothing_in_clear(keys, second, tmp_path)


def test_a_keyring_that_comes_later_takes_the_keys_when_asked(
    start_window: StartWindow, keyrings: Callable[..., SecretService], deployed: Path, tmp_path: Path
) -> None:
    service = keyrings()
    person = _start(start_window, service, data_dir=deployed)
    assert person.see("workspace.keyring", OPEN_S).text == NO_KEYRING
    person.wait_for(ready("steps.4"), READ_S, "way to the Score page")
    person.click("steps.4")
    _score(person)
    person.click(KEYS_TAB)
    assert person.see("score.keys_kept").text == f"! {NO_KEYRING}"
    person.click("score.keyring_retry")
    person.wait_for(ready("score.keyring_retry"), what="end of the try")
    assert person.see("score.keys_kept").text == f"! {NO_KEYRING}"
    keys = service_keys(deployed)
    _nothing_in_clear(keys, person, deployed, tmp_path)

    service.start()
    person.click("score.keyring_retry")
    person.wait_for(_kept(IN_KEYRING), what="keys in the keyring")
    _holds(service, keys)
    person.press("alt+1")
    person.see("workspace.opened")
    assert not person.sees("workspace.keyring")


def test_a_locked_keyring_asks_once_and_again_only_when_told_to(
    screen: Screen, start_window: StartWindow, keyrings: Callable[..., SecretService], deployed: Path, tmp_path: Path
) -> None:
    service = keyrings(screen.display)
    service.start()
    service.lock()
    person = _start(start_window, service, "--page", "score", data_dir=deployed)
    person.click("score.sample.chelsea.jpg", OPEN_S)
    _answer_prompt(screen, "Escape")
    person.see(LABELS["chelsea.jpg"], ANSWER_S)
    person.click(KEYS_TAB)
    person.wait_for(_kept(f"! {LOCKED}"), what="keys in memory")

    # Each of these would ask again, and wait for an answer that nobody gives.
    person.click("score.copy_secondary")
    person.see("The key is on the clipboard for 30 seconds.")
    person.click("score.new_secondary")
    person.click("Make a new key")
    person.see("The new key is in use. Give it to the programs that had the old one.")
    person.click("score.tabs/0")
    person.click("score.samples")
    person.click("coffee.jpg")
    person.see(LABELS["coffee.jpg"], ANSWER_S)
    assert not _prompts(screen)
    keys = service_keys(deployed)
    _nothing_in_clear(keys, person, deployed, tmp_path)

    person.click(KEYS_TAB)
    person.click("score.keyring_retry")
    _answer_prompt(screen, "Escape")
    person.wait_for(ready("score.keyring_retry"), what="end of the try")
    assert person.see("score.keys_kept").text == f"! {LOCKED}"
    person.click("score.keyring_retry")
    _answer_prompt(screen, PASSWORD)
    person.wait_for(_kept(IN_KEYRING), what="keys in the keyring")
    _holds(service, keys)
    _nothing_in_clear(keys, person, deployed, tmp_path)


@pytest.mark.parametrize("kind", ["locked-and-nobody-to-ask", "null-by-environment", "plain-file-by-keyringrc"])
def test_a_keyring_that_cannot_be_used_is_named_and_keys_stay_in_memory(
    kind: str, start_window: StartWindow, keyrings: Callable[..., SecretService], deployed: Path, tmp_path: Path
) -> None:
    chosen: dict[str, str | None] = {}
    service = keyrings()
    if kind.startswith("locked"):
        service.start()
        service.lock()
        sentence = LOCKED
    elif kind.startswith("null"):
        chosen["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
        sentence = BAD_NULL
    else:
        config = tmp_path / "config"
        (config / "python_keyring").mkdir(parents=True)
        (config / "python_keyring" / "keyringrc.cfg").write_text(
            "[backend]\ndefault-keyring=plain_text_keyring.Keyring\n"
            f"keyring-path={ROOT / 'tests' / 'fakes' / 'keyrings'}\n"
        )
        chosen["XDG_CONFIG_HOME"] = str(config)
        sentence = BAD_FILE
    person = _start(start_window, service, "--page", "score", data_dir=deployed, **chosen)
    person.see("score.drop", OPEN_S)
    _score(person)
    person.click(KEYS_TAB)
    person.wait_for(_kept(f"! {sentence}"), what="keys in memory")
    person.press("alt+1")
    assert person.see("workspace.keyring").text == sentence
    person.click("workspace.keyring.retry")
    person.wait_for(ready("workspace.keyring.retry"), what="end of the try")
    assert person.see("workspace.keyring").text == sentence
    _nothing_in_clear(service_keys(deployed), person, deployed, tmp_path)
    assert not [*person.program.output.parent.rglob("plain-text-keys*")], "the plain keyring was written to"


def _start(
    start_window: StartWindow, service: SecretService, *options: str, data_dir: Path, **more: str | None
) -> Person:
    """A window that finds the D-Bus session of `service`, and chooses its keyring as on anybody's desktop."""
    found = {"PYTHON_KEYRING_BACKEND": None, "DBUS_SESSION_BUS_ADDRESS": service.address}
    return start_window(*PRACTICE, *options, data_dir=data_dir, **{**found, **more})


def _score(person: Person) -> None:
    person.click("score.sample.chelsea.jpg")
    person.see(LABELS["chelsea.jpg"], ANSWER_S)


def _kept(text: str) -> Callable[..., object]:
    """For `Person.wait_for`: the Keys tab says this of where keys are kept."""
    return lambda view: (item := view.find("score.keys_kept")) is not None and item.text == text


def _holds(service: SecretService, keys: list[str]) -> None:
    """The keyring has both keys under one name, and nothing else. Says no key when it fails."""
    entries = service.entries()
    assert [name.rpartition("/services/")[2] for name in entries] == [SERVICE]
    (kept,) = entries.values()
    assert all(key in kept for key in keys) is True, "the keyring has other keys than the web service"


def _nothing_in_clear(keys: list[str], person: Person, *folders: Path) -> None:
    """No file has a key: screen map, logs, ledger, settings, home."""
    assert places_of(keys, *folders, person.program.screen_map.parent, person.program.output.parent) == []


def _asked_for_keys(data_dir: Path) -> int:
    """How often anybody asked the practice workspace for keys."""
    logs = "".join(log.read_text(encoding="utf-8") for log in data_dir.rglob("*.log"))
    return sum("listkeys" in line and "->" in line for line in logs.splitlines())


def _prompts(screen: Screen) -> str:
    """The windows that ask for the keyring's password."""
    return screen.xdotool("search", "--onlyvisible", "--class", "gcr-prompter", check=False)


def _answer_prompt(screen: Screen, answer: str) -> None:
    """Wait for the keyring's own window and answer it: with Escape, or with a password."""
    prompt = wait_until(lambda: _prompts(screen), ANSWER_S, "nobody asks for the keyring's password")
    wait_until(
        lambda: screen.xdotool("getwindowfocus", check=False) in prompt.split(), ANSWER_S, "the prompt has no focus"
    )
    if answer != "Escape":
        screen.xdotool("type", "--delay", "25", "--", answer)
        answer = "Return"
    screen.xdotool("key", answer)
    wait_until(lambda: not _prompts(screen), ANSWER_S, "the keyring still asks for its password")
