"""The only thing pages call. Intentions in, jobs started, what they find folded into the state.

All methods return at once and belong to the window's thread; nothing here waits, and nothing here knows Tk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gpu_assistant.domain.clock import utc_now
from gpu_assistant.domain.errors import AssistantError
from gpu_assistant.domain.workspace import SignInMethod, SignInPrompt, WorkspaceRef
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.wizard import events as e
from gpu_assistant.wizard.navigation import blocked, can_change, landing, next_step, previous_step
from gpu_assistant.wizard.saved import SavedChoices, save_choices
from gpu_assistant.wizard.state import (
    DeployChoice,
    FirstWindow,
    JobKind,
    MachineChoice,
    Step,
    WizardState,
)
from gpu_assistant.wizard.store import Listener, Store

if TYPE_CHECKING:
    from gpu_assistant.domain.errors import Remedy
    from gpu_assistant.domain.service import ServiceKeys, WhichKey
    from gpu_assistant.wizard.deploying import Deploying
    from gpu_assistant.wizard.engine import Engine
    from gpu_assistant.wizard.opening import Opening
    from gpu_assistant.wizard.ports import Workplace, Workplaces
    from gpu_assistant.wizard.scoring_desk import ScoringDesk
    from gpu_assistant.wizard.trials import Trials
    from gpu_assistant.workflows.load.setting import LoadSetting

_READ_LEDGER_EVERY_S = 5.0
"""Another program (the command line) may write the ledger too."""
_COMPARE_EVERY_S = 10 * 60.0
"""What the window shows must not grow old; a practice server stays awake by it, too."""


class Controller:
    """See the module."""

    def __init__(
        self,
        workplaces: Workplaces,
        *,
        first_window: FirstWindow | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """`first_window` tells that another window holds the data folder: this one then changes nothing."""
        self._store = Store(WizardState(first_window=first_window))
        self._monotonic = monotonic
        self._workplaces = workplaces
        self._workplace: Workplace | None = None
        self._now = now
        self._ledger_read_s = 0.0
        self._compared_s = 0.0
        self._kept: SavedChoices | None = None
        self._again: dict[JobKind, Callable[[], None]] = {}

    # What carries intentions out brings half the program with it: made with the first intention, it does not keep the
    # window from its first drawing.

    @cached_property
    def _engine(self) -> Engine:
        from gpu_assistant.wizard.engine import Engine

        return Engine(self._store, monotonic=self._monotonic)

    @cached_property
    def _opening(self) -> Opening:
        from gpu_assistant.wizard.opening import Opening

        return Opening(self._engine, self._workplaces, on_open=self._opened, on_prompt=self._show_prompt)

    @cached_property
    def _deploying(self) -> Deploying:
        from gpu_assistant.wizard.deploying import Deploying

        return Deploying(self._engine, self._workplaces, on_prompt=self._show_prompt, now=self._now)

    @cached_property
    def _desk(self) -> ScoringDesk:
        from gpu_assistant.wizard.scoring_desk import ScoringDesk

        return ScoringDesk(
            self._engine, session_folder=self._session_folder, on_prompt=self._show_prompt, utc_now=self._now
        )

    @cached_property
    def _trials(self) -> Trials:
        from gpu_assistant.wizard.trials import Trials

        return Trials(self._engine, session_folder=self._session_folder, on_prompt=self._show_prompt)

    def get_ready(self) -> Iterator[None]:
        """Load what the next intentions need, a part a step: between two beats, while the person reads page 1."""
        for part in (lambda: self._opening, lambda: self._deploying, lambda: self._desk):
            part()
            yield

    def _session_folder(self) -> Path:
        return self._workplaces.session_folder

    # --- the store ------------------------------------------------------------------------------------------------

    @property
    def state(self) -> WizardState:
        """What is known now."""
        return self._store.state

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after each change; returns what ends that."""
        return self._store.subscribe(listener)

    def now_s(self) -> float:
        """The clock of `started_s`."""
        return self._monotonic()

    def utc_now(self) -> datetime:
        """The moment, for costs."""
        return self._now()

    @property
    def session_folder(self) -> Path:
        """A folder for files of this session, such as pasted pictures; it goes when the window is closed."""
        return self._workplaces.session_folder

    def start(self) -> None:
        """Look around: what bills, what was open before. Once, when the window is shown."""
        self._opening.look_around()

    def pump(self) -> None:
        """Take in what workers said. Often."""
        self._engine.pump()

    def tick(self) -> None:
        """Once a second: keep up with what other programs write, and with the file of choices."""
        if self.now_s() - self._ledger_read_s >= _READ_LEDGER_EVERY_S:
            self._ledger_read_s = self.now_s()
            self._opening.read_ledger()
        if self.state.place is not None and self.now_s() - self._compared_s >= _COMPARE_EVERY_S:
            self.refresh()
        self._keep_choices()

    def close(self) -> None:
        """Leave; jobs are no longer watched, the SDK process ends. What runs in Azure goes on and stays on record."""
        choices = self._changed_choices()
        if choices is not None:
            save_choices(self._workplaces.saved_choices, choices)  # a worker would die with the window
        self._engine.cancel_all()
        self._desk.forget()
        if self._workplace is not None:
            self._workplace.close()

    # --- moving ---------------------------------------------------------------------------------------------------

    def go(self, step: Step) -> str:
        """Open a page; "" or, when it stays as it is, the reason as a Text."""
        reason = blocked(self.state, step)
        if not reason and step is not self.state.step:
            self._engine.fold(e.Went(step))
        return reason

    def next(self) -> None:
        """The page after this one, if it can be opened."""
        following = next_step(self.state)
        if following is not None:
            self.go(following)

    def back(self) -> None:
        """The page before this one."""
        before = previous_step(self.state)
        if before is not None:
            self.go(before)

    # --- workspace ------------------------------------------------------------------------------------------------

    def open_practice(self, *, then: Step | None = None) -> None:
        """Start the practice workspace and open it; go to the page `then`, else to where the person left it."""
        if not self._may_leave():
            return
        self._again[JobKind.OPEN] = lambda: self.open_practice(then=then)
        self._opening.open_practice(then)

    def sign_in(self, method: SignInMethod, tenant_id: str = "") -> None:
        """Sign in to Azure without a workspace yet; then what the account can see is read."""
        if not self._may_leave():
            return
        self._again[JobKind.OPEN] = lambda: self.sign_in(method, tenant_id)
        self._opening.sign_in(method, tenant_id, on_done=lambda workplace: self._keep(workplace))

    def open_workspace(
        self, workspace: WorkspaceRef, method: SignInMethod | None = None, *, then: Step | None = None
    ) -> None:
        """Open a workspace, signing in where nobody is; go to the page `then`, else to where the person left it."""
        if not self._may_leave():
            return
        self._again[JobKind.OPEN] = lambda: self.open_workspace(workspace, method, then=then)
        signed_in = self._workplace if self.state.place is None else None
        self._opening.open_workspace(signed_in, workspace, method, then)

    def open_config(self, path: Path) -> str:
        """Open the workspace of a `config.json` of the Azure portal; "" or why not."""
        workspace, reason = self._opening.read_config(path)
        if workspace is not None:
            self.open_workspace(workspace, SignInMethod.BROWSER)
        return reason

    def browse(self, subscription_id: str = "") -> None:
        """Read the subscriptions, or the workspaces of one."""
        if self._workplace is not None:
            self._again[JobKind.BROWSE] = lambda: self.browse(subscription_id)
            self._opening.browse(self._workplace, subscription_id)

    def sign_out(self) -> None:
        """Forget the sign-in, and close the workspace."""
        workplace = self._workplace
        if workplace is None or not self._may_leave():
            return
        self._workplace = None
        self._engine.fold(e.Closed())
        self._opening.sign_out(workplace)

    def close_workspace(self) -> None:
        """Back to choosing one."""
        if not self._may_leave():
            return
        self._keep_choices()
        self._keep(None)
        self._engine.fold(e.Closed())

    # --- machine and model ----------------------------------------------------------------------------------------

    def load_machines(self, *, again: bool = False) -> None:
        """Read VM sizes, quota, prices and clusters, unless that was done."""
        if self._workplace is not None and (again or self.state.offers is None):
            self._again[JobKind.MACHINES] = lambda: self.load_machines(again=True)
            self._deploying.read_machines(self._workplace)

    def choose_machine(self, choice: MachineChoice | None) -> None:
        """Run on this."""
        self._engine.fold(e.MachineChosen(choice))

    def load_models(self, *, again: bool = False) -> None:
        """Read the registered models, unless that was done."""
        if self._workplace is not None and (again or self.state.models is None):
            self._again[JobKind.MODELS] = lambda: self.load_models(again=True)
            self._deploying.read_models(self._workplace, choose=self.choose_model)

    def choose_model(self, model_id: str) -> None:
        """Deploy this model; its signature is read."""
        choice = self.state.deployment
        if model_id != choice.model_id:  # what was said about feeding it was said about another model
            choice = choice._replace(signature="", output="", preprocess="", labels="")
        self.edit_deployment(choice._replace(model_id=model_id))
        found = self.state.inspections.get(model_id)
        if self._workplace is not None and (found is None or isinstance(found, AssistantError)):
            self._again[JobKind.INSPECT] = lambda: self.choose_model(model_id)
            self._deploying.inspect(self._workplace, model_id)

    def edit_deployment(self, choice: DeployChoice) -> None:
        """Change the settings of the web service."""
        self._engine.fold(e.DeploymentEdited(choice))
        if choice.labels and choice.labels not in self.state.labels:
            self._deploying.read_labels(choice.labels)

    def choose_labels(self, source: str) -> None:
        """Name classes after a file (read now, whatever it held before) or "imagenet"; "" leaves the model's own."""
        self._engine.fold(e.DeploymentEdited(self.state.deployment._replace(labels=source)))
        if source:
            self._deploying.read_labels(source)

    def register_model(self, name: str, folder: Path) -> None:
        """Upload a SavedModel of this computer and choose it."""
        if self._workplace is not None and can_change(self.state):
            self._again[JobKind.REGISTER] = lambda: self.register_model(name, folder)
            self._deploying.register(self._workplace, name, folder, choose=self.choose_model)

    def deploy(self) -> None:
        """Deploy the chosen model on the chosen machine."""
        if self._workplace is not None and can_change(self.state):
            self._again[JobKind.DEPLOY] = self.deploy
            self._deploying.deploy(self._workplace)

    def rehearse(self, images: Sequence[Path]) -> None:
        """Run what would be deployed on this computer first, and score these images with it."""
        if self._workplace is not None:
            self._again[JobKind.REHEARSE] = lambda: self.rehearse(images)
            self._trials.rehearse(self._workplace, tuple(images))

    def forget_rehearsal(self) -> None:
        """The person has read how the rehearsal went."""
        self._trials.forget_rehearsal()

    def shipped_files(self) -> Mapping[str, str]:
        """What is uploaded with a deployment, as file name and text."""
        return self._deploying.shipped_files(self._workplace) if self._workplace is not None else {}

    def read_service_log(self, name: str) -> None:
        """Fetch the log of a web service."""
        if self._workplace is not None:
            self._again[JobKind.SERVICE_LOG] = lambda: self.read_service_log(name)
            self._deploying.read_log(self._workplace, name)

    # --- score ----------------------------------------------------------------------------------------------------

    def drop(self, paths: Sequence[Path]) -> None:
        """Score images and folders of images."""
        if self._workplace is not None:
            self._again[JobKind.SCORE] = lambda: self.drop(paths)
            self._desk.drop(self._workplace, tuple(paths))

    def stop_scoring(self) -> None:
        """Leave what has no answer yet."""
        self._desk.stop()

    def select_image(self, number: int | None) -> None:
        """Show an image of the session again; None shows the latest."""
        self._engine.fold(e.ImageSelected(number))

    def save_csv(self, target: Path) -> str:
        """Save the answers as a table; "" or why not."""
        return self._desk.save_table(target)

    def choose_service(self, name: str) -> None:
        """Score with this web service."""
        self._engine.fold(e.ServiceChosen(name))

    def start_load_test(self, setting: LoadSetting, images: Sequence[Path]) -> None:
        """Find out how much the web service takes, with these images."""
        if self._workplace is not None:
            self._again[JobKind.LOAD] = lambda: self.start_load_test(setting, images)
            self._trials.start_load_test(self._workplace, setting, tuple(images))

    def save_load_table(self, target: Path) -> str:
        """Save the load tests of this session as a table; "" or why not."""
        return self._trials.save_load_table(target)

    def new_key(self, which: WhichKey) -> None:
        """Replace a key; whoever holds the old one is shut out."""
        if self._workplace is not None and self.state.first_window is None:
            self._again[JobKind.KEYS] = lambda: self.new_key(which)
            self._desk.new_key(self._workplace, which)

    def with_keys(self, use: Callable[[ServiceKeys], None]) -> None:
        """Read the keys and hand them to `use`; they are never in the state."""
        if self._workplace is not None:
            self._again[JobKind.KEYS] = lambda: self.with_keys(use)
            self._desk.with_keys(self._workplace, use)

    # --- clean up ---------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Compare the ledger with Azure."""
        # While resources come and go their own job is what tells about them.
        busy = self._engine.is_busy(JobKind.REFRESH, JobKind.DEPLOY, JobKind.CLEAN_UP)
        if self._workplace is not None and not busy:
            self._again[JobKind.REFRESH] = self.refresh
            self._compared_s = self.now_s()
            self._deploying.refresh(self._workplace)

    def clean_up(self) -> None:
        """Delete everything this program made in the workspace, and prove it gone."""
        if self._workplace is not None and can_change(self.state):
            self._again[JobKind.CLEAN_UP] = self.clean_up
            self._deploying.clean_up(self._workplace)

    # --- everywhere ---------------------------------------------------------------------------------------------------

    def cancel(self, kind: JobKind, meaning: CancelMeaning = CancelMeaning.STOP_WATCHING) -> None:
        """Stop a job. For a deployment CLEAN_UP deletes what it made, STOP_WATCHING lets Azure finish."""
        self._engine.cancel(kind, meaning)
        if kind is JobKind.OPEN:
            self._engine.fold(e.PromptShown(None))

    def dismiss(self, kind: JobKind) -> None:
        """Forget how a job ended."""
        self._engine.fold(e.Dismissed(kind))

    def repeat(self, kind: JobKind) -> None:
        """Do again what the latest job of a kind did."""
        again = self._again.get(kind)
        if again is not None:
            self.dismiss(kind)
            again()

    def act(self, remedy: Remedy, kind: JobKind) -> str:
        """Carry out a remedy of the error of a job; an address to open in the browser, else ""."""
        from gpu_assistant.wizard.remedies import carry_out

        return carry_out(self, remedy, kind)

    def retry_keyring(self) -> None:
        """Ask the keyring again, because the person wants to."""
        if self._workplace is not None:
            self._opening.retry_keyring(self._workplace)

    def set_scenario(self, name: str) -> None:
        """Make practice play a failure; "" ends it."""
        if self._workplace is not None and self._workplace.site.practice:
            self._opening.set_scenario(self._workplace, name)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _may_leave(self) -> bool:
        return can_change(self.state._replace(first_window=None))

    def _show_prompt(self, prompt: SignInPrompt) -> None:
        self._engine.tell(e.PromptShown(prompt))

    def _keep(self, workplace: Workplace | None) -> None:
        """Work here from now on; the SDK process of the place before ends."""
        if self._workplace is not None and self._workplace is not workplace:
            self._opening.leave(self._workplace)
        self._desk.forget()
        self._workplace = workplace

    def _opened(self, workplace: Workplace, opened: e.Opened, saved: SavedChoices, then: Step | None) -> None:
        self._keep(workplace)
        self._engine.fold(opened)
        azure_id = opened.place.site.workspace.azure_id.lower()
        if self._kept is not None and self._kept.workspace_id.lower() == azure_id:
            saved = self._kept  # the file may still be being written
        if saved.workspace_id.lower() == azure_id:
            self._engine.fold(e.MachineChosen(saved.machine))
            self._engine.fold(e.DeploymentEdited(saved.deployment))
            self._engine.fold(e.ServiceChosen(saved.service_name))
            if saved.deployment.model_id:
                self.choose_model(saved.deployment.model_id)
            if then is None and self.state.step is Step.WORKSPACE:  # elsewhere the person knows where to go on
                then = landing(self.state, saved.step)
        if then is not None:
            self.go(then)
        self._kept = self._choices()
        self.load_machines()
        self.load_models()
        self.refresh()

    def _choices(self) -> SavedChoices | None:
        state = self.state
        if state.place is None:
            return None
        site = state.place.site
        return SavedChoices(
            site.workspace.azure_id, site.practice, state.machine, state.deployment, state.service_name, state.step
        )

    def _changed_choices(self) -> SavedChoices | None:
        """The choices, when they are not what was saved last."""
        choices = self._choices()
        if choices is None or choices == self._kept or self.state.first_window is not None:
            return None
        self._kept = choices
        return choices

    def _keep_choices(self) -> None:
        choices = self._changed_choices()
        if choices is not None:
            path = self._workplaces.saved_choices
            self._opening.on_disk(lambda job: save_choices(path, choices))
