"""What this program made in other workspaces than the opened one."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence

from gpu_assistant.domain.billing import BillableResource
from gpu_assistant.domain.workspace import WorkspaceRef
from gpu_assistant.i18n import tr, tr_count
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, px
from gpu_assistant.ui.widgets.error_view import billing_words
from gpu_assistant.ui.widgets.prose import Prose


class Elsewhere(Frame):
    """One line for each other workspace, and a button that opens it. Takes no room when there is none."""

    def __init__(self, parent: tk.Misc, on_open: Callable[[WorkspaceRef, bool], None]) -> None:
        """`on_open` gets the workspace and whether it is a practice one."""
        super().__init__(parent)
        self._on_open = on_open
        self._drawn: tuple[BillableResource, ...] = ()
        self._inside: Frame | None = None
        Frame(self, height=1, width=1).grid(row=1, column=0)
        self.columnconfigure(0, weight=1)

    def show(self, rows: Sequence[BillableResource]) -> None:
        """The open rows of the other workspaces."""
        rows = tuple(rows)
        if rows == self._drawn:
            return
        self._drawn = rows
        if self._inside is not None:
            self._inside.destroy()
            self._inside = None
        if not rows:
            return
        self._inside = inside = Frame(self)
        inside.columnconfigure(0, weight=1)
        inside.grid(row=0, column=0, sticky="ew", pady=(px(self, 12), 0))
        Label(inside, text=tr("In other workspaces"), style="Heading.TLabel").grid(row=0, column=0, sticky="w")
        by_workspace: dict[str, list[BillableResource]] = {}
        for row in rows:
            by_workspace.setdefault(row.workspace.azure_id.lower(), []).append(row)
        for line, group in enumerate(by_workspace.values(), start=1):
            self._draw_group(inside, line, group)

    def _draw_group(self, inside: Frame, line: int, group: Sequence[BillableResource]) -> None:
        workspace, practice = group[0].workspace, group[0].practice
        frame = Frame(inside)
        frame.columnconfigure(0, weight=1)
        frame.grid(row=line, column=0, sticky="ew", pady=(px(self, 4), 0))
        count = tr_count("{count} thing", "{count} things", len(group))
        title = tr("{workspace}: {count}", workspace=workspace.name, count=count)
        Prose(frame, text=title, style="Bold.TLabel").grid(row=0, column=0, sticky="ew")
        words = "; ".join(
            tr("{kind} {name}: {price}", kind=row.kind.words, name=row.name, price=billing_words(row)) for row in group
        )
        Prose(frame, text=words, style="Muted.TLabel").grid(row=1, column=0, sticky="ew")
        button = Button(
            frame,
            text=tr("Open {workspace}", workspace=workspace.name),
            bootstyle="secondary-outline",
            command=lambda: self._on_open(workspace, practice),
        )
        named(button, f"cleanup.open.{workspace.name}").grid(row=0, column=1, rowspan=2, padx=(px(self, 12), 0))
