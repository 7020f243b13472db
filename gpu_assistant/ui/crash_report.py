"""An error nobody expected: said, logged, copyable; and the program lives on."""

from __future__ import annotations

import logging
import time
import tkinter as tk
import traceback
from collections.abc import Callable
from types import TracebackType

from gpu_assistant import __version__
from gpu_assistant.domain.errors import AssistantError
from gpu_assistant.i18n import error_detail, tr
from gpu_assistant.logs import redact
from gpu_assistant.ui.desk import Desk
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import BOLD, Button, Frame, Label, Root, px
from gpu_assistant.ui.widgets.dialog import Dialog
from gpu_assistant.ui.widgets.read_only_text import ReadOnlyText

log = logging.getLogger(__name__)

_QUIET_S = 30.0
"""An error that strikes again at the same place so soon is only logged: a beat of the window may fail often."""

OnSave = Callable[[str], object]


class CrashReports:
    """Takes over what Tk does with an error in a callback. At most one report is open at a time. Tk thread."""

    def __init__(
        self, root: Root, desk: Desk, *, on_save: OnSave, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """`on_save` gets the text when the person wants to keep it."""
        self._root = root
        self._desk = desk
        self._on_save = on_save
        self._monotonic = monotonic
        self._window: _ReportWindow | None = None
        self._seen: dict[str, float] = {}
        root.report_callback_exception = self.report

    @property
    def is_open(self) -> bool:
        """Whether a report is on screen."""
        return self._window is not None and bool(self._window.winfo_exists())

    def report(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Log the error and show it."""
        log.error("an error in the window", exc_info=(kind, error, trace))
        place = _place(error, trace)
        now = self._monotonic()
        soon = now - self._seen.get(place, -_QUIET_S) < _QUIET_S
        self._seen[place] = now
        if self.is_open or soon:
            return
        try:
            self._window = _ReportWindow(
                self._root,
                sentence=_sentence(error),
                text=report_text(error, trace),
                desk=self._desk,
                on_save=self._on_save,
            )
            self._window.show(self._window.go_on, resizable=True)
        except tk.TclError:
            log.exception("the report could not be shown")


class _ReportWindow(Dialog):
    """What happened in one sentence, the text for whoever mends it, and the way on."""

    def __init__(self, parent: tk.Misc, *, sentence: str, text: str, desk: Desk, on_save: OnSave) -> None:
        super().__init__(parent, title=tr("Something went wrong"), name="crash")
        gap = px(self, 8)
        self.inside.columnconfigure(1, weight=1)
        self.inside.rowconfigure(2, weight=1)
        Label(self.inside, text="×", style="Danger.TLabel", font="GpuTitle").grid(
            row=0, column=0, rowspan=2, sticky="n", padx=(0, px(self, 16))
        )
        wide = px(self, 520)
        named(Label(self.inside, text=sentence, font=BOLD, wraplength=wide, justify="left"), "crash.sentence").grid(
            row=0, column=1, sticky="w"
        )
        Label(
            self.inside,
            text=tr("The program goes on; what runs in Azure is not touched by this, and stays on record."),
            style="Muted.TLabel",
            wraplength=wide,
            justify="left",
        ).grid(row=1, column=1, sticky="w", pady=(gap // 2, gap))
        view = ReadOnlyText(self.inside, height=12, width=76)
        view.say(text)
        named(view.text, "crash.text")
        view.grid(row=2, column=0, columnspan=2, sticky="nsew")
        row = Frame(self.inside)
        row.grid(row=3, column=0, columnspan=2, sticky="ew", pady=(2 * gap, 0))
        copy = Button(row, text=tr("Copy"), bootstyle="secondary-outline", command=lambda: desk.copy(text))
        save = Button(row, text=tr("Save report…"), bootstyle="secondary-outline", command=lambda: on_save(text))
        self.go_on = Button(row, text=tr("Go on"), bootstyle="primary", command=self.close)
        named(copy, "crash.copy").pack(side="left")
        named(save, "crash.save").pack(side="left", padx=gap)
        named(self.go_on, "crash.go_on").pack(side="right")


def report_text(error: BaseException, trace: TracebackType | None) -> str:
    """The traceback with the versions, secrets blacked out."""
    lines = "".join(traceback.format_exception(type(error), error, trace))
    import platform  # late: crashes are rare

    about = f"gpu-assistant {__version__}, Python {platform.python_version()}, {platform.platform()}"
    return redact(f"{about}\n\n{lines}")


def _sentence(error: BaseException) -> str:
    if isinstance(error, AssistantError):
        return error_detail(error)
    return tr("The window met an error it did not expect: {error}", error=redact(str(error)) or type(error).__name__)


def _place(error: BaseException, trace: TracebackType | None) -> str:
    last = traceback.extract_tb(trace)[-1:] if trace is not None else []
    return f"{type(error).__name__} {[(frame.filename, frame.lineno) for frame in last]}"
