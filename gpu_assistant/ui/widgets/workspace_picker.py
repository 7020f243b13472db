"""Which of the workspaces that the account can see: subscription first, then the workspace."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence

from gpu_assistant.domain.workspace import Account, Subscription, WorkspaceRef
from gpu_assistant.i18n import tr
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Combobox, Frame, Label, px
from gpu_assistant.ui.widgets.data_table import Column, DataTable
from gpu_assistant.ui.widgets.prose import Prose


class WorkspacePicker(Frame):
    """For an account that is signed in and has no workspace open. `on_subscription` gets an id, also of the only
    subscription there is, once. Tk thread only."""

    def __init__(
        self,
        parent: tk.Misc,
        *,
        on_subscription: Callable[[str], object],
        on_workspace: Callable[[WorkspaceRef], object],
        on_sign_out: Callable[[], object],
    ) -> None:
        super().__init__(parent)
        self._on_subscription, self._on_workspace = on_subscription, on_workspace
        self._shown_account: Account | None = None
        self._subscriptions: tuple[Subscription, ...] | None = None
        self._asked = ""
        self._wanted: WorkspaceRef | None = None
        self.columnconfigure(0, weight=1)
        self._build_head(on_sign_out)
        self._build_subscription()
        self._build_table()
        self._note = named(Prose(self, style="Muted.TLabel"), "workspace.picker.note")
        self._note.grid(row=3, column=0, sticky="ew", pady=(px(self, 8), 0))
        button = Button(self, text=tr("Open this workspace"), bootstyle="primary", command=self._open)
        self._button = named(button, "workspace.open")
        self._button.grid(row=4, column=0, sticky="e", pady=(px(self, 12), 0))

    def _build_head(self, on_sign_out: Callable[[], object]) -> None:
        head = Frame(self)
        head.grid(row=0, column=0, sticky="ew")
        self._account = Label(head, style="Heading.TLabel")
        self._account.pack(side="left")
        button = Button(head, text=tr("Sign out"), bootstyle="secondary-outline", command=on_sign_out)
        named(button, "workspace.sign_out").pack(side="right")

    def _build_subscription(self) -> None:
        line = Frame(self)
        line.grid(row=1, column=0, sticky="ew", pady=(px(self, 12), px(self, 10)))
        line.columnconfigure(1, weight=1)
        Label(line, text=tr("Subscription")).grid(row=0, column=0, sticky="w", padx=(0, px(self, 10)))
        self._choice = Combobox(line, state="readonly")
        named(self._choice, "workspace.subscription").grid(row=0, column=1, sticky="ew")
        self._choice.bind("<<ComboboxSelected>>", self._subscription_chosen, add="+")

    def _build_table(self) -> None:
        columns: tuple[Column[WorkspaceRef], ...] = (
            Column("name", tr("Workspace"), lambda one: one.name, width=220, stretch=True),
            Column("group", tr("Resource group"), lambda one: one.resource_group, width=220, stretch=True),
            Column("region", tr("Region"), lambda one: one.region, width=140, stretch=True),
        )
        self._table: DataTable[WorkspaceRef] = DataTable(
            self,
            columns,
            key=lambda one: one.azure_id,
            is_chosen=lambda one: one == self._wanted,
            on_choose=self._choose,
            on_select=self._choose,
            rows_shown=6,
        )
        named(self._table.tree, "workspace.workspaces")
        self._table.grid(row=2, column=0, sticky="nsew")
        self._table.tree.bind("<Double-Button-1>", self._double_clicked, add="+")

    def show(
        self,
        account: Account,
        subscriptions: Sequence[Subscription] | None,
        workspaces: Sequence[WorkspaceRef] | None,
        *,
        reading: bool,
    ) -> None:
        """Draw what is known; None was not read yet. `reading` says that it is being read now."""
        if account != self._shown_account:
            self._forget(account)
        self._account.configure(text=tr("Signed in as {username}", username=account.username))
        if subscriptions is not None and tuple(subscriptions) != self._subscriptions:
            self._subscriptions = tuple(subscriptions)
            self._choice.configure(values=[_subscription_words(one) for one in self._subscriptions])
        self._choose_the_only_one()
        if self._wanted is not None and self._wanted not in (workspaces or ()):
            self._wanted = None
        if workspaces is not None and len(workspaces) == 1 and self._wanted is None:
            self._wanted = workspaces[0]
        self._table.show(workspaces or ())
        if self._wanted is not None and self._table.selected is None:
            self._table.select(self._wanted.azure_id)
        for widget in (self._table, self._button):
            widget.grid() if workspaces else widget.grid_remove()
        self._say(self._note_words(account, workspaces, reading))

    def _say(self, note: str) -> None:
        self._button.configure(state="disabled" if self._wanted is None else "normal")
        self._note.say(note)
        self._note.grid() if note else self._note.grid_remove()

    def _forget(self, account: Account) -> None:
        """Somebody else is signed in: what was chosen for the one before means nothing."""
        self._shown_account = account
        self._subscriptions, self._asked, self._wanted = None, "", None
        self._choice.set("")
        self._choice.configure(values=[])

    def _choose_the_only_one(self) -> None:
        if self._subscriptions and len(self._subscriptions) == 1 and not self._asked:
            self._choice.current(0)
            self._asked = self._subscriptions[0].subscription_id
            # Not at once: this is called while a state is being drawn, and asking changes the state.
            self.after_idle(self._on_subscription, self._asked)

    def _subscription_chosen(self, event: object) -> None:
        if self._subscriptions:
            self._choice.selection_clear()
            self._ask(self._subscriptions[self._choice.current()].subscription_id)

    def _ask(self, subscription_id: str) -> None:
        self._asked = subscription_id
        self._wanted = None
        self._on_subscription(subscription_id)

    def _note_words(self, account: Account, workspaces: Sequence[WorkspaceRef] | None, reading: bool) -> str:
        if reading:
            return tr("Reading…")
        if self._subscriptions is None:
            return ""
        if not self._subscriptions:
            return tr(
                "This account sees no subscription in the tenant {tenant}. If yours is in another tenant, sign out and "
                "name that tenant when you sign in.",
                tenant=account.tenant_id,
            )
        if workspaces is None:
            return tr("Choose a subscription.") if not self._asked else ""
        if not workspaces:
            return tr(
                "There is no Azure Machine Learning workspace in this subscription, or the account may not see it."
            )
        return "" if self._wanted is not None else tr("Choose a workspace.")

    def _choose(self, workspace: WorkspaceRef) -> None:
        self._wanted = workspace
        self._say("")

    def _double_clicked(self, event: object) -> None:
        self._open()

    def _open(self) -> None:
        if self._wanted is not None:
            self._on_workspace(self._wanted)


def _subscription_words(one: Subscription) -> str:
    return f"{one.name}  ({one.subscription_id})"
