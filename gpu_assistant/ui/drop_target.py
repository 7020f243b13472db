"""Files and text that are dragged onto the window."""

from __future__ import annotations

import os
import re
import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from tkinterdnd2 import DND_FILES, DND_TEXT

from gpu_assistant.domain.text import Text

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")  # two letters at least, as one is a Windows drive
_WINDOWS_PATH = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_LONGEST_QUOTE = 60


@dataclass(frozen=True, slots=True)
class Dropped:
    """What was dropped: files and folders of this computer, and a sentence (a Text) for each thing that is none."""

    paths: tuple[Path, ...] = ()
    refused: tuple[str, ...] = ()


def read_drop(tk_app: Any, data: str) -> Dropped:
    """What tkdnd's `data` means. `tk_app` is the interpreter (`widget.tk`), whose list syntax the data is in.

    File managers name files as plain paths, as `file:` addresses or, through tkdnd, as `localhost/…`.
    """
    if not data.strip():
        return Dropped()
    if _is_text(tk_app, data):
        return _read_text(data)
    paths: list[Path] = []
    refused: list[str] = []
    for item in tk_app.splitlist(data):
        path = _to_path(item)
        if path is not None:
            paths.append(path)
        else:
            refused.append(_why_not(item))
    return Dropped(tuple(paths), tuple(dict.fromkeys(refused)))


def read_uri_list(text: str) -> Dropped:
    """What a `text/uri-list` names, as file managers put it on the clipboard: an address a line, `#` for remarks."""
    return _read_text("\n".join(line for line in text.splitlines() if not line.startswith("#")))


class DropTarget:
    """Makes `widget`, with all that is inside it, take what is dropped. Does nothing where dropping cannot work.

    `on_drop` gets what was dropped, `on_hover` True while something is held over the widget and False when it is gone.
    """

    def __init__(
        self,
        widget: tk.Misc,
        *,
        on_drop: Callable[[Dropped], None],
        on_hover: Callable[[bool], None] = lambda hovering: None,
    ) -> None:
        self._widget = widget
        self._on_drop = on_drop
        self._on_hover = on_hover
        root: Any = widget.nametowidget(".")
        if root.can_drop:  # elsewhere the page offers a dialog and the clipboard
            target: Any = widget  # tkinterdnd2 adds its methods to every widget
            target.drop_target_register(DND_FILES, DND_TEXT)
            target.dnd_bind("<<Drop>>", self.dropped)
            target.dnd_bind("<<DropEnter>>", self.entered)
            target.dnd_bind("<<DropLeave>>", self.left)

    def dropped(self, event: Any) -> str:
        """Handles <<Drop>>. The answer is what the source is told, so it must be the action it offered."""
        self._on_hover(False)
        self._on_drop(read_drop(self._widget.tk, event.data))
        return str(event.action)

    def entered(self, event: Any) -> str:
        """Handles <<DropEnter>>."""
        self._on_hover(True)
        return str(event.action)

    def left(self, event: Any) -> str:
        """Handles <<DropLeave>>."""
        self._on_hover(False)
        return str(event.action)


def _is_text(tk_app: Any, data: str) -> bool:
    """Whether this is a sentence, or lines, rather than a list of files: its first word is no place at all."""
    try:
        items = tk_app.splitlist(data)
    except tk.TclError:
        return True  # a lone brace, which only text has
    return "\n" in data or not any(_to_path(item) is not None or _ADDRESS.match(item) for item in items)


def _read_text(data: str) -> Dropped:
    lines = [line.strip() for line in data.splitlines() if line.strip()]
    paths = [path for path in map(_to_path, lines) if path is not None]
    refused = [_why_not(line) for line in lines if _to_path(line) is None]
    return Dropped(tuple(paths), tuple(dict.fromkeys(refused)))


def _to_path(item: str) -> Path | None:
    """The file or folder an item names, whether or not it exists; None when it names none."""
    if item.startswith("localhost/"):
        item = item.removeprefix("localhost")
    elif item.lower().startswith("file:"):
        return _from_file_url(item[len("file:") :])
    if "\0" in item or not (item.startswith("/") or _WINDOWS_PATH.match(item)):
        return None
    return Path(item)


def _from_file_url(rest: str) -> Path | None:
    if rest.startswith("//"):
        host, _, place = rest[2:].partition("/")
        if host.lower() not in ("", "localhost"):
            return None
        rest = f"/{place}"
    name = os.fsdecode(unquote_to_bytes(rest))
    if re.match(r"/[A-Za-z]:[\\/]", name):
        name = name[1:]  # file:///C:/…
    return Path(name) if name.strip("/") and "\0" not in name else None


def _why_not(item: str) -> str:
    quote = item if len(item) <= _LONGEST_QUOTE else f"{item[:_LONGEST_QUOTE]}…"
    address = _ADDRESS.match(item)
    if address is None:
        return Text("Text cannot be scored. Drop image files or a folder of images.")
    if address[1].lower() in ("http", "https"):
        return Text(
            "{address} is on the web. Save the picture to this computer first, then drop the file.", address=quote
        )
    if address[1].lower() == "data":
        return Text("This picture is only in the browser. Save it to this computer first, then drop the file.")
    return Text("{address} is not on this computer. Copy it here first, then drop the file.", address=quote)
