"""Size and place of the window: remembered, and sane on another screen."""

from __future__ import annotations

import re
import tkinter as tk
from collections.abc import Callable

from gpu_assistant.settings import WindowPlace
from gpu_assistant.ui.theme import px

LEAST = (1024, 700)
USUAL = (1180, 780)
"""Width and height, in pixels of a 96-dpi screen."""
_DESKTOP_BARS = 60
_FIRST_PLACE = "FirstPlace"
_GEOMETRY = re.compile(r"(\d+)x(\d+)([+-]-?\d+)([+-]-?\d+)")


def fit(place: WindowPlace | None, *, screen: tuple[int, int], dots_per_inch: float) -> tuple[int, int, int, int]:
    """Width, height, left and top in this screen's pixels: as remembered where that is possible, else in the middle.

    A window saved on a screen of another density is scaled; none is larger than the screen, or out of sight.
    """
    scale = dots_per_inch / 96
    if place is None:
        width, height = (round(side * scale) for side in USUAL)
    else:
        by = dots_per_inch / place.dots_per_inch if place.dots_per_inch > 0 else 1.0
        width, height = round(place.width * by), round(place.height * by)
    least_width, least_height = least(screen, dots_per_inch)
    width = min(max(width, least_width), screen[0])
    height = min(max(height, least_height), max(screen[1] - round(_DESKTOP_BARS * scale), least_height))
    left, top = (screen[0] - width) // 2, max((screen[1] - height) // 3, 0)
    if place is not None and place.dots_per_inch == dots_per_inch:
        left = min(max(place.left, 0), screen[0] - width)
        top = min(max(place.top, 0), screen[1] - height)
    return width, height, left, top


def least(screen: tuple[int, int], dots_per_inch: float) -> tuple[int, int]:
    """The smallest size that shows everything; less on a screen that is smaller still."""
    scale = dots_per_inch / 96
    return min(round(LEAST[0] * scale), screen[0]), min(round(LEAST[1] * scale), screen[1])


def apply_place(root: tk.Tk, place: WindowPlace | None) -> tuple[int, int]:
    """Give `root` its size and place, before it is mapped; returns its width and height."""
    screen, dots_per_inch = _screen(root)
    width, height, left, top = fit(place, screen=screen, dots_per_inch=dots_per_inch)
    root.minsize(*least(screen, dots_per_inch))
    root.geometry(f"{width}x{height}+{left}+{top}")
    if place is not None and place.maximized:
        _maximize(root)
    return width, height


def show_laid_out(root: tk.Tk, body: tk.Widget, size: tuple[int, int]) -> None:
    """Map `root`, which is to have this width and height, with `body` filling it.

    All that is inside finds its place before: on screen it would be drawn with each step of that.
    """
    if not root.winfo_ismapped():
        body.place(x=0, y=0, width=size[0], height=size[1])
        root.update_idletasks()
        _at_first_place(root, lambda: body.pack(fill="both", expand=True))  # from then on as large as the window is
    root.deiconify()


def _at_first_place(root: tk.Tk, act: Callable[[], object]) -> None:
    """Call `act` when the window manager has given `root` its place. (Its own events only: a binding of the window
    would be asked about each widget in it.)"""

    def placed(event: object) -> None:
        root.bindtags([tag for tag in root.bindtags() if tag != _FIRST_PLACE])
        act()

    root.bindtags((_FIRST_PLACE, *root.bindtags()))
    root.bind_class(_FIRST_PLACE, "<Configure>", placed)


def present_place(root: tk.Tk, before: WindowPlace | None) -> WindowPlace | None:
    """Where `root` is now. While it fills the screen, the size it had before is kept."""
    _, dots_per_inch = _screen(root)
    found = _GEOMETRY.fullmatch(root.geometry())
    if found is None or not root.winfo_ismapped():
        return before
    width, height, left, top = (int(part.replace("+-", "-")) for part in found.groups())
    if not _is_maximized(root):
        return WindowPlace(width, height, left, top, dots_per_inch)
    if before is None:
        usual_width, usual_height = (px(root, side) for side in USUAL)
        return WindowPlace(usual_width, usual_height, 0, 0, dots_per_inch, maximized=True)
    return WindowPlace(before.width, before.height, before.left, before.top, before.dots_per_inch, maximized=True)


def _screen(root: tk.Tk) -> tuple[tuple[int, int], float]:
    return (root.winfo_screenwidth(), root.winfo_screenheight()), round(root.winfo_fpixels("1i"), 2)


def _is_maximized(root: tk.Tk) -> bool:
    if root.tk.call("tk", "windowingsystem") == "x11":
        return bool(root.attributes("-zoomed"))
    return root.state() == "zoomed"


def _maximize(root: tk.Tk) -> None:
    if root.tk.call("tk", "windowingsystem") == "x11":
        root.attributes("-zoomed", True)
    else:
        root.after_idle(lambda: root.state("zoomed"))
