"""A load test as a value: what is asked, and what came of it so far. Light, for pages draw from it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.text import Text
from gpu_assistant.workflows.load.setting import LoadSetting
from gpu_assistant.workflows.load.statistics import Totals, Window


class StopReason(enum.Enum):
    """Why a load test ended."""

    STABLE = Text("the throughput was stable")
    TIME_LIMIT = Text("the time limit was reached")
    HOPELESS = Text("there were errors only")
    STOPPED = Text("it was stopped")


@dataclass(frozen=True, slots=True)
class LoadTarget:
    """What is asked: a scoring URI with its key, and the images as they are sent.

    `device` is what answered them, and `way_ms` what a request took beyond the model while nothing else was asked (the
    median; None when nothing was tried): the way there and back, without any waiting for others.
    """

    name: str
    uri: str
    key: Secret
    images: tuple[bytes, ...]
    device: str = ""
    way_ms: float | None = None


@dataclass(frozen=True, slots=True)
class LoadRun:
    """A load test, running (`stopped` None) or over. `mean_image_bytes` is what one request carries."""

    name: str
    setting: LoadSetting
    device: str
    mean_image_bytes: float
    windows: tuple[Window, ...] = ()
    totals: Totals = field(default_factory=Totals)
    stopped: StopReason | None = None
    way_ms: float | None = None
    number: int = 0
    """Which of the session's, where several are kept."""

    @property
    def is_measured(self) -> bool:
        """Whether there is anything to say about the service."""
        return self.totals.answered > 0 and self.totals.seconds > 0
