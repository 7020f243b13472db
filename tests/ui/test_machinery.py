"""What tests act with does what it says: tried on a small window that has one of everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.demo import Demo
from tests.ui.in_process import open_root, pump_until
from tests.ui.screen import Screen, ScreenSize, wait_until
from tests.ui.stage import Stage

ODD_NAMES = [
    "plain.png",
    "with space.jpg",
    "한글 사진.png",
    "curly{br ace}.png",
    "100%20 한글.jpg",
    "notes.txt",
]


@pytest.mark.parametrize("text", ["Ada Lovelace", "a{b}$c%20~'\"\\", "김영희 안녕"])
def test_typing_and_clicking(demo: Demo, text: str) -> None:
    person = demo.person
    person.click("demo.name")
    person.type(text)
    person.click("Greet")
    demo.wait_for_note("name", text)
    person.see(f"Hello, {text}!")
    assert (person.clicks, person.typed, person.keys) == (2, len(text), 0)


def test_filling_replaces_what_was_there(demo: Demo) -> None:
    demo.person.fill("demo.name", "first")
    demo.person.fill("demo.name", "second")
    demo.person.click("demo.greet")
    demo.wait_for_note("name", "second")


def test_choices(demo: Demo) -> None:
    person = demo.person
    person.click("Use TLS")
    person.click("Large")
    person.choose("demo.region", "koreacentral")
    assert person.wait_for(lambda view: (item := view.find("demo.tls")) and item.checked)
    assert person.wait_for(lambda view: (item := view.find("demo.large")) and item.checked)
    person.click("demo.greet")
    demo.wait_for_note("tls", True)
    demo.wait_for_note("size", "large")
    demo.wait_for_note("region", "koreacentral")


def test_the_keyboard_alone(demo: Demo) -> None:
    person = demo.person
    person.tab_to("demo.name")
    person.type("Keys")
    person.tab_to("demo.greet")
    person.press("space")
    demo.wait_for_note("name", "Keys")
    assert person.clicks == 0


def test_tab_to_what_takes_no_focus_fails_after_one_round(demo: Demo) -> None:
    with pytest.raises(AssertionError, match=r"Tab never reaches 'demo\.off'.*demo\.name"):
        demo.person.tab_to("demo.off")


def test_rows_of_a_table(demo: Demo) -> None:
    person = demo.person
    person.click("T4 × 2")
    demo.wait_for_note("rows", ["size-2"])
    assert person.wait_for(lambda view: (row := view.find("demo.sizes/size-2")) and row.selected)
    person.double_click("demo.sizes/size-1")
    demo.wait_for_note("opened", "size-1")
    assert not person.sees("demo.sizes/size-12")
    person.scroll("demo.sizes", 2)
    person.click("demo.sizes/size-12")
    demo.wait_for_note("rows", ["size-12"])
    person.click("demo.sizes/price")
    demo.wait_for_note("heading", "price")


def test_a_menu(demo: Demo) -> None:
    demo.person.click("demo.language")
    demo.person.click("한국어")
    demo.wait_for_note("language", "한국어")
    demo.person.wait_until_gone("한국어")


def test_tabs(demo: Demo) -> None:
    demo.person.see("text of Curl")
    demo.person.click("Python code")
    demo.person.see("text of Python code")
    assert not demo.person.sees("text of Curl")


def test_a_dialog_comes_first_and_is_answered(demo: Demo) -> None:
    person = demo.person
    person.click("demo.delete")
    view = person.wait_for(lambda view: view if len(view.windows) == 2 else None)
    assert view.windows[0].title == "Delete"
    person.see("Really delete everything?")
    person.click("No")
    demo.wait_for_note("deleted", False)
    person.wait_until_gone("Really delete everything?")


def test_waiting_for_what_comes_later(demo: Demo) -> None:
    demo.person.click("demo.later")
    demo.person.see("arrived late", timeout_s=10)


def test_a_disabled_button_is_not_clicked(demo: Demo) -> None:
    with pytest.raises(AssertionError, match=r"'demo\.off' that can be clicked"):
        demo.person.click("demo.off", timeout_s=1)


def test_closing_the_window_ends_the_program(demo: Demo) -> None:
    demo.person.click("demo.name")
    demo.person.close_window()
    assert demo.person.program.wait_for_end() == 0
    with pytest.raises(AssertionError, match="the program has ended"):
        demo.person.see("demo.name")


# --- dragging -------------------------------------------------------------------------------------------------


@pytest.fixture
def odd_files(tmp_path: Path) -> list[Path]:
    """Files of odd names; what is in them does not matter to a file manager."""
    folder = tmp_path / "odd 파일 {1}"
    folder.mkdir()
    for name in ODD_NAMES:
        (folder / name).write_bytes(name.encode())
    return [folder / name for name in ODD_NAMES]


def test_files_dragged_out_of_a_file_manager_arrive(demo: Demo, stage: Stage, odd_files: list[Path]) -> None:
    files = stage.open_file_manager(odd_files[0].parent)
    zone = demo.person.see("demo.drop").rect
    for file in odd_files:
        files.drag([file], to=zone)
        demo.wait_for_note("dropped", [str(file)])
    three = odd_files[1:4]
    files.drag(three, to=zone)
    wait_until(lambda: len(demo.notes("dropped")) == len(odd_files) + 1, 10, "the three have not arrived")
    assert sorted(demo.notes("dropped")[-1]) == sorted(str(file) for file in three)


def test_a_folder_dragged_out_of_a_file_manager_arrives(demo: Demo, stage: Stage, odd_files: list[Path]) -> None:
    inner = odd_files[0].parent / "a folder"
    inner.mkdir()
    stage.open_file_manager(inner.parent).drag([inner], to=demo.person.see("demo.drop").rect)
    demo.wait_for_note("dropped", [str(inner)])


def test_a_sharp_screen(stage: Stage, sharp_screen: Screen, tmp_path: Path, odd_files: list[Path]) -> None:
    demo = Demo(stage, tmp_path, on=sharp_screen)
    demo.person.fill("demo.name", "sharp")
    demo.person.click("demo.greet")
    demo.wait_for_note("name", "sharp")
    files = stage.open_file_manager(odd_files[0].parent, on=sharp_screen)
    files.drag(odd_files[2:3], to=demo.person.see("demo.drop").rect)
    demo.wait_for_note("dropped", [str(odd_files[2])])
    assert sharp_screen.size is ScreenSize.SHARP


# --- failing --------------------------------------------------------------------------------------------------


def test_an_exception_in_a_callback_fails_the_test(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", screen.display)

    def use_a_broken_window() -> None:
        with open_root() as window:
            done: list[bool] = []
            window.after(0, lambda: done[7])
            window.after(1, lambda: done.append(True))
            pump_until(window, lambda: done)

    with pytest.raises(AssertionError, match="IndexError: list index out of range"):
        use_a_broken_window()


def test_an_exception_in_a_program_fails_the_test(screen: Screen, tmp_path: Path) -> None:
    folder = tmp_path / "stage"
    folder.mkdir()
    stage = Stage(screen, folder)
    demo = Demo(stage, tmp_path)
    demo.person.click("Break")
    assert "nothing there" in stage.explain()
    with pytest.raises(AssertionError, match="KeyError: 'nothing there'"):
        stage.close()
