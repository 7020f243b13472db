"""From one state to the next. Pure: every page draws what comes out of here, and tests read it as a table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from gpu_assistant.jobs.events import (
    JobCancelled,
    JobEvent,
    JobFailed,
    JobSucceeded,
    LogLine,
    StepFinished,
    StepProgress,
    StepStarted,
)
from gpu_assistant.wizard import events as e
from gpu_assistant.wizard.state import (
    LATENCIES_KEPT,
    LOAD_RUNS_KEPT,
    LOG_LINES_KEPT,
    SCORED_KEPT,
    JobKind,
    JobView,
    Phase,
    Scored,
    Step,
    StepView,
    WizardState,
)

K = TypeVar("K")
V = TypeVar("V")


def reduce(state: WizardState, event: e.WizardEvent) -> WizardState:
    """The state after `event`."""
    match event:
        case e.Went(step):
            return state._replace(step=step)
        case e.JobBegan(kind, number, at_s, subject):
            return _with_job(state, JobView(kind, number, at_s, subject=subject))
        case e.JobSaid(kind, number, said, at_s):
            job = state.jobs.get(kind)
            if job is None or job.number != number:
                return state  # an earlier job of the kind, which nobody watches any more
            return _with_job(state, _job_after(job, said, at_s))
        case e.CancelAsked(kind, meaning):
            job = state.jobs.get(kind)
            if job is None or not job.is_running:
                return state
            return _with_job(state, job._replace(phase=Phase.CANCELLING, meaning=meaning))
        case e.Dismissed(kind):
            return state._replace(jobs=_without(state.jobs, kind))
        case (
            e.PromptShown()
            | e.SignedIn()
            | e.Browsed()
            | e.Opened()
            | e.Closed()
            | e.KeystoreLooked()
            | e.ScenarioChanged()
        ):
            return _workspace(state, event)
        case e.ImagesTaken() | e.ImageWaits() | e.ImageAnswered() | e.ImageSelected() | e.BatchMoved():
            return _scoring(state, event)
        case e.ModelFolderKnown() | e.RehearsalEnded() | e.LoadMoved():
            return _trials(state, event)
        case _:
            return _facts(state, event)


def _facts(state: WizardState, event: e.WizardEvent) -> WizardState:
    match event:
        case e.MachinesRead(offers, targets):
            return state._replace(offers=offers, targets=targets)
        case e.LookedAround(practice_missing, recent, damaged, can_rehearse):
            return state._replace(
                practice_missing=practice_missing,
                recent=recent,
                ledger_damaged=damaged,
                can_rehearse=can_rehearse,
            )
        case e.MachineChosen(choice):
            return state._replace(machine=choice)
        case e.ModelsRead(models):
            return state._replace(models=models)
        case e.ModelInspected(model_id, found):
            return state._replace(inspections=_with(state.inspections, model_id, found))
        case e.LabelsRead(source, found):
            return state._replace(labels=_with(state.labels, source, found))
        case e.DeploymentEdited(choice):
            return state._replace(deployment=choice)
        case e.ServicesRead(services):
            return state._replace(services=services)
        case e.ServiceChosen(name):
            return state._replace(service_name=name)
        case e.ServiceLogRead(name, text):
            return state._replace(service_logs=_with(state.service_logs, name, text))
        case e.LedgerRead(rows):
            return state if rows == state.rows else state._replace(rows=rows)
        case e.Compared(overview, at):
            return state._replace(overview=overview, checked_at=at)
        case e.CleanedUp(report, rows):
            gone = {one.name for one in report.gone}
            services = tuple(one for one in state.services if one.name not in gone)
            return state._replace(report=report, cleaned_rows=rows, overview=None, services=services)
    return state


def _workspace(state: WizardState, event: e.WizardEvent) -> WizardState:
    match event:
        case e.PromptShown(prompt):
            return state._replace(prompt=prompt)
        case e.SignedIn(account):
            return state._replace(account=account, prompt=None, subscriptions=None, workspaces=None)
        case e.Browsed(subscriptions, workspaces):
            return state._replace(
                subscriptions=state.subscriptions if subscriptions is None else subscriptions,
                workspaces=workspaces,
            )
        case e.Opened(place, services, samples, recent):
            return _forget_workspace(state)._replace(
                place=place,
                account=place.account,
                prompt=None,
                services=services,
                samples=samples,
                recent=recent,
            )
        case e.Closed():
            return _forget_workspace(state)._replace(step=Step.WORKSPACE)
        case e.KeystoreLooked(problem) if state.place is not None:
            return state._replace(place=state.place._replace(keystore_problem=problem))
        case e.ScenarioChanged(name) if state.place is not None:
            return state._replace(place=state.place._replace(scenario=name))
    return state


def _forget_workspace(state: WizardState) -> WizardState:
    """What was read in another workspace must not be shown in this one."""
    blank = WizardState()
    return state._replace(
        place=None,
        offers=None,
        targets=None,
        machine=None,
        models=None,
        inspections=blank.inspections,
        deployment=blank.deployment,
        services=(),
        service_name="",
        service_logs=blank.service_logs,
        overview=None,
        checked_at=None,
        report=None,
        cleaned_rows=(),
        scored=(),
        selected=None,
        latencies_ms=(),
        batch=None,
        model_folders=blank.model_folders,
        rehearsed=None,
        load_runs=(),
        jobs={kind: job for kind, job in state.jobs.items() if kind is JobKind.OPEN},
    )


def _scoring(state: WizardState, event: e.WizardEvent) -> WizardState:
    match event:
        case e.ImagesTaken(images):
            scored = (*state.scored, *images)[-SCORED_KEPT:]
            return state._replace(scored=scored, selected=None, batch=None)
        case e.ImageWaits(number, why):
            waits = (one._replace(waits_for=why) if one.number == number else one for one in state.scored)
            return state._replace(scored=tuple(waits))
        case e.ImageAnswered(image):
            return _answered(state, image)
        case e.ImageSelected(number):
            return state._replace(selected=number)
        case e.BatchMoved(batch):
            return state._replace(batch=batch)
    return state


def _trials(state: WizardState, event: e.WizardEvent) -> WizardState:
    match event:
        case e.ModelFolderKnown(model_id, folder):
            return state._replace(model_folders=_with(state.model_folders, model_id, folder))
        case e.RehearsalEnded(rehearsed):
            return state._replace(rehearsed=rehearsed)
        case e.LoadMoved(run):
            others = tuple(one for one in state.load_runs if one.number != run.number)
            return state._replace(load_runs=(*others, run)[-LOAD_RUNS_KEPT:])
    return state


def _answered(state: WizardState, image: Scored) -> WizardState:
    latencies = state.latencies_ms
    if image.image is not None:
        latencies = (*latencies, image.image.latency_ms)[-LATENCIES_KEPT:]
    if any(one.number == image.number for one in state.scored):
        scored = tuple(image if one.number == image.number else one for one in state.scored)
    else:  # of a batch, whose images are not announced one by one
        scored = (*state.scored, image)[-SCORED_KEPT:]
    return state._replace(scored=scored, latencies_ms=latencies)


def _job_after(job: JobView, said: JobEvent, at_s: float) -> JobView:
    match said:
        case StepStarted(step, usually_s):
            return job._replace(steps=(*job.steps, StepView(step, usually_s, at_s)))
        case StepProgress(_, doing, fraction, elapsed_s) if job.steps:
            return _last_step(job, doing=doing, fraction=fraction, elapsed_s=elapsed_s)
        case StepProgress(step, doing, fraction, elapsed_s):
            return job._replace(
                steps=(StepView(step or doing, 0.0, at_s, doing=doing, fraction=fraction, elapsed_s=elapsed_s),)
            )
        case StepFinished(step, elapsed_s, True):
            return job._replace(steps=(*job.steps, StepView(step, 0.0, at_s, Phase.SKIPPED, elapsed_s=elapsed_s)))
        case StepFinished(_, elapsed_s):
            return _last_step(job, phase=Phase.DONE, elapsed_s=elapsed_s, doing="", fraction=None)
        case LogLine(text):
            return job._replace(log=(*job.log, text)[-LOG_LINES_KEPT:])
        case JobSucceeded():
            return _close_steps(job, Phase.DONE, at_s)._replace(phase=Phase.DONE, ended_s=at_s)
        case JobFailed(error):
            ended = _close_steps(job, Phase.FAILED, at_s)
            return ended._replace(phase=Phase.FAILED, error=error, ended_s=at_s)
        case JobCancelled():
            return _close_steps(job, Phase.CANCELLED, at_s)._replace(phase=Phase.CANCELLED, ended_s=at_s)


def _last_step(job: JobView, **changes: object) -> JobView:
    """Change the running step; a step that was skipped meanwhile is not it."""
    for at in range(len(job.steps) - 1, -1, -1):
        if job.steps[at].phase is Phase.RUNNING:
            step = job.steps[at]._replace(**changes)  # type: ignore[arg-type]
            return job._replace(steps=(*job.steps[:at], step, *job.steps[at + 1 :]))
    return job


def _close_steps(job: JobView, phase: Phase, at_s: float) -> JobView:
    steps = tuple(
        step._replace(phase=phase, elapsed_s=at_s - step.started_s) if step.phase is Phase.RUNNING else step
        for step in job.steps
    )
    return job._replace(steps=steps)


def _with_job(state: WizardState, job: JobView) -> WizardState:
    return state._replace(jobs=_with(state.jobs, job.kind, job))


def _with(mapping: Mapping[K, V], key: K, value: V) -> Mapping[K, V]:
    return MappingProxyType({**mapping, key: value})


def _without(mapping: Mapping[K, V], key: K) -> Mapping[K, V]:
    return MappingProxyType({one: value for one, value in mapping.items() if one != key})
