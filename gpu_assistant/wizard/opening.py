"""Ways into a workspace, and what is looked at on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from gpu_assistant.backends.base import OnPrompt
from gpu_assistant.domain.text import Text
from gpu_assistant.domain.workspace import SignInMethod, WorkspaceRef
from gpu_assistant.jobs.job import Job
from gpu_assistant.jobs.runner import Lane
from gpu_assistant.wizard import events as e
from gpu_assistant.wizard.engine import Engine
from gpu_assistant.wizard.ports import Workplace, Workplaces
from gpu_assistant.wizard.saved import SavedChoices, load_choices
from gpu_assistant.wizard.state import JobKind, Place, Step

_USUAL_START_S = 6.0


class OnOpen(Protocol):
    """Told on the window's thread that a workspace is open."""

    def __call__(self, workplace: Workplace, opened: e.Opened, saved: SavedChoices, then: Step | None) -> None: ...


class Opening:
    """What the workspace page asks for. Belongs to the window's thread; its jobs run on workers."""

    def __init__(self, engine: Engine, workplaces: Workplaces, *, on_open: OnOpen, on_prompt: OnPrompt) -> None:
        self._engine = engine
        self._workplaces = workplaces
        self._on_open = on_open
        self._on_prompt = on_prompt

    # --- before a workspace is open ---------------------------------------------------------------------------

    def look_around(self) -> None:
        """What bills already, what was open before, whether practice can be used."""

        def work(job: Job) -> None:
            rows = self._workplaces.ledger.open_rows()
            self._engine.tell(e.LedgerRead(rows))
            self._engine.tell(
                e.LookedAround(
                    self._workplaces.practice_missing(),
                    self._workplaces.recent(),
                    self._workplaces.ledger.damaged_copy,
                    self._workplaces.can_rehearse(),
                )
            )

        self.on_disk(work)

    def read_ledger(self) -> None:
        """Keep up with what other programs wrote; not while that is being done already."""
        if not self._engine.is_busy(JobKind.DISK):
            self.on_disk(lambda job: self._engine.tell(e.LedgerRead(self._workplaces.ledger.open_rows())))

    def on_disk(self, work: Callable[[Job], None]) -> None:
        """Small reading and writing that nobody watches."""
        self._engine.start(JobKind.DISK, work, lane=Lane.DISK)

    def read_config(self, path: Path) -> tuple[WorkspaceRef | None, str]:
        """The workspace of a `config.json` (a small file, read at once), or why there is none."""
        workspace = self._workplaces.read_config(path)
        if workspace is None:
            return None, Text("{file} is not a workspace's config.json.", file=path.name)
        return workspace, ""

    # --- opening ----------------------------------------------------------------------------------------------

    def open_practice(self, then: Step | None) -> None:
        """Start the practice workspace and open it. `then` is handed on to `on_open`."""

        def work(job: Job) -> None:
            with job.step(Text("Start the practice workspace"), usually_s=_USUAL_START_S):
                workplace = self._workplaces.practice(lambda stage, done: job.doing(stage, done))
            with _closed_on_failure(workplace):
                self._open(workplace, job, then)

        self._engine.start(JobKind.OPEN, work, lane=Lane.OPEN)

    def open_workspace(
        self,
        signed_in: Workplace | None,
        workspace: WorkspaceRef,
        method: SignInMethod | None,
        then: Step | None,
    ) -> None:
        """Open a workspace of Azure, by the SDK process that is `signed_in` and has none open, or by a new one.

        When it cannot be opened, `signed_in` stays so, and another one may be chosen. `then` is handed on to `on_open`.
        """

        def work(job: Job) -> None:
            if signed_in is not None:
                signed_in.enter(workspace, method)
                self._open(signed_in, job, then)
                return
            workplace = self._workplaces.azure(workspace, method, workspace.tenant_id)
            with _closed_on_failure(workplace):
                self._open(workplace, job, then)

        self._engine.start(JobKind.OPEN, work, lane=Lane.OPEN, subject=workspace.name)

    def sign_in(self, method: SignInMethod, tenant_id: str, *, on_done: Callable[[Workplace], None]) -> None:
        """Sign in without a workspace; then read what the account can see."""

        def work(job: Job) -> Workplace:
            with job.step(Text("Start the Azure SDK")):
                workplace = self._workplaces.azure(None, method, tenant_id)
                backend = workplace.backend().bound_to(job.cancelled)
            with _closed_on_failure(workplace):
                with job.step(Text("Sign in to Azure")):
                    account = backend.sign_in(method, tenant_id=tenant_id, on_prompt=self._on_prompt)
                self._engine.tell(e.PromptShown(None))
                with job.step(Text("Read the subscriptions")):
                    subscriptions = tuple(backend.subscriptions())
            self._engine.tell(e.SignedIn(account))  # only now: after a failure nobody would be
            self._engine.tell(e.Browsed(subscriptions=subscriptions))
            return workplace

        def done(workplace: object) -> None:
            on_done(workplace)  # type: ignore[arg-type]

        self._engine.start(JobKind.OPEN, work, lane=Lane.OPEN, on_done=done)

    def browse(self, workplace: Workplace, subscription_id: str) -> None:
        """Read the subscriptions, or the workspaces of one."""

        def work(job: Job) -> None:
            backend = workplace.backend().bound_to(job.cancelled)
            if subscription_id:
                with job.step(Text("Read the workspaces")):
                    self._engine.tell(e.Browsed(workspaces=tuple(backend.workspaces(subscription_id))))
            else:
                with job.step(Text("Read the subscriptions")):
                    self._engine.tell(e.Browsed(subscriptions=tuple(backend.subscriptions())))

        self._engine.start(JobKind.BROWSE, work, lane=Lane.READS, subject=subscription_id)

    def _open(self, workplace: Workplace, job: Job, then: Step | None) -> None:
        """On the worker: sign in, open, and look at what there is."""
        with job.step(Text("Open the workspace"), usually_s=_USUAL_START_S):
            job.raise_if_cancelled()
            backend = workplace.connect(self._on_prompt).bound_to(job.cancelled)
            account = backend.account()
            services = tuple(backend.web_services())
        with job.step(Text("Look at the keyring")):
            problem = workplace.keystore.problem
        opened = e.Opened(
            Place(workplace.site, account, workplace.speed, workplace.scenario_playing(), problem),
            services,
            workplace.sample_photos(),
            self._workplaces.recent(),
        )
        saved = load_choices(self._workplaces.saved_choices)
        self._engine.tell(e.LedgerRead(workplace.ledger.open_rows()))  # where to go on depends on it
        job.raise_if_cancelled()
        self._engine.call(lambda: self._on_open(workplace, opened, saved, then))

    # --- leaving, and the rest --------------------------------------------------------------------------------

    def leave(self, workplace: Workplace) -> None:
        """End the SDK process of a place."""
        self._engine.start(JobKind.LEAVE, lambda job: workplace.close(), lane=Lane.OPEN)

    def sign_out(self, workplace: Workplace) -> None:
        """Forget the sign-in here and in the encrypted file."""

        def work(job: Job) -> None:
            try:
                workplace.backend().sign_out()
            finally:
                workplace.close()
            self._engine.tell(e.SignedIn(None))

        self._engine.start(JobKind.LEAVE, work, lane=Lane.OPEN)

    def retry_keyring(self, workplace: Workplace) -> None:
        """Give the keyring another chance, and see whether it takes it."""

        def work(job: Job) -> None:
            with job.step(Text("Look at the keyring")):
                workplace.retry_keyring()
                self._engine.tell(e.KeystoreLooked(workplace.keystore.problem))

        self._engine.start(JobKind.KEYS, work, lane=Lane.READS)

    def set_scenario(self, workplace: Workplace, name: str) -> None:
        """Make practice play a failure."""

        def work(job: Job) -> None:
            workplace.set_scenario(name)
            self._engine.tell(e.ScenarioChanged(workplace.scenario_playing()))

        self._engine.start(JobKind.DISK, work, lane=Lane.DISK)


@contextmanager
def _closed_on_failure(workplace: Workplace) -> Iterator[None]:
    """Nobody else knows this workplace yet: what goes wrong in the block ends its SDK process."""
    try:
        yield
    except BaseException:
        workplace.close()
        raise
