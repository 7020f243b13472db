"""The foot of the window: Back, Next, and the one clear next action."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from typing import NamedTuple

from gpu_assistant.i18n import tr
from gpu_assistant.ui.page import Primary
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, px
from gpu_assistant.ui.widgets.mnemonic import underlined

NEXT_LETTER, BACK_LETTER = "n", "b"


class FooterView(NamedTuple):
    """What the footer shows. `next_why_not` says why there is no way on yet; `has_next` is False on the last page."""

    can_go_back: bool
    has_next: bool
    next_why_not: str
    primary: Primary | None

    @property
    def why_not(self) -> str:
        """Why the main button cannot be pressed; empty when it can."""
        if self.primary is None:
            return self.next_why_not
        return "" if self.primary.enabled else self.primary.why_not


class Footer(Frame):
    """Back at the left; at the right the page's own action, or Next where it has none. Tk thread."""

    def __init__(self, parent: tk.Misc, *, on_back: Callable[[], object], on_next: Callable[[], object]) -> None:
        super().__init__(parent, padding=(px(parent, 24), px(parent, 12)))
        self._on_next = on_next
        self._shown: tuple[object, ...] = ()
        self._command: Callable[[], object] | None = None
        self._is_dangerous = False
        gap = px(self, 8)
        self.columnconfigure(1, weight=1)
        back, place = underlined(tr("Back"), BACK_LETTER)
        self._back = named(
            Button(self, text=back, underline=place, bootstyle="secondary-outline", command=on_back), "footer.back"
        )
        self._back.grid(row=0, column=0)
        self._why_not = named(
            Label(self, style="Muted.TLabel", anchor="e", justify="right", wraplength=px(self, 380)), "footer.why_not"
        )
        self._why_not.grid(row=0, column=1, sticky="e", padx=2 * gap)
        following, place = underlined(tr("Next"), NEXT_LETTER)
        self._next = named(Button(self, text=following, underline=place, command=on_next), "footer.next")
        self._next.grid(row=0, column=2)
        self._main = named(Button(self, command=self.press), "footer.primary")
        self._main.grid(row=0, column=3, padx=(gap, 0))

    def show(self, view: FooterView) -> None:
        """Draw this; what the main button does is taken anew each time, for a page may make it anew."""
        primary = view.primary
        if primary is not None:
            self._command = primary.command if primary.enabled else None
        else:
            self._command = self._on_next if view.has_next and not view.next_why_not else None
        self._is_dangerous = primary is not None and primary.danger
        looks = (
            (view.can_go_back, view.has_next, view.next_why_not),
            primary and (primary.label, primary.enabled, primary.danger, primary.why_not),
        )
        if looks == self._shown:
            return
        self._shown = looks
        _enable(self._back, view.can_go_back)
        self._draw_next(view)
        self._draw_main(primary)
        self._why_not.configure(text=view.why_not)

    def press(self) -> None:
        """Do what the main button says, if it can be pressed."""
        if self._command is not None:
            self._command()

    def press_by_key(self) -> bool:
        """The same for Return anywhere on the page; what destroys needs the button itself. True when it was done."""
        if self._command is None or self._is_dangerous:
            return False
        self.press()
        return True

    def _draw_next(self, view: FooterView) -> None:
        if not view.has_next or (view.primary is not None and view.next_why_not):
            self._next.grid_remove()
            return
        self._next.grid()
        self._next.configure(bootstyle="primary" if view.primary is None else "secondary-outline")
        _enable(self._next, not view.next_why_not)

    def _draw_main(self, primary: Primary | None) -> None:
        if primary is None:
            self._main.grid_remove()
            return
        self._main.grid()
        self._main.configure(text=primary.label, bootstyle="danger" if primary.danger else "primary")
        _enable(self._main, primary.enabled)


def _enable(button: Button, enabled: bool) -> None:
    button.configure(state="normal" if enabled else "disabled")
