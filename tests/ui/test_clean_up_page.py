"""Page 5, state by state."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gpu_assistant.domain.errors import CannotReachAzure
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.ui.page import Primary
from gpu_assistant.ui.pages.clean_up import CleanUpPage
from gpu_assistant.ui.theme import Button, Root
from gpu_assistant.wizard.state import JobKind, JobView, Phase, Step, WizardState
from gpu_assistant.workflows.reconcile import overview
from tests.ui.fake_controller import FakeController
from tests.ui.in_process import pump_until
from tests.ui.page_states import (
    ELSEWHERE,
    NOW,
    PROOF,
    WORKSPACE,
    both,
    cleaning,
    deploying,
    existing,
    gone,
    opened,
    partly_gone,
    row,
    with_job,
)
from tests.ui.paper_desk import PaperDesk
from tests.ui.widget_tree import find, names, texts


class Seen:
    """The page on screen with what it asked for."""

    def __init__(self, root: Root, state: WizardState) -> None:
        self.root = root
        root.geometry("790x500")  # what a page has at least
        self.controller = FakeController(state)
        self.desk = PaperDesk()
        self.page = CleanUpPage(root, self.controller.as_controller, self.desk)
        self.page.pack(fill="both", expand=True)
        self.show(state)

    def show(self, state: WizardState) -> None:
        self.controller.state = state
        self.page.render(state)
        self.root.update()

    def press(self, name: str) -> None:
        find(self.page, name).invoke()
        self.root.update()

    @property
    def rows(self) -> list[tuple[str, ...]]:
        tree = find(self.page, "cleanup.table")
        if not tree.winfo_viewable():
            return []
        return [tuple(map(str, tree.item(one, "values"))) for one in tree.get_children()]

    @property
    def primary(self) -> Primary:
        primary = self.page.primary(self.controller.state)
        assert primary is not None
        return primary

    @property
    def texts(self) -> list[str]:
        return texts(self.page)


def test_entering_compares_with_azure(root: Root) -> None:
    seen = Seen(root, existing())
    seen.page.enter()
    assert seen.controller.asked("refresh") == [()]


def test_what_exists_is_listed_with_its_cost(root: Root) -> None:
    seen = Seen(root, existing())
    assert set(seen.rows) == {
        ("compute target", "gpu-nc4as-t4-v3", "ready", "1 h 30 min", "$0.53", "$0.79"),
        ("web service", "resnet50", "healthy", "1 h 30 min", "–", "–"),
    }
    assert "$0.53 per hour · $0.79 so far" in seen.texts
    assert "Azure was asked 20 s ago." in seen.texts


def test_without_an_answer_of_azure_the_ledger_speaks(root: Root) -> None:
    seen = Seen(root, opened(step=Step.CLEAN_UP)._replace(rows=both()))
    assert [values[2] for values in seen.rows] == ["live", "live"]
    assert "Azure was not asked yet; this is what the record on this computer says." in seen.texts


def test_an_unknown_price_is_never_nothing(root: Root) -> None:
    seen = Seen(root, opened(step=Step.CLEAN_UP)._replace(rows=(row(price=None),)))
    assert seen.rows[0][4:] == ("price unknown", "price unknown")
    assert any("price unknown (1)" in text for text in seen.texts)


def test_one_click_deletes_everything(root: Root) -> None:
    seen = Seen(root, existing())
    assert (seen.primary.label, seen.primary.enabled, seen.primary.danger) == ("Delete everything", True, True)
    seen.primary.command()
    assert seen.controller.asked("clean_up") == [()]


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (opened(step=Step.CLEAN_UP), "There is nothing to delete"),
        (deploying(), "Stop the deployment first; then everything can be deleted."),
        (cleaning(), "It is being deleted"),
        (opened()._replace(rows=(row(owned=False),)), "There is nothing to delete"),
    ],
)
def test_why_nothing_can_be_deleted_now(root: Root, state: WizardState, reason: str) -> None:
    primary = Seen(root, state).primary
    assert (primary.enabled, primary.why_not) == (False, reason)


def test_the_empty_page_is_proud(root: Root) -> None:
    seen = Seen(root, opened(step=Step.CLEAN_UP))
    assert "Nothing that bills is left." in seen.texts
    assert seen.rows == []


def test_progress_can_be_stopped(root: Root) -> None:
    seen = Seen(root, cleaning())
    assert "Delete compute target gpu-nc4as-t4-v3" in seen.texts
    assert "0:59 · usually about 5 min" in seen.texts
    assert seen.rows == []
    seen.press("cleanup.stop")
    assert seen.controller.asked("cancel") == [(JobKind.CLEAN_UP,)]
    job = cleaning().jobs[JobKind.CLEAN_UP]
    seen.show(with_job(cleaning(), job._replace(phase=Phase.CANCELLING, meaning=CancelMeaning.STOP_WATCHING)))
    assert str(find(seen.page, "cleanup.stop").cget("state")) == "disabled"


def test_the_keyboard_goes_on_to_the_receipt(root: Root) -> None:
    seen = Seen(root, cleaning())
    pressed = Button(root, text="Delete everything", state="disabled")  # in the footer, where it was pressed
    pressed.pack()
    pressed.focus_force()
    root.update()
    seen.show(gone())
    pump_until(root, lambda: root.focus_get() is find(seen.page, "cleanup.receipt.html"))


def test_the_keyboard_stays_where_the_person_put_it(root: Root) -> None:
    seen = Seen(root, cleaning())
    elsewhere = Button(root, text="Menu")
    elsewhere.pack()
    elsewhere.focus_force()
    root.update()
    seen.show(gone())
    root.update()
    assert root.focus_get() is elsewhere


def test_each_thing_shows_its_proof(root: Root) -> None:
    seen = Seen(root, gone())
    assert "Nothing that bills is left. Azure was asked again and said so." in seen.texts
    assert seen.texts.count(str(PROOF)) == 2
    assert "It cost $0.79 from creation to the proven end." in seen.texts
    assert "workspace ws-vision, left on purpose" in seen.texts


def test_practice_says_what_it_would_have_cost(root: Root) -> None:
    seen = Seen(root, gone(practice=True))
    assert "Practice: nothing was billed. In Azure it would have cost $0.79." in seen.texts
    seen.show(existing(practice=True))
    assert "Practice: nothing is billed. In Azure: $0.53 per hour · $0.79 so far" in seen.texts


def test_what_is_left_says_why_and_where(root: Root) -> None:
    seen = Seen(root, partly_gone())
    assert "Not everything could be proven gone." in seen.texts
    assert "Azure was still deleting it after 40 minutes" in seen.texts
    assert "The keyring is locked" in seen.texts
    assert seen.rows[0][2] == "deleting"
    seen.press("cleanup.portal.gpu-nc4as-t4-v3")
    assert seen.desk.browsed == [f"https://portal.azure.com/#resource{WORKSPACE.azure_id}"]


@pytest.mark.parametrize("kind", ["html", "json"])
def test_the_receipt_can_be_saved(root: Root, tmp_path: Path, kind: str) -> None:
    seen = Seen(root, gone())
    seen.desk.save_to = tmp_path / f"receipt of 한국.{kind}"
    seen.press(f"cleanup.receipt.{kind}")
    assert seen.desk.proposed == [f"gpu-assistant-receipt-20261122-120000.{kind}"]
    text = seen.desk.save_to.read_text(encoding="utf-8")
    assert "gpu-nc4as-t4-v3" in text
    if kind == "json":
        assert json.loads(text)["gone"][1]["cost"] == "0.7890"
    else:
        assert text.startswith("<!doctype html>")


def test_a_receipt_that_cannot_be_written_gets_a_sentence(root: Root, tmp_path: Path) -> None:
    seen = Seen(root, gone())
    seen.desk.save_to = tmp_path / "missing" / "r.html"
    seen.press("cleanup.receipt.html")
    assert seen.desk.toasts == ["The receipt could not be saved: No such file or directory"]


def test_what_came_after_a_clean_up_comes_before_its_report(root: Root) -> None:
    seen = Seen(root, gone()._replace(rows=both()))
    table, verdict = find(seen.page, "cleanup.table"), find(seen.page, "cleanup.verdict")
    assert table.winfo_rooty() < verdict.winfo_rooty()
    assert seen.primary.enabled


def test_azure_that_cannot_be_asked_is_said(root: Root) -> None:
    rows = both()
    problem = CannotReachAzure(what="Azure", reason="DNS")
    state = existing()._replace(overview=overview(rows, {}, NOW, problem))
    seen = Seen(root, state)
    assert "error.title" in names(seen.page)
    assert len(seen.rows) == 2
    assert seen.primary.enabled


def test_other_workspaces_are_named_and_can_be_opened(root: Root) -> None:
    state = existing()
    seen = Seen(root, state._replace(rows=(*state.rows, row(workspace=ELSEWHERE))))
    assert "ws-other: 1 thing" in seen.texts
    assert len(seen.rows) == 2
    seen.press("cleanup.open.ws-other")
    assert seen.controller.asked("open_workspace") == [(ELSEWHERE,)]
    seen.show(state._replace(rows=(*state.rows, row(workspace=ELSEWHERE, practice=True))))
    seen.press("cleanup.open.ws-other")
    assert seen.controller.asked("open_practice") == [()]


def test_a_failed_clean_up_offers_its_remedies(root: Root) -> None:
    job = JobView(JobKind.CLEAN_UP, 3, 900.0, Phase.FAILED, error=CannotReachAzure(what="Azure", reason="DNS"))
    seen = Seen(root, with_job(existing(), job))
    seen.press("error.dismiss")
    assert seen.controller.asked("dismiss") == [(JobKind.CLEAN_UP,)]
    seen.show(existing())
    assert "error.title" not in names(seen.page)


def test_the_second_moves_on(root: Root) -> None:
    seen = Seen(root, existing())
    seen.page.tick(seen.controller.state)
    assert len(seen.rows) == 2
