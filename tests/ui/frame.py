"""The main window around simple pages and a controller that remembers what it was asked, for tests of the frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from gpu_assistant.domain.billing import BillableResource, HourlyPrice, ResourceKind, ResourceState
from gpu_assistant.domain.workspace import WorkspaceRef
from gpu_assistant.ui.desk import Mood
from gpu_assistant.ui.page import Page, Primary
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Entry
from gpu_assistant.wizard.navigation import TITLES, blocked, next_step, previous_step
from gpu_assistant.wizard.state import JobKind, JobView, Phase, Place, Step, WizardState
from gpu_assistant.workflows.site import Site
from tests.ui.fake_controller import NOW, FakeController

HOME = WorkspaceRef("sub", "rg", "vision", region="eastus")
ELSEWHERE = WorkspaceRef("sub", "rg", "other")


def a_row(**facts: Any) -> BillableResource:
    """A cluster at $0.60 an hour that has run for half an hour."""
    usual: dict[str, Any] = {
        "ledger_id": "row",
        "kind": ResourceKind.COMPUTE_TARGET,
        "name": "gpu-cluster",
        "workspace": HOME,
        "state": ResourceState.LIVE,
        "created": NOW - timedelta(minutes=30),
        "price_per_hour": HourlyPrice(Decimal("0.60"), "USD"),
    }
    return BillableResource(**{**usual, **facts})


def opened(*rows: BillableResource, practice: bool = False, scenario: str = "", **facts: Any) -> WizardState:
    """A state with the workspace open."""
    place = Place(Site(HOME, practice=practice), None, scenario=scenario)
    return WizardState(**{"place": place, "rows": rows, **facts})


def with_job(state: WizardState, kind: JobKind, phase: Phase = Phase.RUNNING) -> WizardState:
    """The same with a job of that kind."""
    return state._replace(jobs={**state.jobs, kind: JobView(kind, 1, 0.0, phase)})


class FrameController(FakeController):
    """Moves between pages and tells listeners, as the real one does."""

    def __init__(self, state: WizardState | None = None) -> None:
        super().__init__(state)
        self.listeners: list[Callable[[WizardState], None]] = []

    def subscribe(self, listener: Callable[[WizardState], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def change(self, state: WizardState) -> None:
        """The state is this now."""
        self.state = state
        for listener in tuple(self.listeners):
            listener(state)

    def go(self, step: Step) -> str:
        reason = blocked(self.state, step)
        if not reason:
            self.change(self.state._replace(step=step))
        return reason

    def next(self) -> None:
        step = next_step(self.state)
        if step is not None:
            self.go(step)

    def back(self) -> None:
        step = previous_step(self.state)
        if step is not None:
            self.go(step)


@dataclass
class ScriptedDesk:
    """Answers in a person's place and remembers what was said."""

    answers: list[int | None] = field(default_factory=list)
    save_to: Path | None = None
    questions: list[dict[str, Any]] = field(default_factory=list)
    toasts: list[str] = field(default_factory=list)
    copied: list[str] = field(default_factory=list)
    shown: list[Path] = field(default_factory=list)
    can_drop: bool = False

    def ask(self, **question: Any) -> int | None:
        self.questions.append(question)
        return self.answers.pop(0)

    def toast(self, text: str, mood: Mood = Mood.INFO) -> None:
        self.toasts.append(text)

    def copy(self, text: str, *, forget_after_s: float | None = None) -> None:
        self.copied.append(text)

    def save_file(self, *, title: str, name: str, pattern: str = "*") -> Path | None:
        return self.save_to

    def open_files(self, *, title: str, patterns: Sequence[tuple[str, str]] = ()) -> tuple[Path, ...]:
        return ()

    def open_folder(self, *, title: str) -> Path | None:
        return None

    def browse(self, url: str) -> None:
        return None

    def show_file(self, path: Path) -> None:
        self.shown.append(path)


def simple_page(step: Step) -> type[Page]:
    """A page with a button and an entry; Score has an action of its own, Clean up a dangerous one."""

    class Simple(Page):
        title = TITLES[step]
        hint = "What to do here."
        rendered: list[WizardState]

        def build(self) -> None:
            self.rendered = []
            self.entered = 0
            self.acted = 0
            named(Button(self, text="press", command=lambda: None), "simple.button").pack()
            named(Entry(self), "simple.entry").pack()

        def render(self, state: WizardState) -> None:
            self.rendered.append(state)

        def enter(self) -> None:
            self.entered += 1

        def act(self) -> None:
            self.acted += 1

        def primary(self, state: WizardState) -> Primary | None:
            match step:
                case Step.SCORE:
                    return Primary("Score it", self.act)
                case Step.DEPLOY:
                    return Primary("Deploy it", self.act, enabled=False, why_not="Choose a model first")
                case Step.CLEAN_UP:
                    return Primary("Delete everything", self.act, danger=True)
                case _:
                    return None

    cast(Any, Simple).step = step
    return Simple
