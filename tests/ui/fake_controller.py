"""A controller that does nothing but remember what it was asked for, for tests of single pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, cast

from gpu_assistant.wizard.controller import Controller
from gpu_assistant.wizard.state import WizardState

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)


class FakeController:
    """Stands in for the Controller. `calls` has (method, positional arguments) of every request, in order.

    `state` may be replaced; `answers` gives what a method returns (default ""). Time stands still unless `seconds`
    is changed.
    """

    def __init__(self, state: WizardState | None = None, answers: Mapping[str, Any] | None = None) -> None:
        self.state = state or WizardState()
        self.answers = dict(answers or {})
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.seconds = 1000.0

    def get_ready(self) -> Iterator[None]:
        """There is nothing to load."""
        return iter(())

    def now_s(self) -> float:
        """The monotonic clock."""
        return self.seconds

    def utc_now(self) -> datetime:
        """The moment."""
        return NOW

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if not hasattr(Controller, name):
            raise AttributeError(f"the Controller has no {name}")

        def record(*arguments: Any, **named: Any) -> Any:
            self.calls.append((name, (*arguments, *((key, value) for key, value in named.items()))))
            return self.answers.get(name, "")

        return record

    def asked(self, method: str) -> list[tuple[Any, ...]]:
        """The arguments of every call of one method."""
        return [arguments for name, arguments in self.calls if name == method]

    @property
    def as_controller(self) -> Controller:
        """For the type checker."""
        return cast(Controller, self)
