"""The words in which the practice server is steered, and the pass that each request carries. Standard library only.

A pass is a time until which it is good, signed with the private key file of the practice authority, which only its
owner can read. It is another thing than the sign-in tokens that programs under practice are given: with those nobody
can stop the server or change what it plays. The window asks often and must not load a cryptography library for it.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import time
from pathlib import Path

from gpu_assistant.practice.constants import KEY_FILE

STATUS_PATH = "/practice/status"
STOP_PATH = "/practice/stop"
SETTINGS_PATH = "/practice/settings"
TOKEN_PATH = "/practice/token"
FASTEST = "max"
NO_SCENARIO = "none"

_PASS_LIFETIME_S = 60.0


def issue_pass(folder: Path) -> str:
    """A pass for one request. Raises FileNotFoundError when no practice server ever ran on this folder."""
    until = str(int(time.time() + _PASS_LIFETIME_S))
    return f"{until}.{_signature(folder, until)}"


def is_good_pass(folder: Path, text: str) -> bool:
    """Whether the owner of this folder made it, less than a minute ago."""
    until, _, signature = text.partition(".")
    if not (until.isascii() and until.isdigit() and len(until) < 16 and signature.isascii()):
        return False
    try:
        is_ours = hmac.compare_digest(signature, _signature(folder, until))
    except OSError:  # the folder was thrown away under the server
        return False
    return is_ours and -1 <= int(until) - time.time() <= _PASS_LIFETIME_S


def _signature(folder: Path, until: str) -> str:
    purpose = b"gpu-assistant practice control: " + until.encode()
    return hmac.new((folder / KEY_FILE).read_bytes(), purpose, hashlib.sha256).hexdigest()


def speed_to_json(speed: float) -> float | str:
    """JSON knows no infinity."""
    return FASTEST if math.isinf(speed) else speed


def speed_from_json(value: object) -> float:
    """A speed above zero, or `max`. Raises ValueError."""
    if value == FASTEST:
        return math.inf
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise ValueError(f"a speed is a number above zero or {FASTEST!r}")
    return float(value)


def scenario_from_json(value: object) -> str | None:
    """The name of a scenario, or None for no scenario. Raises ValueError."""
    if value is not None and not isinstance(value, str):
        raise ValueError("a scenario is chosen by its name")
    return None if value in (None, "", NO_SCENARIO) else value
