"""Step 4: drop an image, see the answer."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from gpu_assistant.domain.errors import Action, Remedy
from gpu_assistant.domain.service import WhichKey
from gpu_assistant.i18n import mark, tr
from gpu_assistant.ui.background import Background
from gpu_assistant.ui.clipboard import pasted_files, save_pasted_picture
from gpu_assistant.ui.desk import Mood
from gpu_assistant.ui.drop_target import Dropped, DropTarget
from gpu_assistant.ui.page import Page, Primary
from gpu_assistant.ui.pages.score_code import CodeTab
from gpu_assistant.ui.pages.score_images import ImageActions, ImageTab
from gpu_assistant.ui.pages.score_keys import KeysTab
from gpu_assistant.ui.pages.score_load import LoadTab
from gpu_assistant.ui.pages.score_timing import TimingTab
from gpu_assistant.ui.remedies import carry_out
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Combobox, Frame, Label, Notebook, px
from gpu_assistant.wizard.navigation import endpoint, endpoints
from gpu_assistant.wizard.state import JobKind, Step, WizardState
from gpu_assistant.workflows.score_many import IMAGE_SUFFIXES

_TYPING = ("Entry", "TEntry", "TSpinbox", "Spinbox")
"""Where Ctrl+V means text."""


class ScorePage(Page):
    """Five tabs: images with their answers, timing, load test, keys, and code that asks from elsewhere."""

    step = Step.SCORE
    title = mark("Score images")
    hint = mark("Drop an image to see what the model makes of it.")

    def build(self) -> None:
        """The picker of the web service, which shows only when there are several, and the tabs."""
        self._state = self.controller.state
        self._background: Background[Dropped] = Background(self, "clipboard")
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self._services = self._build_services()
        self._tabs = named(Notebook(self), "score.tabs")
        self._tabs.grid(row=0, column=0, sticky="nsew")
        actions = ImageActions(
            open_files=self._open_files,
            open_folder=self._open_folder,
            paste=self._paste,
            score=lambda path: self._score((path,)),
            stop=self.controller.stop_scoring,
            save=self._save,
            select=self._select,
            remedy=self._act,
            dismiss=lambda: self.controller.dismiss(JobKind.SCORE),
        )
        self._images = ImageTab(self._tabs, actions, can_drop=self.desk.can_drop, now_s=self.controller.now_s)
        self._timing = TimingTab(self._tabs)
        self._load = Frame(self._tabs)
        self._load_tab: LoadTab | None = None
        self._keys = KeysTab(self._tabs, self.controller, self.desk)
        self._code = CodeTab(self._tabs, self.desk, on_copy_key=partial(self._keys.copy, WhichKey.PRIMARY))
        for tab, label in (
            (self._images, tr("Images")),
            (self._timing, tr("Timing")),
            (self._load, tr("Load test")),
            (self._keys, tr("Keys")),
            (self._code, tr("Code")),
        ):
            self._tabs.add(tab, text=label)
        self._tabs.bind("<<NotebookTabChanged>>", lambda event: self._draw_tab(), add="+")
        DropTarget(self, on_drop=self._take, on_hover=self._hover)
        self._bind_shortcuts()

    def render(self, state: WizardState) -> None:
        """Draw the state: the images always, the other tabs while they are in sight."""
        self._state = state
        self._show_services(state)
        self._images.show(state)
        self._draw_tab()

    def primary(self, state: WizardState) -> Primary | None:
        """Before the first image: open some. Afterwards the footer's Next leads to the clean-up."""
        if state.scored or state.is_busy(JobKind.SCORE):
            return None
        return Primary(tr("Open images…"), self._open_files, enabled=endpoint(state) is not None)

    # --- images in ----------------------------------------------------------------------------------------------------

    def _score(self, paths: Sequence[Path]) -> None:
        if paths:
            self._tabs.select(self._images)
            self.controller.drop(tuple(paths))

    def _take(self, dropped: Dropped) -> None:
        """Score what can be scored and say why the rest cannot."""
        self._score(dropped.paths)
        if dropped.refused:
            self.desk.toast("\n".join(map(tr, dropped.refused)), Mood.WARNING)

    def _hover(self, hovering: bool) -> None:
        if hovering:
            self._tabs.select(self._images)
        self._images.hover(hovering)

    def _open_files(self) -> None:
        self._score(self._choose_files())

    def _choose_files(self) -> tuple[Path, ...]:
        pictures = " ".join(f"*{suffix}" for suffix in sorted(IMAGE_SUFFIXES))
        patterns = ((tr("Images"), pictures), (tr("All files"), "*"))
        return self.desk.open_files(title=tr("Images to score"), patterns=patterns)

    def _open_folder(self) -> None:
        folder = self.desk.open_folder(title=tr("Folder with images to score"))
        if folder is not None:
            self._score((folder,))

    def _paste(self) -> None:
        files = pasted_files(self)
        if files.paths:
            self._take(files)
        else:
            self._background.run(partial(save_pasted_picture, self.controller.session_folder), self._pasted)

    def _pasted(self, found: Dropped | Exception) -> None:
        if isinstance(found, Exception):
            raise found  # a bug: the window's report shows it
        self._take(found)

    # --- and answers out ----------------------------------------------------------------------------------------------

    def _select(self, number: int) -> None:
        latest = self._state.scored[-1].number if self._state.scored else None
        self.controller.select_image(None if number == latest else number)

    def _save(self) -> None:
        target = self.desk.save_file(title=tr("Save the answers"), name="answers.csv", pattern="*.csv")
        if target is None:
            return
        problem = self.controller.save_csv(target)
        if problem:
            self.desk.toast(tr(problem), Mood.WARNING)
        else:
            self.desk.toast(tr("Saved: {file}", file=target.name), Mood.GOOD)

    def _act(self, remedy: Remedy) -> None:
        if remedy.action is Action.CHOOSE_IMAGE:
            self._open_files()
            return
        carry_out(self, self.controller, self.desk, remedy, JobKind.SCORE)

    # --- around -------------------------------------------------------------------------------------------------------

    def _build_services(self) -> Frame:
        row = Frame(self)
        Label(row, text=tr("Web service:")).pack(side="left", padx=(0, px(self, 8)))
        self._service = named(Combobox(row, state="readonly", width=30), "score.service")
        self._service.pack(side="left")
        self._service.bind("<<ComboboxSelected>>", lambda event: self.controller.choose_service(self._service.get()))
        return row

    def _show_services(self, state: WizardState) -> None:
        names = [one.name for one in endpoints(state)]
        asked = endpoint(state)
        several = len(names) > 1
        self._tabs.grid_configure(pady=(px(self, 4) if several else 0, 0))  # the picker is higher than the tabs
        if not several:
            self._services.place_forget()
            return
        self._service.configure(values=names)
        self._service.set(asked.name if asked is not None else "")
        # Beside the tabs, where there is room, so that it takes none from the picture.
        self._services.place(relx=1.0, y=0, anchor="ne")
        self._services.lift()

    def _draw_tab(self) -> None:
        chosen = str(self._tabs.select())
        if chosen == str(self._timing):
            self._timing.show(self._state.latencies_ms)
        elif chosen == str(self._load):
            self._draw_load_test()
        elif chosen == str(self._code):
            self._code.show(endpoint(self._state))
        self._keys.show(self._state)

    def _draw_load_test(self) -> None:
        """The tab is made when it is first opened: most people never do, and the page is on screen sooner without."""
        if self._load_tab is None:
            self._load_tab = LoadTab(
                self._load,
                self.controller,
                self.desk,
                choose_images=self._choose_files,
                on_remedy=lambda remedy: carry_out(self, self.controller, self.desk, remedy, JobKind.LOAD),
            )
            self._load_tab.pack(fill="both", expand=True)
        self._load_tab.show(self._state)

    def _bind_shortcuts(self) -> None:
        """Ctrl+O and Ctrl+V, in the whole window, while the page is in sight."""
        control = "Command" if self.tk.call("tk", "windowingsystem") == "aqua" else "Control"
        for key, act in (("o", self._open_files), ("v", self._paste)):
            for letter in (key, key.upper()):  # with Caps Lock on it is the capital
                self._bind_in_window(f"<{control}-Key-{letter}>", act)

    def _bind_in_window(self, sequence: str, act: Callable[[], None]) -> None:
        def pressed(event: tk.Event[tk.Misc]) -> None:
            # The binding is the window's and outlives this page, which a language switch makes anew.
            if not self.winfo_exists() or not self.winfo_viewable():
                return
            if isinstance(event.widget, tk.Misc) and event.widget.winfo_class() in _TYPING:
                return
            act()

        self.winfo_toplevel().bind(sequence, pressed, add="+")
