"""The two ways into a workspace, side by side as equals: practice on this computer, and one's own Azure."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence

from gpu_assistant.domain.workspace import SignInMethod, WorkspaceRef
from gpu_assistant.i18n import tr
from gpu_assistant.ui.remedies import INSTALL_PRACTICE
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import MONO, Button, Entry, Frame, Label, Separator, card, px
from gpu_assistant.ui.widgets.prose import Prose

_RECENT_SHOWN = 3


class PracticeCard(Frame):
    """One click to the practice workspace. Tk thread only."""

    def __init__(self, parent: tk.Misc, *, on_open: Callable[[], object], copy: Callable[[str], object]) -> None:
        super().__init__(parent)
        frame = card(self)
        frame.pack(fill="both", expand=True)
        Label(frame, text=tr("Practice on this computer"), style="Heading.TLabel").pack(anchor="w")
        for fact in (
            tr("The real SDK, a real model, real predictions"),
            tr("Bills nothing, needs no Azure account"),
            tr("All five steps in a few minutes"),
        ):
            row = Frame(frame)
            row.pack(fill="x", pady=(px(self, 7), 0))
            Label(row, text="✓", style="Good.TLabel").pack(side="left", anchor="n", padx=(0, px(self, 8)))
            Prose(row, text=fact).pack(side="left", fill="x", expand=True)
        button = Button(frame, text=tr("Start practising"), bootstyle="primary", command=on_open)
        self.button = named(button, "workspace.practice")
        self.button.pack(fill="x", pady=(px(self, 16), 0))
        first_time = tr("The first time, a sample model is prepared: about half a minute.")
        self._note = Prose(frame, text=first_time, style="Small.TLabel")
        self._note.pack(fill="x", pady=(px(self, 8), 0))
        self._install = Frame(frame)
        why = named(Prose(self._install, style="Warning.TLabel"), "workspace.practice.missing")
        why.pack(fill="x")
        self._why = why
        command = Entry(self._install, font=MONO)
        command.insert(0, INSTALL_PRACTICE)
        command.configure(state="readonly")
        named(command, "workspace.practice.install").pack(fill="x", pady=(px(self, 6), 0))
        copy_button = Button(
            self._install,
            text=tr("Copy the command"),
            bootstyle="secondary-outline",
            command=lambda: copy(INSTALL_PRACTICE),
        )
        named(copy_button, "workspace.practice.copy").pack(anchor="w", pady=(px(self, 6), 0))

    def show(self, missing: str) -> None:
        """`missing` names the package without which there is no practice; empty when it can start."""
        self.button.configure(state="disabled" if missing else "normal")
        if missing and not self._install.winfo_manager():
            self._why.say(tr("! The package {package} is not installed. Install the practice part:", package=missing))
            self._note.pack_forget()
            self._install.pack(fill="x", pady=(px(self, 10), 0))
        elif not missing and self._install.winfo_manager():
            self._install.pack_forget()
            self._note.pack(fill="x", pady=(px(self, 8), 0))


class AzureCard(Frame):
    """Sign in to Azure in one of three ways, or go back to a workspace. Tk thread only."""

    def __init__(
        self,
        parent: tk.Misc,
        *,
        on_sign_in: Callable[[SignInMethod, str], object],
        on_config: Callable[[], object],
        on_recent: Callable[[WorkspaceRef], object],
    ) -> None:
        super().__init__(parent)
        self._on_recent = on_recent
        self._recent: tuple[WorkspaceRef, ...] | None = None
        self._frame = frame = card(self)
        frame.pack(fill="both", expand=True)
        Label(frame, text=tr("Your Azure workspace"), style="Heading.TLabel").pack(anchor="w")
        words = tr("Sign in with your own account. What you deploy is billed by Azure until you clean up.")
        Prose(frame, text=words).pack(fill="x", pady=(px(self, 7), px(self, 4)))
        self._tenant = tk.StringVar(self)
        for method, text, style in (
            (SignInMethod.BROWSER, tr("Sign in with the browser"), "primary"),
            (SignInMethod.DEVICE_CODE, tr("Sign in with a code on another device"), "primary-outline"),
            (SignInMethod.AZURE_CLI, tr("Use the Azure CLI’s sign-in (az login)"), "primary-outline"),
        ):
            button = Button(
                frame,
                text=text,
                bootstyle=style,
                command=lambda method=method: on_sign_in(method, self._tenant.get().strip()),
            )
            named(button, f"workspace.sign_in.{method.value}").pack(fill="x", pady=(px(self, 8), 0))
        line = Frame(frame)
        line.pack(fill="x", pady=(px(self, 10), 0))
        Label(line, text=tr("Tenant (optional)"), style="Muted.TLabel").pack(side="left")
        tenant = named(Entry(line, textvariable=self._tenant, width=14), "workspace.tenant")
        tenant.pack(side="left", fill="x", expand=True, padx=(px(self, 8), 0))
        Separator(frame).pack(fill="x", pady=(px(self, 12), px(self, 6)))
        config = Button(frame, text=tr("Open config.json…"), bootstyle="primary-link", padding=0, command=on_config)
        named(config, "workspace.config").pack(anchor="w", pady=(px(self, 2), 0))
        self._recent_rows = Frame(frame)

    def show(self, recent: Sequence[WorkspaceRef]) -> None:
        """Offer the latest of these workspaces."""
        wanted = tuple(recent[:_RECENT_SHOWN])
        if wanted == self._recent:
            return
        self._recent = wanted
        for child in self._recent_rows.winfo_children():
            child.destroy()
        if not wanted:
            self._recent_rows.pack_forget()
            return
        self._recent_rows.pack(fill="x")
        Label(self._recent_rows, text=tr("Recent"), style="Small.TLabel").pack(anchor="w", pady=(px(self, 6), 0))
        for number, workspace in enumerate(wanted, start=1):
            line = Frame(self._recent_rows)
            line.pack(fill="x", pady=(px(self, 2), 0))
            button = Button(
                line,
                text=workspace.name,
                bootstyle="primary-link",
                padding=0,
                command=lambda chosen=workspace: self._on_recent(chosen),
            )
            named(button, f"workspace.recent.{number}").pack(side="left")
            Label(line, text=workspace.resource_group, style="Small.TLabel").pack(side="left", padx=(px(self, 8), 0))
