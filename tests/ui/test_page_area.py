"""Pages that are made ready before they are visited."""

from __future__ import annotations

from pathlib import Path

from gpu_assistant.ui.appearance import Appearance
from gpu_assistant.ui.main_window import MainWindow
from gpu_assistant.ui.theme import Root
from gpu_assistant.wizard.state import Step
from tests.ui.frame import FrameController, ScriptedDesk, opened, simple_page


def test_a_page_that_is_visited_while_it_is_made_ready_stays_in_sight(root: Root, tmp_path: Path) -> None:
    controller = FrameController(opened())
    window = MainWindow(
        root,
        controller.as_controller,
        appearance=Appearance(tmp_path / "settings.json", theme="light", language="en"),
        desk=ScriptedDesk(),
        classes=simple_page,
    )
    window.show()
    root.update()
    area = window._area
    while Step.MACHINE not in area._pages:
        area.prepare(controller.state)
    controller.go(Step.MACHINE)  # drawn as soon as Tk rests, which is while that very page is being laid out
    area.prepare(controller.state)
    root.update()
    assert area.page is not None
    assert area.page.step is Step.MACHINE
    assert area.page.winfo_viewable(), "the page is blank"
