"""What the wizard is given by the composition root. Nothing here knows Tk, an SDK or a file format."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gpu_assistant.backends.base import OnPrompt, SignsIn, WorkspaceBackend
from gpu_assistant.domain.workspace import SignInMethod, WorkspaceRef
from gpu_assistant.jobs.job import Pace
from gpu_assistant.keystore import Keystore
from gpu_assistant.ledger import Ledger
from gpu_assistant.workflows.plan import Shipment
from gpu_assistant.workflows.site import Site

if TYPE_CHECKING:
    from gpu_assistant.workflows.rehearse import RehearsalStage


class ConnectedBackend(WorkspaceBackend, SignsIn, Protocol):
    """A backend whose calls a job can end."""

    def bound_to(self, cancel: threading.Event) -> ConnectedBackend:
        """The same, whose calls end with Cancelled as soon as `cancel` is set."""
        ...


class Workplace(Protocol):
    """A workspace, or the way into one, with all that is needed to work there.

    Everything may block and is called on worker threads only; safe from several of them.
    """

    @property
    def site(self) -> Site: ...

    @property
    def ledger(self) -> Ledger: ...

    @property
    def keystore(self) -> Keystore: ...

    def retry_keyring(self) -> None:
        """Give the OS keyring another chance; `keystore` may be another one afterwards."""
        ...

    @property
    def pace(self) -> Pace: ...

    @property
    def speed(self) -> float: ...

    @property
    def shipment(self) -> Shipment: ...

    def backend(self) -> ConnectedBackend:
        """The SDK process; nobody need be signed in yet."""
        ...

    def connect(self, on_prompt: OnPrompt) -> ConnectedBackend:
        """The backend, signed in and with the workspace open."""
        ...

    def enter(self, workspace: WorkspaceRef, method: SignInMethod | None) -> None:
        """Mean this workspace from now on, and sign in by `method` where nobody is."""
        ...

    def scenario_playing(self) -> str:
        """The failure that practice plays now; empty when none."""
        ...

    def set_scenario(self, name: str) -> None:
        """Make practice play a failure; empty for none."""
        ...

    def sample_photos(self) -> Mapping[str, Path]:
        """Images to try, by file name; empty when there are none."""
        ...

    def rehearsal_stage(self) -> RehearsalStage:
        """This computer, to run what would be deployed on first."""
        ...

    def close(self) -> None:
        """End the SDK process. What runs in Azure goes on."""
        ...


class Workplaces(Protocol):
    """Opens workplaces, and knows what is common to all. Safe from any thread; may block."""

    @property
    def ledger(self) -> Ledger: ...

    @property
    def cache_folder(self) -> Path: ...

    @property
    def session_folder(self) -> Path:
        """A folder for this session's files (tables, pasted pictures), which exists."""
        ...

    @property
    def saved_choices(self) -> Path:
        """Where the wizard keeps its choices between starts."""
        ...

    def read_config(self, path: Path) -> WorkspaceRef | None:
        """The workspace of a `config.json` of the Azure portal; None when it is not one."""
        ...

    def practice_missing(self) -> str:
        """The package that the practice workspace lacks; empty when it can be used."""
        ...

    def can_rehearse(self) -> bool:
        """Whether TensorFlow and the inference server are installed; imports neither."""
        ...

    def recent(self) -> tuple[WorkspaceRef, ...]:
        """Real workspaces opened before, the latest first."""
        ...

    def practice(self, on_progress: Callable[[str, float], None]) -> Workplace:
        """The practice workspace, started if it does not run. `on_progress` gets what is prepared and how far."""
        ...

    def azure(self, workspace: WorkspaceRef | None, method: SignInMethod | None, tenant_id: str) -> Workplace:
        """Real Azure; `workspace` None means that one is still to be chosen."""
        ...
