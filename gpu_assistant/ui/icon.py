"""The program's icon on its windows and in the task bar."""

from __future__ import annotations

import logging
import sys
import tkinter as tk

from gpu_assistant import paths

log = logging.getLogger(__name__)

# The window manager picks the size that fits; 256 is left to the desktop file, as it would only travel to X.
_SIZES_PX = (16, 32, 48, 64, 128)


def set_icon(root: tk.Tk) -> None:
    """Give `root`, and every window opened after it, our icon. Tk thread only; a file that is missing is logged.

    The pictures belong to the Tcl interpreter (`::gpu_assistant_icon_16`…) and so live as long as the window does.
    """
    try:
        if sys.platform == "win32":
            root.iconbitmap(default=str(paths.resource("icons", "gpu-assistant.ico")))
        else:
            root.tk.call("wm", "iconphoto", root, "-default", *(_picture(root, size) for size in _SIZES_PX))
    except tk.TclError as error:
        log.warning("no icon: %s", error)


def _picture(root: tk.Tk, size_px: int) -> str:
    name = f"::gpu_assistant_icon_{size_px}"
    file = paths.resource("icons", f"gpu-assistant-{size_px}.png")
    root.tk.call("image", "create", "photo", name, "-file", str(file))
    return name
