"""The workspace that is open: what it is, who is signed in, and how to leave it."""

from __future__ import annotations

import math
import tkinter as tk
from collections.abc import Callable

from gpu_assistant.domain.workspace import SignInMethod
from gpu_assistant.i18n import mark, tr
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, card, px
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.wizard.state import Place

_METHODS = {
    SignInMethod.BROWSER: mark("signed in with the browser"),
    SignInMethod.DEVICE_CODE: mark("signed in with a code"),
    SignInMethod.AZURE_CLI: mark("signed in by the Azure CLI"),
    SignInMethod.TOKEN: mark("signed in by the practice workspace"),
}


class OpenWorkspaceCard(Frame):
    """Facts in two aligned columns, buttons below. Tk thread only."""

    def __init__(
        self,
        parent: tk.Misc,
        *,
        on_close: Callable[[], object],
        on_sign_out: Callable[[], object],
        on_portal: Callable[[str], object],
    ) -> None:
        super().__init__(parent)
        self._on_portal = on_portal
        self._place: Place | None = None
        frame = card(self)
        frame.pack(fill="both", expand=True)
        frame.columnconfigure(0, weight=1)
        self._title = named(Label(frame, style="Title.TLabel"), "workspace.opened")
        self._title.grid(row=0, column=0, sticky="w")
        self._badge = named(Prose(frame, style="Good.TLabel"), "workspace.badge")
        self._badge.grid(row=1, column=0, sticky="ew", pady=(px(self, 4), 0))
        self._facts = Frame(frame)
        self._facts.grid(row=2, column=0, sticky="ew", pady=(px(self, 14), 0))
        self._facts.columnconfigure(1, weight=1)
        buttons = Frame(frame)
        buttons.grid(row=3, column=0, sticky="ew", pady=(px(self, 18), 0))
        gap = (0, px(self, 8))
        close = Button(buttons, text=tr("Close workspace"), bootstyle="secondary-outline", command=on_close)
        self._close = named(close, "workspace.close")
        self._close.pack(side="left", padx=gap)
        sign_out = Button(buttons, text=tr("Sign out"), bootstyle="secondary-outline", command=on_sign_out)
        self._sign_out = named(sign_out, "workspace.sign_out")
        portal = Button(
            buttons, text=tr("Show in the Azure portal"), bootstyle="primary-link", command=self._show_portal
        )
        self._portal = named(portal, "workspace.portal")
        self._why_not = named(Prose(frame, style="Muted.TLabel"), "workspace.close.why_not")
        self._why_not.grid(row=4, column=0, sticky="ew", pady=(px(self, 6), 0))

    def show(self, place: Place, *, why_not: str) -> None:
        """Draw it; `why_not` says why it cannot be left now."""
        for button in (self._close, self._sign_out):
            button.configure(state="disabled" if why_not else "normal")
        self._why_not.say(why_not)
        self._why_not.grid() if why_not else self._why_not.grid_remove()
        if place == self._place:
            return
        self._place = place
        self._title.configure(text=place.site.workspace.name)
        self._badge.say(badge_words(place))
        self._badge.grid() if place.site.practice else self._badge.grid_remove()
        for child in self._facts.winfo_children():
            child.destroy()
        for line, (name, value) in enumerate(_facts(place)):
            Label(self._facts, text=name, style="Muted.TLabel").grid(
                row=line, column=0, sticky="nw", padx=(0, px(self, 24)), pady=px(self, 3)
            )
            Prose(self._facts, text=value).grid(row=line, column=1, sticky="ew", pady=px(self, 3))
        for button in (self._sign_out, self._portal):
            button.pack_forget()
            if not place.site.practice:
                button.pack(side="left", padx=(0, px(self, 8)))

    def _show_portal(self) -> None:
        if self._place is not None:
            self._on_portal(self._place.site.workspace.portal_url)


def badge_words(place: Place) -> str:
    """What practice is like just now."""
    words = [tr("✓ Practice: nothing is billed")]
    if place.speed != 1 and math.isfinite(place.speed):  # as fast as it goes is no number
        words.append(tr("{speed} times faster than Azure", speed=f"{place.speed:g}"))
    if place.scenario:
        words.append(tr("plays the failure “{scenario}”", scenario=place.scenario))
    return "  ·  ".join(words)


def _facts(place: Place) -> list[tuple[str, str]]:
    workspace, account = place.site.workspace, place.account
    facts = [(tr("Resource group"), workspace.resource_group), (tr("Region"), workspace.region or tr("unknown"))]
    if place.site.practice:
        facts.append((tr("Where"), tr("On this computer; nothing leaves it")))
        return facts
    facts.append((tr("Subscription"), workspace.subscription_id))
    if account is not None:
        facts.append((tr("Account"), f"{account.username} ({tr(_METHODS[account.method])})"))
        facts.append((tr("Tenant"), account.tenant_id))
    return facts
