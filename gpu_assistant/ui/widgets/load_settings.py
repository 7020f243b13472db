"""How a load test is to be made: how many at once or how many a second, for how long, with which images."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from pathlib import Path

from gpu_assistant.i18n import tr, tr_count
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, Radiobutton, Spinbox, px
from gpu_assistant.workflows.load.setting import MOST_CONCURRENT, MOST_PER_S, RATE_CONCURRENCY, LoadSetting

_CONCURRENCY, _RATE = "concurrency", "rate"


class LoadSettings(Frame):
    """A form of two lines. Tk thread only."""

    def __init__(self, parent: tk.Misc, *, on_choose_images: Callable[[], None]) -> None:
        super().__init__(parent)
        gap, usual = px(self, 6), LoadSetting()
        self._mode = tk.StringVar(self, value=_CONCURRENCY)
        self._concurrency = tk.StringVar(self, value=str(usual.concurrency))
        self._rate = tk.StringVar(self, value="10")
        self._limit = tk.StringVar(self, value=f"{usual.limit_s:g}")
        first, second = Frame(self), Frame(self)
        first.pack(anchor="w")
        second.pack(anchor="w", pady=(gap, 0))
        self._radio(first, _CONCURRENCY, tr("Requests at once"), "load.by_concurrency")
        self._spin(first, self._concurrency, 1, MOST_CONCURRENT, "load.concurrency", _CONCURRENCY)
        self._radio(first, _RATE, tr("Requests a second"), "load.by_rate")
        self._spin(first, self._rate, 1, MOST_PER_S, "load.rate", _RATE)
        Label(first, text=tr("At most (s)")).pack(side="left", padx=(3 * gap, gap))
        self._spin(first, self._limit, 5, 3600, "load.limit", "", step=5)
        self._images = named(Label(second, style="Muted.TLabel"), "load.images")
        self._images.pack(side="left")
        choose = Button(second, text=tr("Other images…"), bootstyle="link", padding=0, command=on_choose_images)
        named(choose, "load.choose_images").pack(side="left", padx=(2 * gap, 0))

    def show_images(self, images: Sequence[Path], *, are_samples: bool) -> None:
        """Say with what it is asked."""
        if not images:
            words = tr("No images chosen yet")
        elif are_samples:
            words = tr_count("With {count} sample image", "With {count} sample images in turn", len(images))
        else:
            words = tr_count("With {count} image of yours", "With {count} images of yours in turn", len(images))
        if str(self._images.cget("text")) != words:
            self._images.configure(text=words)

    def setting(self) -> LoadSetting:
        """What is filled in; what is no number counts as 0, which the setting's own check refuses in words."""
        limit_s = _number(self._limit.get())
        if self._mode.get() == _RATE:
            return LoadSetting(concurrency=RATE_CONCURRENCY, rate_per_s=_number(self._rate.get()), limit_s=limit_s)
        return LoadSetting(concurrency=int(_number(self._concurrency.get())), limit_s=limit_s)

    def use_concurrency(self, count: int) -> None:
        """Fill this in."""
        self._mode.set(_CONCURRENCY)
        self._concurrency.set(str(count))

    def _radio(self, row: Frame, value: str, label: str, name: str) -> None:
        button = Radiobutton(row, text=label, value=value, variable=self._mode)
        named(button, name).pack(side="left", padx=(0 if value == _CONCURRENCY else px(self, 18), px(self, 6)))

    def _spin(
        self, row: Frame, variable: tk.StringVar, least: float, most: float, name: str, mode: str, *, step: float = 1
    ) -> None:
        spin = named(Spinbox(row, textvariable=variable, from_=least, to=most, increment=step, width=5), name)
        spin.pack(side="left")
        if mode:
            variable.trace_add("write", lambda *about: self._mode.set(mode))


def _number(typed: str) -> float:
    try:
        number = float(typed.strip().replace(",", "."))
    except ValueError:
        return 0.0
    return number if 0 <= number < 1e9 else 0.0
