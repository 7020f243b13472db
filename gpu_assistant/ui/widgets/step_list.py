"""The five steps of the journey, as a column of buttons."""

from __future__ import annotations

import enum
import tkinter as tk
from collections.abc import Callable, Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont, ImageTk

from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Frame, Label, PlainButton, colours, px

_DISC_PX, _GAP_PX = 24, 10
_FINER = 4  # drawn larger and made smaller, which gives smooth edges


class Mark(enum.Enum):
    """How a step stands; each has a shape of its own, so that it can be told without colours."""

    DONE = "done"
    OPEN = "open"
    BLOCKED = "blocked"


class StepRow(NamedTuple):
    """One step as it is shown, texts translated. `note` says why it is blocked."""

    number: int
    title: str
    mark: Mark
    is_current: bool
    note: str = ""


class StepList(Frame):
    """`on_go` gets the number of the step the person wants. Up and Down move between the steps."""

    def __init__(self, parent: tk.Misc, on_go: Callable[[int], object]) -> None:
        super().__init__(parent, style="Side.TFrame")
        self._on_go = on_go
        self._rows: tuple[StepRow, ...] = ()
        self._buttons: list[PlainButton] = []
        self._notes: list[Label] = []
        self._edges: list[tk.Frame] = []
        self._discs: dict[object, ImageTk.PhotoImage] = {}
        self._drawn: object = None
        self.columnconfigure(1, weight=1)
        self.bind("<<ThemeChanged>>", lambda event: self._draw(), add="+")

    def show(self, rows: Sequence[StepRow]) -> None:
        """Draw these; the number of rows stays the same."""
        if not self._buttons:
            for row in rows:
                self._add(row)
        if tuple(rows) != self._rows:
            self._rows = tuple(rows)
            self._draw()

    def _add(self, row: StepRow) -> None:
        line = 2 * len(self._buttons)
        edge = tk.Frame(self, width=px(self, 4), borderwidth=0, highlightthickness=0)
        edge.grid(row=line, column=0, sticky="ns")
        button = PlainButton(self, style="Step.TButton", compound="left", command=lambda: self._on_go(row.number))
        named(button, f"steps.{row.number}").grid(row=line, column=1, sticky="ew")
        note = Label(self, style="SideMuted.TLabel", wraplength=px(self, 150), justify="left")
        self._edges.append(edge)
        self._buttons.append(button)
        self._notes.append(note)
        position = len(self._buttons) - 1
        button.bind("<Down>", lambda event: self._move(position, 1))
        button.bind("<Up>", lambda event: self._move(position, -1))

    def _move(self, position: int, by: int) -> str:
        while 0 <= (position := position + by) < len(self._buttons):
            if self._rows[position].mark is not Mark.BLOCKED:
                self._buttons[position].focus_set()
                break
        return "break"

    def _draw(self) -> None:
        c = colours(self)
        if self._drawn == (c, self._rows):
            return  # the toolkit tells of a new theme whenever it makes a style
        self._drawn = (c, self._rows)
        for number, (row, button, note, edge) in enumerate(
            zip(self._rows, self._buttons, self._notes, self._edges, strict=True)
        ):
            look = (row.number, row.mark, row.is_current, c)
            if look not in self._discs:
                self._discs[look] = ImageTk.PhotoImage(self._disc(row), master=self)
            button.configure(
                text=row.title,
                image=self._discs[look],
                style="StepCurrent.TButton" if row.is_current else "Step.TButton",
                state="disabled" if row.mark is Mark.BLOCKED and not row.is_current else "normal",
            )
            edge.configure(background=c.accent if row.is_current else c.surface)
            if row.note:
                note.configure(text=row.note)
                note.grid(row=2 * number + 1, column=1, sticky="ew", padx=(px(self, 44), 0), pady=(0, px(self, 4)))
            else:
                note.grid_remove()

    def _disc(self, row: StepRow) -> Image.Image:
        """✓ on a full disc: done. The number on a full disc: here. In a ring: open. In a broken ring: blocked."""
        c = colours(self)
        size = px(self, _DISC_PX)
        full = size * _FINER
        picture = Image.new("RGBA", (full, full), (0, 0, 0, 0))
        draw = ImageDraw.Draw(picture)
        line = max(full // 14, 1)
        box = (line, line, full - line - 1, full - line - 1)
        ink = c.text
        if row.mark is Mark.DONE and not row.is_current:
            draw.ellipse(box, fill=c.good)
            tick = ((0.28, 0.53), (0.44, 0.69), (0.73, 0.34))
            draw.line([(x * full, y * full) for x, y in tick], fill=c.surface, width=round(line * 1.6), joint="curve")
        else:
            if row.is_current:
                draw.ellipse(box, fill=c.accent)
                ink = c.on_accent
            elif row.mark is Mark.BLOCKED:
                ink = c.muted
                for start in range(0, 360, 30):
                    draw.arc(box, start, start + 16, fill=c.muted, width=line)
            else:
                draw.ellipse(box, outline=c.accent, width=line)
            font = ImageFont.load_default(full * 0.56)
            draw.text((full / 2, full / 2), str(row.number), fill=ink, font=font, anchor="mm")
        small = picture.resize((size, size), Image.Resampling.LANCZOS)
        beside = Image.new("RGBA", (size + px(self, _GAP_PX), size), (0, 0, 0, 0))
        beside.paste(small)
        return beside
