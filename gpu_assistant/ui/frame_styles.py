"""Styles of the frame around the pages: side bar, header, banners, passing messages."""

from __future__ import annotations

from tkinter import ttk

from gpu_assistant.ui.theme import BODY, BOLD, SMALL, Root, colours, make_with_theme, mixed, px


def make_frame_styles(root: Root) -> None:
    """Make them now and after every change of theme."""
    make_with_theme(root, _make)


def _make(root: Root) -> None:
    c = colours(root)
    style = ttk.Style(root)
    for name, font, ground in (("Step", BODY, c.surface), ("StepCurrent", BOLD, c.page)):
        style.configure(
            f"{name}.TButton",
            font=font,
            anchor="w",
            background=ground,
            foreground=c.text,
            bordercolor=ground,
            darkcolor=ground,
            lightcolor=ground,
            focuscolor=c.accent,
            relief="flat",
            borderwidth=0,
            padding=(px(root, 8), px(root, 7)),
        )
        over = [("disabled", ground), ("pressed", c.faint), ("active", c.faint)]
        style.map(
            f"{name}.TButton",
            background=over,
            bordercolor=over,
            darkcolor=over,
            lightcolor=over,
            foreground=[("disabled", c.muted)],
            relief=[],
        )
    edge = mixed(c.muted, c.surface, 0.7)
    style.configure(
        "Side.TMenubutton",
        background=c.surface,
        foreground=c.text,
        bordercolor=edge,
        darkcolor=c.surface,
        lightcolor=c.surface,
        focuscolor=c.accent,
    )
    over = [("pressed", c.faint), ("active", c.faint)]
    style.map("Side.TMenubutton", background=over, bordercolor=[("active", c.muted)], darkcolor=over, lightcolor=over)
    style.configure("SideTitle.TLabel", background=c.surface, foreground=c.text, font=BOLD)
    style.configure("SideSmall.TLabel", background=c.surface, foreground=c.text, font=SMALL)
    style.configure("SideWarning.TLabel", background=c.surface, foreground=c.warning, font=BOLD)
    style.configure("SideGood.TLabel", background=c.surface, foreground=c.good, font=BOLD)
    style.configure("SideLine.TFrame", background=c.faint)
    style.configure("Strip.TFrame", background=c.surface)
    style.configure("Strip.TLabel", background=c.surface, foreground=c.text)
    style.configure("Badge.TLabel", background=c.surface, foreground=c.accent, font=SMALL)
    for name, colour in (("Info", c.accent), ("Good", c.good), ("Warning", c.warning), ("Danger", c.danger)):
        style.configure(f"Strip{name}.TLabel", background=c.surface, foreground=colour, font=BOLD)
        style.configure(f"Edge{name}.TFrame", background=colour)
    style.configure("Toast.TFrame", background=c.surface, bordercolor=c.faint, relief="solid", borderwidth=px(root, 1))
    close = {"background": c.surface, "bordercolor": c.surface, "darkcolor": c.surface, "lightcolor": c.surface}
    style.configure(
        "StripClose.TButton",
        foreground=c.muted,
        focuscolor=c.accent,
        relief="flat",
        borderwidth=0,
        padding=(px(root, 6), px(root, 1)),
        **close,
    )
    style.map("StripClose.TButton", background=[("active", c.faint)], foreground=[("active", c.text)])
