"""What went wrong, what still bills, and what helps. The same everywhere in the window."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gpu_assistant.domain.errors import CLEAN_UP, Action, AssistantError, Remedy
from gpu_assistant.i18n import error_detail, error_title, tr
from gpu_assistant.ui import theme
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, px
from gpu_assistant.ui.widgets.fold import Fold
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.ui.widgets.read_only_text import ReadOnlyText
from gpu_assistant.wizard.money import price_text

if TYPE_CHECKING:
    from gpu_assistant.domain.billing import BillableResource

_LOG_HEIGHT = 8


class ErrorView(Frame):
    """One error with its remedies as buttons. Takes no room while there is none. Tk thread only."""

    def __init__(
        self,
        parent: tk.Misc,
        on_remedy: Callable[[Remedy], None],
        on_dismiss: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(parent)
        self._on_remedy = on_remedy
        self._on_dismiss = on_dismiss
        self._shown: AssistantError | None = None
        self._card: Frame | None = None
        # An empty frame keeps the size it last had; one that holds a single pixel shrinks to it.
        Frame(self, height=1, width=1).grid(row=1, column=0)
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)

    @property
    def error(self) -> AssistantError | None:
        """What is shown."""
        return self._shown

    def show(self, error: AssistantError | None) -> None:
        """Show this error; None hides the view. The same error again changes nothing, not even what is unfolded."""
        if error is self._shown:
            return
        self._shown = error
        if self._card is not None:
            self._card.destroy()
            self._card = None
        if error is not None:
            self._card = self._draw(error)
            self._card.grid(row=0, column=0, sticky="nsew")

    def _draw(self, error: AssistantError) -> Frame:
        card = theme.card(self)
        card.columnconfigure(1, weight=1)
        gap = px(self, 8)
        Label(card, text="×", style="Danger.TLabel", font=theme.TITLE).grid(
            row=0, column=0, rowspan=2, sticky="n", padx=(0, px(self, 12))
        )
        named(Prose(card, text=error_title(error), style="Heading.TLabel"), "error.title").grid(
            row=0, column=1, sticky="ew"
        )
        detail = named(Prose(card, text=error_detail(error)), "error.detail")
        detail.grid(row=1, column=1, sticky="ew", pady=(px(self, 2), 0))
        if error.billable:
            self._draw_billable(card, error.billable).grid(row=2, column=1, sticky="ew", pady=(gap, 0))
        self._draw_remedies(card, error).grid(row=3, column=1, sticky="ew", pady=(gap + px(self, 4), 0))
        self._draw_details(card, error).grid(row=4, column=1, sticky="nsew", pady=(gap, 0))
        card.rowconfigure(4, weight=1)
        return card

    def _draw_billable(self, card: Frame, rows: Sequence[BillableResource]) -> Frame:
        frame = Frame(card)
        frame.columnconfigure(1, weight=1)
        practice = all(row.practice for row in rows)
        heading = tr("What exists now") if practice else tr("What still bills")
        Label(frame, text=heading, style="Bold.TLabel").grid(row=0, column=0, columnspan=2, sticky="w")
        for line, row in enumerate(rows, start=1):
            what = tr("{kind} {name}", kind=row.kind.words, name=row.name)
            Label(frame, text=f"●  {what}").grid(row=line, column=0, sticky="nw", padx=(0, px(self, 16)))
            Prose(frame, text=billing_words(row), style="Muted.TLabel").grid(row=line, column=1, sticky="ew")
        return frame

    def _draw_remedies(self, card: Frame, error: AssistantError) -> Frame:
        buttons = _Flow(card)
        for number, remedy in enumerate(ordered_remedies(error)):
            style = "primary" if number == 0 else "secondary-outline"
            button = Button(
                buttons, text=tr(remedy.label), bootstyle=style, command=lambda chosen=remedy: self._on_remedy(chosen)
            )
            buttons.add(named(button, f"error.{remedy.action.value}"))
        if self._on_dismiss is not None:
            buttons.add(
                named(Button(buttons, text=tr("Dismiss"), bootstyle="link", command=self._on_dismiss), "error.dismiss")
            )
        return buttons

    def _draw_details(self, card: Frame, error: AssistantError) -> Fold:
        fold = Fold(card, tr("Details"), name="error.details")
        fold.inside.columnconfigure(0, weight=1)
        fold.inside.rowconfigure(1, weight=1)
        row = Frame(fold.inside)
        row.grid(row=0, column=0, sticky="ew", pady=(0, px(self, 4)))
        Label(row, text=tr("Code: {code}", code=error.code), style="Muted.TLabel").pack(side="left")
        copy = Button(row, text=tr("Copy"), bootstyle="link", padding=0, command=lambda: self._copy(error))
        named(copy, "error.copy").pack(side="right")
        if error.log.strip():
            log = ReadOnlyText(fold.inside, height=_LOG_HEIGHT)
            log.say(error.log.rstrip())
            named(log.text, "error.log")
            log.grid(row=1, column=0, sticky="nsew")
        return fold

    def _copy(self, error: AssistantError) -> None:
        self.clipboard_clear()
        parts = (error_title(error), error_detail(error), tr("Code: {code}", code=error.code), error.log.rstrip())
        self.clipboard_append("\n".join(part for part in parts if part))


class _Flow(Frame):
    """Buttons side by side, on as many lines as they need: translated labels can be long."""

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent)
        self._buttons: list[Button] = []
        self._placed: tuple[tuple[int, int], ...] = ()
        self.bind("<Configure>", lambda event: self._place(event.width), add="+")

    def add(self, button: Button) -> None:
        """One more at the end."""
        self._buttons.append(button)
        self._place(max(self.winfo_width(), px(self, 420)))

    def _place(self, room: int) -> None:
        gap = px(self, 6)
        spots: list[tuple[int, int]] = []
        line, used = 0, 0
        for button in self._buttons:
            needed = button.winfo_reqwidth() + gap
            if used and used + needed > room:
                line, used = line + 1, 0
            spots.append((line, used))
            used += needed
        if self._placed == tuple(spots):
            return
        self._placed = tuple(spots)
        height = max((button.winfo_reqheight() for button in self._buttons), default=0)
        for button, (row, x) in zip(self._buttons, spots, strict=True):
            button.place(x=x, y=row * (height + gap))
        self.configure(height=(line + 1) * height + line * gap)


def ordered_remedies(error: AssistantError) -> tuple[Remedy, ...]:
    """What the buttons offer, the first one as the main one: while something exists that bills, deleting it."""
    deletes = [remedy for remedy in error.remedies if remedy.action is Action.CLEAN_UP]
    others = [remedy for remedy in error.remedies if remedy.action is not Action.CLEAN_UP]
    if any(row.is_billable for row in error.billable):
        return (*(deletes or [CLEAN_UP]), *others)
    return error.remedies


def billing_words(row: BillableResource) -> str:
    """What a resource costs while it exists, in words."""
    if not row.is_billable:
        return tr("runs on the compute target, no price of its own")
    price = row.price_per_hour
    hourly = tr("{price} per hour", price=price_text(price.amount, price.currency)) if price else tr("price unknown")
    if row.practice:
        return tr("Practice: nothing is billed (in Azure: {price})", price=hourly)
    return hourly
