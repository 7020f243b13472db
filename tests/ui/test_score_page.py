"""The score page, with a controller that remembers what it was asked for."""

from __future__ import annotations

import subprocess
import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gpu_assistant.domain.billing import ResourceKind
from gpu_assistant.domain.errors import BadImage, ScoringError, ServiceNotAnswering
from gpu_assistant.domain.scoring import Prediction, ScoredImage
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.service import ServiceKeys, WhichKey
from gpu_assistant.domain.text import Text
from gpu_assistant.ui.desk import Mood
from gpu_assistant.ui.drop_target import Dropped, DropTarget
from gpu_assistant.ui.pages import score as score_module
from gpu_assistant.ui.pages.score import ScorePage
from gpu_assistant.ui.theme import Root
from gpu_assistant.wizard.state import Batch, JobKind, JobView, Phase, Scored, Step, WizardState
from tests.fakes.pictures import picture
from tests.ui.fake_controller import FakeController
from tests.ui.in_process import pump_until, view_of
from tests.ui.page_states import opened, row
from tests.ui.view import View

PRIMARY_KEY, SECONDARY_KEY = "primary-kEy-0123456789", "secondary-kEy-0123456789"


@dataclass
class Desk:
    """Answers in a person's place."""

    files: tuple[Path, ...] = ()
    folder: Path | None = None
    save_to: Path | None = None
    answer: int | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    toasts: list[tuple[str, Mood]] = field(default_factory=list)
    copied: list[tuple[str, float | None]] = field(default_factory=list)
    browsed: list[str] = field(default_factory=list)
    can_drop: bool = True

    def open_files(self, **asked: Any) -> tuple[Path, ...]:
        self.asked.append(asked)
        return self.files

    def open_folder(self, *, title: str) -> Path | None:
        return self.folder

    def save_file(self, **asked: Any) -> Path | None:
        return self.save_to

    def ask(self, **question: Any) -> int | None:
        self.asked.append(question)
        return self.answer

    def toast(self, text: str, mood: Mood = Mood.INFO) -> None:
        self.toasts.append((text, mood))

    def copy(self, text: str, *, forget_after_s: float | None = None) -> None:
        self.copied.append((text, forget_after_s))

    def browse(self, url: str) -> None:
        self.browsed.append(url)

    def show_file(self, path: Path) -> None:
        raise AssertionError("nothing is shown by another program")


class Pages:
    """The page on screen, what it was told, and what it asked for."""

    def __init__(self, root: Root, folder: Path) -> None:
        self.root = root
        self.desk = Desk()
        self.controller = FakeController(EMPTY)
        self.controller.session_folder = folder  # type: ignore[attr-defined]
        self.controller.with_keys = self._with_keys  # type: ignore[attr-defined]
        self.page = ScorePage(root, self.controller.as_controller, self.desk)
        self.page.pack(fill="both", expand=True)

    def show(self, state: WizardState) -> View:
        """Draw a state; what is on screen then."""
        self.controller.state = state
        self.page.render(state)
        return self.look()

    def look(self) -> View:
        """What is on screen."""
        self.root.update()
        return view_of(self.root)

    def tab(self, number: int) -> View:
        """Open a tab."""
        tabs = next(child for child in self.page.winfo_children() if child.winfo_class() == "TNotebook")
        tabs.select(number)  # type: ignore[attr-defined]
        return self.look()

    def press(self, name: str) -> None:
        """Press the button of that name."""
        button = _named(self.page, name)
        assert "disabled" not in button.state(), f"{name} is disabled"
        button.invoke()

    def _with_keys(self, use: Callable[[ServiceKeys], None]) -> None:
        use(ServiceKeys(Secret(PRIMARY_KEY), Secret(SECONDARY_KEY)))


def _named(widget: tk.Misc, name: str) -> Any:
    if getattr(widget, "screen_name", "") == name:
        return widget
    for child in widget.winfo_children():
        found = _named(child, name)
        if found is not None:
            return found
    return None


def _answer(path: Path, device: str = "/CPU:0") -> ScoredImage:
    predictions = (Prediction(967, 0.9423, "espresso"), Prediction(968, 0.031, "cup"))
    return ScoredImage(path, predictions, latency_ms=131.0, model_ms=94.0, device=device)


def _job(phase: Phase, kind: JobKind = JobKind.SCORE, **more: Any) -> dict[JobKind, JobView]:
    return {kind: JobView(kind, 1, 990.0, phase, **more)}


SERVICE = row(ResourceKind.WEB_SERVICE, practice=True)
EMPTY = opened(practice=True, step=Step.SCORE)._replace(rows=(SERVICE,))


@pytest.fixture
def pages(root: Root, tmp_path: Path) -> Pages:
    """The page in a window of the smallest size that it is made for."""
    root.geometry("790x500")
    return Pages(root, tmp_path)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo on disk."""
    path = tmp_path / "한글 커피 {1}.jpg"
    path.write_bytes(picture())
    return path


def _texts(view: View) -> str:
    return "\n".join(item.text for item in view.items)


# --- the states ----------------------------------------------------------------------------------------------------


def test_before_the_first_image_there_is_one_large_place_to_drop_it(pages: Pages, photo: Path) -> None:
    view = pages.show(EMPTY._replace(samples={"coffee.jpg": photo}))
    zone = view.find("score.drop")
    assert zone is not None
    assert zone.rect[2] * zone.rect[3] > 0.5 * 790 * 500
    assert view.find("Drop an image here") is not None
    assert view.find("score.sample.coffee.jpg") is not None
    primary = pages.page.primary(EMPTY)
    assert primary is not None
    assert primary.enabled
    assert primary.label == "Open images…"
    pages.press("score.sample.coffee.jpg")
    assert pages.controller.asked("drop") == [((photo,),)]


def test_the_picture_comes_at_once_and_the_answer_when_it_is_there(pages: Pages, photo: Path) -> None:
    pending = EMPTY._replace(scored=(Scored(1, photo),), jobs=_job(Phase.RUNNING))
    view = pages.show(pending)
    assert view.find("Waiting for the answer…") is not None
    assert view.find("espresso") is None
    assert pages.page.primary(pending) is None
    slow = pending._replace(scored=(Scored(1, photo, waits_for=Text("The model is loading")),))
    assert pages.show(slow).find("The model is loading") is not None
    assert pages.show(pending).find("The model is loading") is None
    picture_widget = _named(pages.page, "score.picture")
    pump_until(pages.root, lambda: any(entry.get("state") == "shown" for entry in picture_widget.describe()))
    answered = pending._replace(scored=(Scored(1, photo, _answer(photo)),), jobs=_job(Phase.DONE))
    texts = _texts(pages.show(answered))
    for wanted in ("espresso 94.2%", "cup 3.1%", "Network 37 ms", "Model 94 ms", "CPU of this computer", photo.name):
        assert wanted in texts


def test_a_gpu_is_named_and_its_absence_is_noticed(pages: Pages, photo: Path) -> None:
    real = opened(step=Step.SCORE)._replace(rows=(row(ResourceKind.WEB_SERVICE),))
    for device, words in (
        ("/GPU:0", "✓ Answered by the GPU (/GPU:0)"),
        ("/CPU:0", "! Answered without a GPU (/CPU:0)"),
    ):
        view = pages.show(real._replace(scored=(Scored(1, photo, _answer(photo, device)),)))
        assert view.find(words) is not None


def test_a_bad_file_gets_its_sentence_in_place_of_bars(pages: Pages, photo: Path) -> None:
    error = BadImage(path="notes.txt", reason=Text("it is not an image that can be read"))
    notes = Scored(2, photo.with_name("notes.txt"), None, error)
    view = pages.show(EMPTY._replace(scored=(Scored(1, photo, _answer(photo)), notes)))
    texts = _texts(view)
    assert "This file cannot be scored" in texts
    assert "notes.txt: it is not an image that can be read" in texts
    assert "espresso 94.2%" not in texts
    pages.desk.files = (photo,)
    pages.press("score.another")
    assert pages.controller.asked("drop") == [((photo,),)]
    view = pages.show(EMPTY._replace(scored=(Scored(1, photo, _answer(photo)), notes), selected=1))
    assert "espresso 94.2%" in _texts(view)
    assert "cannot be scored" not in _texts(view)


def test_a_trouble_of_the_service_offers_its_remedies(pages: Pages, photo: Path) -> None:
    error = ServiceNotAnswering(name="resnet50", reason="HTTP 502")
    view = pages.show(EMPTY._replace(scored=(Scored(1, photo, None, error),)))
    assert view.find("The service does not answer") is not None
    pages.press("error.retry")
    assert pages.controller.asked("act") == [(error.remedies[0], JobKind.SCORE)]


def test_what_ended_the_scoring_as_a_whole_is_told_and_can_be_dismissed(pages: Pages) -> None:
    error = ScoringError(reason="The disk is full.")
    view = pages.show(EMPTY._replace(jobs=_job(Phase.FAILED, error=error)))
    assert view.find("The disk is full.") is not None
    pages.press("error.dismiss")
    assert pages.controller.asked("dismiss") == [(JobKind.SCORE,)]
    view = pages.show(EMPTY)
    assert view.find("The disk is full.") is None


def test_an_image_that_was_left_behind_does_not_wait_for_ever(pages: Pages, photo: Path) -> None:
    view = pages.show(EMPTY._replace(scored=(Scored(1, photo),), jobs=_job(Phase.CANCELLED)))
    assert view.find("Stopped before the answer came") is not None


def test_the_strip_shows_an_image_again(pages: Pages, photo: Path) -> None:
    scored = tuple(Scored(number, photo, _answer(photo)) for number in (1, 2, 3))
    view = pages.show(EMPTY._replace(scored=scored))
    cells = [item for item in view.items if item.within == "score.history"]
    assert [cell.selected for cell in cells] == [False, False, True]
    strip = _named(pages.page, "score.history")
    for cell, wanted in ((cells[0], 1), (cells[2], None)):
        x, y = cell.rect[0] - strip.winfo_rootx() + 5, cell.rect[1] - strip.winfo_rooty() + 5
        strip.event_generate("<Button-1>", x=x, y=y)
        assert pages.controller.asked("select_image")[-1] == (wanted,), "the latest is followed again"


def test_everything_fits_into_the_smallest_window(pages: Pages, photo: Path) -> None:
    """With the picker of the service and a batch below, the fullest that the page ever is."""
    other = replace(SERVICE, name="other", ledger_id="other")
    scored = tuple(Scored(number, photo, _answer(photo)) for number in range(1, 30))
    batch = Batch(10_000, 29, 2, Path("answers.csv"), running=True)
    view = pages.show(EMPTY._replace(rows=(SERVICE, other), scored=scored, batch=batch, jobs=_job(Phase.RUNNING)))
    top, bottom = pages.root.winfo_rooty(), pages.root.winfo_rooty() + pages.root.winfo_height()
    for name in ("score.service", "score.headline", "score.bars", "score.latency", "score.device", "score.history"):
        item, widget = view.find(name), _named(pages.page, name)
        assert item is not None, name
        assert item.rect[3] == widget.winfo_height(), f"{name} is cut off"
        least = 5 * 18 if name == "score.bars" else widget.winfo_reqheight() - 2  # the bars give way, to a line each
        assert item.rect[3] >= least, f"{name} is squeezed"
        assert top <= item.rect[1] <= item.rect[1] + item.rect[3] <= bottom
    assert view.find("score.stop") is not None


# --- images in -----------------------------------------------------------------------------------------------------


def test_what_is_dropped_is_scored_and_the_rest_explained(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets: list[Any] = []

    class Spy(DropTarget):
        def __init__(self, widget: tk.Misc, **handlers: Any) -> None:
            targets.append(handlers)
            super().__init__(widget, **handlers)

    monkeypatch.setattr(score_module, "DropTarget", Spy)
    pages = Pages(root, tmp_path)
    pages.show(EMPTY)
    pages.tab(3)
    (handlers,) = targets
    handlers["on_hover"](True)
    view = pages.look()
    assert view.find("Let go to score") is not None, "the images come to the front while something is held over them"
    handlers["on_hover"](False)
    handlers["on_drop"](Dropped((Path("/a.png"), Path("/folder")), (Text("Text cannot be scored."),)))
    assert pages.controller.asked("drop") == [((Path("/a.png"), Path("/folder")),)]
    assert pages.desk.toasts == [("Text cannot be scored.", Mood.WARNING)]
    handlers["on_drop"](Dropped(refused=(Text("Nothing of it."),)))
    assert len(pages.controller.asked("drop")) == 1


def test_open_by_button_key_and_zone(pages: Pages, photo: Path) -> None:
    pages.desk.files = (photo,)
    pages.show(EMPTY)
    pages.page.focus_force()
    pages.root.update()
    for sequence in ("<Control-o>", "<Control-O>"):
        pages.page.event_generate(sequence)
    assert pages.controller.asked("drop") == [((photo,),)] * 2
    (name, pattern), everything = pages.desk.asked[0]["patterns"]
    assert "*.jpg" in pattern.split()
    assert everything[1] == "*"
    assert name == "Images"
    pages.desk.files = ()
    pages.page.event_generate("<Control-o>")
    assert len(pages.controller.asked("drop")) == 2, "who thinks better of it scores nothing"


def test_the_shortcuts_are_silent_while_another_page_is_in_sight(pages: Pages, photo: Path) -> None:
    pages.desk.files = (photo,)
    pages.show(EMPTY)
    pages.page.pack_forget()
    pages.root.focus_force()
    pages.root.update()
    pages.root.event_generate("<Control-o>")
    assert pages.controller.asked("drop") == []
    pages.page.destroy()
    pages.root.event_generate("<Control-o>")
    assert pages.controller.asked("drop") == []


def test_a_folder(pages: Pages, tmp_path: Path, photo: Path) -> None:
    pages.desk.folder = tmp_path
    pages.show(EMPTY._replace(scored=(Scored(1, photo, _answer(photo)),)))
    pages.press("score.open_folder")
    assert pages.controller.asked("drop") == [((tmp_path,),)]


# --- paste ---------------------------------------------------------------------------------------------------------


def test_paste_files(pages: Pages, photo: Path) -> None:
    pages.show(EMPTY)
    pages.root.clipboard_clear()
    pages.root.clipboard_append(f"{photo.as_uri()}\r\n", type="text/uri-list")
    pages.page.focus_force()
    pages.root.update()
    pages.page.event_generate("<Control-v>")
    assert pages.controller.asked("drop") == [((photo,),)]


def test_paste_a_picture(pages: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = tmp_path / "copied.png"
    copied.write_bytes(picture(kind="PNG", size=(30, 20)))
    owner = subprocess.Popen(["xclip", "-quiet", "-selection", "clipboard", "-t", "image/png", str(copied)],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        pages.show(EMPTY)
        targets = lambda: "image/png" in _clipboard_targets(pages.root)  # noqa: E731
        pump_until(pages.root, targets, what="xclip has the clipboard")
        pages.page.focus_force()
        pages.root.update()
        pages.page.event_generate("<Control-v>")
        pump_until(pages.root, lambda: pages.controller.asked("drop"))
        pages.page.event_generate("<Control-v>")
        pump_until(pages.root, lambda: len(pages.controller.asked("drop")) == 2)
    finally:
        owner.terminate()
        owner.wait()
    assert pages.controller.asked("drop") == [((tmp_path / "pasted-1.png",),), ((tmp_path / "pasted-2.png",),)]
    assert (tmp_path / "pasted-1.png").stat().st_mode & 0o077 == 0


def _clipboard_targets(root: Root) -> str:
    try:
        return str(root.selection_get(selection="CLIPBOARD", type="TARGETS"))
    except tk.TclError:
        return ""


@pytest.mark.parametrize(("text", "program"), [("some text", True), ("some text", False)], ids=["text", "no-xclip"])
def test_paste_what_is_no_picture(
    pages: Pages, text: str, program: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if not program:
        monkeypatch.setenv("PATH", str(tmp_path))
    pages.show(EMPTY)
    pages.root.clipboard_clear()
    pages.root.clipboard_append(text)
    pages.page.focus_force()
    pages.root.update()
    pages.page.event_generate("<Control-v>")
    pump_until(pages.root, lambda: pages.desk.toasts)
    ((said, mood),) = pages.desk.toasts
    assert mood is Mood.WARNING
    assert ("There is no picture on the clipboard" in said) if program else ("xclip" in said)
    assert pages.controller.asked("drop") == []


# --- many ----------------------------------------------------------------------------------------------------------


def test_a_batch_from_looking_to_saved(pages: Pages, photo: Path, tmp_path: Path) -> None:
    view = pages.show(EMPTY._replace(jobs=_job(Phase.RUNNING)))
    assert view.find("Looking for images…") is not None
    pages.press("score.stop")
    assert pages.controller.asked("stop_scoring") == [()]
    scored = (Scored(1, photo, _answer(photo)),)
    batch = Batch(10_000, 1, 0, tmp_path / "a.csv", running=True)
    state = EMPTY._replace(scored=scored, batch=batch, jobs=_job(Phase.RUNNING))
    view = pages.show(state)
    assert view.find("Scoring: 1 of 10,000 images") is not None
    assert view.find("score.save_batch") is None
    assert view.find("score.open") is None, "there is one thing to do now: stop, or wait"
    view = pages.show(state._replace(jobs=_job(Phase.CANCELLING)))
    assert view.find("Stopping: 1 of 10,000 images") is not None
    stop = view.find("score.stop")
    assert stop is not None
    assert not stop.enabled
    ended = batch._replace(done=7, failed=2, running=False, cancelled=True)
    view = pages.show(state._replace(batch=ended, jobs=_job(Phase.CANCELLED)))
    assert view.find("Stopped: 7 of 10,000 images   ! 2 could not be scored") is not None
    assert view.find("score.open") is not None
    assert view.find("score.save") is None, "one Save is enough"
    pages.desk.save_to = tmp_path / "mine.csv"
    pages.press("score.save_batch")
    assert pages.controller.asked("save_csv") == [(tmp_path / "mine.csv",)]
    assert pages.desk.toasts == [("Saved: mine.csv", Mood.GOOD)]
    pages.controller.answers["save_csv"] = Text("There are no answers yet")
    pages.press("score.save_batch")
    assert pages.desk.toasts[-1] == ("There are no answers yet", Mood.WARNING)


def test_a_folder_without_images(pages: Pages, tmp_path: Path) -> None:
    batch = Batch(0, 0, 0, tmp_path / "a.csv", running=False)
    view = pages.show(EMPTY._replace(batch=batch, jobs=_job(Phase.DONE)))
    assert view.find("There are no images in it.") is not None
    assert view.find("score.drop") is not None


def test_a_running_batch_does_not_change_the_large_picture_at_each_answer(pages: Pages, photo: Path) -> None:
    others = [photo.with_name(f"{number}.jpg") for number in range(3)]
    scored = tuple(Scored(number, path, _answer(path)) for number, path in enumerate(others, start=1))
    batch = Batch(100, 1, 0, photo.with_name("a.csv"), running=True)
    state = EMPTY._replace(batch=batch, jobs=_job(Phase.RUNNING))
    headline = _named(pages.page, "score.headline")
    for count, wanted, later_s in ((1, "0.jpg", 0.0), (2, "0.jpg", 0.1), (3, "2.jpg", 1.1)):
        pages.controller.seconds += later_s
        pages.show(state._replace(scored=scored[:count]))
        assert headline.describe()[0]["text"] == wanted
    done = state._replace(scored=scored[:2], batch=batch._replace(running=False), jobs=_job(Phase.DONE))
    pages.show(done)
    assert headline.describe()[0]["text"] == "1.jpg", "when it is over, the latest"


# --- services, timing, keys, code ----------------------------------------------------------------------------------


def test_a_picker_only_when_there_are_several_services(pages: Pages) -> None:
    view = pages.show(EMPTY)
    assert view.find("score.service") is None
    other = replace(SERVICE, name="other", ledger_id="other", created=SERVICE.created.replace(year=2025))
    view = pages.show(EMPTY._replace(rows=(SERVICE, other)))
    picker = view.find("score.service")
    assert picker is not None
    assert picker.text == SERVICE.name
    box = _named(pages.page, "score.service")
    box.set("other")
    box.event_generate("<<ComboboxSelected>>")
    assert pages.controller.asked("choose_service") == [("other",)]


def test_timing(pages: Pages) -> None:
    pages.show(EMPTY._replace(latencies_ms=(100.0, 300.0, 120.0)))
    view = pages.tab(1)
    assert view.find("3 requests, slowest 300 ms, latest 120 ms") is not None
    assert view.find("median 120 ms") is not None
    view = pages.show(EMPTY._replace(latencies_ms=(100.0, 300.0, 120.0, 80.0)))
    assert view.find("4 requests, slowest 300 ms, latest 80 ms") is not None


def test_keys_are_copied_for_a_short_time_and_never_on_screen(pages: Pages) -> None:
    pages.show(EMPTY)
    view = pages.tab(3)
    pages.press("score.copy_primary")
    pages.press("score.copy_secondary")
    assert pages.desk.copied == [(PRIMARY_KEY, 30.0), (SECONDARY_KEY, 30.0)]
    assert "30 seconds" in pages.desk.toasts[0][0]
    everything = _texts(pages.look()) + "".join(said for said, _ in pages.desk.toasts)
    assert PRIMARY_KEY not in everything
    assert view.find("in the keyring of this computer") is not None


@pytest.mark.parametrize("which", list(WhichKey))
def test_a_new_key_asks_first_and_says_who_is_shut_out(pages: Pages, which: WhichKey) -> None:
    pages.show(EMPTY)
    pages.tab(3)
    button = f"score.new_{which.value.lower()}"
    pages.desk.answer = 1
    pages.press(button)
    pages.desk.answer = None
    pages.press(button)
    assert pages.controller.asked("new_key") == []
    question = pages.desk.asked[0]
    assert "shut out" in question["text"]
    assert which.value.lower() in question["text"]
    assert (question["default"], question["danger"]) == (1, 0), "Return keeps the key"
    pages.desk.answer = 0
    pages.controller.state = EMPTY._replace(jobs=_job(Phase.RUNNING, JobKind.KEYS))
    pages.press(button)
    assert pages.controller.asked("new_key") == [(which,)]
    pages.show(pages.controller.state)
    assert "disabled" in _named(pages.page, button).state(), "one at a time"
    pages.show(EMPTY._replace(jobs=_job(Phase.DONE, JobKind.KEYS)))
    pages.show(EMPTY._replace(jobs=_job(Phase.DONE, JobKind.KEYS)))
    assert [mood for _, mood in pages.desk.toasts] == [Mood.GOOD], "it is said once"


def test_a_keyring_that_does_not_work_is_told(pages: Pages) -> None:
    assert EMPTY.place is not None
    problem = Text("No OS keyring answers here; keys are kept in memory for this session.")
    pages.show(EMPTY._replace(place=EMPTY.place._replace(keystore_problem=problem)))
    view = pages.tab(3)
    assert view.find(f"! {problem}") is not None
    pages.press("score.keyring_retry")
    assert pages.controller.asked("retry_keyring") == [()]


def test_a_failure_with_keys_offers_its_remedies(pages: Pages) -> None:
    error = ScoringError(reason="Azure does not say.")
    pages.show(EMPTY._replace(jobs=_job(Phase.FAILED, JobKind.KEYS, error=error)))
    view = pages.tab(3)
    assert view.find("Azure does not say.") is not None
    pages.controller.answers["act"] = "https://portal.azure.com/"
    pages.press("error.retry")
    assert pages.desk.browsed == ["https://portal.azure.com/"]


def test_a_window_that_may_only_look_makes_no_new_key(pages: Pages) -> None:
    pages.show(EMPTY._replace(first_window=SimpleNamespace()))  # type: ignore[arg-type]
    pages.tab(3)
    assert "disabled" in _named(pages.page, "score.new_primary").state()
    assert "disabled" not in _named(pages.page, "score.copy_primary").state()


def test_code_to_copy_without_the_key_in_it(pages: Pages) -> None:
    pages.show(EMPTY)
    view = pages.tab(4)
    shown = view.find("score.code")
    assert shown is not None
    assert SERVICE.scoring_uri in shown.text
    for language, sign in (("python", "import urllib.request"), ("javascript", "await fetch("), ("curl", "curl ")):
        pages.press(f"score.code_{language}")
        pages.press("score.copy_code")
        copied, forget_after_s = pages.desk.copied[-1]
        assert sign in copied
        assert forget_after_s is None
        assert PRIMARY_KEY not in copied
    pages.press("score.copy_key")
    assert pages.desk.copied[-1] == (PRIMARY_KEY, 30.0)


def test_render_is_idempotent_and_makes_no_widgets(pages: Pages, photo: Path) -> None:
    scored = tuple(Scored(number, photo, _answer(photo)) for number in (1, 2, 3))
    state = EMPTY._replace(scored=scored, latencies_ms=(1.0, 2.0))
    pages.show(state)
    picture_widget = _named(pages.page, "score.picture")
    pump_until(pages.root, lambda: any(entry.get("state") == "shown" for entry in picture_widget.describe()))
    first = pages.look()

    def widgets(widget: tk.Misc) -> int:
        return 1 + sum(map(widgets, widget.winfo_children()))

    before = widgets(pages.page)
    assert str(pages.show(state)) == str(first)
    assert widgets(pages.page) == before
