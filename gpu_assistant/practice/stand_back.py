"""How the practice workspace leaves the processor to the window beside it. Standard library only.

Linux gives each session a share of its own (autogroup), in which niceness counts only against the session's other
processes. What starts a new session, as every process of the practice workspace does, has to lower that share too.
"""

from __future__ import annotations

import os
from pathlib import Path

_NICENESS = 10
_SESSION_SHARE = Path("/proc/self/autogroup")


def stand_back() -> None:
    """Lower this process and what it starts: a model that is loaded must not make what the person looks at stutter."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
        keep_back()


def keep_back() -> None:
    """For a process that began a session: lower the session as far as the process itself was lowered before."""
    niceness = os.nice(0) if hasattr(os, "nice") else 0
    if niceness > 0:
        try:
            _SESSION_SHARE.write_text(str(niceness), encoding="ascii")
        except OSError:
            pass  # another system, or a kernel without such shares: niceness alone counts there
