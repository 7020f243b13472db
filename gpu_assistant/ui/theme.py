"""The toolkit: the only module that imports ttkbootstrap, so that it can be replaced here.

Widgets come from this module and take `bootstyle=` ("primary", "danger-outline", "secondary", "link"…) or one of
the style names below. Sizes go through `px`, fonts are the named fonts below, colours of a Canvas are `colours()`,
drawn again on `<<ThemeChanged>>`. Tk thread only.
"""

from __future__ import annotations

import sys
import tkinter as tk
import tkinter.font as tkfont
from collections.abc import Callable
from functools import cached_property
from tkinter import ttk
from tkinter.ttk import Button as PlainButton  # for styles of our own, which the toolkit's would change
from tkinter.ttk import Frame, Label  # most of the window, and the toolkit's would look the same and cost more
from tkinter.ttk import Menubutton as PlainMenubutton
from typing import Any, NamedTuple, cast

import ttkbootstrap
from tkinterdnd2 import TkinterDnD
from ttkbootstrap import (
    Button,
    Checkbutton,
    Combobox,
    Entry,
    LabelFrame,
    Menu,
    Menubutton,
    Notebook,
    Radiobutton,
    Scale,
    Scrollbar,
    Separator,
    Spinbox,
    Treeview,
)

from gpu_assistant.ui.icon import set_icon
from gpu_assistant.ui.input_methods import keep_input_methods_to_text

__all__ = [
    "BODY",
    "BOLD",
    "HEADING",
    "MONO",
    "SMALL",
    "TITLE",
    "Button",
    "Checkbutton",
    "Colours",
    "Combobox",
    "Entry",
    "Frame",
    "Label",
    "LabelFrame",
    "Menu",
    "Menubutton",
    "Notebook",
    "PlainButton",
    "PlainMenubutton",
    "Progressbar",
    "Radiobutton",
    "Root",
    "Scale",
    "Scrollbar",
    "Separator",
    "Spinbox",
    "Toplevel",
    "Treeview",
    "card",
    "colours",
    "create_root",
    "is_dark",
    "mixed",
    "px",
    "use_dark",
]

Toplevel = ttkbootstrap.Toplevel

# Named fonts, sizes in points so that they follow the screen.
BODY, BOLD, SMALL = "TkDefaultFont", "GpuBold", "GpuSmall"
HEADING, TITLE, MONO = "GpuHeading", "GpuTitle", "TkFixedFont"

_LIGHT, _DARK = "bootstrap-light", "bootstrap-dark"
_FLAT = "Flat"
_FLAT_BAR = f"Horizontal.{_FLAT}.TProgressbar"
CLASS_NAME = "gpu-assistant"
"""Tk turns it into WM_CLASS = "gpu-assistant", "Gpu-assistant"; the desktop file's StartupWMClass is the second."""


class Colours(NamedTuple):
    """What a Canvas draws with. `muted` is readable text (4.5 : 1 on `page`), `faint` is for lines and tracks."""

    page: str
    surface: str
    text: str
    muted: str
    faint: str
    accent: str
    on_accent: str
    good: str
    warning: str
    danger: str


_COLOURS = {
    False: Colours(
        page="#ffffff",
        surface="#f3f4f6",
        text="#1f2328",
        muted="#59616b",
        faint="#d8dce1",
        accent="#0a58ca",
        on_accent="#ffffff",
        good="#146c43",
        warning="#8a5a00",
        danger="#b02a37",
    ),
    True: Colours(
        page="#212529",
        surface="#2b3035",
        text="#eceff1",
        muted="#adb5bd",
        faint="#495057",
        accent="#6ea8fe",
        on_accent="#101418",
        good="#75d4a5",
        warning="#ffce63",
        danger="#f1929a",
    ),
}


class Progressbar(ttk.Progressbar):
    """A flat bar. The toolkit lays its own out of little pictures, and for each of them Tk asks the X server what is
    there already, twice: more than two hundred questions each time that a bar moves."""

    def __init__(self, parent: tk.Misc, **options: Any) -> None:
        super().__init__(parent, style=f"{_FLAT}.TProgressbar", **options)


class Root(ttkbootstrap.App, TkinterDnD.DnDWrapper):  # type: ignore[misc]
    """The one root window of the process."""

    @cached_property
    def can_drop(self) -> bool:
        """Whether files can be dropped on it; what that takes is loaded with the first question."""
        try:
            TkinterDnD.require(self)
        except RuntimeError:
            return False  # no tkdnd for this platform: pages offer "Open…" and paste, and say so
        return True


def create_root(*, dark: bool = False) -> Root:
    """The root, withdrawn, with styles made; the caller fills it and shows it."""
    root = Root(
        title="gpu-assistant",
        theme=_DARK if dark else _LIGHT,
        className=CLASS_NAME,
        iconphoto=None,
        high_dpi=sys.platform == "win32",  # elsewhere there is nothing to switch on
        alpha=None,  # type: ignore[arg-type]  # opaque
    )
    # The toolkit listens to each widget that is laid out, for parts of it that are not used here.
    root.unbind_all("<Map>")
    for event in ("<Map>", "<Configure>"):
        root.unbind(event)
    root.withdraw()
    keep_input_methods_to_text(root)
    set_icon(root)
    # ttkbootstrap takes Space away from buttons; a person at the keyboard expects it.
    root.bind_class("TButton", "<Key-space>", lambda event: cast(Any, event.widget).invoke())
    _make_fonts(root)
    _make_flat_bar(root)
    make_with_theme(root, _make_styles)
    return root


def make_with_theme(root: Root, make: Callable[[Root], None]) -> None:
    """Call `make` now, and again whenever a style may have been made anew: by a change of theme, or by the first widget
    of a kind, for which the toolkit defines its style late."""
    make(root)
    ear = Frame(root)  # never shown; the root itself would hear it again for every widget in it
    ear.bind("<<ThemeChanged>>", lambda event: make(root))


def use_dark(root: Root, dark: bool) -> None:
    """Switch the theme; every Canvas hears `<<ThemeChanged>>`."""
    if is_dark(root) != dark:
        ttkbootstrap.Style().theme_use(_DARK if dark else _LIGHT)
        _make_flat_bar(root)


def is_dark(widget: tk.Misc) -> bool:
    """Whether the dark theme is in use."""
    return str(ttkbootstrap.Style().theme_use()) == _DARK


def colours(widget: tk.Misc) -> Colours:
    """The colours in use."""
    return _COLOURS[is_dark(widget)]


def mixed(one: str, other: str, share: float) -> str:
    """`share` of one colour ("#rrggbb") in the other."""
    pairs = zip(bytes.fromhex(one[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


def px(widget: tk.Misc, pixels: float) -> int:
    """`pixels` of a 96-dpi screen, in pixels of this one."""
    return round(pixels * widget.winfo_fpixels("1i") / 96)


def card(parent: tk.Misc, **options: Any) -> Frame:
    """A frame with a quiet border and room inside; its children look as on the page."""
    return Frame(parent, style="Card.TFrame", padding=px(parent, 14), **options)


def _make_fonts(root: Root) -> None:
    family = root.tk.call("font", "configure", BODY, "-family")
    for name, size, weight in ((BOLD, 10, "bold"), (SMALL, 9, "normal"), (HEADING, 12, "bold"), (TITLE, 18, "bold")):
        # Not as a Font object, which takes its named font with it when it is thrown away.
        root.tk.call("font", "create", name, "-family", family, "-size", size, "-weight", weight)


def _make_styles(root: Root) -> None:
    """Our additions to the theme. Called again on each theme change, as a theme brings its own values."""
    c = colours(root)
    root.configure(background=c.page)  # seen for a moment when the window appears or grows
    style = ttk.Style(root)  # not the toolkit's: that one would make each style that is not needed yet
    style.configure("TFrame", background=c.page)
    style.configure("TLabel", foreground=c.text, background=c.page)
    style.configure("Muted.TLabel", foreground=c.muted, background=c.page)
    style.configure("Small.TLabel", foreground=c.muted, background=c.page, font=SMALL)
    style.configure("Bold.TLabel", foreground=c.text, background=c.page, font=BOLD)
    style.configure("Title.TLabel", foreground=c.text, background=c.page, font=TITLE)
    style.configure("Heading.TLabel", foreground=c.text, background=c.page, font=HEADING)
    for name, colour in (("Good", c.good), ("Warning", c.warning), ("Danger", c.danger), ("Accent", c.accent)):
        style.configure(f"{name}.TLabel", foreground=colour, background=c.page)
    style.configure("Card.TFrame", background=c.page, bordercolor=c.faint, relief="solid", borderwidth=1)
    style.configure("Side.TFrame", background=c.surface)
    style.configure("Side.TLabel", background=c.surface, foreground=c.text)
    style.configure("SideMuted.TLabel", background=c.surface, foreground=c.muted, font=SMALL)
    style.configure("SideBold.TLabel", background=c.surface, foreground=c.text, font=BOLD)
    line = tkfont.nametofont(BODY).metrics("linespace")
    # The toolkit keeps no style of another name on a Treeview, so this one is changed for all tables alike.
    style.configure("Treeview", rowheight=round(line * 1.9), foreground=c.text)
    # A soft selection: muted text and the colours of tags stay readable on it.
    chosen = mixed(c.accent, c.page, 0.24)
    style.map("Treeview", background=[("selected", chosen)], foreground=[("selected", c.text)])
    # Tk keeps 4 pixels free at the sides of a cell, on every screen; the edge of a heading takes two of them.
    style.configure("Treeview.Heading", font=SMALL, foreground=c.muted, padding=(2, px(root, 5)))
    # The theme's own edges of fields are all but invisible, most of all at 2x.
    edge = mixed(c.muted, c.page, 0.7)
    for name in ("TEntry", "TCombobox", "TSpinbox"):
        style.configure(name, bordercolor=edge)
    # The theme's disabled colours are grey on grey; what a person cannot press they must still be able to read.
    for name in ("TButton", "TCheckbutton", "TRadiobutton", "TEntry", "TCombobox", "TSpinbox"):
        style.map(name, foreground=[("disabled", c.muted)])
    flat = {"borderwidth": 0, "pbarrelief": "flat", "troughrelief": "flat", "barsize": px(root, 36)}
    style.configure(_FLAT_BAR, None, background=c.accent, troughcolor=c.faint, thickness=px(root, 6), **flat)
    for name in ("Link", "primary.Link"):  # the theme's own colour under the pointer cannot be read on white
        style.map(f"{name}.TButton", foreground=[("disabled", c.muted), ("hover", c.accent)])
    for name in ("primary", "danger"):  # white on the dark theme's bright blue and red is hard to read
        style.configure(f"{name}.TButton", foreground=c.on_accent)
    for name in ("primary", "danger", "primary.Outline", "secondary.Outline", "danger.Outline"):
        button = f"{name}.TButton"
        usual: list[Any] = [look for look in style.map(button, "foreground") if "disabled" not in look[:-1]]
        style.map(button, foreground=[("disabled", c.muted), *usual])


def _make_flat_bar(root: Root) -> None:
    """In the theme in use, which lacks it until then: before Tk draws anything with that theme."""
    style = ttk.Style(root)
    if f"{_FLAT}.pbar" in style.element_names():
        return
    for part in ("trough", "pbar"):
        style.element_create(f"{_FLAT}.{part}", "from", "default", part)
    inside = [(f"{_FLAT}.pbar", {"side": "left", "sticky": "ns"})]
    style.layout(_FLAT_BAR, [(f"{_FLAT}.trough", {"sticky": "nswe", "children": inside})])  # type: ignore[list-item]
