"""What the person who deploys may change, as environment variables of the web service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


class SettingError(ValueError):
    """A variable that makes no sense. The text names it and what would be right."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Read once from environment variables GPU_ASSISTANT_<NAME>, printed once at start.

    Where 0 is the default, the value is chosen at start from what there is. The server's own settings belong to
    these: --worker-class gthread with more threads than `queue_length`, one worker, and a platform that lets twice
    `max_batch` requests in at a time; without them requests come one by one and nothing is ever batched.
    """

    # the model
    expect_gpu: bool = False  # fail at start when TensorFlow sees no GPU
    signature: str = ""  # empty: serving_default, else predict, else the only one
    output: str = ""  # empty: found by name and shape
    top: int = 5  # predictions in an answer that asks for no number

    # what is refused
    max_body_mb: float = 20.0
    max_bodies_mb: float = 500.0  # of all requests that are in memory; one more is told to come back (503)
    max_megapixels: float = 50.0  # of one image, and of a batch of several
    arrival_s: float = 30.0  # how long the head or the body of a request may take to arrive (408)
    slow_requests: int = 64  # that may take longer than 2 s to arrive; beyond, the oldest are cut off

    # batches
    max_batch: int = 0  # images in one call of the model; 0: 8 on a CPU, 32 on a GPU
    runners: int = 2  # calls of the model at a time: one decodes in its graph while the other computes
    queue_length: int = 128  # requests that wait for a runner; one more is told to come back (503)
    deadline_s: float = 50.0  # from a request to its answer (504 after that); must be below the platform's timeout
    stuck_s: float = 150.0  # a call of the model that takes longer ends the worker, and the server starts another

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Raises SettingError naming the variable that makes no sense."""
        values: dict[str, Any] = {}
        for field in fields(cls):
            variable = f"GPU_ASSISTANT_{field.name.upper()}"
            text = environment.get(variable, "").strip()
            if text:
                values[field.name] = _parse(variable, text, field.default)
        return cls(**values)


def _parse(variable: str, text: str, default: object) -> object:
    try:
        if isinstance(default, bool):
            return {"0": False, "false": False, "1": True, "true": True}[text.lower()]
        if isinstance(default, int | float):
            number = type(default)(text)
            if number == default == 0:
                return number
            if not 0 < number < 1e6:
                raise ValueError(text)
            return number
        return text
    except (KeyError, ValueError):
        raise SettingError(f"{variable}={text} makes no sense; the default is {default}.") from None
