"""What the command line (or the window) was started with."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from gpu_assistant.domain.workspace import SignInMethod, WorkspaceRef


class Choices(NamedTuple):
    """What the command line (or the window) was started with."""

    data_dir: Path | None = None
    practice: bool = False
    scenario: str | None = None
    speed: float | None = None
    workspace: WorkspaceRef | None = None
    tenant_id: str = ""
    sign_in: SignInMethod | None = None
    may_ask: bool = False
    """Whether a person is there who can sign in."""
    give_up_after_s: float | None = None
    debug: bool = False
