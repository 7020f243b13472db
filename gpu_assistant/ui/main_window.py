"""The one window: side bar, page, footer, and everything that holds on every page."""

from __future__ import annotations

import tkinter as tk
from itertools import chain
from pathlib import Path

from gpu_assistant.i18n import tr
from gpu_assistant.ui.ahead import load_ahead
from gpu_assistant.ui.appearance import Appearance
from gpu_assistant.ui.banners import Banners
from gpu_assistant.ui.closing import Closing
from gpu_assistant.ui.crash_report import CrashReports
from gpu_assistant.ui.desk import Desk, Mood
from gpu_assistant.ui.desktop import Desktop
from gpu_assistant.ui.dispatcher import Dispatcher
from gpu_assistant.ui.errands import Errands
from gpu_assistant.ui.footer import Footer, FooterView
from gpu_assistant.ui.frame_styles import make_frame_styles
from gpu_assistant.ui.housekeeping import Housekeeping
from gpu_assistant.ui.keyboard import Keys, bind_keys
from gpu_assistant.ui.notices import Notices
from gpu_assistant.ui.page_area import PageArea, PageClass, page_class
from gpu_assistant.ui.problem_report import ProblemReport
from gpu_assistant.ui.remedies import REPORT_EVENT
from gpu_assistant.ui.side_bar import SideBar
from gpu_assistant.ui.style_kinds import make_styles_ahead
from gpu_assistant.ui.theme import Frame, Root, Separator, px
from gpu_assistant.ui.view_menu import MenuActions
from gpu_assistant.ui.widgets.toast import Toasts
from gpu_assistant.ui.window_place import apply_place, present_place, show_laid_out
from gpu_assistant.wizard.controller import Controller
from gpu_assistant.wizard.money import money
from gpu_assistant.wizard.navigation import TITLES, blocked
from gpu_assistant.wizard.state import Step, WizardState

_FOOTER_PX = 62
_PREPARE_EVERY_MS = 30
_DONE = object()
HELP_EVENT = "<<Help>>"
"""Generated on the window by whoever wants help; the window answers."""


class MainWindow:
    """Draws the controller's state and hands intentions to it. Made withdrawn; `show` maps it, `start` begins the beat.

    Everything in it is made anew when the language changes; the state is the controller's and stays. Tk thread.
    """

    def __init__(
        self,
        root: Root,
        controller: Controller,
        *,
        appearance: Appearance,
        page: Step | None = None,
        logs: Path | None = None,
        desk: Desk | None = None,
        classes: PageClass = page_class,
    ) -> None:
        """`page` is opened as soon as it can be. `desk` and `classes` are for tests."""
        self._root = root
        self._controller = controller
        self._appearance = appearance
        self._classes = classes
        self._logs = logs
        self._wanted = page
        self._housekeeping: Housekeeping | None = None
        self._pending = ""
        self._preparing = ""
        self._closed = False
        make_frame_styles(root)
        self._ahead = chain(make_styles_ahead(root), load_ahead(), controller.get_ready())
        errands = Errands(root)
        self.toasts = Toasts(root, above=px(root, _FOOTER_PX))
        self._desktop = Desktop(root, self.toasts, errands)
        self.desk: Desk = desk or self._desktop
        self._report = ProblemReport(root, controller, self.desk, errands, logs)
        self.crashes = CrashReports(root, self.desk, on_save=self._report.save_crash)
        self._closing = Closing(controller, self.desk, leave=self.close)
        self._notices = Notices(controller)
        self._body = self._build()
        self._unsubscribe = controller.subscribe(lambda state: self._changed())
        self._dispatcher = Dispatcher(root, drain=controller.pump, tick=self._tick)
        self._bind()
        appearance.attach(root, errands, on_language=self._speak_anew)
        self._size = apply_place(root, appearance.place)
        self._render()

    @property
    def root(self) -> Root:
        """The Tk window itself."""
        return self._root

    @property
    def is_closed(self) -> bool:
        """Whether `close` has ended it."""
        return self._closed

    # --- life -------------------------------------------------------------------------------------------------

    def show(self) -> None:
        """Map the window, with everything in its place."""
        show_laid_out(self._root, self._body, self._size)

    def start(self) -> None:
        """Begin to take in what workers say."""
        self._housekeeping = Housekeeping(self._root)
        self._dispatcher.start()
        self._appearance.ask_desktop()
        self._prepare_soon()

    def ask_to_close(self) -> None:
        """What the window's button and Ctrl+Q do: close, after a question where something bills."""
        self._closing.ask()

    def close(self) -> None:
        """End the window and the program's main loop, whatever runs."""
        if self._closed:
            return
        self._closed = True
        place = present_place(self._root, self._appearance.place)
        if place is not None:
            self._appearance.remember_place(place)
        self._dispatcher.stop()
        self._unsubscribe()
        if self._housekeeping is not None:
            self._housekeeping.stop()
        for waiting in (self._pending, self._preparing):
            if waiting:
                self._root.after_cancel(waiting)
        self._desktop.close()
        self._controller.close()
        self._root.destroy()

    def pose(self, *, dark: bool, language: str) -> None:
        """Look like this, in the same state: for a picture."""
        self._appearance.pose(dark=dark, language=language)

    def hold(self, still: bool) -> None:
        """Take in nothing that workers say, or go on."""
        if still:
            self._dispatcher.stop()
        else:
            self._dispatcher.start()

    # --- what it is made of -----------------------------------------------------------------------------------

    def _build(self) -> Frame:
        body = Frame(self._root)
        body.pack(fill="both", expand=True)
        body.columnconfigure(1, weight=1)
        body.rowconfigure(0, weight=1)
        actions = MenuActions(self.help, self._report.show, self._open_logs, self.ask_to_close)
        self._side = SideBar(body, on_go=self.go, appearance=self._appearance, actions=actions)
        self._side.grid(row=0, column=0, sticky="ns")
        content = Frame(body)
        content.grid(row=0, column=1, sticky="nsew")
        content.columnconfigure(0, weight=1)
        content.rowconfigure(1, weight=1)
        self._banners = Banners(content, on_action=self._notices.help_with, on_dismiss=self._dismiss)
        self._banners.grid(row=0, column=0, sticky="ew")
        self._area = PageArea(content, self._controller, self.desk, self._classes)
        self._area.grid(row=1, column=0, sticky="nsew")
        Separator(content).grid(row=2, column=0, sticky="ew")
        self._footer = Footer(content, on_back=self._controller.back, on_next=self._controller.next)
        self._footer.grid(row=3, column=0, sticky="ew")
        return body

    def _bind(self) -> None:
        bind_keys(
            self._root,
            Keys(
                go=self.go,
                next=self._controller.next,
                back=self._controller.back,
                primary=lambda: self._footer.press_by_key(),
                escape=self.toasts.close_newest,
                help=self.help,
                menu=lambda: self._side.menu.post(),
                quit=self.ask_to_close,
            ),
        )
        self._root.protocol("WM_DELETE_WINDOW", self.ask_to_close)
        self._root.bind(REPORT_EVENT, lambda event: self._report.show())
        self._root.bind(HELP_EVENT, lambda event: self.help())
        self._root.bind("<FocusIn>", self._on_focus, add="+")

    def _on_focus(self, event: tk.Event[tk.Misc]) -> None:
        if event.widget is self._root:
            self._appearance.ask_desktop()

    # --- drawing ----------------------------------------------------------------------------------------------

    def _changed(self) -> None:
        """Draw soon, once for all that changes until then."""
        if not self._pending and not self._closed:
            self._pending = self._root.after_idle(self._draw_pending)

    def _draw_pending(self) -> None:
        self._pending = ""
        self._go_where_wanted()
        self._render()
        state = self._controller.state
        self._closing.follow(state)
        if state.place is not None and not self._preparing:
            self._prepare_soon()

    def _prepare_soon(self) -> None:
        self._preparing = self._root.after(_PREPARE_EVERY_MS, self._prepare)

    def _prepare(self) -> None:
        """Between two beats, make what comes next, from styles up to the pages of an open workspace."""
        self._preparing = ""
        state = self._controller.state
        more = next(self._ahead, _DONE) is not _DONE or (state.place is not None and self._area.prepare(state))
        if more:
            self._prepare_soon()

    def _go_where_wanted(self) -> None:
        """The page named at the start may have to wait for the workspace."""
        if self._wanted is not None and not self._controller.go(self._wanted):
            self._wanted = None

    def _render(self) -> None:
        state = self._controller.state
        title = tr("{page} – {workspace}", page=tr(TITLES[state.step]), workspace=_place_name(state))
        if self._root.title() != title:
            self._root.title(title)
        self._side.show(state)
        self._show_money(state)
        self._banners.show(self._notices.now(state))
        self._area.show(state)
        self._show_footer(state)

    def _show_footer(self, state: WizardState) -> None:
        page = self._area.page
        has_next = state.step is not Step.CLEAN_UP
        why_not = tr(blocked(state, Step(state.step + 1))) if has_next else ""
        self._footer.show(
            FooterView(
                can_go_back=state.step is not Step.WORKSPACE,
                has_next=has_next,
                next_why_not=why_not,
                primary=page.primary(state) if page is not None else None,
            )
        )

    def _show_money(self, state: WizardState) -> None:
        self._side.show_money(money(state, self._controller.utc_now()))

    def _speak_anew(self) -> None:
        """Another language: everything is made anew, in the same state."""
        self.toasts.close()
        self._body.destroy()
        self._body = self._build()
        self._render()

    # --- the beat ---------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        self._controller.tick()
        state = self._controller.state
        self._show_money(state)
        if self._area.page is not None:
            self._area.page.tick(state)

    # --- what a person can do everywhere ----------------------------------------------------------------------

    def go(self, step: Step) -> None:
        """Open a page, or say why not."""
        self._wanted = None
        reason = self._controller.go(step)
        if reason:
            self.desk.toast(tr(reason), Mood.WARNING)

    def help(self) -> None:
        """Show what to do here, and the keys."""
        from gpu_assistant.ui.widgets.help_sheet import HelpSheet

        sheet = HelpSheet(self._root, self._controller.state.step)
        sheet.show(sheet.done)

    def _dismiss(self, key: str) -> None:
        self._notices.dismiss(key)
        self._banners.show(self._notices.now(self._controller.state))

    def _open_logs(self) -> None:
        if self._logs is not None:
            self.desk.show_file(self._logs)


def _place_name(state: WizardState) -> str:
    return state.place.site.workspace.name if state.place is not None else "gpu-assistant"
