"""The error view: every error, what bills, what helps, and nothing when there is nothing."""

from __future__ import annotations

import tkinter as tk

import pytest

from gpu_assistant.domain.errors import CLEAN_UP, RETRY, SHOW_LOG, Action, AssistantError, EntryScriptCrashed, Remedy
from gpu_assistant.ui.theme import Root
from gpu_assistant.ui.widgets.error_view import ErrorView, ordered_remedies
from tests.ui.page_states import both, row
from tests.ui.widget_tree import find, names, texts


def crash(*, log: str = "") -> EntryScriptCrashed:
    return EntryScriptCrashed(name="resnet50", cause="ValueError: no signature", log=log)


def shown(root: Root, error: AssistantError | None) -> tuple[ErrorView, list[Remedy]]:
    chosen: list[Remedy] = []
    view = ErrorView(root, chosen.append)
    view.pack(fill="x")
    view.show(error)
    root.update()
    return view, chosen


def test_it_says_what_happened_and_offers_what_helps(root: Root) -> None:
    view, chosen = shown(root, crash())
    assert "The scoring script stopped while it started" in texts(view)
    assert "init() of resnet50 raised: ValueError: no signature" in texts(view)
    find(view, "error.show_log").invoke()
    assert chosen == [SHOW_LOG]


def test_clean_up_comes_first_while_something_bills() -> None:
    error = crash()
    assert ordered_remedies(error) == (SHOW_LOG, CLEAN_UP)
    error.billable = both()
    assert [one.action for one in ordered_remedies(error)] == [Action.CLEAN_UP, Action.SHOW_LOG]


def test_clean_up_is_offered_even_where_the_error_does_not_know_it() -> None:
    error = AssistantError(reason="x", remedies=(RETRY,))
    error.billable = both()
    assert ordered_remedies(error) == (CLEAN_UP, RETRY)


@pytest.mark.parametrize(
    ("practice", "words"),
    [
        (False, "$0.53 per hour"),
        (True, "Practice: nothing is billed (in Azure: $0.53 per hour)"),
    ],
)
def test_what_bills_is_named_with_its_price(root: Root, practice: bool, words: str) -> None:
    error = crash()
    error.billable = both(practice=practice)
    view, _ = shown(root, error)
    assert words in texts(view)
    assert "●  compute target gpu-nc4as-t4-v3" in texts(view)
    assert ("What still bills" in texts(view)) is not practice


def test_an_unknown_price_is_never_nothing(root: Root) -> None:
    error = crash()
    error.billable = (row(price=None),)
    view, _ = shown(root, error)
    assert "price unknown" in texts(view)


def test_the_log_is_folded_and_can_be_copied(root: Root) -> None:
    view, _ = shown(root, crash(log="line one\nline two"))
    find(view, "error.details").invoke()
    root.update()
    log = find(view, "error.log")
    assert isinstance(log, tk.Text)
    assert log.winfo_viewable()
    assert log.get("1.0", "end-1c") == "line one\nline two"
    find(view, "error.copy").invoke()
    assert root.clipboard_get().splitlines()[-2:] == ["line one", "line two"]


def test_without_an_error_it_takes_no_room(root: Root) -> None:
    view, _ = shown(root, crash())
    assert view.winfo_height() > 50
    view.show(None)
    root.update()
    assert view.winfo_reqheight() <= 1
    assert "error.title" not in names(view)


def test_the_same_error_again_leaves_the_details_unfolded(root: Root) -> None:
    error = crash(log="x")
    view, _ = shown(root, error)
    find(view, "error.details").invoke()
    view.show(error)
    root.update()
    assert find(view, "error.log").winfo_viewable()


def test_many_remedies_wrap_into_the_width_there_is(root: Root) -> None:
    root.geometry("360x500")
    labels = ("Change the deployment's settings", "Choose another VM size", "See whether Azure has an outage")
    remedies = tuple(Remedy(action, label) for action, label in zip(Action, labels, strict=False))
    view, _ = shown(root, AssistantError(reason="x", remedies=remedies))
    root.update()
    buttons = [find(view, f"error.{one.action.value}") for one in remedies]
    assert len({button.winfo_rooty() for button in buttons}) > 1
    edge = view.winfo_rootx() + view.winfo_width()
    assert all(button.winfo_rootx() + button.winfo_width() <= edge for button in buttons)
