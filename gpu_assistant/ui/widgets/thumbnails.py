"""The images of the session in a row, to be looked at again."""

from __future__ import annotations

import enum
import tkinter as tk
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image, ImageTk

from gpu_assistant.i18n import tr
from gpu_assistant.ui.background import Background
from gpu_assistant.ui.preview import decode_preview
from gpu_assistant.ui.theme import BOLD, SMALL, TITLE, Colours
from gpu_assistant.ui.widgets.drawing import Drawing

_CELL_WIDTH, _CELL_HEIGHT, _GAP, _EDGE = 88, 64, 8, 22
_KEPT = 64
"""So many decoded thumbnails are kept: some screens full, a few megabytes."""
_SETTLES_MS = 80
"""Only what stays in sight that long is decoded: a batch runs past quickly."""


class Mark(enum.Enum):
    """What came of an image; its symbol is drawn on the thumbnail, except for the ordinary case."""

    PENDING = "…"
    GOOD = "✓"
    BAD = "!"


@dataclass(frozen=True, slots=True)
class Thumb:
    """One image of the strip. `caption` is the best answer, or that there is none; it is drawn below the picture."""

    number: int
    path: Path
    mark: Mark
    caption: str = ""


class Thumbnails(Drawing):
    """Thumbnails from the oldest at the left to the latest at the right; it follows the latest while that is in sight.

    A click or the arrow keys choose one (`on_select(number)`); the wheel and the two arrows at the ends scroll.
    Thumbnails are decoded on a thread, and only those that are in sight.
    """

    def __init__(self, parent: tk.Misc, *, on_select: Callable[[int], None]) -> None:
        super().__init__(parent, width=480, height=_CELL_HEIGHT + 8, focusable=True)
        # letters grow with the person's font, not with the screen alone
        self.configure(height=self.px(_CELL_HEIGHT + 8) + self.line(SMALL))
        self._on_select = on_select
        self._background: Background[Image.Image] = Background(self, "thumbnails")
        self._thumbs: tuple[Thumb, ...] = ()
        self._selected: int | None = None
        self._first = 0
        self._photos: OrderedDict[Path, ImageTk.PhotoImage | None] = OrderedDict()
        self._asked: set[Path] = set()
        self._settling = ""
        self.bind("<Button-1>", lambda event: self._clicked(event.x, event.y), add="+")
        self.bind("<Key-Left>", lambda event: self._step(-1), add="+")
        self.bind("<Key-Right>", lambda event: self._step(1), add="+")
        self.bind("<Key-Home>", lambda event: self._select(0), add="+")
        self.bind("<Key-End>", lambda event: self._select(len(self._thumbs) - 1), add="+")
        self.bind("<MouseWheel>", lambda event: self._scroll(-1 if event.delta > 0 else 1), add="+")
        self.bind("<Button-4>", lambda event: self._scroll(-1), add="+")
        self.bind("<Button-5>", lambda event: self._scroll(1), add="+")

    def show(self, thumbs: Sequence[Thumb], selected: int | None) -> None:
        """Show these; `selected` is the number of the one that is shown large."""
        wanted = tuple(thumbs)
        if (wanted, selected) == (self._thumbs, self._selected):
            return
        follows = self._first + self._room() >= len(self._thumbs)
        moved = selected != self._selected
        self._thumbs, self._selected = wanted, selected
        if follows:
            self._first = len(wanted)  # as far as it goes: `draw` brings it back
        if moved and selected is not None:
            self._bring_into_sight(selected)
        self.redraw()

    @property
    def decoded(self) -> frozenset[Path]:
        """The files whose thumbnails are kept."""
        return frozenset(self._photos)

    def draw(self, c: Colours, width: int, height: int) -> None:
        """The cells in sight, and arrows where more lie to the left or right."""
        room = self._room()
        self._first = max(min(self._first, len(self._thumbs) - room), 0)
        seen = self._thumbs[self._first : self._first + room]
        x = self.px(_EDGE) if len(self._thumbs) > room else 1
        for thumb in seen:
            self._draw_cell(c, thumb, x)
            x += self.px(_CELL_WIDTH + _GAP)
        middle = self.px(_CELL_HEIGHT) / 2 + self.px(2)
        if self._first > 0:
            self.create_text(0, middle, text="‹", font=TITLE, fill=c.muted, anchor="w")
            self.note(tr("Older images"), (0, 0, self.px(_EDGE), height), role="button", part="older")
        if self._first + room < len(self._thumbs):
            self.create_text(width, middle, text="›", font=TITLE, fill=c.muted, anchor="e")
            edge = (width - self.px(_EDGE), 0, self.px(_EDGE), height)
            self.note(tr("Newer images"), edge, role="button", part="newer")
        if not self._settling and any(thumb.path not in self._photos for thumb in seen):
            self._settling = self.after(_SETTLES_MS, self._decode_what_is_seen)

    def _draw_cell(self, c: Colours, thumb: Thumb, x: int) -> None:
        wide, tall, top = self.px(_CELL_WIDTH), self.px(_CELL_HEIGHT), self.px(2)
        chosen = thumb.number == self._selected
        self.create_rectangle(x, top, x + wide, top + tall, fill=c.surface, width=0)
        photo = self._photos.get(thumb.path)
        if photo is not None:
            self._photos.move_to_end(thumb.path)
            self.create_image(x + wide / 2, top + tall / 2, image=photo)
        elif thumb.path in self._photos:
            self.create_text(x + wide / 2, top + tall / 2, text="×", font=TITLE, fill=c.muted)
        self.create_rectangle(
            x,
            top,
            x + wide,
            top + tall,
            outline=c.accent if chosen else c.faint,
            width=self.px(3) if chosen else self.px(1),
        )
        self._draw_mark(c, thumb.mark, x + wide, top)
        colour = c.danger if thumb.mark is Mark.BAD else c.text if chosen else c.muted
        caption = self.ellipsised(thumb.caption, SMALL, wide)
        self.create_text(x + wide / 2, top + tall + self.px(3), text=caption, font=SMALL, fill=colour, anchor="n")
        self.note(
            " ".join(part for part in (thumb.path.name, thumb.caption) if part),
            (x, top, wide, tall + self.px(3) + self.line(SMALL)),
            role="thumbnail",
            number=thumb.number,
            mark=thumb.mark.value,
            selected=chosen,
        )

    def _draw_mark(self, c: Colours, mark: Mark, right: int, top: int) -> None:
        if mark is Mark.GOOD:
            return
        radius, inset = self.px(9), self.px(5)
        x, y = right - radius - inset, top + radius + inset
        disc = (x - radius, y - radius, x + radius, y + radius)
        if mark is Mark.BAD:
            self.create_oval(disc, fill=c.danger, outline=c.page)
            self.create_text(x, y, text=mark.value, font=BOLD, fill=c.page)
            return
        self.create_oval(disc, fill=c.page, outline=c.muted)
        dot = self.px(1.5)
        for at in (x - self.px(5), x, x + self.px(5)):
            self.create_oval(at - dot, y - dot, at + dot, y + dot, fill=c.text, width=0)

    def _room(self) -> int:
        """How many cells fit."""
        inner, cell = self.winfo_width() - 2 * self._ring + self.px(_GAP), self.px(_CELL_WIDTH + _GAP)
        if len(self._thumbs) * cell <= inner:
            return max(inner // cell, 1)
        return max((inner - 2 * self.px(_EDGE)) // cell, 1)  # the arrows need their place

    def _clicked(self, x: int, y: int) -> None:
        for entry in self._entries:
            left, top, wide, tall = entry["rect"]
            if left <= x < left + wide and top <= y < top + tall:
                if entry["role"] == "thumbnail":
                    self._on_select(entry["number"])
                else:
                    self._scroll(-self._room() if entry["part"] == "older" else self._room())
                return

    def _step(self, by: int) -> None:
        numbers = [thumb.number for thumb in self._thumbs]
        if self._selected in numbers:
            self._select(numbers.index(self._selected) + by)
        elif numbers:
            self._select(len(numbers) - 1)

    def _select(self, at: int) -> None:
        if 0 <= at < len(self._thumbs):
            self._on_select(self._thumbs[at].number)

    def _scroll(self, by: int) -> None:
        self._first = max(min(self._first + by, len(self._thumbs) - self._room()), 0)
        self.redraw()

    def _bring_into_sight(self, number: int) -> None:
        for at, thumb in enumerate(self._thumbs):
            if thumb.number == number:
                self._first = min(max(self._first, at - self._room() + 1), at)

    def _decode_what_is_seen(self) -> None:
        self._settling = ""
        seen = [thumb.path for thumb in self._thumbs[self._first : self._first + self._room()]]
        wanted = [path for path in seen if path not in self._photos]
        if self._asked != set(wanted):
            # what scrolled away meanwhile is not worth decoding any more
            self._background.forget()
            self._asked = set(wanted)
            box = (self.px(_CELL_WIDTH), self.px(_CELL_HEIGHT))
            for path in wanted:
                self._background.run(partial(decode_preview, path, box), partial(self._received, path))

    def _received(self, path: Path, answer: Image.Image | Exception) -> None:
        self._asked.discard(path)
        self._photos[path] = None if isinstance(answer, Exception) else ImageTk.PhotoImage(answer, master=self)
        while len(self._photos) > _KEPT:
            self._photos.popitem(last=False)
        self.redraw()

    def _cancel(self) -> None:
        super()._cancel()
        if self._settling:
            self.after_cancel(self._settling)
            self._settling = ""
