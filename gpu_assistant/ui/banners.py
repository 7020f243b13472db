"""Strips above the page for what must not be overlooked."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, PlainButton, px
from gpu_assistant.ui.widgets.prose import Prose

_LAST_ROW = 99


class Banner(NamedTuple):
    """One strip, its texts translated. `key` tells it from others; one that is dismissed does not come back."""

    key: str
    text: str
    action: str = ""
    """The label of its button; empty for none."""
    can_dismiss: bool = True
    is_warning: bool = True


class Banners(Frame):
    """`on_action` gets the key of the strip whose button was pressed. Takes no room while there is none. Tk thread."""

    def __init__(
        self, parent: tk.Misc, *, on_action: Callable[[str], object], on_dismiss: Callable[[str], object]
    ) -> None:
        super().__init__(parent)
        self._on_action = on_action
        self._on_dismiss = on_dismiss
        self._shown: tuple[Banner, ...] = ()
        self._strips: list[Frame] = []
        self._texts: list[Prose] = []
        self.columnconfigure(0, weight=1)
        Frame(self, height=1, width=1).grid(row=_LAST_ROW, column=0)  # an empty frame would keep the size it last had

    def show(self, banners: Sequence[Banner]) -> None:
        """Show these, one below the other. Where only words change, what has the keyboard focus keeps it."""
        if [one._replace(text="") for one in banners] != [one._replace(text="") for one in self._shown]:
            for strip in self._strips:
                strip.destroy()
            self._texts = []
            self._strips = [self._draw(banner) for banner in banners]
            for row, strip in enumerate(self._strips):
                strip.grid(row=row, column=0, sticky="ew", pady=(0, px(self, 1)))
        for banner, text in zip(banners, self._texts, strict=True):
            text.say(banner.text)
        self._shown = tuple(banners)

    def _draw(self, banner: Banner) -> Frame:
        kind = "Warning" if banner.is_warning else "Info"
        strip = Frame(self, style="Strip.TFrame")
        strip.columnconfigure(2, weight=1)
        gap = px(self, 8)
        Frame(strip, style=f"Edge{kind}.TFrame", width=px(self, 4)).grid(row=0, column=0, sticky="ns")
        Label(strip, text="!" if banner.is_warning else "i", style=f"Strip{kind}.TLabel").grid(
            row=0, column=1, padx=(2 * gap, gap + gap // 2)
        )
        text = named(Prose(strip, text=banner.text, style="Strip.TLabel"), f"banner.{banner.key}")
        self._texts.append(text)
        text.grid(row=0, column=2, sticky="ew", pady=gap)
        if banner.action:
            button = Button(
                strip,
                text=banner.action,
                bootstyle="secondary-outline",
                padding=(px(self, 10), px(self, 3)),
                command=lambda: self._on_action(banner.key),
            )
            named(button, f"banner.{banner.key}.action").grid(row=0, column=3, padx=gap, pady=gap // 2)
        if banner.can_dismiss:
            close = PlainButton(
                strip, text="×", style="StripClose.TButton", command=lambda: self._on_dismiss(banner.key)
            )
            named(close, f"banner.{banner.key}.dismiss").grid(row=0, column=4, padx=(0, gap))
        return strip
