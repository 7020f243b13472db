"""What the buttons of remedies do, for every action there is."""

from __future__ import annotations

import pytest

from gpu_assistant.domain.errors import Action, Remedy
from gpu_assistant.ui.remedies import INSTALL_PRACTICE, REPORT_EVENT, carry_out
from gpu_assistant.ui.theme import Root
from gpu_assistant.wizard.state import JobKind
from tests.ui.fake_controller import FakeController
from tests.ui.paper_desk import PaperDesk


@pytest.mark.parametrize("action", Action, ids=lambda action: action.value)
def test_every_remedy_does_something(root: Root, action: Action) -> None:
    controller, desk = FakeController(answers={"act": "https://portal.azure.com/"}), PaperDesk()
    reports: list[object] = []
    root.bind(REPORT_EVENT, reports.append)
    remedy = Remedy(action, "Help")
    carry_out(root, controller.as_controller, desk, remedy, JobKind.DEPLOY)
    root.update()
    if action is Action.REPORT:
        assert len(reports) == 1
    elif action is Action.INSTALL:
        assert desk.copied == [INSTALL_PRACTICE]
    else:
        assert controller.calls == [("act", (remedy, JobKind.DEPLOY))]
        assert desk.browsed == ["https://portal.azure.com/"]
