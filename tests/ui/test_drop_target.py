"""What is dropped, by every way a program may name it."""

from __future__ import annotations

import tkinter as tk
from dataclasses import dataclass
from pathlib import Path

import pytest

from gpu_assistant.ui.drop_target import Dropped, DropTarget, read_drop, read_uri_list

TCL = tk.Tcl()


def _tcl_list(*words: str) -> str:
    """As tkdnd hands over what was dropped."""
    return str(TCL.call("format", "%s", words))


NAMES = (
    "plain.png",
    "with space.png",
    "한글 사진.jpg",
    "curly{br ace}.png",
    "100%20 사진.jpg",
    "one{brace.png",
    'quo"te $dollar [bracket].jpg',
    "back\\slash.png",
    "semi;colon & more.webp",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_name(name: str) -> None:
    path = Path("/home/지수/My Pictures", name)
    assert read_drop(TCL, _tcl_list(str(path))) == Dropped((path,))


def test_several_files_and_a_folder() -> None:
    paths = tuple(Path("/home/jisu", name) for name in (*NAMES, "folder of images"))
    assert read_drop(TCL, _tcl_list(*map(str, paths))) == Dropped(paths)


FILE_ADDRESSES = {
    "file:///home/jisu/a.png": "/home/jisu/a.png",
    "file:///home/jisu/two%20words.png": "/home/jisu/two words.png",
    "file:///home/jisu/%ED%95%9C%EA%B8%80.png": "/home/jisu/한글.png",
    "file:///home/jisu/100%2520.png": "/home/jisu/100%20.png",
    "file://localhost/home/jisu/a.png": "/home/jisu/a.png",
    "file:/home/jisu/a.png": "/home/jisu/a.png",
    "FILE:///home/jisu/a.png": "/home/jisu/a.png",
    "localhost/home/jisu/a.png": "/home/jisu/a.png",
    "file:///home/jisu/not-utf8-%FF.png": "/home/jisu/not-utf8-\udcff.png",
}


@pytest.mark.parametrize("address", FILE_ADDRESSES)
def test_an_address_of_a_file(address: str) -> None:
    assert read_drop(TCL, _tcl_list(address)) == Dropped((Path(FILE_ADDRESSES[address]),))


def test_a_percent_sign_in_a_plain_path_is_left_alone() -> None:
    assert read_drop(TCL, "/home/jisu/100%20.png").paths == (Path("/home/jisu/100%20.png"),)


REFUSED = {
    "https://example.com/cat.png": "is on the web",
    "http://example.com/a%20b.png": "is on the web",
    "data:image/png;base64,iVBORw0KGgo=": "only in the browser",
    "sftp://server/cat.png": "is not on this computer",
    "trash:///cat.png": "is not on this computer",
    "file://fileserver/share/cat.png": "is not on this computer",
    "file:///": "is not on this computer",
    "just some words": "Text cannot be scored",
    "a lone { brace": "Text cannot be scored",
    "first line\nsecond line": "Text cannot be scored",
    "relative/name.png": "Text cannot be scored",
}


@pytest.mark.parametrize("data", REFUSED)
def test_what_is_no_file_gets_one_sentence(data: str) -> None:
    dropped = read_drop(TCL, data)
    assert dropped.paths == ()
    (sentence,) = dropped.refused
    assert REFUSED[data] in sentence


def test_a_long_address_is_cut() -> None:
    (sentence,) = read_drop(TCL, "https://example.com/" + "x" * 500).refused
    assert len(sentence) < 180


def test_what_can_be_scored_is_kept_when_the_rest_cannot() -> None:
    dropped = read_drop(TCL, _tcl_list("/a/b.png", "https://example.com/c.png"))
    assert dropped.paths == (Path("/a/b.png"),)
    assert len(dropped.refused) == 1


def test_text_with_addresses_of_files_in_lines() -> None:
    assert read_drop(TCL, "file:///a/b%20c.png\r\n/d/e.png\r\n").paths == (Path("/a/b c.png"), Path("/d/e.png"))


@pytest.mark.parametrize("nothing", ["", "  ", "\n"])
def test_nothing(nothing: str) -> None:
    assert read_drop(TCL, nothing) == Dropped()


def test_a_uri_list_as_file_managers_copy_it() -> None:
    copied = "# from a file manager\r\nfile:///a/b%20c.png\r\nfile:///a/%ED%95%9C.png\r\n"
    assert read_uri_list(copied).paths == (Path("/a/b c.png"), Path("/a/한.png"))


@dataclass
class Event:
    """What tkdnd hands over."""

    data: str = ""
    action: str = "copy"


def test_the_handlers(root: tk.Tk) -> None:
    frame = tk.Frame(root)
    frame.pack()
    drops: list[Dropped] = []
    hovers: list[bool] = []
    target = DropTarget(frame, on_drop=drops.append, on_hover=hovers.append)
    assert target.entered(Event(action="copy")) == "copy"
    assert target.left(Event(action="copy")) == "copy"
    assert target.entered(Event(action="move")) == "move"
    assert target.dropped(Event("{/a/b c.png}", action="move")) == "move"
    assert hovers == [True, False, True, False]
    assert drops == [Dropped((Path("/a/b c.png"),))]


def test_dropping_is_bound_to_the_widget(root: tk.Tk) -> None:
    frame = tk.Frame(root)
    DropTarget(frame, on_drop=lambda dropped: None)
    assert {"<<Drop>>", "<<DropEnter>>", "<<DropLeave>>"} <= set(frame.bind())
