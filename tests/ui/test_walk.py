"""A walk through the pages ends when it is stuck, and not because a step takes long."""

from __future__ import annotations

from gpu_assistant.domain.errors import BadSetting
from gpu_assistant.ui.theme import Root
from gpu_assistant.ui.walk import Walk
from gpu_assistant.wizard.answers import Answer
from gpu_assistant.wizard.state import Step, WizardState
from tests.ui.fake_controller import FakeController
from tests.ui.in_process import pump_until

MINUTES = 60.0


class _Window:
    def __init__(self) -> None:
        self.closed = False

    def go(self, step: Step) -> None:
        pass

    def close(self) -> None:
        self.closed = True


class _Begun:
    """A walk whose only step waits for a workspace that never opens."""

    def __init__(self, root: Root) -> None:
        self.root, self.window, self.controller = root, _Window(), FakeController()
        self.walk = Walk(
            root,
            self.window,
            self.controller.as_controller,
            [Answer("open practice", "open", {})],
            camera=None,
            say=lambda text: None,
        )
        self.walk.start()
        pump_until(root, lambda: self.controller.asked("open_practice"), what="the step has not begun")

    def look(self) -> None:
        """Let the walk look several times."""
        looked: list[None] = []
        self.root.after(200, lambda: looked.append(None))
        pump_until(self.root, lambda: looked, what="no time passes")


def test_a_step_in_which_nothing_changes_ends_the_walk(root: Root) -> None:
    begun = _Begun(root)
    begun.controller.seconds += 2 * MINUTES
    begun.look()
    assert not begun.window.closed
    begun.controller.seconds += 2 * MINUTES
    pump_until(root, lambda: begun.window.closed, what="the walk goes on")
    assert isinstance(begun.walk.error, BadSetting)


def test_a_step_that_goes_on_may_take_long(root: Root) -> None:
    begun = _Begun(root)
    for number in range(10):  # as an image of ten thousand, or a deployment on Azure that tells of itself
        begun.controller.seconds += 2 * MINUTES
        begun.controller.state = WizardState(service_name=str(number))
        begun.look()
    assert not begun.window.closed
    assert begun.walk.error is None
