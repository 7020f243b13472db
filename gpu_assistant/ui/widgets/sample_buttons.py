"""Images to try, as buttons with the picture on them."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from PIL import Image, ImageTk

from gpu_assistant.i18n import tr
from gpu_assistant.ui.background import Background
from gpu_assistant.ui.preview import decode_preview
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, px

_BOX = (96, 64)
MOST = 6


class SampleButtons(Frame):
    """One button for each sample; `on_choose` gets its file. Their pictures are decoded on a thread."""

    def __init__(self, parent: tk.Misc, *, on_choose: Callable[[Path], None]) -> None:
        super().__init__(parent)
        self._on_choose = on_choose
        self._background: Background[Image.Image] = Background(self, "samples")
        self._photos: list[ImageTk.PhotoImage] = []
        self._shown: tuple[tuple[str, Path], ...] = ()
        self._label = Label(self, text=tr("Or try a sample:"), style="Muted.TLabel")

    def show(self, samples: Mapping[str, Path]) -> None:
        """Show these; the same again changes nothing."""
        wanted = tuple(samples.items())[:MOST]
        if wanted == self._shown:
            return
        self._shown = wanted
        self._background.forget()
        for child in self.winfo_children():
            if child is not self._label:
                child.destroy()
        self._photos.clear()
        if not wanted:
            self._label.pack_forget()
            return
        self._label.pack(side="left", padx=(0, px(self, 10)))
        box = (px(self, _BOX[0]), px(self, _BOX[1]))
        for name, path in wanted:
            button = Button(
                self,
                text=Path(name).stem,
                compound="top",
                image=self._blank(box),
                bootstyle="secondary-outline",
                padding=px(self, 4),
                command=partial(self._on_choose, path),
            )
            named(button, f"score.sample.{name}").pack(side="left", padx=px(self, 3))
            self._background.run(partial(decode_preview, path, box), partial(self._received, button))

    def _blank(self, box: tuple[int, int]) -> ImageTk.PhotoImage:
        """An invisible picture, so that nothing moves when the real ones come."""
        self._photos.append(ImageTk.PhotoImage(Image.new("RGBA", box, (0, 0, 0, 0)), master=self))
        return self._photos[-1]

    def _received(self, button: Button, answer: Image.Image | Exception) -> None:
        if not isinstance(answer, Exception):
            self._photos.append(ImageTk.PhotoImage(answer, master=self))
            button.configure(image=self._photos[-1])
