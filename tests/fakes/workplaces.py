"""Workplaces over a scripted Azure: what the controller is given when no SDK runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gpu_assistant.domain.errors import AssistantError
from gpu_assistant.domain.workspace import Account, SignInMethod, SignInPrompt, WorkspaceRef
from gpu_assistant.jobs.job import Pace
from gpu_assistant.keystore import Keystore, SessionKeystore
from gpu_assistant.ledger import Ledger
from gpu_assistant.settings import read_workspace_config
from gpu_assistant.wizard.controller import Controller
from gpu_assistant.workflows.plan import Shipment
from gpu_assistant.workflows.rehearse import RehearsalStage
from gpu_assistant.workflows.site import Site
from tests.fakes.scripted_backend import WORKSPACE, ScriptedBackend

ACCOUNT = Account("ada@example.com", "tenant-1", SignInMethod.BROWSER)
PROMPT = SignInPrompt("https://login.example/device", "ABCD-1234")


class SigningInBackend(ScriptedBackend):
    """A scripted Azure that somebody signs in to."""

    def __init__(self) -> None:
        super().__init__()
        self.signed_in: Account | None = None
        self.hold = threading.Event()
        self.hold.set()
        """Cleared, signing in waits until it is set: the person is at the browser."""

    def bound_to(self, cancel: threading.Event) -> SigningInBackend:
        return self

    def account(self) -> Account | None:
        return self.signed_in

    def sign_in(self, method: SignInMethod, *, tenant_id: str = "", on_prompt: Any = None) -> Account:
        self._enter("sign_in")
        if on_prompt is not None:
            on_prompt(PROMPT)
        assert self.hold.wait(10)
        self.signed_in = ACCOUNT
        return ACCOUNT

    def sign_out(self) -> None:
        self.signed_in = None


class ScriptedWorkplace:
    """One workplace; `closed` counts how often it was."""

    def __init__(self, house: ScriptedWorkplaces, site: Site) -> None:
        self._house = house
        self.site = site
        self.speed = 60.0 if site.practice else 1.0
        self.scenario = ""
        self.closed = 0
        self.fails: list[AssistantError] = []

    @property
    def ledger(self) -> Ledger:
        return self._house.ledger

    @property
    def keystore(self) -> Keystore:
        return self._house.keystore

    def retry_keyring(self) -> None:
        self._house.keyring_retries += 1

    @property
    def pace(self) -> Pace:
        return Pace(poll_s=0.01, patience_s=0.0, settle_s=0.0)

    @property
    def shipment(self) -> Shipment:
        return self._house.shipment

    def backend(self) -> SigningInBackend:
        return self._house.azure_backend

    def connect(self, on_prompt: Any) -> SigningInBackend:
        if self.fails:
            raise self.fails.pop(0)
        return self._house.azure_backend

    def enter(self, workspace: WorkspaceRef, method: SignInMethod | None) -> None:
        self.site = Site(workspace)

    def scenario_playing(self) -> str:
        return self.scenario

    def set_scenario(self, name: str) -> None:
        self.scenario = name

    def sample_photos(self) -> Mapping[str, Path]:
        return self._house.samples

    def rehearsal_stage(self) -> RehearsalStage:
        assert self._house.stage is not None
        return self._house.stage

    def close(self) -> None:
        self.closed += 1


class ScriptedWorkplaces:
    """Implements `wizard.ports.Workplaces` in a folder of the test's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = Ledger(folder / "ledger.sqlite")
        self.keystore: Keystore = SessionKeystore("")
        self.keyring_retries = 0
        self.azure_backend = SigningInBackend()
        self.samples: Mapping[str, Path] = {}
        self.opened: list[ScriptedWorkplace] = []
        self.missing = ""
        self.stage: RehearsalStage | None = None
        self.fails: list[AssistantError] = []
        scoring = folder / "scoring"
        scoring.mkdir()
        (scoring / "environment.yml").write_text("dependencies: [python=3.11]")
        (scoring / "score.py").write_text("# entry script")
        self.shipment = Shipment(scoring)

    @property
    def cache_folder(self) -> Path:
        return self.folder / "cache"

    @property
    def session_folder(self) -> Path:
        session = self.folder / "session"
        session.mkdir(exist_ok=True)
        return session

    @property
    def saved_choices(self) -> Path:
        return self.folder / "wizard.json"

    def read_config(self, path: Path) -> WorkspaceRef | None:
        return read_workspace_config(path)

    def practice_missing(self) -> str:
        return self.missing

    def can_rehearse(self) -> bool:
        return self.stage is not None

    def recent(self) -> tuple[WorkspaceRef, ...]:
        return (WORKSPACE,)

    def practice(self, on_progress: Callable[[str, float], None]) -> ScriptedWorkplace:
        on_progress("Converting the sample model", 0.5)
        return self._open(Site(WORKSPACE, practice=True))

    def azure(self, workspace: WorkspaceRef | None, method: SignInMethod | None, tenant_id: str) -> ScriptedWorkplace:
        return self._open(Site(workspace or WorkspaceRef("", "", "")))

    def _open(self, site: Site) -> ScriptedWorkplace:
        if self.fails:
            raise self.fails.pop(0)
        self.opened.append(ScriptedWorkplace(self, site))
        return self.opened[-1]


def pump_until(controller: Controller, condition: Callable[[], object], timeout_s: float = 10.0) -> None:
    """Drain the workers' words until it is so; says what ran when it never is."""
    until = time.monotonic() + timeout_s
    while not condition():
        controller.pump()
        if time.monotonic() > until:
            jobs = {kind.value: (job.phase.value, job.error) for kind, job in controller.state.jobs.items()}
            raise AssertionError(f"not so after {timeout_s:.0f} s; jobs: {jobs}")
        time.sleep(0.005)
