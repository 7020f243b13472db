"""A log as it grows."""

from __future__ import annotations

import re
import tkinter as tk
from collections.abc import Sequence

from gpu_assistant.i18n import tr, tr_count
from gpu_assistant.ui.desk import Desk, Mood
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Entry, Frame, Label, px
from gpu_assistant.ui.widgets.read_only_text import ReadOnlyText

# A logger's name (gunicorn.error) says nothing of the line; the inference server writes levels as "E [pid]".
_ERROR = re.compile(
    r"(?:Error|Exception)\b|\bE \[\d+\]|(?i:(?<![a-z.])(?:error|exception|traceback|critical|fatal|failed)(?![a-z]))"
)
_WARNING = re.compile(r"(?i:(?<![a-z.])(?:warn|warning|deprecated)(?![a-z]))|\bW \[\d+\]")
_MARKS = {"error": "× ", "warning": "! ", "": "  "}
_MOST_DROPPED = 400
"""How many lines may have left the front since the last call; beyond, all is drawn anew."""


class LogView(Frame):
    """Lines in a monospaced font, the newest in sight unless the person scrolled up. Tk thread only."""

    def __init__(self, parent: tk.Misc, desk: Desk, *, height: int = 10, file_name: str = "log.txt") -> None:
        super().__init__(parent)
        self._desk = desk
        self._file_name = file_name
        self._lines: tuple[str, ...] = ()
        self._wanted = ""
        self._build_bar().grid(row=0, column=0, sticky="ew", pady=(0, px(self, 4)))
        self._view = ReadOnlyText(self, height=height)
        named(self._view.text, "log.text")
        self._view.grid(row=1, column=0, sticky="nsew")
        self.rowconfigure(1, weight=1)
        self.columnconfigure(0, weight=1)
        self._count_lines()

    def show(self, lines: Sequence[str]) -> None:
        """Show these lines. What is there already stays untouched: only new lines are drawn, only lost ones removed."""
        lines = tuple(lines)
        if lines == self._lines:
            return
        dropped = _dropped(self._lines, lines)
        if dropped is None:
            self._lines = lines
            self._draw_all()
        else:
            lost, new = self._lines[:dropped], lines[len(self._lines) - dropped :]
            self._lines = lines
            self._move_on(sum(map(self._matches, lost)), [line for line in new if self._matches(line)])
        self._count_lines()

    # --- the bar above ---------------------------------------------------------------------------------------

    def _build_bar(self) -> Frame:
        bar = Frame(self)
        self._filter = tk.StringVar(self)
        self._filter.trace_add("write", lambda *about: self._refilter())
        Label(bar, text=tr("Filter"), style="Muted.TLabel").grid(row=0, column=0, padx=(0, px(self, 6)))
        entry = named(Entry(bar, textvariable=self._filter, width=18), "log.filter")
        entry.bind("<Escape>", lambda event: self._filter.set(""))
        entry.grid(row=0, column=1)
        self._count = Label(bar, style="Small.TLabel")
        self._count.grid(row=0, column=2, sticky="w", padx=px(self, 8))
        bar.columnconfigure(2, weight=1)
        for column, (name, label, command) in enumerate(
            (
                ("log.copy", tr("Copy"), self._copy),
                ("log.save", tr("Save…"), self._save),
            ),
            start=3,
        ):
            button = Button(bar, text=label, bootstyle="secondary-outline", command=command)
            named(button, name).grid(row=0, column=column, padx=(px(self, 6), 0))
        return bar

    def _count_lines(self) -> None:
        total = len(self._lines)
        if self._wanted:
            found = sum(map(self._matches, self._lines))
            text = tr("{found} of {total} lines", found=found, total=total)
        else:
            text = tr_count("{count} line", "{count} lines", total)
        self._count.configure(text=text)

    def _shown_lines(self) -> str:
        return "\n".join(tr(line) for line in self._lines if self._matches(line))

    def _copy(self) -> None:
        self._desk.copy(self._shown_lines())
        self._desk.toast(tr("The log is on the clipboard."), Mood.GOOD)

    def _save(self) -> None:
        target = self._desk.save_file(title=tr("Save the log"), name=self._file_name, pattern="*.txt")
        if target is None:
            return
        try:
            target.write_text(self._shown_lines() + "\n", encoding="utf-8")
        except OSError as exc:
            reason = exc.strerror or str(exc)
            self._desk.toast(tr("The log could not be saved: {reason}", reason=reason), Mood.WARNING)
        else:
            self._desk.toast(tr("Saved as {path}", path=target), Mood.GOOD)

    # --- the text ----------------------------------------------------------------------------------------------

    def _matches(self, line: str) -> bool:
        return not self._wanted or self._wanted in tr(line).casefold()

    def _refilter(self) -> None:
        wanted = self._filter.get().strip().casefold()
        if wanted != self._wanted:
            self._wanted = wanted
            self._draw_all()
            self._count_lines()

    def _draw_all(self) -> None:
        text = self._view.text
        with self._view.editing():
            text.delete("1.0", "end")
            self._append([line for line in self._lines if self._matches(line)])
        text.see("end")

    def _move_on(self, lost: int, new: Sequence[str]) -> None:
        text = self._view.text
        follows = text.yview()[1] >= 1.0 or not text.winfo_viewable()
        with self._view.editing():
            self._append(new)
            if lost:
                text.delete("1.0", f"{lost + 1}.0")
        if follows:
            text.see("end")

    def _append(self, lines: Sequence[str]) -> None:
        """All in one call to Tk, each line with its colour; the last line of the text has no line end."""
        pieces: list[str] = []
        for line in lines:
            kind = kind_of(line)
            pieces += [f"{_MARKS[kind]}{tr(line)}\n", kind]
        if pieces:
            self._view.text.insert("end", *pieces)


def kind_of(line: str) -> str:
    """ "error", "warning" or "": how a line is marked."""
    if _ERROR.search(line):
        return "error"
    return "warning" if _WARNING.search(line) else ""


def _dropped(old: tuple[str, ...], new: tuple[str, ...]) -> int | None:
    """How many lines left the front of `old` so that the rest begins `new`; None when they have little in common."""
    for count in range(min(len(old), _MOST_DROPPED) + 1):
        if count < len(old) and old[count:] == new[: len(old) - count]:
            return count
    return None
