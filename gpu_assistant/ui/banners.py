"""Strips above the page for what must not be overlooked."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, px
from gpu_assistant.ui.widgets.prose import Prose


@dataclass(frozen=True, slots=True)
class Banner:
    """One strip, its texts translated. `key` tells it from others; one that is dismissed does not come back."""

    key: str
    text: str
    action: str = ""
    """The label of its button; empty for none."""
    can_dismiss: bool = True
    is_warning: bool = True


class Banners(Frame):  # type: ignore[misc]
    """`on_action` gets the key of the strip whose button was pressed. Takes no room while there is none. Tk thread."""

    def __init__(
        self, parent: tk.Misc, *, on_action: Callable[[str], object], on_dismiss: Callable[[str], object]
    ) -> None:
        super().__init__(parent)
        self._on_action = on_action
        self._on_dismiss = on_dismiss
        self._shown: tuple[Banner, ...] = ()
        self.columnconfigure(0, weight=1)
        Frame(self, height=1, width=1).grid(row=99, column=0)  # an empty frame would keep the size it last had

    def show(self, banners: Sequence[Banner]) -> None:
        """Show these, one below the other."""
        if tuple(banners) == self._shown:
            return
        self._shown = tuple(banners)
        for strip in self.grid_slaves(column=0):
            if strip.grid_info()["row"] != 99:
                strip.destroy()
        for row, banner in enumerate(banners):
            self._draw(banner).grid(row=row, column=0, sticky="ew", pady=(0, px(self, 1)))

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
            close = Button(strip, text="×", style="StripClose.TButton", command=lambda: self._on_dismiss(banner.key))
            named(close, f"banner.{banner.key}.dismiss").grid(row=0, column=4, padx=(0, gap))
        return strip
