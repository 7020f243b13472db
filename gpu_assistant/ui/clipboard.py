"""What can be pasted: pictures and files."""

from __future__ import annotations

import os
import tkinter as tk
from pathlib import Path

from PIL import Image, ImageGrab, UnidentifiedImageError

from gpu_assistant.domain.text import Text
from gpu_assistant.ui.drop_target import Dropped, read_uri_list

_NO_PICTURE = Text("There is no picture on the clipboard. Copy an image or image files first.")
_NEEDS_PROGRAM = Text(
    "Pasting pictures needs the program xclip (on X11) or wl-clipboard (on Wayland). Open or drop the file instead."
)


def pasted_files(widget: tk.Misc) -> Dropped:
    """The files that a file manager put on the clipboard; none where there is something else. Tk thread only.

    Only X11 tells files this way; on the other systems `save_pasted_picture` finds them.
    """
    if widget.tk.call("tk", "windowingsystem") != "x11":
        return Dropped()
    try:
        return read_uri_list(str(widget.clipboard_get(type="text/uri-list")))
    except tk.TclError:
        return Dropped()  # the clipboard is empty or holds something else


def save_pasted_picture(folder: Path) -> Dropped:
    """Save the clipboard's picture as a PNG file in `folder`, or name the files it holds. Blocks: for worker threads.

    What hinders is told in `refused`.
    """
    try:
        found = ImageGrab.grabclipboard()
    except NotImplementedError:
        return Dropped(refused=(_NEEDS_PROGRAM,))
    except UnidentifiedImageError:
        return Dropped(refused=(_NO_PICTURE,))  # text, on some systems
    except (OSError, ValueError, SyntaxError) as exc:
        return Dropped(refused=(Text("The clipboard cannot be read ({why}).", why=type(exc).__name__),))
    if isinstance(found, list):
        return Dropped(tuple(Path(name) for name in found))
    if found is None:
        return Dropped(refused=(_NO_PICTURE,))
    try:
        return Dropped((_save(found, folder),))
    except (OSError, ValueError) as exc:
        why = exc.strerror if isinstance(exc, OSError) and exc.strerror else type(exc).__name__
        return Dropped(refused=(Text("The pasted picture cannot be saved ({why}).", why=why),))


def _save(picture: Image.Image, folder: Path) -> Path:
    number = 1
    while True:
        path = folder / f"pasted-{number}.png"
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                picture.save(file, "PNG", compress_level=1)
            return path
        except FileExistsError:
            number += 1
