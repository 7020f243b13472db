"""Holds the wizard's state and tells who listens. One thread, the window's."""

from __future__ import annotations

from collections.abc import Callable

from gpu_assistant.wizard.state import WizardState

Listener = Callable[[WizardState], None]


class Store:
    """The one state. Only the engine changes it."""

    def __init__(self, state: WizardState | None = None) -> None:
        self.state = state or WizardState()
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after each change; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def publish(self) -> None:
        """The state has changed."""
        for listener in tuple(self._listeners):
            listener(self.state)
