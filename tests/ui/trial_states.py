"""Load tests and rehearsals, made by hand, for tests of the pages that show them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

from gpu_assistant.domain.scoring import Prediction, ScoredImage
from gpu_assistant.domain.text import Text
from gpu_assistant.wizard.preflight import deploy_request
from gpu_assistant.wizard.state import Rehearsed, WizardState
from gpu_assistant.workflows.load.results import LoadRun, StopReason
from gpu_assistant.workflows.load.setting import LoadSetting
from gpu_assistant.workflows.load.statistics import Latencies, Outcome, Totals, Window
from gpu_assistant.workflows.rehearse import Rehearsal
from gpu_assistant.workflows.score_many import Answer
from tests.ui.page_states import SERVICE

SETTING = LoadSetting(concurrency=8, warm_up_s=3.0)


def window(number: int, *, per_s: int = 48, refused: int = 0, failed: int = 0) -> Window:
    """The second that ends at `number`, with latencies that swing a little."""
    p50 = 160 + 25 * math.sin(number)
    return Window(
        float(number), 1.0, number <= SETTING.warm_up_s, per_s + number % 5, refused, failed,
        p50, p50 * 1.3, p50 * 1.5, p50 * 2,
    )  # fmt: skip


def load_run(
    seconds: int = 20,
    *,
    stopped: StopReason | None = StopReason.STABLE,
    concurrency: int = 8,
    number: int = 1,
    per_s: int = 48,
    refused: int = 0,
    failed: int = 0,
) -> LoadRun:
    """A test of `seconds`, three of them warm-up."""
    windows = tuple(
        window(at, per_s=per_s, refused=refused if at == 9 else 0, failed=failed if at == 9 else 0)
        for at in range(1, seconds + 1)
    )
    measured = [one for one in windows if not one.is_warm_up]
    answered = sum(one.answered for one in measured)
    totals = Totals(
        seconds=float(len(measured)),
        answered=answered,
        latencies=times(140, 160, 170, 210, 330),
        request_ms=times(140, 160, 170, 210, 330),
        server_ms=times(120, 130, 140, 180, 260),
        model_ms=times(60, 70, 80),
        outcomes=Counter({Outcome.ANSWERED: answered, Outcome.BUSY: refused, Outcome.SCRIPT_FAILED: failed}),
        connections=concurrency,
    )
    setting = replace(SETTING, concurrency=concurrency)
    return LoadRun(SERVICE, setting, "/GPU:0", 88_000.0, windows, totals, stopped, way_ms=20.0, number=number)


def times(*values_ms: float) -> Latencies:
    """These, counted."""
    counted = Latencies()
    for value in values_ms:
        counted.add(value)
    return counted


def rehearsed(state: WizardState, *, went_well: bool = True) -> Rehearsed:
    """A rehearsal of what the state would deploy."""
    image = ScoredImage(Path("coffee.jpg"), (Prediction(968, 0.954, "espresso"),), 27.0, 23.0, "/CPU:0")
    answers = [Answer(Path("coffee.jpg"), image, None, 30.0)]
    if not went_well:
        from gpu_assistant.domain.errors import BadImage

        error = BadImage(path="notes.txt", reason=Text("it is not an image that can be read"))
        answers.append(Answer(Path("notes.txt"), None, error, 1.0))
    held = Rehearsal(
        model=state.deployment.model_id,
        start_s=4.2,
        answers=tuple(answers),
        tried=(Text("The scoring script started on Microsoft's inference server."),),
        not_tried=(Text("The GPU: its driver, its memory and its speed. Here a processor answered."),),
        cause="",
        log="loading the model\nwarmed up on /CPU:0",
    )
    request = deploy_request(state)
    assert request is not None
    return Rehearsed(state.deployment.model_id, request, held)
