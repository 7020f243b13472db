"""A load test from its start to its end: one process that makes the load, watched by a job."""

from __future__ import annotations

import logging
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Protocol

from gpu_assistant.domain.errors import BadSetting, UnexpectedAnswer
from gpu_assistant.domain.scoring import ScoredImage
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.text import Text
from gpu_assistant.jobs.job import Job
from gpu_assistant.spawn import start_process
from gpu_assistant.workflows.load import generator
from gpu_assistant.workflows.load.results import LoadRun, LoadTarget, StopReason
from gpu_assistant.workflows.load.setting import MOST_IMAGE_BYTES, LoadSetting
from gpu_assistant.workflows.load.statistics import is_hopeless

_LOOK_S = 0.05
_JOIN_S = 5.0
_MOST_IMAGES = 32

log = logging.getLogger(__name__)


class AsksOnce(Protocol):
    """What prepares images and shows that the service answers them: see `score_image.Scorer`."""

    def prepare(self, path: Path) -> tuple[bytes, ScoredImage]:
        """The bytes that are sent for a file, and the answer to them. Raises what scoring it would."""
        ...

    def where(self) -> tuple[str, str, Secret]:
        """Name, scoring URI and key that the latest answer came with."""
        ...


def prepare_target(paths: Sequence[Path], asks: AsksOnce, *, job: Job) -> LoadTarget:
    """Score each image once, which shows that service, key and images are right before hundreds are sent.

    At most 32 of them are used. Raises what scoring raises.
    """
    with job.step(Text("Score each image once")):
        if not paths:
            raise BadSetting(setting=Text("Images"), reason=Text("at least one is needed"))
        images: list[bytes] = []
        device = ""
        ways_ms: list[float] = []
        for number, path in enumerate(paths[:_MOST_IMAGES]):
            job.raise_if_cancelled()
            job.doing(path.name, number / min(len(paths), _MOST_IMAGES))
            image, answer = asks.prepare(path)
            images.append(image)
            device = answer.device
            ways_ms.append(max(answer.latency_ms - answer.model_ms, 0.0))
        if sum(map(len, images)) > MOST_IMAGE_BYTES:
            reason = Text("all of them together may have {size_mb} MB", size_mb=MOST_IMAGE_BYTES >> 20)
            raise BadSetting(setting=Text("Images"), reason=reason)
        name, uri, key = asks.where()
        way_ms = statistics.median(ways_ms[1:] or ways_ms)  # the first one also opened the connection
        return LoadTarget(name, uri, key, tuple(images), device, way_ms)


def run_load_test(
    target: LoadTarget, setting: LoadSetting, *, job: Job, on_moment: Callable[[LoadRun], None]
) -> LoadRun:
    """Make the load and tell of it window by window. Blocks; `on_moment` is called on this thread.

    A cancel is felt at once: the sending process is killed, and what was measured until then is returned as STOPPED;
    Cancelled is raised when that is nothing. Raises BadSetting, and UnexpectedAnswer when the process ends early.
    """
    setting.check()
    image_bytes = sum(map(len, target.images)) / len(target.images)
    run = LoadRun(target.name, setting, target.device, image_bytes, way_ms=target.way_ms)
    with job.step(_step_name(setting), usually_s=setting.warm_up_s + setting.limit_s):
        on_moment(run)
        process, pipe = start_process(generator.main, name="gpu-assistant-load")
        try:
            pipe.send(generator.Order(target.uri, target.key.reveal(), target.images, setting))
            while not job.cancelled.is_set():
                moment = _receive(process, pipe)
                if moment is None:
                    continue
                run = _after(run, moment)
                job.doing(*_doing(run))
                on_moment(run)
                if moment.is_last:
                    return run
        except (EOFError, OSError) as exc:
            log.warning("the process that makes the load has ended: %s", type(exc).__name__)
            raise UnexpectedAnswer(
                what=Text("The load test"), reason=Text("the process that sends the requests has ended")
            ) from None
        finally:
            process.kill()
            process.join(_JOIN_S)
            pipe.close()
        run = replace(run, stopped=StopReason.STOPPED)
        on_moment(run)
        if not run.is_measured:
            job.raise_if_cancelled()
        return run


def _step_name(setting: LoadSetting) -> Text:
    if setting.rate_per_s is None:
        return Text("Keep {count} requests on their way", count=setting.concurrency)
    return Text("Send {rate:g} requests a second", rate=setting.rate_per_s)


def _doing(run: LoadRun) -> tuple[Text, float | None]:
    """The latest window in words, and how far the test is at most."""
    if not run.windows:
        return Text("starting"), None
    window, setting = run.windows[-1], run.setting
    fraction = min(window.at_s / (setting.warm_up_s + setting.limit_s), 1.0)
    if window.is_warm_up:
        return Text("warming up"), fraction
    words = Text("{per_s:.1f} images a second, 95% within {p95:.0f} ms", per_s=window.per_s, p95=window.p95_ms or 0.0)
    return words, fraction


def _receive(process: BaseProcess, pipe: Connection) -> generator.Moment | None:
    if pipe.poll(_LOOK_S):
        moment: generator.Moment = pipe.recv()
        return moment
    if not process.is_alive() and not pipe.poll():
        raise EOFError
    return None


def _after(run: LoadRun, moment: generator.Moment) -> LoadRun:
    windows = run.windows if moment.window is None else (*run.windows, moment.window)
    run = replace(run, windows=windows, totals=moment.totals)
    return replace(run, stopped=_why(run)) if moment.is_last else run


def _why(run: LoadRun) -> StopReason:
    if is_hopeless(run.windows):
        return StopReason.HOPELESS
    measured_s = sum(window.seconds for window in run.windows if not window.is_warm_up)
    at_limit = measured_s >= run.setting.limit_s - run.setting.window_s / 2
    return StopReason.TIME_LIMIT if at_limit else StopReason.STABLE
