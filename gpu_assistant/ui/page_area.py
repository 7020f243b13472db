"""The page with its heading. A page is made when it is first visited."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from gpu_assistant.i18n import tr
from gpu_assistant.ui.desk import Desk
from gpu_assistant.ui.page import Page
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Frame, Label, px
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.wizard.controller import Controller
from gpu_assistant.wizard.state import Place, Step, WizardState

PageClass = Callable[[Step], type[Page]]


def page_class(step: Step) -> type[Page]:
    """The page of a step, imported when it is needed: the first one must be on screen quickly."""
    match step:
        case Step.WORKSPACE:
            from gpu_assistant.ui.pages.workspace import WorkspacePage

            return WorkspacePage
        case Step.MACHINE:
            from gpu_assistant.ui.pages.machine import MachinePage

            return MachinePage
        case Step.DEPLOY:
            from gpu_assistant.ui.pages.deploy import DeployPage

            return DeployPage
        case Step.SCORE:
            from gpu_assistant.ui.pages.score import ScorePage

            return ScorePage
        case Step.CLEAN_UP:
            from gpu_assistant.ui.pages.clean_up import CleanUpPage

            return CleanUpPage


class PageArea(Frame):
    """Heading, practice badge, and the page of the state's step. Tk thread."""

    def __init__(self, parent: tk.Misc, controller: Controller, desk: Desk, classes: PageClass = page_class) -> None:
        edge = px(parent, 24)
        super().__init__(parent, padding=(edge, px(parent, 18), edge, px(parent, 4)))
        self._controller = controller
        self._desk = desk
        self._classes = classes
        self._pages: dict[Step, Page] = {}
        self._ready_to_make: set[Step] = set()
        self._laid_out: set[Page] = set()
        self._shown: Page | None = None
        self.columnconfigure(0, weight=1)
        self.rowconfigure(2, weight=1)
        self._title = named(Label(self, style="Title.TLabel"), "page.title")
        self._title.grid(row=0, column=0, sticky="w")
        self._badge = named(Label(self, style="Badge.TLabel", padding=(px(self, 10), px(self, 4))), "practice.badge")
        self._hint = named(Prose(self, style="Muted.TLabel"), "page.hint")
        self._hint.grid(row=1, column=0, columnspan=2, sticky="ew", pady=(px(self, 2), px(self, 14)))

    @property
    def page(self) -> Page | None:
        """The page that is shown."""
        return self._shown

    def show(self, state: WizardState) -> None:
        """Draw the page of this state, going there first if it is another one."""
        self._show_badge(state.place)
        page = self._pages.get(state.step) or self._make(state.step)
        if page is not self._shown:
            self._turn_to(page)
        page.render(state)

    def prepare(self, state: WizardState) -> bool:
        """Do a moment's work on a page not yet visited, so that going there is quick; False when all is done."""
        for step in Step:
            if step not in self._ready_to_make:
                self._ready_to_make.add(step)
                self._classes(step)  # imports it
                return True
            if step not in self._pages:
                self._make(step)
                return True
            page = self._pages[step]
            if page not in self._laid_out and page is not self._shown:
                self._lay_out(page, state)
                return True
        return False

    def _lay_out(self, page: Page, state: WizardState) -> None:
        """Let Tk find the places of everything in it, unseen below the page that is shown."""
        self._laid_out.add(page)
        page.render(state)
        page.lower()
        page.grid(row=2, column=0, columnspan=2, sticky="nsew")
        self.update_idletasks()  # in which the window may turn to this very page
        if page is not self._shown:
            page.grid_remove()

    def _make(self, step: Step) -> Page:
        page = self._classes(step)(self, self._controller, self._desk)
        self._pages[step] = page
        return page

    def _turn_to(self, page: Page) -> None:
        if self._shown is not None:
            self._shown.grid_forget()
        self._shown = page
        self._laid_out.add(page)
        self._title.configure(text=tr(page.title))
        self._hint.say(tr(page.hint))
        page.grid(row=2, column=0, columnspan=2, sticky="nsew")
        page.focus_set()  # so that the next Tab goes to the first control of the page
        page.enter()

    def _show_badge(self, place: Place | None) -> None:
        if place is None or not place.site.practice:
            self._badge.grid_remove()
            return
        text = tr("Practice workspace")
        if place.scenario:
            text = tr("Practice plays: {scenario}", scenario=place.scenario)
        if str(self._badge.cget("text")) != text:
            self._badge.configure(text=text)
        self._badge.grid(row=0, column=1, sticky="e")
