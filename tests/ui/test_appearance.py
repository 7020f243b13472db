from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from gpu_assistant.i18n import language, use_language
from gpu_assistant.settings import Settings, WindowPlace, change_settings, load_settings, remember_workspace
from gpu_assistant.ui.appearance import SYSTEM_LANGUAGE, Appearance, Theme
from gpu_assistant.ui.errands import Errands
from gpu_assistant.ui.system_theme import system_is_dark
from gpu_assistant.ui.theme import Root, is_dark
from tests.ui.frame import HOME
from tests.ui.in_process import pump_until

SESSION = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}


# --- the desktop's own theme ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "answers", "expected"),
    [
        pytest.param(SESSION, {"gdbus": "(<<uint32 1>>,)"}, True, id="portal: dark"),
        pytest.param(SESSION, {"gdbus": "(<<uint32 2>>,)", "gsettings": "'prefer-dark'"}, False, id="portal: light"),
        pytest.param(SESSION, {"gdbus": "(<<uint32 0>>,)", "gsettings": "'prefer-dark'"}, True, id="portal: no word"),
        pytest.param(SESSION, {"gsettings": "'prefer-dark'"}, True, id="no portal: dark"),
        pytest.param(SESSION, {"gsettings": "'prefer-light'"}, False, id="no portal: light"),
        pytest.param({**SESSION, "GTK_THEME": "Adwaita:dark"}, {"gsettings": "'default'"}, True, id="GTK_THEME :dark"),
        pytest.param({"GTK_THEME": "Yaru-dark"}, {}, True, id="GTK_THEME -dark"),
        pytest.param({"GTK_THEME": "Adwaita"}, {}, False, id="GTK_THEME light"),
        pytest.param(SESSION, {}, False, id="nobody answers"),
        pytest.param({}, {"gdbus": "(<<uint32 1>>,)"}, False, id="no session bus: nobody is asked"),
    ],
)
def test_linux_desktops_are_asked(environment: dict[str, str], answers: dict[str, str], expected: bool) -> None:
    def ask(command: Sequence[str]) -> str:
        return answers.get(command[0], "")

    assert system_is_dark(platform="linux", environment=environment, ask=ask) is expected


def test_macos_is_asked() -> None:
    assert system_is_dark(platform="darwin", environment={}, ask=lambda command: "Dark\n")
    assert not system_is_dark(platform="darwin", environment={}, ask=lambda command: "")


def test_a_program_that_is_not_there_is_no_answer() -> None:
    environment = {**SESSION, "PATH": ""}
    assert not system_is_dark(platform="linux", environment=environment)


# --- choices -------------------------------------------------------------------------------------------------------


def attached(root: Root, file: Path, *, dark: bool = False, theme: str | None = None) -> Appearance:
    appearance = Appearance(file, theme=theme, ask_system=lambda: dark)
    appearance.attach(root, Errands(root), on_language=lambda: None)
    return appearance


def test_the_desktop_is_followed_and_what_it_said_is_remembered_for_the_next_start(root: Root, tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    appearance = attached(root, file, dark=True)
    assert not appearance.is_dark
    appearance.ask_desktop()
    pump_until(root, lambda: is_dark(root))
    pump_until(root, lambda: load_settings(file).system_is_dark)
    assert Appearance(file).is_dark


def test_the_desktop_is_not_asked_when_the_person_chose(root: Root, tmp_path: Path) -> None:
    appearance = attached(root, tmp_path / "settings.json", dark=True, theme="light")
    appearance.ask_desktop()
    appearance.choose_theme(Theme.LIGHT)
    pump_until(root, lambda: load_settings(tmp_path / "settings.json").theme == "light")
    assert not is_dark(root)


def test_asking_the_desktop_never_holds_up_the_window(root: Root, tmp_path: Path) -> None:
    asked, answer = threading.Event(), threading.Event()

    def slow() -> bool:
        asked.set()
        return answer.wait(10)

    appearance = Appearance(tmp_path / "settings.json", ask_system=slow)
    appearance.attach(root, Errands(root), on_language=lambda: None)
    appearance.ask_desktop()
    pump_until(root, asked.is_set)
    beats: list[int] = []
    root.after(1, lambda: beats.append(1))
    pump_until(root, lambda: beats)
    answer.set()
    pump_until(root, lambda: is_dark(root))


@pytest.mark.parametrize(("chosen", "spoken"), [("ko", "ko"), ("en", "en"), (SYSTEM_LANGUAGE, "ko"), ("xx", "ko")])
def test_languages(root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str, spoken: str) -> None:
    monkeypatch.setenv("LANGUAGE", "ko_KR.UTF-8")
    try:
        drawn: list[str] = []
        appearance = Appearance(tmp_path / "settings.json")
        appearance.attach(root, Errands(root), on_language=lambda: drawn.append(language()))
        if chosen != "xx":
            appearance.choose_language(chosen)
            assert drawn == [spoken]
        else:
            Appearance(tmp_path / "settings.json", language=chosen)
        assert language() == spoken
    finally:
        use_language("en")


def test_program_options_hold_for_this_start_only(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    change_settings(file, lambda settings: Settings(theme="light", language="en"))
    try:
        appearance = Appearance(file, theme="dark", language="ko")
        assert (appearance.is_dark, language()) == (True, "ko")
        assert (load_settings(file).theme, load_settings(file).language) == ("light", "en")
    finally:
        use_language("en")


# --- the file ------------------------------------------------------------------------------------------------------


def test_what_one_saves_the_other_keeps(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    remember_workspace(file, HOME)
    Appearance(file).remember_place(WindowPlace(1200, 800, 10, 20))
    saved = load_settings(file)
    assert saved.workspace == HOME
    assert saved.window == WindowPlace(1200, 800, 10, 20)


def test_what_a_later_version_wrote_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"new thing": [1, 2], "theme": "dark"}')
    Appearance(file).remember_place(WindowPlace(1200, 800, 10, 20))
    assert json.loads(file.read_text())["new thing"] == [1, 2]
    assert load_settings(file).theme == "dark"


@pytest.mark.parametrize(
    "content",
    [
        '{"theme": 3, "language": null, "window": "large", "recent": {}}',
        '{"window": {"width": "wide", "height": 1, "left": 1, "top": 1, "dots_per_inch": 96}}',
        '{"window": {"width": 100}}',
        '{"window": {"width": 1e999, "height": 1, "left": 1, "top": 1, "dots_per_inch": 96}}',
        '{"recent": [null, 1, {"name": "x"}]}',
        '{"theme": "purple"}',
    ],
)
def test_nonsense_in_the_file_is_as_by_default(tmp_path: Path, content: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(content)
    appearance = Appearance(file)
    assert (appearance.theme, appearance.place, appearance.is_dark) == (Theme.SYSTEM, None, False)
    assert load_settings(file).recent == ()


def test_threads_that_save_at_once_lose_nothing(tmp_path: Path) -> None:
    from dataclasses import replace

    file = tmp_path / "settings.json"
    names = [f"workspace-{number}" for number in range(6)]
    threads = [
        threading.Thread(target=remember_workspace, args=(file, replace(HOME, name=name)), name=name) for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(ref.name for ref in load_settings(file).recent) == names
    assert [path.name for path in tmp_path.iterdir()] == ["settings.json"]
