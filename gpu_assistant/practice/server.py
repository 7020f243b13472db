"""The practice server, put together: authority, routes, sign-in host, inference pool, listener."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from gpu_assistant import __version__, paths
from gpu_assistant.domain.errors import AssistantError, PracticeError
from gpu_assistant.domain.text import Text
from gpu_assistant.practice.azure import surface
from gpu_assistant.practice.azure.clock import Clock
from gpu_assistant.practice.constants import DEFAULT_SPEED
from gpu_assistant.practice.control import speed_to_json
from gpu_assistant.practice.control_routes import ControlRoutes, Controls
from gpu_assistant.practice.front import authority, tokens
from gpu_assistant.practice.front.dispatch import Dispatcher
from gpu_assistant.practice.front.http import Router
from gpu_assistant.practice.front.listener import PracticeListener
from gpu_assistant.practice.front.tokens import TokenIssuer
from gpu_assistant.practice.lifecycle import (
    PracticeInfo,
    Progress,
    hold_server_lock,
    practice_folder,
    read_info,
    write_info,
)
from gpu_assistant.practice.replicas.pool import InferencePool
from gpu_assistant.practice.sample import MODEL_NAME, ensure_saved_model
from gpu_assistant.practice.sign_in.host import SignInHost
from gpu_assistant.practice.sign_in.policy import LoginPolicy

log = logging.getLogger(__name__)

IDLE_LIMIT_S = 30 * 60.0
_LOOK_AT_IDLE_EVERY_S = 5.0
_LOOK_AT_PROGRESS_EVERY_S = 0.1
_CONVERSION_END_S = 10.0


class _StoppedError(Exception):
    """Ends the conversion of the sample model when the server stops meanwhile."""


class PracticeServer:
    """One server for one data folder. `start`, `wait` and `stop` belong to one thread; the rest is safe anywhere.

    `speed` may be `math.inf`. `port` is wished for; without a wish it is the one of the last run, so that the
    scoring addresses of services that are still deployed stay true. `with_sample_model=False` starts without
    the model that takes half a minute to convert the first time.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        speed: float = DEFAULT_SPEED,
        scenario: str | None = None,
        port: int | None = None,
        with_sample_model: bool = True,
        idle_limit_s: float = IDLE_LIMIT_S,
    ) -> None:
        self._data_dir = data_dir
        self._folder = practice_folder(data_dir)
        self._speed = speed
        self._scenario = scenario
        self._wished_port = port
        self._with_sample_model = with_sample_model
        self._idle_limit_s = idle_limit_s
        self._stop_asked = threading.Event()
        self._closing = ExitStack()
        self._progress: tuple[str, float] = (Text("Starting"), 0.0)
        self._problem = ""
        self._is_ready = threading.Event()
        self._seeding = threading.Thread(target=self._seed, name="practice-sample", daemon=True)

    def start(self) -> None:
        """Serve from now on; returns at once, while the sample model may still be converting (`ready`).

        Raises PracticeAlreadyRunning when another server has this folder, PracticeError for a scenario that
        does not exist, OSError when the folder or the port cannot be used.
        """
        try:
            self._start()
        except BaseException:
            self._closing.close()
            raise

    def _start(self) -> None:
        self._closing.enter_context(hold_server_lock(self._data_dir))
        last = read_info(self._data_dir)
        wished_port = self._wished_port or (last.port if last else 0)
        self._authority = authority.Authority(self._folder)
        self._issuer = TokenIssuer(authority.load_key(self._folder))
        self._started_at = time.monotonic()
        self._clock = Clock(self._speed)
        self._pool = InferencePool()
        self._policy = LoginPolicy()
        router = Router()
        try:
            self._surface = surface.add_routes(
                router,
                folder=self._folder,
                port=lambda: self._listener.port,
                clock=self._clock,
                pool=self._pool,
                secrets=lambda purpose: tokens.derive_secret(self._folder, purpose),
                scenario=self._scenario,
            )
        except ValueError as error:  # a scenario that is not there, or a state file that cannot be read
            raise PracticeError(reason=str(error)) from error
        self._closing.callback(self._surface.close)
        self._closing.callback(self._pool.stop_all)
        SignInHost(self._issuer, self._policy).add_routes(router)
        controls = Controls(
            status=self.status,
            stop=self.request_stop,
            set_speed=self._clock.set_speed,
            set_scenario=self._surface.set_scenario,
            set_sign_in=self._policy.set,
        )
        ControlRoutes(self._folder, self._issuer, controls).add_to(router)
        self._dispatcher = Dispatcher(router, self._issuer.verify, interceptor=self._surface.interceptor)
        self._listener = PracticeListener(self._dispatcher, self._authority, port=wished_port)
        self._closing.callback(self._listener.stop)
        self._surface.resume()  # before anybody can ask: a service that runs must not read as dead
        self._listener.start()
        write_info(self._data_dir, self.info)
        self._seeding.start()
        log.info("the practice workspace answers on port %d", self._listener.port)

    @property
    def info(self) -> PracticeInfo:
        """What a client needs to know, besides a token."""
        return PracticeInfo(
            https_proxy=f"http://127.0.0.1:{self._listener.port}",
            ca_bundle=self._authority.ca_bundle,
            port=self._listener.port,
            pid=os.getpid(),
        )

    def token(self, lifetime_s: float = 3600.0) -> str:
        """A token that the practice workspace accepts."""
        return self._issuer.access_token(lifetime_s=lifetime_s)

    def status(self) -> Mapping[str, Any]:
        """What `GET /practice/status` answers."""
        stage, done = self._progress
        return {
            "version": __version__,
            "pid": os.getpid(),
            "data_dir": str(self._data_dir),
            "uptime_s": round(time.monotonic() - self._started_at, 3),
            "idle_s": round(self._dispatcher.idle_s, 3),
            "ready": self._is_ready.is_set(),
            "stage": stage,
            "done": done,
            "problem": self._problem,
            "speed": speed_to_json(self._clock.speed),
            "scenario": self._surface.scenario,
            "scenarios": list(self._surface.scenarios),
            "sign_in": self._policy.answer.value,
            "services": list(self._surface.services_running()),
            "computes": list(self._surface.computes_running()),
            "refused": self._listener.refused,
            "unknown": list(self._dispatcher.unknown),
        }

    def wait_ready(self, on_progress: Progress = lambda stage, done: None) -> str:
        """Block until the sample model is there or somebody asks to stop; says why it is not there, if so."""
        while not self._is_ready.wait(_LOOK_AT_PROGRESS_EVERY_S) and not self._stop_asked.is_set():
            on_progress(*self._progress)
        return self._problem

    def request_stop(self) -> None:
        """Make `wait` return. May be called from a signal handler and from any thread."""
        self._stop_asked.set()

    def wait(self) -> None:
        """Block until somebody asks to stop, or nobody has used the workspace for the idle limit."""
        while not self._stop_asked.wait(min(_LOOK_AT_IDLE_EVERY_S, self._idle_limit_s)):
            if self._dispatcher.idle_s >= self._idle_limit_s:
                log.info("nobody used the practice workspace for %.0f minutes; it stops", self._idle_limit_s / 60)
                return

    def stop(self) -> None:
        """Answer what is being answered, end every inference process, write the state; returns when all is done."""
        self._stop_asked.set()
        if self._seeding.is_alive():
            self._seeding.join(_CONVERSION_END_S)
        self._closing.close()

    def _seed(self) -> None:
        """Register the sample model, converting it first if this computer never did. Runs in its own thread."""
        try:
            if self._with_sample_model and not self._surface.has_model(MODEL_NAME):
                cache = paths.user_folders(self._data_dir).cache
                folder = ensure_saved_model(cache, self._on_progress)
                files = {
                    f"{MODEL_NAME}/{file.relative_to(folder).as_posix()}": file
                    for file in sorted(folder.rglob("*"))
                    if file.is_file()
                }
                self._surface.seed_model(
                    MODEL_NAME,
                    files,
                    tags={"sample": "true"},
                    description="EfficientNet-Lite0, 1000 ImageNet classes: JPEG bytes in, probabilities out.",
                )
        except _StoppedError:
            return
        except AssistantError as error:
            self._problem = error.detail
            log.error("the sample model could not be made: %s", error.detail)
        except Exception as error:
            self._problem = Text("The sample model could not be registered ({error}).", error=type(error).__name__)
            log.exception("the sample model could not be registered")
        self._progress = (Text("Ready"), 1.0)
        self._is_ready.set()

    def _on_progress(self, stage: str, done: float) -> None:
        if self._stop_asked.is_set():
            raise _StoppedError
        self._progress = (stage, done)
