"""What the commands share: the assistant they work with, a job that is watched, and what a person is told."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gpu_assistant import paths
from gpu_assistant.app import Assistant, copy_text_log
from gpu_assistant.cli import report
from gpu_assistant.cli.choices import choices_of
from gpu_assistant.cli.progress import TerminalProgress
from gpu_assistant.cli.words import out, say
from gpu_assistant.domain.clock import utc_now
from gpu_assistant.domain.errors import AssistantError, Cancelled
from gpu_assistant.domain.workspace import SignInPrompt
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.jobs.events import JobCancelled, JobEvent, JobFailed, JobSucceeded
from gpu_assistant.jobs.job import Job
from gpu_assistant.jobs.runner import JobRunner, Lane
from gpu_assistant.workflows.clean_up import CleanUpReport, clean_up
from gpu_assistant.workflows.reconcile import overview

log = logging.getLogger(__name__)

_LEAVE_IT = 2
"""So many presses of Ctrl-C leave everything as it is."""


@contextmanager
def open_assistant(options: argparse.Namespace) -> Iterator[Assistant]:
    """The assistant that a command works with, closed at its end. Raises AssistantError."""
    progress = TerminalProgress(sys.stderr)
    try:
        assistant = Assistant(choices_of(options), on_progress=progress.preparing)
    finally:
        progress.close()
    scenario = assistant.scenario_playing()
    if scenario and scenario != assistant.choices.scenario:
        say(f"Note: practice plays the scenario {scenario}, from an earlier command; --scenario none ends it.")
    if assistant.ledger.damaged_copy is not None:
        say(
            f"gpu-assistant: the record of what bills was damaged and is kept as {assistant.ledger.damaged_copy}. "
            "What can be found in Azure by its tag is taken in again."
        )
    try:
        yield assistant
    finally:
        assistant.close()


class _Presses:
    """Counts Ctrl-C while it is open, instead of an exception that could strike anywhere."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> _Presses:
        self._before = signal.signal(signal.SIGINT, self._add)
        return self

    def __exit__(self, *details: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _add(self, *details: object) -> None:
        self.count += 1


def watch(
    assistant: Assistant,
    options: argparse.Namespace,
    work: Callable[[Job], Any],
    *,
    on_stop: CancelMeaning,
    changes_azure: bool = True,
) -> Any:
    """Run a job on a thread of its own and show it. Main thread only.

    Ctrl-C stops it and does what `on_stop` says; pressed again, everything is left as it is. Returns the result,
    or None when the job was stopped; what is left is told then, unless it was no job that `changes_azure`. Raises the
    job's AssistantError.
    """
    with _Presses() as presses:
        end, created = _run(assistant, work, presses, on_stop)
        match end:
            case JobSucceeded(result=result):
                return result
            case JobFailed(error=error):
                raise error
        if on_stop is CancelMeaning.CLEAN_UP and created and presses.count < _LEAVE_IT:
            _clean_up_after(assistant, options, presses, created)
        if changes_azure:
            _tell_what_is_left(assistant, options)
        else:
            _tell_stopped(options)
        return None


def _run(
    assistant: Assistant, work: Callable[[Job], Any], presses: _Presses, on_stop: CancelMeaning
) -> tuple[JobEvent, frozenset[str]]:
    """How the job ended, and the ledger ids of what it created."""
    progress = TerminalProgress(sys.stderr, speed=assistant.speed)
    job = Job(progress, pace=assistant.pace)
    ends: list[JobEvent] = []
    already = presses.count
    thread = JobRunner().start(work, job, ends.append, Lane.CHANGES)
    try:
        while thread.is_alive():
            thread.join(timeout=0.1)
            if presses.count > already and not job.cancelled.is_set():
                job.cancel(on_stop)
                if on_stop is CancelMeaning.CLEAN_UP:
                    say("\nStopping and cleaning up. Press Ctrl-C again to leave everything as it is.")
            if presses.count >= _LEAVE_IT:
                break
    finally:
        progress.close()
    return ends[0] if ends else JobCancelled(), frozenset(job.created)


def _clean_up_after(
    assistant: Assistant, options: argparse.Namespace, presses: _Presses, created: frozenset[str]
) -> None:
    """Delete what a stopped job created; a second Ctrl-C leaves the rest."""

    def work(job: Job) -> CleanUpReport:
        return clean_up(
            site=assistant.site,
            backend=assistant.connect(show_prompt).bound_to(job.cancelled),
            ledger=assistant.ledger,
            keystore=assistant.keystore,
            job=job,
            only=created,
        )

    end, _ = _run(assistant, work, presses, CancelMeaning.STOP_WATCHING)
    match end:
        case JobSucceeded(result=CleanUpReport() as result):
            say(report.clean_up_text(result, practice=options.practice))
        case JobFailed(error=error):
            say(report.error_text(error, practice=options.practice))


def _tell_stopped(options: argparse.Namespace) -> None:
    if options.json:
        out(to_json(report.error_json(Cancelled(what=options.command))))
    say("Stopped.")


def _tell_what_is_left(assistant: Assistant, options: argparse.Namespace) -> None:
    rows = assistant.ledger.open_rows(assistant.site.workspace)
    stopped = Cancelled(what=options.command)
    stopped.billable = rows
    if options.json:
        out(to_json(report.error_json(stopped)))
    if not rows:
        say("Stopped. Nothing is left.")
        return
    seen = overview(rows, {}, utc_now())
    say("Stopped watching; Azure goes on.")
    say(report.overview_text(seen, practice=options.practice, now=utc_now()))
    say(f"Delete it with: gpu-assistant clean-up{' --practice' if options.practice else ''}")


def tell_keyring(assistant: Assistant) -> None:
    """Say when keys could not go to the OS keyring."""
    if assistant.keystore.problem:
        say(f"Note: {assistant.keystore.problem}")


def tell_other_workspaces(assistant: Assistant) -> None:
    """Rows of other workspaces must not be forgotten because another one was asked about."""
    here = assistant.site.workspace.azure_id.lower()
    others = sorted(
        {
            f"{row.workspace.name} ({row.workspace.resource_group})"
            for row in assistant.ledger.open_rows()
            if row.workspace.azure_id.lower() != here and not row.practice
        }
    )
    if others and assistant.has_workspace:
        say(f"Also on record, in other workspaces: {', '.join(others)}")


def show_prompt(prompt: SignInPrompt) -> None:
    """Tell the person what to do to sign in."""
    if prompt.user_code:
        say(f"To sign in, open {prompt.url} and enter the code {prompt.user_code}")
    else:
        say(f"To sign in, use the browser window that opens, or open this address:\n  {prompt.url}")


def fail(error: AssistantError, options: argparse.Namespace) -> int:
    """Print an error for a person or a program; returns the exit code."""
    practice = bool(getattr(options, "practice", False))
    log.info("failed: %s", error)
    kept = copy_text_log(error, paths.user_folders(options.data_dir).logs)
    if options.json:
        out(to_json(report.error_json(error)))
        say(f"gpu-assistant: {error.title}. {error.detail}")
    else:
        say(report.error_text(error, practice=practice))
    if kept:
        say(f"  The log is kept in {kept}")
    return 1


def show(options: argparse.Namespace, value: Any, text: str) -> None:
    """Print the result: `value` with --json, else `text`."""
    out(to_json(value) if options.json else text)


def to_json(value: Any) -> str:
    """As it is printed."""
    return json.dumps(value, indent=2, ensure_ascii=False)
