from __future__ import annotations

import tkinter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from gpu_assistant.i18n import use_language
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.settings import WindowPlace, load_settings
from gpu_assistant.ui.appearance import Appearance, Theme
from gpu_assistant.ui.closing import Closing
from gpu_assistant.ui.desk import Mood
from gpu_assistant.ui.desktop import Desktop
from gpu_assistant.ui.errands import Errands
from gpu_assistant.ui.main_window import REPORT_EVENT, MainWindow
from gpu_assistant.ui.page_area import page_class
from gpu_assistant.ui.side_bar import step_rows
from gpu_assistant.ui.theme import Root, create_root, is_dark, px
from gpu_assistant.ui.widgets.step_list import Mark
from gpu_assistant.ui.widgets.toast import Toasts
from gpu_assistant.ui.window_place import fit, least
from gpu_assistant.wizard.state import FirstWindow, JobKind, MachineChoice, Phase, Scored, Step, WizardState
from gpu_assistant.workflows.clean_up import CleanUpReport
from tests.ui.fake_controller import NOW
from tests.ui.frame import ELSEWHERE, HOME, FrameController, ScriptedDesk, a_row, opened, simple_page, with_job
from tests.ui.in_process import pump_until, view_of
from tests.ui.screen import Screen

Open = Callable[..., tuple[MainWindow, FrameController, ScriptedDesk]]


@pytest.fixture
def open_window(root: Root, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Open]:
    """The window in a state, over simple pages. Fails on an error in a callback."""

    def open_it(state: WizardState | None = None, **options: Any) -> tuple[MainWindow, FrameController, ScriptedDesk]:
        controller, desk = FrameController(state), ScriptedDesk()
        appearance = Appearance(tmp_path / "settings.json", theme="light", language="en")
        options = {"classes": simple_page, **options}
        window = MainWindow(root, controller.as_controller, appearance=appearance, desk=desk, **options)
        window.show()
        window.start()
        root.update()
        root.focus_force()
        return window, controller, desk

    yield open_it
    use_language("en")
    assert not [record for record in caplog.records if record.levelname == "ERROR"], caplog.text


def press(root: Root, sequence: str) -> None:
    """A key, where the focus is."""
    pump_until(root, root.focus_get, what="no widget has the focus")
    cast(tkinter.Misc, root.focus_get()).event_generate(sequence)
    root.update()


# --- side bar ------------------------------------------------------------------------------------------------------


def test_a_fresh_window_shows_where_one_is_and_why_the_rest_must_wait() -> None:
    rows = step_rows(WizardState())
    assert [row.mark for row in rows] == [Mark.OPEN, *[Mark.BLOCKED] * 4]
    assert [row.is_current for row in rows] == [True, *[False] * 4]
    assert [row.note for row in rows] == ["", "Open a workspace first", "", "", ""]


def test_steps_that_are_done_say_so_and_each_blocked_one_says_its_own_reason() -> None:
    rows = step_rows(opened(step=Step.MACHINE))
    assert [row.mark for row in rows] == [Mark.DONE, Mark.OPEN, Mark.BLOCKED, Mark.BLOCKED, Mark.OPEN]
    assert rows[2].note == "Choose a machine first"
    assert rows[3].note == "Deploy a model first"


def test_a_click_on_a_step_opens_its_page(root: Root, open_window: Open) -> None:
    _, controller, _ = open_window(opened())
    view = view_of(root)
    assert view.find("steps.3") is not None
    assert not cast(Any, view.find("steps.3")).enabled
    root.nametowidget(_path(root, "steps.5")).invoke()
    root.update()
    assert controller.state.step is Step.CLEAN_UP
    assert root.title() == "Clean up – vision"


def _path(root: Root, name: str) -> str:
    """The Tk path of a named widget."""
    waiting: list[tkinter.Misc] = [root]
    while waiting:
        widget = waiting.pop()
        if getattr(widget, "screen_name", "") == name:
            return str(widget)
        waiting += widget.winfo_children()
    raise AssertionError(f"no widget {name}")


# --- pages and footer ----------------------------------------------------------------------------------------------


def test_pages_are_made_when_they_are_first_visited_and_only_the_shown_one_is_drawn(
    root: Root, open_window: Open
) -> None:
    window, controller, _ = open_window(opened())
    first = cast(Any, window._area.page)
    assert first.step is Step.WORKSPACE
    assert list(window._area._pages) == [Step.WORKSPACE]
    controller.go(Step.MACHINE)
    root.update()
    second = cast(Any, window._area.page)
    drawn = len(first.rendered)
    controller.change(controller.state._replace(rows=(a_row(),)))
    root.update()
    assert second.rendered[-1].rows
    assert len(first.rendered) == drawn
    controller.go(Step.WORKSPACE)
    root.update()
    assert window._area.page is first
    assert (first.entered, second.entered) == (2, 1)


def test_many_changes_before_tk_rests_are_drawn_once(root: Root, open_window: Open) -> None:
    window, controller, _ = open_window(opened())
    page = cast(Any, window._area.page)
    before = len(page.rendered)
    for _ in range(50):
        controller.change(controller.state._replace(services=()))
    root.update()
    assert len(page.rendered) == before + 1


@pytest.mark.parametrize(
    ("step", "texts", "why_not"),
    [
        (Step.WORKSPACE, ["Next"], ""),
        (Step.MACHINE, ["Next"], ""),
        (Step.DEPLOY, ["Deploy it"], "Choose a model first"),
        (Step.CLEAN_UP, ["Delete everything"], ""),
    ],
)
def test_the_footer_has_one_clear_action(
    root: Root, open_window: Open, step: Step, texts: list[str], why_not: str
) -> None:
    open_window(opened(step=step, machine=MachineChoice("Standard_NC4as_T4_v3")))
    items = {item.name: item for item in view_of(root).items}
    shown = [items[name].text for name in ("footer.next", "footer.primary") if name in items]
    assert shown == texts
    assert items["footer.back"].enabled == (step is not Step.WORKSPACE)
    assert (items["footer.why_not"].text if "footer.why_not" in items else "") == why_not


def test_next_says_why_it_cannot_be_pressed_yet(root: Root, open_window: Open) -> None:
    open_window(opened(step=Step.MACHINE))
    items = {item.name: item for item in view_of(root).items}
    assert not items["footer.next"].enabled
    assert items["footer.why_not"].text == "Choose a machine first"


# --- keys ----------------------------------------------------------------------------------------------------------


def test_keys_move_between_pages(root: Root, open_window: Open) -> None:
    _, controller, desk = open_window(opened())
    press(root, "<Alt-n>")
    assert controller.state.step is Step.MACHINE
    press(root, "<Alt-Key-5>")
    assert controller.state.step is Step.CLEAN_UP
    press(root, "<Alt-Key-2>")
    press(root, "<Alt-b>")
    assert controller.state.step is Step.WORKSPACE
    press(root, "<Alt-Key-3>")
    assert controller.state.step is Step.WORKSPACE
    assert desk.toasts == ["Choose a machine first"]


def test_return_does_what_the_main_button_says_but_not_what_destroys(root: Root, open_window: Open) -> None:
    window, controller, _ = open_window(opened())
    press(root, "<Return>")
    assert controller.state.step is Step.MACHINE
    controller.change(controller.state._replace(step=Step.SCORE))
    root.update()
    page = cast(Any, window._area.page)
    press(root, "<Return>")
    assert page.acted == 1
    root.nametowidget(_path(page, "simple.button")).focus_force()
    press(root, "<Return>")
    assert page.acted == 1  # the button that has the focus was pressed, and nothing else
    press(root, "<Control-Return>")
    assert page.acted == 2
    controller.go(Step.CLEAN_UP)
    root.update()
    press(root, "<Return>")
    press(root, "<Control-Return>")
    assert cast(Any, window._area.page).acted == 0


def test_help_opens_with_f1_and_goes_with_escape(root: Root, open_window: Open) -> None:
    open_window(opened())
    press(root, "<F1>")
    assert view_of(root).windows[0].title == "Help"
    press(root, "<Escape>")
    assert [window.title for window in view_of(root).windows] == ["Workspace – vision"]


def test_every_button_of_the_frame_can_be_reached_by_tab(root: Root, open_window: Open) -> None:
    open_window(opened(step=Step.MACHINE, machine=MachineChoice("x")))
    seen = set()
    for _ in range(20):
        press(root, "<Tab>")
        seen.add(getattr(root.focus_get(), "screen_name", ""))
    assert {"steps.1", "steps.2", "steps.3", "steps.5", "menu", "footer.back", "footer.next"} <= seen
    assert {"simple.button", "simple.entry"} <= seen


# --- what holds on every page --------------------------------------------------------------------------------------


def test_the_practice_badge_names_the_scenario(root: Root, open_window: Open) -> None:
    _, controller, _ = open_window(opened(practice=True, scenario="quota-too-small"))
    assert view_of(root).find("Practice plays: quota-too-small") is not None
    controller.change(opened(practice=True))
    root.update()
    assert view_of(root).find("Practice workspace") is not None
    controller.change(opened())
    root.update()
    assert view_of(root).find("practice.badge") is None


def test_a_second_window_says_who_is_first(root: Root, open_window: Open) -> None:
    open_window(WizardState(first_window=FirstWindow(1, NOW)))
    assert "opened first, at 12:00 (process 1)" in cast(Any, view_of(root).find("banner.first_window")).text
    assert view_of(root).find("banner.first_window.dismiss") is None


def test_a_damaged_ledger_is_said_until_it_was_read(root: Root, open_window: Open) -> None:
    open_window(WizardState(ledger_damaged=Path("/data/ledger.damaged-1.sqlite")))
    assert "ledger.damaged-1.sqlite" in cast(Any, view_of(root).find("banner.ledger_damaged")).text
    root.nametowidget(_path(root, "banner.ledger_damaged.dismiss")).invoke()
    assert view_of(root).find("banner.ledger_damaged") is None


def test_what_bills_since_before_the_start_is_said_and_one_press_goes_there(root: Root, open_window: Open) -> None:
    _, controller, _ = open_window(WizardState())
    assert view_of(root).find("banner.still_bills") is None
    other = replace(HOME, name="other")
    controller.change(opened(replace(a_row(), workspace=other)))
    root.update()
    text = cast(Any, view_of(root).find("banner.still_bills")).text
    assert "gpu-cluster is billed: $0.60 per hour, $0.30 so far" in text
    root.nametowidget(_path(root, "banner.still_bills.action")).invoke()
    assert controller.asked("open_workspace") == [(other, ("then", Step.CLEAN_UP))]
    controller.change(opened(a_row(), step=Step.CLEAN_UP))
    root.update()
    assert view_of(root).find("banner.still_bills") is None


def test_before_a_workspace_is_open_its_page_tells_what_bills_and_no_strip_repeats_it(
    root: Root, open_window: Open
) -> None:
    open_window(WizardState(rows=(a_row(),)))
    assert view_of(root).find("banner.still_bills") is None


def test_the_reminder_keeps_the_focus_on_its_button_while_its_sum_grows(root: Root, open_window: Open) -> None:
    _, controller, _ = open_window(opened(a_row()))
    root.nametowidget(_path(root, "banner.still_bills.action")).focus_force()
    controller.change(opened(a_row(created=NOW - timedelta(hours=1))))
    root.update()
    assert "$0.60 so far" in cast(Any, view_of(root).find("banner.still_bills")).text
    assert view_of(root).focus == "banner.still_bills.action"


def test_what_is_left_in_practice_is_only_spoken_of_while_practice_is_open(root: Root, open_window: Open) -> None:
    _, controller, _ = open_window(WizardState(rows=(a_row(practice=True),)))
    assert view_of(root).find("banner.still_bills") is None
    controller.change(opened(a_row(practice=True), practice=True))
    root.update()
    assert "nothing is billed" in cast(Any, view_of(root).find("banner.still_bills")).text


def test_what_was_made_in_this_window_is_no_reminder(root: Root, open_window: Open) -> None:
    _, controller, _ = open_window(opened())
    controller.change(opened(a_row(created=NOW + timedelta(seconds=1))))
    root.update()
    assert view_of(root).find("banner.still_bills") is None


def test_the_page_named_at_the_start_opens_once_it_can(root: Root, open_window: Open) -> None:
    _, controller, _ = open_window(WizardState(), page=Step.MACHINE)
    assert controller.state.step is Step.WORKSPACE
    controller.change(opened())
    root.update()
    assert controller.state.step is Step.MACHINE


def test_another_language_changes_everything_at_once_and_keeps_the_state(
    root: Root, open_window: Open, tmp_path: Path
) -> None:
    window, controller, _ = open_window(opened(step=Step.MACHINE))
    window._appearance.choose_language("ko")
    root.update()
    view = view_of(root)
    assert cast(Any, view.find("footer.back")).text != "Back"
    assert controller.state.step is Step.MACHINE
    pump_until(root, lambda: load_settings(tmp_path / "settings.json").language == "ko")


def test_another_theme_shows_at_once(root: Root, open_window: Open, tmp_path: Path) -> None:
    window, _, _ = open_window(opened())
    window._appearance.choose_theme(Theme.DARK)
    root.update()
    assert is_dark(root)
    pump_until(root, lambda: load_settings(tmp_path / "settings.json").theme == "dark")
    window._appearance.choose_theme(Theme.LIGHT)


def test_a_problem_report_is_shown_before_it_is_saved(root: Root, open_window: Open, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "gpu-assistant.log").write_text('{"text": "primary_key=ABCdef0123456789"}\n')
    _, _, desk = open_window(opened(), logs=logs)
    root.event_generate(REPORT_EVENT)
    pump_until(root, lambda: view_of(root).find("support.save"))
    desk.save_to = tmp_path / "report.zip"
    root.nametowidget(_path(root, "support.save")).invoke()
    pump_until(root, lambda: desk.toasts)
    assert desk.save_to.stat().st_size > 0
    assert "report.zip" in desk.toasts[0]


def test_a_picture_in_the_other_theme_has_all_its_styles(root: Root, open_window: Open) -> None:
    window, _, _ = open_window(opened())
    title = root.nametowidget(_path(root, "page.title"))
    in_the_light = title.winfo_reqheight()
    window.pose(dark=True, language="en")
    root.update()
    assert root.nametowidget(_path(root, "page.title")).winfo_reqheight() == in_the_light


# --- messages, clipboard -------------------------------------------------------------------------------------------


def test_the_newest_message_takes_the_place_of_the_one_before(root: Root) -> None:
    toasts = Toasts(root)
    for text in ("one", "two", "two", "three"):
        toasts.show(text)
        root.update()
        assert toasts.texts == (text,)
    assert [widget for widget in root.winfo_children() if widget.winfo_manager() == "place"] == [toasts._shown]
    assert root.nametowidget(_path(root, "toast.close")).cget("style") == "StripClose.TButton"
    assert toasts.close_newest()
    assert not toasts.close_newest()
    assert toasts.texts == ()


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("text", ["Saved", "Saved as /home/ada/Documents/a rather long folder name/answers.csv"])
def test_a_message_covers_no_button_of_the_smallest_window(
    root: Root, open_window: Open, tmp_path: Path, language: str, text: str
) -> None:
    scored = tuple(Scored(number, tmp_path / f"{number}.jpg") for number in range(3))
    window, _, _ = open_window(opened(step=Step.SCORE, scored=scored), classes=page_class)
    window.pose(dark=False, language=language)
    root.geometry(f"{px(root, 1024)}x{px(root, 700)}")
    root.update()
    window.toasts.show(text, Mood.GOOD)
    root.update()
    toast = cast(tkinter.Misc, window.toasts._shown)
    left, top = toast.winfo_rootx(), toast.winfo_rooty()
    right, bottom = left + toast.winfo_width(), top + toast.winfo_height()
    buttons = [item for item in view_of(root).items if item.role == "button" and item.name != "toast.close"]
    assert {"footer.back", "footer.next", "score.save", "score.open"} <= {item.name for item in buttons}
    for button in buttons:
        x, y, width, height = button.rect
        apart = x >= right or x + width <= left or y >= bottom or y + height <= top
        assert apart, f"it covers {button.name} {button.text}"


def test_a_message_goes_by_itself(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpu_assistant.ui.widgets.toast._LEAST_MS", 30)
    monkeypatch.setattr("gpu_assistant.ui.widgets.toast._PER_LETTER_MS", 0)
    toasts = Toasts(root)
    toasts.show("short")
    pump_until(root, lambda: not toasts.texts)


def test_a_secret_on_the_clipboard_is_forgotten(root: Root) -> None:
    desktop = Desktop(root, Toasts(root), Errands(root))
    desktop.copy("a key", forget_after_s=0.05)
    assert root.clipboard_get() == "a key"
    pump_until(root, lambda: not desktop._forget_text)
    with pytest.raises(tkinter.TclError):
        root.clipboard_get()


def test_what_came_onto_the_clipboard_later_is_left_alone(root: Root) -> None:
    desktop = Desktop(root, Toasts(root), Errands(root))
    desktop.copy("a key", forget_after_s=1000)
    root.clipboard_clear()
    root.clipboard_append("something else")
    desktop.close()
    assert root.clipboard_get() == "something else"
    desktop.copy("a key", forget_after_s=1000)
    desktop.copy("a text")
    desktop.close()
    assert root.clipboard_get() == "a text"


def test_only_https_is_opened_in_the_browser(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: bool(asked.append(url)) or True)
    toasts = Toasts(root)
    desktop = Desktop(root, toasts, Errands(root))
    for url in ("http://example.org", "file:///etc/passwd", "javascript:alert(1)"):
        desktop.browse(url)
    desktop.browse("https://example.org")
    pump_until(root, lambda: asked)
    assert asked == ["https://example.org"]
    assert len(toasts.texts) == 1


# --- closing -------------------------------------------------------------------------------------------------------

DELETE, KEEP, CANCEL = 0, 1, 2


class Leaving:
    """A Closing with what it is made of."""

    def __init__(self, state: WizardState, *answers: int | None) -> None:
        self.controller = FrameController(state)
        self.desk = ScriptedDesk(answers=list(answers))
        self.left = 0
        self.closing = Closing(self.controller.as_controller, self.desk, leave=self._leave)
        self.controller.subscribe(self.closing.follow)

    def _leave(self) -> None:
        self.left += 1

    @property
    def text(self) -> str:
        return str(self.desk.questions[-1]["text"])


@pytest.mark.parametrize(
    "state",
    [WizardState(), opened(), opened(a_row(), first_window=FirstWindow(1, NOW))],
    ids=["fresh", "open", "second"],
)
def test_closing_asks_nothing_when_nothing_of_this_window_bills(state: WizardState) -> None:
    leaving = Leaving(state)
    leaving.closing.ask()
    assert (leaving.left, leaving.desk.questions) == (1, [])


def test_closing_while_something_bills_asks_with_the_money_in_it() -> None:
    leaving = Leaving(opened(a_row()), None, CANCEL, KEEP)
    leaving.closing.ask()
    assert "gpu-cluster" in leaving.text
    assert "$0.60 per hour" in leaving.text
    assert "$0.30 so far" in leaving.text
    assert leaving.desk.questions[0]["choices"] == ["Delete now", "Keep running", "Cancel"]
    leaving.closing.ask()
    assert leaving.left == 0
    leaving.closing.ask()
    assert leaving.left == 1
    assert not leaving.controller.asked("clean_up")


def test_in_practice_the_question_says_that_nothing_is_billed() -> None:
    leaving = Leaving(opened(a_row(practice=True), practice=True), CANCEL)
    leaving.closing.ask()
    assert "nothing is billed" in leaving.text


def test_delete_now_cleans_up_and_closes_when_all_is_gone() -> None:
    leaving = Leaving(opened(a_row()), DELETE)
    leaving.closing.ask()
    assert leaving.controller.state.step is Step.CLEAN_UP
    assert leaving.controller.asked("clean_up") == [()]
    leaving.controller.change(with_job(leaving.controller.state, JobKind.CLEAN_UP))
    assert leaving.left == 0
    gone = opened(step=Step.CLEAN_UP, report=CleanUpReport((), (), (), ()))
    leaving.controller.change(with_job(gone, JobKind.CLEAN_UP, Phase.DONE))
    assert leaving.left == 1


def test_an_earlier_clean_up_that_failed_does_not_count() -> None:
    leaving = Leaving(with_job(opened(a_row()), JobKind.CLEAN_UP, Phase.FAILED), DELETE)
    leaving.closing.ask()
    assert leaving.controller.asked("clean_up") == [()]
    assert leaving.desk.toasts == []


@pytest.mark.parametrize("phase", [Phase.FAILED, Phase.CANCELLED])
def test_the_window_stays_open_when_not_everything_is_gone(phase: Phase) -> None:
    leaving = Leaving(opened(a_row()), DELETE)
    leaving.closing.ask()
    leaving.controller.change(with_job(leaving.controller.state, JobKind.CLEAN_UP))
    leaving.controller.change(with_job(leaving.controller.state, JobKind.CLEAN_UP, phase))
    assert leaving.left == 0
    assert leaving.desk.toasts == ["Not everything is gone, so the window stays open."]
    leaving.controller.change(opened())
    assert leaving.left == 0


def test_closing_during_a_deployment_says_so_and_delete_now_stops_it_first() -> None:
    state = with_job(opened(a_row()), JobKind.DEPLOY)
    leaving = Leaving(state, DELETE)
    leaving.closing.ask()
    assert "A deployment is under way" in leaving.text
    assert leaving.controller.asked("cancel") == [(JobKind.DEPLOY, CancelMeaning.CLEAN_UP)]
    assert not leaving.controller.asked("clean_up")
    leaving.controller.change(with_job(leaving.controller.state, JobKind.DEPLOY, Phase.CANCELLED))
    assert leaving.controller.asked("clean_up") == [()]


def test_what_bills_elsewhere_is_named_and_cannot_be_deleted_from_here() -> None:
    leaving = Leaving(opened(a_row(workspace=ELSEWHERE)), 0)
    leaving.closing.ask()
    assert leaving.desk.questions[0]["choices"] == ["Keep running", "Cancel"]
    assert "1 compute target bills in another workspace" in leaving.text
    assert leaving.left == 1


def test_the_window_ends_whole_and_comes_back_where_it_was(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DISPLAY", screen.display)
    root = create_root()
    controller = FrameController(opened())
    settings = tmp_path / "settings.json"
    window = MainWindow(
        root, controller.as_controller, appearance=Appearance(settings, language="en"), classes=simple_page
    )
    window.show()
    window.start()
    root.geometry("1100x720+40+30")
    pump_until(root, lambda: root.winfo_width() == 1100)
    window.desk.copy("a key", forget_after_s=1000)
    press(root, "<Control-q>") if root.focus_get() else window.ask_to_close()
    with pytest.raises(tkinter.TclError):
        root.winfo_exists()
    assert controller.asked("close") == [()]
    assert controller.listeners == []
    place = cast(WindowPlace, load_settings(settings).window)
    assert (place.width, place.height) == (1100, 720)


def test_what_is_inside_is_laid_out_before_the_window_appears_and_follows_its_size(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DISPLAY", screen.display)
    root = create_root()
    controller = FrameController(opened())
    appearance = Appearance(tmp_path / "settings.json", language="en")
    window = MainWindow(root, controller.as_controller, appearance=appearance, classes=simple_page)
    try:
        body = root.winfo_children()[-1]
        window.show()
        laid_out = (body.winfo_width(), body.winfo_height())
        pump_until(root, body.winfo_viewable)
        assert laid_out == (body.winfo_width(), body.winfo_height()) == (root.winfo_width(), root.winfo_height())
        root.geometry("1100x720+40+30")
        pump_until(root, lambda: (body.winfo_width(), body.winfo_height()) == (1100, 720))
    finally:
        window.close()


# --- size and place ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "screen_size", "dots_per_inch", "expected"),
    [
        pytest.param(None, (1920, 1080), 96, (1180, 780, 370, 100), id="first start: in the middle"),
        pytest.param(None, (1024, 768), 96, (1024, 708, 0, 20), id="small screen"),
        pytest.param(None, (800, 600), 96, (800, 600, 0, 0), id="screen smaller than the least"),
        pytest.param(WindowPlace(1200, 800, 100, 50), (1920, 1080), 96, (1200, 800, 100, 50), id="as it was"),
        pytest.param(
            WindowPlace(1200, 800, 2500, -90), (1920, 1080), 96, (1200, 800, 720, 0), id="the other screen is gone"
        ),
        pytest.param(
            WindowPlace(1200, 800, 100, 50, 96.0), (3840, 2160), 192, (2400, 1600, 720, 186), id="twice as sharp"
        ),
        pytest.param(WindowPlace(10, 10, 0, 0), (1920, 1080), 96, (1024, 700, 0, 0), id="absurdly small"),
    ],
)
def test_the_window_fits_the_screen(
    place: WindowPlace | None, screen_size: tuple[int, int], dots_per_inch: float, expected: tuple[int, int, int, int]
) -> None:
    assert fit(place, screen=screen_size, dots_per_inch=dots_per_inch) == expected


def test_the_least_size_is_no_larger_than_the_screen() -> None:
    assert least((1920, 1080), 96) == (1024, 700)
    assert least((2560, 1600), 192) == (2048, 1400)
    assert least((800, 600), 96) == (800, 600)
