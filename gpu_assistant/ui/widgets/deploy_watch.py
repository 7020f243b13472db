"""A deployment while it runs: its steps, what it costs, its log, and the two honest ways to stop."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from gpu_assistant.i18n import tr
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.ui import theme
from gpu_assistant.ui.desk import Desk
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, px
from gpu_assistant.ui.widgets.fold import Fold
from gpu_assistant.ui.widgets.job_progress import JobProgress
from gpu_assistant.ui.widgets.log_view import LogView
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.wizard.money import Money, price_text
from gpu_assistant.wizard.state import JobView, Phase


class DeployWatch(Frame):
    """What the Deploy page turns into while a deployment runs. Tk thread only."""

    def __init__(self, parent: tk.Misc, desk: Desk, on_cancel: Callable[[CancelMeaning], None]) -> None:
        super().__init__(parent)
        self.columnconfigure(0, weight=1)
        self.rowconfigure(4, weight=1)
        self._title = named(Prose(self, style="Heading.TLabel"), "deploy.watch.title")
        self._title.grid(row=0, column=0, sticky="ew")
        self._cost = named(Prose(self, style="Muted.TLabel"), "deploy.cost")
        self._cost.grid(row=1, column=0, sticky="ew", pady=(0, px(self, 12)))
        self._progress = JobProgress(self)
        self._progress.grid(row=2, column=0, sticky="ew")
        self._stops = Frame(self)
        self._stops.columnconfigure((0, 1), weight=1, uniform="stops")
        clean_up, _ = self._stop(
            0,
            tr("Stop and clean up"),
            tr("Deletes what this deployment created, until Azure shows nothing of it."),
            "danger-outline",
            "deploy.stop.clean_up",
            lambda: on_cancel(CancelMeaning.CLEAN_UP),
        )
        watching, self._watching_means = self._stop(
            1,
            tr("Stop watching"),
            "",
            "secondary-outline",
            "deploy.stop.watching",
            lambda: on_cancel(CancelMeaning.STOP_WATCHING),
        )
        self._buttons = (clean_up, watching)
        self._stops.grid(row=3, column=0, sticky="ew", pady=(px(self, 4), px(self, 12)))
        self._fold = Fold(self, tr("Log"), name="deploy.log")
        self._fold.inside.columnconfigure(0, weight=1)
        self._fold.inside.rowconfigure(0, weight=1)
        self._log = LogView(self._fold.inside, desk, height=8, file_name="deployment-log.txt")
        self._log.grid(row=0, column=0, sticky="nsew")
        self._fold.grid(row=4, column=0, sticky="nsew")

    def show(self, title: str, job: JobView | None, now_s: float, speed: float, cost: Money, *, can_stop: bool) -> None:
        """`title` is translated. Without `can_stop` the two ways to stop are not offered."""
        self._title.say(title)
        self._cost.say(cost_words(cost))
        if cost.practice:
            means = tr("Azure goes on. You can come back and deploy again to continue.")
        else:
            means = tr(
                "Azure goes on, and what exists goes on billing. You can come back and deploy again to continue."
            )
        self._watching_means.say(means)
        self._progress.show(job, now_s, speed)
        self._log.show(job.log if job is not None else ())
        if can_stop:
            self._stops.grid()
        else:
            self._stops.grid_remove()
        state = "disabled" if job is None or job.phase is not Phase.RUNNING else "normal"
        for button in self._buttons:
            if str(button.cget("state")) != state:
                button.configure(state=state)

    def _stop(
        self, column: int, label: str, meaning: str, style: str, name: str, command: Callable[[], None]
    ) -> tuple[Button, Prose]:
        card = theme.card(self._stops)
        card.columnconfigure(0, weight=1)
        gap = px(self, 6)
        card.grid(row=0, column=column, sticky="nsew", padx=(gap, 0) if column else (0, gap))
        button = named(Button(card, text=label, bootstyle=style, command=command), name)
        button.grid(row=0, column=0, sticky="w")
        means = Prose(card, text=meaning, style="Muted.TLabel")
        means.grid(row=1, column=0, sticky="ew", pady=(gap, 0))
        return button, means


def cost_words(cost: Money) -> str:
    """ "Bills $0.53 per hour · $0.0123 so far"."""
    if not cost.running:
        return tr("Practice: nothing is billed.") if cost.practice else tr("Nothing bills yet.")
    hourly = price_text(cost.per_hour, cost.currency)
    so_far = price_text(cost.so_far, cost.currency)
    if cost.unpriced == cost.running:
        hourly = so_far = price_text(None, cost.currency)
    if cost.practice:
        return tr(
            "Practice: nothing is billed. In Azure: {hourly} per hour, {so_far} so far.", hourly=hourly, so_far=so_far
        )
    return tr("Bills {hourly} per hour · {so_far} so far", hourly=hourly, so_far=so_far)
