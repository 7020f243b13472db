"""Walks the wizard from a file of answers, and takes its picture on the way. Tk thread only."""

from __future__ import annotations

import logging
import tkinter as tk
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from gpu_assistant.domain.errors import AssistantError, BadSetting, UnexpectedAnswer
from gpu_assistant.domain.text import Text
from gpu_assistant.domain.workspace import WorkspaceRef
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.ui.camera import Camera
from gpu_assistant.wizard.answers import Answer
from gpu_assistant.wizard.controller import Controller
from gpu_assistant.wizard.state import JobKind, MachineChoice, Step

log = logging.getLogger(__name__)

_LOOK_EVERY_MS = 40
_PATIENCE_S = 180.0
_READING = (JobKind.MACHINES, JobKind.MODELS, JobKind.INSPECT, JobKind.REFRESH, JobKind.DISK)

Condition = Callable[[], object]


class Walked(Protocol):
    """What the walk needs of the window."""

    def go(self, step: Step) -> None: ...

    def close(self) -> None: ...


class Walk:
    """Does one step after the other. `error` says afterwards why it ended early; None when it did not."""

    def __init__(
        self,
        root: tk.Misc,
        window: Walked,
        controller: Controller,
        answers: Sequence[Answer],
        *,
        camera: Camera | None,
        say: Callable[[str], None],
    ) -> None:
        """`say` is told each step as it begins: what a person at the terminal sees of it."""
        self._root = root
        self._window = window
        self._controller = controller
        self._answers = answers
        self._camera = camera
        self._say = say
        self._waits: Iterator[Condition] = self._walk()
        self._condition: Condition = lambda: True
        self._seen = controller.state
        self._moved_s = controller.now_s()
        self._shots = 0
        self.error: AssistantError | None = None

    def start(self) -> None:
        """Begin; the window is closed at the end."""
        self._root.after(_LOOK_EVERY_MS, self._look)

    # --- the engine ---------------------------------------------------------------------------------------------

    def _look(self) -> None:
        if not self._condition():
            if self._is_stuck():
                self.error = BadSetting(setting="--answers", reason=Text("a step did not end in time"))
                self._window.close()
                return
            self._root.after(_LOOK_EVERY_MS, self._look)
            return
        try:
            self._condition = next(self._waits)
        except StopIteration:
            self._window.close()
            return
        except Exception as exc:
            # A mistake of ours must end the walk too: nobody is there to press a button.
            log.exception("the walk ended early")
            unexpected = UnexpectedAnswer(what=Text("The walk through the pages"), reason=repr(exc))
            self.error = exc if isinstance(exc, AssistantError) else unexpected
            self._window.close()
            return
        self._moved_s = self._controller.now_s()
        self._root.after(_LOOK_EVERY_MS, self._look)

    def _is_stuck(self) -> bool:
        """Whether nothing has changed for long. What goes on, such as a deployment on Azure, may take its time."""
        if self._controller.state is not self._seen:
            self._seen = self._controller.state
            self._moved_s = self._controller.now_s()
        return self._controller.now_s() - self._moved_s > _PATIENCE_S

    def _walk(self) -> Iterator[Condition]:
        for number, answer in enumerate(self._answers, start=1):
            self._say(f"{number}/{len(self._answers)} {answer.name}")
            yield from self._do(answer)

    def _shoot(self, answer: Answer, moment: str = "") -> Iterator[Condition]:
        if self._camera is None or not (answer.shots or answer.action == "shot"):
            return
        self._shots += 1
        name = f"{self._shots:02}-{answer.name}" + (f"-{moment}" if moment else "")
        yield self._camera.shoot(name)

    # --- the steps ----------------------------------------------------------------------------------------------

    def _do(self, answer: Answer) -> Iterator[Condition]:
        controller, details = self._controller, answer.details
        match answer.action:
            case "open practice":
                yield from self._run(
                    answer, Step.WORKSPACE, JobKind.OPEN, lambda: controller.open_practice(then=Step.WORKSPACE)
                )
            case "open workspace":
                workspace = WorkspaceRef(
                    details.get("subscription", ""),
                    details.get("resource_group", ""),
                    details.get("name", ""),
                    tenant_id=details.get("tenant", ""),
                )
                yield from self._run(
                    answer,
                    Step.WORKSPACE,
                    JobKind.OPEN,
                    lambda: controller.open_workspace(workspace, then=Step.WORKSPACE),
                )
            case "go":
                yield from self._go(Step[str(details["page"]).upper().replace("-", "_")])
                yield from self._shoot(answer)
            case "choose machine":
                yield from self._choose_machine(answer)
            case "choose model":
                yield from self._go(Step.DEPLOY)
                yield self._quiet
                controller.choose_model(str(details["model"]))
                feeding = {key: str(value) for key, value in details.items() if key not in ("model", "name")}
                controller.edit_deployment(controller.state.deployment._replace(**feeding))  # type: ignore[arg-type]
                yield self._quiet
                yield from self._shoot(answer)
            case "deploy":
                yield from self._deploy(answer)
            case "score":
                yield from self._score(answer)
            case "clean up":
                yield from self._run(answer, Step.CLEAN_UP, JobKind.CLEAN_UP, controller.clean_up)
            case "scenario":
                controller.set_scenario(str(details.get("name", "")))
                yield self._quiet
            case "shot":
                yield self._quiet
                yield from self._shoot(answer)

    def _go(self, step: Step) -> Iterator[Condition]:
        self._window.go(step)
        if self._controller.state.step is not step:
            raise BadSetting(setting="--answers", reason=self._controller.go(step))
        yield self._quiet

    def _choose_machine(self, answer: Answer) -> Iterator[Condition]:
        yield from self._go(Step.MACHINE)
        yield from self._shoot(answer, "empty")
        details = answer.details
        self._controller.choose_machine(
            MachineChoice(
                vm_size=details.get("vm_size", ""),
                node_count=details.get("nodes", 1),
                existing_compute=details.get("existing", ""),
            )
        )
        yield self._quiet
        yield from self._shoot(answer, "chosen")

    def _deploy(self, answer: Answer) -> Iterator[Condition]:
        details = answer.details
        yield from self._go(Step.DEPLOY)
        choice = self._controller.state.deployment
        self._controller.edit_deployment(
            choice._replace(
                service_name=details.get("service", choice.service_name),
                replicas=details.get("replicas", choice.replicas),
            )
        )
        stop = details.get("stop", "")

        def begin() -> None:
            self._controller.deploy()

        def end_early() -> None:
            meaning = CancelMeaning.CLEAN_UP if stop == "clean up" else CancelMeaning.STOP_WATCHING
            self._controller.cancel(JobKind.DEPLOY, meaning)

        yield from self._run(answer, Step.DEPLOY, JobKind.DEPLOY, begin, stop=end_early if stop else None)

    def _score(self, answer: Answer) -> Iterator[Condition]:
        samples = self._controller.state.samples
        images = [samples.get(str(name), Path(str(name))) for name in answer.details.get("images", ())]
        yield from self._run(answer, Step.SCORE, JobKind.SCORE, lambda: self._controller.drop(images))

    def _run(
        self,
        answer: Answer,
        step: Step,
        kind: JobKind,
        begin: Callable[[], None],
        *,
        stop: Callable[[], None] | None = None,
    ) -> Iterator[Condition]:
        """Begin a job on its page and see it through: empty, busy, and done or error."""
        yield from self._go(step)
        yield from self._shoot(answer, "empty")
        before = self._controller.state.job(kind)
        begin()
        yield lambda: self._has_shown(kind, before)
        yield from self._shoot(answer, "busy")
        if stop is not None:
            stop()
        yield lambda: not self._controller.state.is_busy(kind)
        yield self._quiet
        job = self._controller.state.job(kind)
        error = job.error if job is not None else None
        yield from self._shoot(answer, "error" if error is not None else "done")
        if error is not None and error.code != answer.expect_error:
            raise error
        if error is None and answer.expect_error:
            raise BadSetting(
                setting="--answers", reason=Text("{error} was expected and did not happen", error=answer.expect_error)
            )

    def _has_shown(self, kind: JobKind, before: object) -> bool:
        """Whether the new job said what it is at, or is over already."""
        job = self._controller.state.job(kind)
        return job is not None and job is not before and (bool(job.steps) or not job.is_running)

    def _quiet(self) -> bool:
        """Whether nothing is being read any more, so that the page is as it will stay."""
        state = self._controller.state
        return not state.is_busy(*_READING)
