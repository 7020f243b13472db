"""Styles are made before the pages: a page that brings one makes Tk lay out and draw the whole window anew."""

from __future__ import annotations

from gpu_assistant.ui.page_area import page_class
from gpu_assistant.ui.style_kinds import make_styles_ahead
from gpu_assistant.ui.theme import Frame, Root
from gpu_assistant.wizard.state import Step, WizardState
from tests.ui.fake_controller import FakeController
from tests.ui.page_states import deployed, deploying, failed, gone, opened
from tests.ui.paper_desk import PaperDesk


def test_no_page_brings_a_style_of_its_own(root: Root) -> None:
    changes: list[object] = []
    for _ in make_styles_ahead(root):
        root.update()
    ear = Frame(root)
    ear.bind("<<ThemeChanged>>", changes.append)
    for step in Step:
        for state in (WizardState(), opened(), deploying(), failed(), deployed(), gone()):
            page = page_class(step)(root, FakeController(state).as_controller, PaperDesk())
            page.pack()
            page.render(state)
            root.update()
            page.destroy()
            assert not changes, f"the page {step.name} makes a style late"


def test_a_late_style_would_be_noticed(root: Root) -> None:
    changes: list[object] = []
    ear = Frame(root)
    ear.bind("<<ThemeChanged>>", changes.append)
    root.style.configure("Late.TLabel", foreground="#000000")
    root.update()
    assert changes
