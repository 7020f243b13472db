"""Run what would be deployed on this computer first: a crash of init() then costs nothing."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from gpu_assistant.domain.errors import AssistantError, RehearsalFailed, RehearsalTooSlow
from gpu_assistant.domain.model import RegisteredModel
from gpu_assistant.domain.scoring import ScoredImage
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.service import DeploymentSpec
from gpu_assistant.domain.text import Text, joined
from gpu_assistant.domain.workspace import WorkspaceRef
from gpu_assistant.images import prepare_image
from gpu_assistant.jobs.job import Job
from gpu_assistant.saved_model import read_saved_model
from gpu_assistant.scoring_client import ScoringClient
from gpu_assistant.workflows.crash_advice import advice_for
from gpu_assistant.workflows.diagnose import last_exception
from gpu_assistant.workflows.plan import DeployRequest, Shipment, make_plan
from gpu_assistant.workflows.score_image import read_answer
from gpu_assistant.workflows.score_many import Answer

START_WITHIN_S = 600.0
_USUALLY_S = 20.0
_LOOK_S = 0.1
_KILLED = "Perhaps out of memory?"
"""What gunicorn says of a worker that was killed with SIGKILL; it then starts another one, without end."""
_PIN = re.compile(r"-\s+([\w-]+)(?:\[[\w,-]+\])?={1,2}([\w.]+)\s*$", re.MULTILINE)


class RunsLocally(Protocol):
    """One replica of a deployment on this computer, from its start on."""

    @property
    def scoring_uri(self) -> str: ...

    @property
    def is_ready(self) -> bool: ...

    @property
    def has_ended(self) -> bool: ...

    def log_lines(self) -> list[str]: ...

    def close(self) -> None:
        """End it; returns when every process is gone."""
        ...


class RehearsalStage(Protocol):
    """This computer as a place to rehearse on."""

    def start_replica(self, spec: DeploymentSpec, model_folder: Path) -> RunsLocally:
        """Raises RehearsalNotInstalled, or RehearsalError when it cannot be started."""
        ...

    def versions(self) -> Mapping[str, str]:
        """What is installed here of what the deployed environment pins, "python" among it."""
        ...


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How it went. The script started; each answer has an image or an error. `cause` is why it failed on images.

    `tried` and `not_tried` say in sentences what this proves, and what only Azure will show.
    """

    model: str
    start_s: float
    answers: tuple[Answer, ...]
    tried: tuple[Text, ...]
    not_tried: tuple[Text, ...]
    cause: str = ""
    log: str = ""

    @property
    def went_well(self) -> bool:
        """Whether every image was answered."""
        return all(answer.image is not None for answer in self.answers)


def rehearsal_spec(request: DeployRequest, shipment: Shipment) -> DeploymentSpec:
    """What `request` would deploy, with the same files and variables, for this computer: no GPU, no cluster.

    Raises the AssistantError that a deployment with these settings would meet.
    """
    local = replace(request, existing_compute="rehearsal", compute_name="", expect_gpu=False)
    name, _, version = local.model.partition(":")
    model = RegisteredModel(name, int(version) if version.isdecimal() else 1)
    nowhere = WorkspaceRef("", "", "")
    return make_plan(local, workspace=nowhere, models=(model,), offers=(), shipment=shipment).service


def rehearse(
    request: DeployRequest,
    folder: Path,
    images: Sequence[Path],
    *,
    shipment: Shipment,
    stage: RehearsalStage,
    job: Job,
    start_within_s: float = START_WITHIN_S,
    on_answer: Callable[[Answer], None] = lambda answer: None,
) -> Rehearsal:
    """Start the real inference server with what would be deployed, and score images with it.

    Raises a ModelError before anything is started when the folder holds no SavedModel that can be read, RehearsalFailed
    with the cause when the script stops, RehearsalTooSlow, and Cancelled. All processes are gone when this returns.
    """
    with job.step(Text("Check {folder}", folder=folder.name)):
        summary = read_saved_model(folder)
        spec = rehearsal_spec(request, shipment)
    started_s = time.monotonic()
    with job.step(Text("Start the scoring script on this computer"), usually_s=_USUALLY_S):
        replica = stage.start_replica(spec, summary.folder)
    try:
        _wait_until_ready(replica, job, started_s + start_within_s, start_within_s)
        start_s = time.monotonic() - started_s
        with job.step(Text("Score images")):
            answers = _score(replica, images, spec, job, on_answer)
        log = "\n".join(replica.log_lines())
    finally:
        replica.close()
    return Rehearsal(
        model=spec.model_id,
        start_s=start_s,
        answers=answers,
        tried=_tried(answers),
        not_tried=_not_tried(spec, stage.versions()),
        cause=last_exception(log) if any(answer.error is not None for answer in answers) else "",
        log=log,
    )


def _wait_until_ready(replica: RunsLocally, job: Job, until_s: float, start_within_s: float) -> None:
    shown = 0
    with job.step(Text("Load the model"), usually_s=_USUALLY_S):
        while not replica.is_ready:
            job.raise_if_cancelled()
            lines = replica.log_lines()
            if len(lines) > shown:
                job.log("\n".join(lines[shown:]))
                shown = len(lines)
            if replica.has_ended:
                raise _failed("\n".join(replica.log_lines()))
            if any(_KILLED in line for line in lines):
                raise _killed("\n".join(lines))
            if time.monotonic() >= until_s:
                raise RehearsalTooSlow(seconds=start_within_s, log="\n".join(lines))
            job.cancelled.wait(_LOOK_S)


def _failed(log: str) -> RehearsalFailed:
    cause = last_exception(log)
    told = cause or Text("it ended without saying why")
    return RehearsalFailed(cause=told.rstrip(".") if cause else told, advice=advice_for(cause, log), log=log)


def _killed(log: str) -> RehearsalFailed:
    return RehearsalFailed(
        cause=Text("the system ended its process, most likely because the memory was used up"),
        advice=Text("This computer may have less memory than the replica would; if not, give the replica more."),
        log=log,
    )


# --- scoring ------------------------------------------------------------------------------------------------------


class _Local:
    """Scores images with the replica: no key, no workspace."""

    def __init__(self, uri: str, client: ScoringClient, timeout_s: float) -> None:
        self._uri = uri
        self._name = urlsplit(uri).netloc
        self._client = client
        self._timeout_s = timeout_s

    def answer(self, path: Path) -> Answer:
        began_s = time.perf_counter()
        image: ScoredImage | None = None
        error: AssistantError | None = None
        try:
            said = self._client.post(self._uri, Secret(""), prepare_image(path), timeout_s=self._timeout_s)
            image = read_answer(said, path, service_name=self._name, timeout_s=self._timeout_s)
        except AssistantError as exc:
            error = exc
        return Answer(path, image, error, (time.perf_counter() - began_s) * 1000)


def _score(
    replica: RunsLocally,
    images: Sequence[Path],
    spec: DeploymentSpec,
    job: Job,
    on_answer: Callable[[Answer], None],
) -> tuple[Answer, ...]:
    answers: list[Answer] = []
    client = ScoringClient()
    local = _Local(replica.scoring_uri, client, spec.scoring_timeout_ms / 1000 + 5)
    try:
        for number, path in enumerate(images):
            job.raise_if_cancelled()
            job.doing(path.name, number / len(images))
            answers.append(local.answer(path))
            on_answer(answers[-1])
    finally:
        client.close()
    return tuple(answers)


# --- what it proves -----------------------------------------------------------------------------------------------


def _tried(answers: Sequence[Answer]) -> tuple[Text, ...]:
    tried = [
        Text(
            "The scoring script started on Microsoft's inference server, with the files and settings that would be "
            "deployed and the model laid out as Azure mounts it."
        )
    ]
    answered = [answer.image for answer in answers if answer.image is not None]
    if answered:
        tried.append(Text("Images answered: {count}, by {device}.", count=len(answered), device=answered[-1].device))
    return tuple(tried)


def _not_tried(spec: DeploymentSpec, installed: Mapping[str, str]) -> tuple[Text, ...]:
    return (
        Text("The GPU: its driver, its memory and its speed. Here a processor answered."),
        _environment_words(spec.environment.conda_yaml, installed),
        Text("The limits of a replica ({memory_gb:g} GB, {cores:g} cores), TLS, keys and the upload.",
             memory_gb=spec.memory_gb, cores=spec.cpu_cores),
    )  # fmt: skip


def _environment_words(conda_yaml: str, installed: Mapping[str, str]) -> Text:
    wanted = dict(_PIN.findall(conda_yaml))
    different = [
        Text("{name} {wanted} there, {here} here", name=name, wanted=wanted[name], here=here)
        for name, here in installed.items()
        if name in wanted and not f"{here}.".startswith(f"{wanted[name]}.")
    ]
    if different:
        return Text("Azure's image and its packages: {differences}.", differences=joined(different, "; "))
    return Text("Azure's image: it is built from the same versions of Python, TensorFlow and server, but not here.")
