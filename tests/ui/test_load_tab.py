"""The load test on the Score page: what is drawn, what is left untouched, what is asked of the controller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gpu_assistant.domain.errors import KeyRejected
from gpu_assistant.ui import theme
from gpu_assistant.ui.pages.score_load import LoadTab
from gpu_assistant.ui.theme import Root
from gpu_assistant.ui.widgets.load_plot import LoadPlot, scale_of, thinned
from gpu_assistant.wizard.state import JobKind, JobView, Phase, Step, StepView, WizardState
from gpu_assistant.workflows.load.results import StopReason
from gpu_assistant.workflows.load.setting import LoadSetting
from tests.ui.fake_controller import FakeController
from tests.ui.in_process import pump_until
from tests.ui.page_states import both, opened, with_job
from tests.ui.paper_desk import PaperDesk
from tests.ui.trial_states import load_run, window
from tests.ui.widget_tree import find, names, texts

SAMPLES = {"coffee.jpg": Path("/samples/coffee.jpg"), "camera.jpg": Path("/samples/camera.jpg")}
READY = opened(step=Step.SCORE)._replace(rows=both(), samples=SAMPLES)


def job(phase: Phase, **more: Any) -> JobView:
    return JobView(JobKind.LOAD, 1, 990.0, phase, **more)


class Tab:
    """The tab on screen with what it asked for."""

    def __init__(self, root: Root) -> None:
        self.root = root
        root.geometry("820x640")
        self.controller = FakeController(READY)
        self.desk = PaperDesk()
        self.remedies: list[Any] = []
        self.tab = LoadTab(
            root,
            self.controller.as_controller,
            self.desk,
            choose_images=lambda: self.desk.files,
            on_remedy=self.remedies.append,
        )
        self.tab.pack(fill="both", expand=True)
        self.show(READY)

    def show(self, state: WizardState) -> None:
        self.tab.show(state)
        self.root.update()

    def find(self, name: str) -> Any:
        return find(self.tab, name)

    def type(self, name: str, text: str) -> None:
        spin = self.find(name)
        spin.delete(0, "end")
        spin.insert(0, text)
        self.root.update()

    @property
    def words(self) -> str:
        return "\n".join(texts(self.tab))

    @property
    def names(self) -> list[str]:
        return list(names(self.tab))


@pytest.fixture
def tab(root: Root) -> Tab:
    return Tab(root)


class TestAsking:
    def test_it_says_that_nothing_extra_is_billed(self, tab: Tab) -> None:
        assert "Nothing extra is billed" in tab.words
        assert "With 2 sample images in turn" in tab.words

    def test_start_asks_with_the_samples(self, tab: Tab) -> None:
        tab.find("load.start").invoke()
        ((setting, images),) = tab.controller.asked("start_load_test")
        assert setting == LoadSetting(concurrency=8, limit_s=60.0)
        assert images == tuple(SAMPLES.values())

    def test_typing_a_rate_means_a_rate(self, tab: Tab) -> None:
        tab.type("load.rate", "25")
        tab.type("load.limit", "30")
        tab.find("load.start").invoke()
        ((setting, _),) = tab.controller.asked("start_load_test")
        assert (setting.rate_per_s, setting.limit_s) == (25.0, 30.0)
        assert setting.concurrency > 25

    @pytest.mark.parametrize("typed", ["", "0", "many", "-3", "1e9"])
    def test_what_makes_no_sense_is_said_and_not_sent(self, tab: Tab, typed: str) -> None:
        tab.type("load.concurrency", typed)
        tab.find("load.start").invoke()
        assert tab.controller.asked("start_load_test") == []
        assert "Concurrent requests" in tab.desk.toasts[0]

    def test_images_of_ones_own(self, tab: Tab) -> None:
        tab.desk.files = (Path("/mine/a.jpg"),)
        tab.find("load.choose_images").invoke()
        assert "With 1 image of yours" in tab.words
        tab.find("load.start").invoke()
        assert tab.controller.asked("start_load_test")[0][1] == (Path("/mine/a.jpg"),)

    def test_without_samples_it_asks_for_images_first(self, tab: Tab) -> None:
        tab.show(READY._replace(samples={}))
        tab.find("load.start").invoke()
        assert tab.controller.asked("start_load_test") == []
        tab.desk.files = (Path("/mine/a.jpg"),)
        tab.find("load.start").invoke()
        assert len(tab.controller.asked("start_load_test")) == 1


class TestRunning:
    def test_stop_takes_the_place_of_start(self, tab: Tab) -> None:
        tab.show(with_job(READY, job(Phase.RUNNING), load_runs=(load_run(5, stopped=None),)))
        assert tab.find("load.stop").winfo_ismapped()
        assert not tab.find("load.start").winfo_ismapped()
        tab.find("load.stop").invoke()
        assert tab.controller.asked("cancel") == [(JobKind.LOAD,)]

    def test_what_it_does_now_is_told(self, tab: Tab) -> None:
        step = StepView("Keep 8 requests on their way", 60.0, 990.0, doing="50.0 images a second")
        tab.show(with_job(READY, job(Phase.RUNNING, steps=(step,)), load_runs=(load_run(5, stopped=None),)))
        assert "Keep 8 requests on their way" in tab.words
        assert "50.0 images a second" in tab.words

    def test_figures_move_while_it_runs(self, tab: Tab) -> None:
        tab.show(with_job(READY, job(Phase.RUNNING), load_runs=(load_run(5, stopped=None),)))
        first = tab.find("load.per_s").cget("text")
        tab.show(with_job(READY, job(Phase.RUNNING), load_runs=(load_run(6, stopped=None, per_s=60),)))
        assert tab.find("load.per_s").cget("text") != first
        assert "load.says.1" not in tab.names, "what it means is said when it is over"


class TestResult:
    def test_figures_cost_meaning_and_doubts(self, tab: Tab) -> None:
        tab.show(with_job(READY, job(Phase.DONE), load_runs=(load_run(refused=4, failed=3),)))
        assert tab.find("load.p50").cget("text").endswith(" ms")
        assert tab.find("load.cost").cget("text") == "$2.92"
        assert tab.find("load.failed").cget("text") == "3"
        assert str(tab.find("load.failed").cget("style")) == "Danger.TLabel"
        assert "4 × refused: busy" in tab.words
        assert "Of a mean request" in tab.words
        assert "bills nothing" in tab.words
        assert tab.find("load.save").winfo_ismapped()

    def test_an_unknown_price_is_not_nothing(self, tab: Tab) -> None:
        tab.show(with_job(READY._replace(rows=both()[1:]), job(Phase.DONE), load_runs=(load_run(),)))
        assert tab.find("load.cost").cget("text") == "price unknown"

    def test_the_next_concurrency_is_one_press_away(self, tab: Tab) -> None:
        tab.show(with_job(READY, job(Phase.DONE), load_runs=(load_run(), load_run(number=2, concurrency=16, per_s=80))))
        assert "Try 32 at once" in tab.find("load.try").cget("text")
        tab.find("load.try").invoke()
        assert tab.controller.asked("start_load_test")[0][0].concurrency == 32

    def test_earlier_tests_stay_in_sight(self, tab: Tab) -> None:
        tab.show(with_job(READY, job(Phase.DONE), load_runs=(load_run(), load_run(number=2, concurrency=16))))
        assert tab.find("load.earlier.1.1").cget("text") == "8 at once"

    def test_an_error_is_shown_with_its_remedy(self, tab: Tab) -> None:
        tab.show(with_job(READY, job(Phase.FAILED, error=KeyRejected(name="resnet50"))))
        tab.find("error.refresh_keys").invoke()
        assert len(tab.remedies) == 1

    def test_the_table_is_saved(self, tab: Tab, tmp_path: Path) -> None:
        tab.show(with_job(READY, job(Phase.DONE), load_runs=(load_run(),)))
        tab.desk.save_to = tmp_path / "t.csv"
        tab.find("load.save").invoke()
        assert tab.controller.asked("save_load_table") == [(tmp_path / "t.csv",)]
        assert tab.desk.toasts == ["Saved: t.csv"]

    def test_a_test_of_another_service_is_not_shown_for_this_one(self, tab: Tab) -> None:
        other = replace(load_run(), name="another")
        tab.show(with_job(READY, job(Phase.DONE), load_runs=(other,)))
        assert "answers in" not in tab.words

    def test_a_stopped_test_says_so(self, tab: Tab) -> None:
        tab.show(with_job(READY, job(Phase.DONE), load_runs=(load_run(stopped=StopReason.STOPPED),)))
        assert "it was stopped" in tab.words


class TestPlot:
    @pytest.fixture
    def plot(self, root: Root) -> LoadPlot:
        plot = LoadPlot(root)
        plot.pack(fill="both", expand=True)
        root.geometry("820x260")
        root.update()
        return plot

    def test_a_new_window_moves_the_lines_and_draws_nothing_anew(self, root: Root, plot: LoadPlot) -> None:
        plot.show(load_run(5, stopped=None))
        pump_until(root, lambda: plot.find_all())
        root.update()
        items, drawn = plot.find_all(), plot.drawn_anew
        shown = [_coordinates(plot)]
        for seconds in (6, 7, 8):
            plot.show(load_run(seconds, stopped=None))
            root.update()
            shown.append(_coordinates(plot))
        assert plot.drawn_anew == drawn
        assert plot.find_all() == items
        assert len({str(coordinates) for coordinates in shown}) == 4
        assert [entry["count"] for entry in plot.describe() if entry["role"] == "chart"] == [8, 8]

    def test_a_larger_scale_draws_it_anew(self, root: Root, plot: LoadPlot) -> None:
        plot.show(load_run(5, stopped=None))
        root.update()
        drawn = plot.drawn_anew
        plot.show(load_run(11, stopped=None))
        root.update()
        assert plot.drawn_anew == drawn + 1

    def test_the_colours_follow_the_theme(self, root: Root, plot: LoadPlot) -> None:
        plot.show(load_run(8))
        root.update()
        light = _colours_of(plot)
        theme.use_dark(root, True)
        root.update()
        try:
            assert not light & _colours_of(plot)
        finally:
            theme.use_dark(root, False)

    def test_trouble_is_marked_where_it_was(self, root: Root, plot: LoadPlot) -> None:
        plot.show(load_run(20, failed=2))
        root.update()
        danger = theme.colours(root).danger
        heights = [
            max(ys) - min(ys)
            for item in plot.find_all()
            if plot.type(item) == "polygon" and plot.itemcget(item, "fill") == danger
            for ys in [plot.coords(item)[1::2]]
        ]
        assert heights == [theme.px(root, 4)] * 2

    def test_an_hour_is_thinned_to_what_can_be_seen(self) -> None:
        windows = [window(second) for second in range(1, 3601)]
        shown = thinned(windows)
        assert len(shown) <= 240
        assert max(one.p95_ms or 0 for one in shown) == max(one.p95_ms or 0 for one in windows)

    @pytest.mark.parametrize(("seconds", "span"), [(1, 10), (10, 10), (11, 20), (61, 120), (3600, 3600)])
    def test_the_time_axis_grows_by_steps(self, seconds: int, span: float) -> None:
        assert scale_of([window(seconds)], 3.0).span_s == span


def _coordinates(plot: LoadPlot) -> list[list[float]]:
    return [plot.coords(item) for item in plot.find_all() if plot.type(item) == "line"]


def _colours_of(plot: LoadPlot) -> set[str]:
    option: Callable[[int], str] = lambda item: str(plot.itemcget(item, "fill"))  # noqa: E731
    return {option(item) for item in plot.find_all()}
