"""What a person can mean by stopping a job. By itself, because the window is on screen before it has jobs."""

from __future__ import annotations

import enum


class CancelMeaning(enum.Enum):
    """What the person wants when they stop a job."""

    CLEAN_UP = "stop and clean up"
    STOP_WATCHING = "stop watching"
