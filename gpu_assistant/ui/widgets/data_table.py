"""A table of things: sorted by its headings, worked by mouse or keyboard, cheap to show again."""

from __future__ import annotations

import tkinter as tk
import tkinter.font as tkfont
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Generic, Literal, TypeVar

from gpu_assistant.ui import theme
from gpu_assistant.ui.widgets.tooltip import Tooltip

T = TypeVar("T")

_UP, _DOWN = "▲", "▼"
_ROW, _REFUSED, _CHOSEN = "row", "refused", "chosen"
_TYPING_MS = 900
"""Letters that come faster than this belong to one word."""
_CELL_PADDING = 8
"""What ttk leaves free inside a cell, left and right together, in pixels of a 96-dpi screen."""
_HEADING_PADDING = 13
_LEAD = "\N{EN SPACE}"
"""Before the words of a column whose left neighbour ends at the same edge: ttk's own padding is too little there."""
_LEAST_STRETCHED = 60
"""Below this a column that gives way is of no use, in pixels of a 96-dpi screen."""


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column. `width` is in pixels of a 96-dpi screen; `order` gives what the rows are sorted by, None being
    unknown and last in either direction (default: the text); `whole` what the tooltip says (default: the text, when
    it is cut off)."""

    name: str
    title: str
    text: Callable[[T], str]
    width: int = 80
    anchor: Literal["w", "e", "center"] = "w"
    order: Callable[[T], Any] | None = None
    stretch: bool = False
    whole: Callable[[T], str] | None = None
    sorts: bool = True


@dataclass(frozen=True, slots=True)
class Sorting:
    """By which column the rows are sorted."""

    column: str
    descending: bool = False


class DataTable(theme.Frame, Generic[T]):
    """Rows of `T`. `key` tells them apart. Rows with a `why_not` cannot be chosen: they are muted and come after the
    others; the caller shows the reason in a column, and in another one which row `is_chosen`. Tk thread only.

    A click, Return or Space chooses (`on_choose`); arrows, Home, End and typed letters move (`on_select`);
    Ctrl+click and Ctrl+Space mark (`on_mark`), whether the row can be chosen or not. A `dense` table, for many
    columns, is written in the small font.
    """

    def __init__(
        self,
        parent: tk.Misc,
        columns: Sequence[Column[T]],
        *,
        key: Callable[[T], str],
        on_choose: Callable[[T], object],
        why_not: Callable[[T], str] = lambda row: "",
        is_chosen: Callable[[T], bool] = lambda row: False,
        on_select: Callable[[T], object] = lambda row: None,
        on_mark: Callable[[T], object] = lambda row: None,
        sorting: Sorting | None = None,
        rows_shown: int = 6,
        typed_column: str = "",
        dense: bool = False,
    ) -> None:
        super().__init__(parent)
        self._columns = {column.name: column for column in columns}
        self._lead = {
            right.name: _LEAD if (left.anchor, right.anchor) == ("e", "w") else "" for left, right in pairwise(columns)
        }
        self._key, self._why_not, self._is_chosen = key, why_not, is_chosen
        self._on_choose, self._on_select, self._on_mark = on_choose, on_select, on_mark
        self.sorting = sorting or Sorting(next(iter(self._columns)))
        self._typed_column = self._columns[typed_column or next(iter(self._columns))]
        self._rows: dict[str, T] = {}
        self._drawn: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._order: tuple[str, ...] = ()
        self._typed, self._typed_at = "", 0
        self._selecting = False
        self._height, self._follows, self._fills = 0, False, False
        self._font = theme.SMALL if dense else theme.BODY
        self.tree = theme.Treeview(
            self, columns=list(self._columns), show="headings", selectmode="browse", height=rows_shown
        )
        self._bar = theme.Scrollbar(self, orient="vertical", command=self._scroll)
        self.tree.configure(yscrollcommand=self._scrolled)
        self.tree.grid(row=0, column=0, sticky="nsew")
        self._bar.grid(row=0, column=1, sticky="ns")
        self._bar.grid_remove()
        self.rowconfigure(0, weight=1)
        self.columnconfigure(0, weight=1)
        for column in columns:
            self._make_column(column)
        self._draw_headings()
        self.tooltip = Tooltip(self.tree, self._whole_text)
        self._listen()
        self._paint()

    # What the caller does

    def show(self, rows: Sequence[T]) -> None:
        """Show these rows. Selection and scroll position stay; what did not change is not touched."""
        self._rows = {self._key(row): row for row in rows}
        for gone in self._drawn.keys() - self._rows.keys():
            self.tree.delete(gone)
            del self._drawn[gone]
        for key, row in self._rows.items():
            self._draw_row(key, row)
        self._arrange()

    def select(self, key: str, *, see: bool = True) -> None:
        """Move to a row without choosing it; an unknown key takes the selection away."""
        self._selecting = True
        try:
            if key not in self._rows:
                self.tree.selection_set()
                return
            if self.tree.selection() != (key,):
                self.tree.selection_set(key)
            self.tree.focus(key)
            if see:
                self._see(key)
        finally:
            self._selecting = False

    @property
    def selected(self) -> T | None:
        """The row that the person stands on."""
        return self._rows.get(next(iter(self.tree.selection()), ""))

    @property
    def shown_keys(self) -> tuple[str, ...]:
        """The rows in the order they are shown."""
        return self._order

    def show_columns(self, names: Sequence[str]) -> None:
        """Leave the other columns out for now. Where none of these stretches, the typed one takes what is free."""
        if tuple(self.tree.cget("displaycolumns")) == tuple(names):
            return
        stretches = any(self._columns[name].stretch for name in names)
        self._fills = not stretches
        width = theme.px(self, self._typed_column.width)
        self.tree.column(self._typed_column.name, width=width, stretch=self._typed_column.stretch or self._fills)
        self.tree.configure(displaycolumns=list(names))

    def sort(self, column: str) -> None:
        """Sort by a column; by the same again, the other way round."""
        again = self.sorting.column == column
        self.sorting = Sorting(column, descending=again and not self.sorting.descending)
        self._draw_headings()
        self._arrange()
        selected = self.tree.selection()
        if selected:
            self.tree.see(selected[0])

    # Drawing

    def _make_column(self, column: Column[T]) -> None:
        self.tree.column(column.name, stretch=column.stretch, anchor=column.anchor)
        if column.sorts:
            self.tree.heading(column.name, command=lambda: self.sort(column.name))

    def _draw_headings(self) -> None:
        for column in self._columns.values():
            arrow = (_DOWN if self.sorting.descending else _UP) if column.name == self.sorting.column else ""
            heading = f"{self._lead.get(column.name, '')}{column.title} {arrow}".rstrip()
            self.tree.heading(column.name, text=heading, anchor=column.anchor)
            # A translated heading may be longer than what stands below it.
            room = tkfont.nametofont(theme.SMALL).measure(heading) + theme.px(self, _HEADING_PADDING)
            width = max(theme.px(self, column.width), room if column.sorts else 0)
            least = min(width, theme.px(self, _LEAST_STRETCHED)) if column.stretch else width
            if int(self.tree.column(column.name, "minwidth")) != least:
                self.tree.column(column.name, width=width, minwidth=least)

    def _draw_row(self, key: str, row: T) -> None:
        tags = (_ROW, *((_REFUSED,) if self._why_not(row) else ()), *((_CHOSEN,) if self._is_chosen(row) else ()))
        cells = tuple(self._lead.get(column.name, "") + column.text(row) for column in self._columns.values())
        wanted = (cells, tags)
        if self._drawn.get(key) == wanted:
            return
        if key in self._drawn:
            self.tree.item(key, values=cells, tags=tags)
        else:
            self.tree.insert("", "end", iid=key, values=cells, tags=tags)
        self._drawn[key] = wanted

    def _arrange(self) -> None:
        order = self._sorted_keys()
        if order == self._order and self.tree.get_children() == order:
            return
        top = self.tree.yview()[0]
        self.tree.set_children("", *order)
        self._order = order
        self.tree.yview_moveto(top)

    def _sorted_keys(self) -> tuple[str, ...]:
        """Those that can be chosen first; unknown values last, whichever way the rest is sorted."""
        column = self._columns[self.sorting.column]
        order = column.order or (lambda row: column.text(row).casefold())
        values = {key: order(row) for key, row in self._rows.items()}
        known = sorted((key for key in values if values[key] is not None), key=values.__getitem__)
        if self.sorting.descending:
            known.reverse()
        all_keys = known + [key for key in values if values[key] is None]
        return tuple(sorted(all_keys, key=lambda key: _REFUSED in self._drawn[key][1]))

    def _paint(self, event: object = None) -> None:
        colours = theme.colours(self)
        self.tree.tag_configure(_ROW, font=self._font)
        self.tree.tag_configure(_REFUSED, foreground=colours.muted)
        self.tree.tag_configure(_CHOSEN, background=theme.mixed(colours.accent, colours.page, 0.12))

    def _scrolled(self, first: float, last: float) -> None:
        self._bar.set(first, last)
        if float(first) <= 0.0 and float(last) >= 1.0:
            self._bar.grid_remove()
        else:
            self._bar.grid()

    def _scroll(self, *words: str) -> None:
        self._follows = False
        self.tree.yview(*words)

    def _see(self, key: str) -> None:
        self.tree.see(key)
        self._follows = True

    def _resized(self, event: tk.Event[Any]) -> None:
        """Keep the row in sight that was brought there; a row may be selected before the table has its height."""
        if self._fills:
            self._fill(event.width)
        if event.height != self._height:
            self._height = event.height
            selected = self.tree.selection()
            if selected and self._follows:
                self.tree.see(selected[0])

    def _fill(self, width: int) -> None:
        """Give the typed column what is left: ttk does not hand out what became free when columns went away."""
        used = sum(int(self.tree.column(name, "width")) for name in self.tree.cget("displaycolumns"))
        missing = width - 2 * theme.px(self, 2) - used
        if missing > 0:
            name = self._typed_column.name
            self.tree.column(name, width=int(self.tree.column(name, "width")) + missing)

    def _wheeled(self, event: object) -> None:
        self._follows = False

    def _whole_text(self, x: int, y: int) -> str:
        """The text of the cell there, when it does not fit or has more to say."""
        shown, key = self.tree.identify_column(x), self.tree.identify_row(y)
        if not shown or (key and key not in self._rows):
            return ""
        column = self._columns[str(self.tree.column(shown, "id"))]
        if self.tree.identify_region(x, y) == "heading":
            return ""  # headings always fit
        if not key:
            return ""
        text = column.text(self._rows[key])
        whole = column.whole(self._rows[key]) if column.whole else text
        box = self.tree.bbox(key, shown)
        return (
            whole if whole != text or (box and self._is_cut_off(self._lead.get(column.name, "") + text, box[2])) else ""
        )

    def _is_cut_off(self, text: str, width: int) -> bool:
        return tkfont.nametofont(self._font).measure(text) + theme.px(self, _CELL_PADDING) > width

    # Acting

    def _listen(self) -> None:
        tree = self.tree
        tree.bind("<<TreeviewSelect>>", self._moved, add="+")
        tree.bind("<ButtonRelease-1>", self._clicked, add="+")
        tree.bind("<Control-Button-1>", self._mark_clicked)
        tree.bind("<Control-ButtonRelease-1>", lambda event: "break")
        tree.bind("<Control-space>", self._mark_here)
        for sequence in ("<Return>", "<KP_Enter>", "<space>"):
            tree.bind(sequence, self._choose_here)
        tree.bind("<Home>", lambda event: self._go(0))
        tree.bind("<End>", lambda event: self._go(-1))
        tree.bind("<Key>", self._type, add="+")
        tree.bind("<FocusIn>", self._focused, add="+")
        tree.bind("<Configure>", self._resized, add="+")
        for sequence in ("<MouseWheel>", "<Button-4>", "<Button-5>"):
            tree.bind(sequence, self._wheeled, add="+")
        self.bind("<<ThemeChanged>>", self._paint, add="+")

    def _moved(self, event: object) -> None:
        row = self.selected
        if row is not None and not self._selecting:
            self._on_select(row)

    def _clicked(self, event: tk.Event[Any]) -> None:
        row = self.selected
        on_row = self.tree.identify_region(event.x, event.y) in ("cell", "tree")
        if on_row and row is not None and self.tree.identify_row(event.y) == self._key(row):
            self._choose(row)

    def _choose_here(self, event: object) -> str:
        if self.selected is not None:
            self._choose(self.selected)
        return "break"

    def _choose(self, row: T) -> None:
        if not self._why_not(row):
            self._on_choose(row)

    def _mark_clicked(self, event: tk.Event[Any]) -> str:
        key = self.tree.identify_row(event.y)
        if key in self._rows:
            self.tree.focus_set()
            self.select(key)
            self._on_mark(self._rows[key])
        return "break"

    def _mark_here(self, event: object) -> str:
        if self.selected is not None:
            self._on_mark(self.selected)
        return "break"

    def _go(self, position: int) -> str:
        if self._order:
            self._go_to(self._order[position])
        return "break"

    def _go_to(self, key: str) -> None:
        self.tree.selection_set(key)
        self.tree.focus(key)
        self._see(key)

    def _focused(self, event: object) -> None:
        """The keyboard arrives: stand on a row, so that the arrows mean something."""
        if self._order and not self.tree.selection():
            self.select(self._order[0])
        elif self.tree.selection():
            self.tree.focus(self.tree.selection()[0])

    def _type(self, event: tk.Event[Any]) -> str | None:
        """Go to the next row that starts with what is typed, or that has it anywhere."""
        with_modifier = int(event.state) & 0x0C  # Control, Alt/Command
        if with_modifier or not event.char or not event.char.isprintable() or event.char == " ":
            return None
        fresh = event.time - self._typed_at > _TYPING_MS
        self._typed = event.char.casefold() if fresh else self._typed + event.char.casefold()
        self._typed_at = event.time
        texts = [(key, self._typed_column.text(self._rows[key]).casefold()) for key in self._order]
        starts = [key for key, text in texts if text.startswith(self._typed)]
        found = starts or [key for key, text in texts if self._typed in text]
        if found:
            here = next(iter(self.tree.selection()), "")
            later = fresh and here in found and len(self._typed) == 1
            self._go_to(found[(found.index(here) + 1) % len(found)] if later else found[0])
        return "break"
