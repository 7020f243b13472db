"""What each command does: choices in, a workflow run, an answer printed, an exit code out."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from gpu_assistant import logs, paths
from gpu_assistant.app import Assistant, Choices, copy_text_log
from gpu_assistant.cli import report
from gpu_assistant.cli.progress import TerminalProgress
from gpu_assistant.domain.billing import utc_now
from gpu_assistant.domain.errors import AssistantError, BadSetting, NotSignedIn
from gpu_assistant.domain.scoring import ScoredImage
from gpu_assistant.domain.workspace import SignInMethod, SignInPrompt, WorkspaceRef
from gpu_assistant.jobs.events import JobCancelled, JobFailed, JobSucceeded
from gpu_assistant.jobs.job import CancelMeaning, Job
from gpu_assistant.jobs.runner import run_to_end
from gpu_assistant.scoring_client import ScoringClient
from gpu_assistant.settings import read_workspace_config
from gpu_assistant.workflows.clean_up import CleanUpReport, clean_up
from gpu_assistant.workflows.deploy import Deployment, deploy
from gpu_assistant.workflows.plan import DeployRequest
from gpu_assistant.workflows.reconcile import Overview, overview, reconcile
from gpu_assistant.workflows.register_model import register_model
from gpu_assistant.workflows.score_image import Scorer, find_endpoint

log = logging.getLogger(__name__)

SDK_V1_NOTICE = (
    "Note: deploying goes through azureml-core (SDK v1), whose support ended on 2026-06-30. Existing clusters and "
    "services keep working, but Microsoft fixes nothing in it any more, security included, and may change Azure "
    "under it without notice."
)


def run(options: argparse.Namespace) -> int:
    """Run the command that was parsed; returns the exit code. Prints the error of a failed one."""
    folders = paths.user_folders(options.data_dir)
    logs.start_logging(folders.logs, level=logging.DEBUG if options.debug else logging.INFO)
    log.info("command %s", options.command)
    try:
        return _COMMANDS[options.command](options)
    except AssistantError as error:
        return _fail(error, options)
    except KeyboardInterrupt:
        _say("Stopped.")
        return 1


# --- commands -----------------------------------------------------------------------------------------------


def _deploy(options: argparse.Namespace) -> int:
    if not options.vm_size and not options.existing_compute:
        _say("gpu-assistant deploy: --vm-size or --existing-compute is needed")
        return 2
    request = DeployRequest(
        model=options.model,
        vm_size=options.vm_size or "",
        node_count=options.nodes,
        compute_name=options.compute,
        existing_compute=options.existing_compute,
        service_name=options.service,
        replicas=options.replicas,
        gpus_per_replica=options.gpus,
        cpu_cores=options.cpu,
        memory_gb=options.memory,
        scoring_timeout_ms=round(options.timeout * 1000),
        expect_gpu=not (options.practice or options.no_gpu_check),
        secure=not (options.practice or options.no_tls),
    )
    with _assistant(options) as assistant:
        if not options.practice:
            _say(SDK_V1_NOTICE)

        def work(job: Job) -> Deployment:
            with job.step("Open the workspace"):
                backend = assistant.connect(_show_prompt).bound_to(job.cancelled)
            wanted = request
            if options.folder:
                name = options.model.partition(":")[0]
                model = register_model(name, options.folder, backend=backend, job=job)
                wanted = replace(request, model=f"{model.name}:{model.version}")
            return deploy(
                wanted,
                site=assistant.site,
                backend=backend,
                ledger=assistant.ledger,
                keystore=assistant.keystore,
                job=job,
                shipment=assistant.shipment,
            )

        deployment = _watch(assistant, options, work)
        if deployment is None:
            return 1
        _print(
            options,
            report.deployment_json(deployment),
            report.deployment_text(deployment, practice=options.practice),
        )
        _tell_keyring(assistant)
        return 0


def _score(options: argparse.Namespace) -> int:
    with _assistant(options) as assistant, closing(ScoringClient()) as client:

        def backend() -> Any:
            return assistant.connect(_show_prompt)

        if not assistant.has_workspace:
            backend()  # says what is missing
        endpoint = find_endpoint(options.service, site=assistant.site, ledger=assistant.ledger, backend=backend)
        scorer = Scorer(
            endpoint,
            site=assistant.site,
            ledger=assistant.ledger,
            keystore=assistant.keystore,
            client=client,
            backend=backend,
        )
        scored: list[ScoredImage] = []
        failed: list[AssistantError] = []
        for typed, path in _image_files(options, assistant):
            try:
                image = replace(scorer.score(path), path=typed)
            except AssistantError as error:
                failed.append(error)
                if not options.json:
                    _say(report.error_text(error, practice=options.practice))
                continue
            scored.append(image)
            if not options.json:
                _out(report.scored_text(image))
        if options.json:
            _out(_dumps(report.error_json(failed[0]) if failed and not scored else report.scored_json(scored)))
        for refused in failed if options.json else ():
            _say(f"gpu-assistant: {refused}")
        return 1 if failed else 0


def _status(options: argparse.Namespace) -> int:
    with _assistant(options) as assistant:
        seen = _look(assistant)
        if seen.problem is not None:
            _say(f"gpu-assistant: Azure was not asked, this is from memory. {seen.problem}")
        _print(
            options,
            report.overview_json(seen),
            report.overview_text(seen, practice=options.practice, now=utc_now()),
        )
        _tell_other_workspaces(assistant)
        return 0


def _look(assistant: Assistant) -> Overview:
    """What exists, from Azure when it can be asked, else from the ledger."""
    try:
        backend = assistant.connect(_show_prompt)
    except AssistantError as problem:
        workspace = assistant.site.workspace if assistant.has_workspace else None
        rows = [row for row in assistant.ledger.open_rows(workspace) if row.practice == assistant.site.practice]
        return overview(rows, {}, utc_now(), problem)
    return reconcile(
        site=assistant.site,
        backend=backend,
        ledger=assistant.ledger,
        keystore=assistant.keystore,
        settle_s=assistant.pace.settle_s,
    )


def _clean_up(options: argparse.Namespace) -> int:
    may_ask = sys.stdin.isatty()
    if not options.yes and not may_ask:
        _say("gpu-assistant clean-up: nobody is there to ask; add --yes to delete without asking")
        return 2
    with _assistant(options) as assistant:
        if not options.yes:
            seen = _look(assistant)
            _out(report.overview_text(seen, practice=options.practice, now=utc_now()))
            if not seen.resources:
                return 0
            if input("Delete all of this? [y/N] ").strip().lower() not in ("y", "yes"):
                _say("Nothing was deleted.")
                return 1

        def work(job: Job) -> CleanUpReport:
            backend = assistant.connect(_show_prompt).bound_to(job.cancelled)
            return clean_up(
                site=assistant.site,
                backend=backend,
                ledger=assistant.ledger,
                keystore=assistant.keystore,
                job=job,
            )

        result = _watch(assistant, options, work)
        if result is None:
            return 1
        _print(options, report.clean_up_json(result), report.clean_up_text(result, practice=options.practice))
        return 1 if result.left else 0


def _inspect(options: argparse.Namespace) -> int:
    from gpu_assistant.saved_model import read_saved_model, to_json

    summary = read_saved_model(options.folder)
    _print(options, to_json(summary), report.summary_text(summary))
    return 0


def _practice(options: argparse.Namespace) -> int:
    from gpu_assistant.app import require_practice_extra
    from gpu_assistant.cli.tour import run_tour
    from gpu_assistant.practice import command

    if options.tour:
        return run_tour(options.data_dir)
    if not options.stop:
        require_practice_extra()
    return command.main(options)


def _sign_in(options: argparse.Namespace) -> int:
    with _assistant(options) as assistant:
        backend = assistant.backend()
        method = options.sign_in or SignInMethod.BROWSER.value
        account = backend.sign_in(SignInMethod(method), tenant_id=options.tenant, on_prompt=_show_prompt)
        _print(
            options,
            {"username": account.username, "tenant_id": account.tenant_id},
            f"Signed in as {account.username} (directory {account.tenant_id}).",
        )
        if assistant.keystore.problem:
            _say(f"The sign-in lasts for this command only: {assistant.keystore.problem}")
        return 0


def _sign_out(options: argparse.Namespace) -> int:
    with closing(Assistant(Choices(data_dir=options.data_dir))) as assistant:
        assistant.backend().sign_out()
        _print(options, {}, "Signed out.")
        return 0


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "deploy": _deploy,
    "score": _score,
    "status": _status,
    "clean-up": _clean_up,
    "inspect": _inspect,
    "practice": _practice,
    "sign-in": _sign_in,
    "sign-out": _sign_out,
}


# --- shared by the commands ---------------------------------------------------------------------------------


@contextmanager
def _assistant(options: argparse.Namespace) -> Iterator[Assistant]:
    progress = TerminalProgress(sys.stderr)
    try:
        assistant = Assistant(_choices(options), on_progress=progress.preparing)
    finally:
        progress.close()
    if assistant.ledger.damaged_copy is not None:
        _say(
            f"gpu-assistant: the record of what bills was damaged and is kept as {assistant.ledger.damaged_copy}. "
            "What can be found in Azure by its tag is taken in again."
        )
    try:
        yield assistant
    finally:
        assistant.close()


def _choices(options: argparse.Namespace) -> Choices:
    workspace = None
    if options.workspace:
        if not (options.subscription and options.resource_group):
            raise BadSetting(setting="Workspace", reason="--workspace needs --subscription and --resource-group too")
        workspace = WorkspaceRef(options.subscription, options.resource_group, options.workspace)
    elif options.config:
        workspace = read_workspace_config(options.config)
        if workspace is None:
            raise BadSetting(setting=str(options.config), reason="this is not a workspace's config.json")
    return Choices(
        data_dir=options.data_dir,
        practice=options.practice,
        scenario=options.scenario,
        speed=options.speed,
        workspace=workspace,
        tenant_id=options.tenant,
        sign_in=SignInMethod(options.sign_in) if options.sign_in else None,
        may_ask=sys.stdin.isatty() and sys.stderr.isatty(),
        give_up_after_s=options.give_up_after,
    )


def _watch(assistant: Assistant, options: argparse.Namespace, work: Callable[[Job], Any]) -> Any:
    """Run a job on a thread of its own and show it; Ctrl-C stops and cleans up, a second one stops watching.

    Returns the result, or None when the job was stopped. Raises the job's AssistantError.
    """
    progress = TerminalProgress(sys.stderr, speed=assistant.speed)
    job = Job(progress, pace=assistant.pace)
    ends: list[JobSucceeded | JobFailed | JobCancelled] = []
    thread = threading.Thread(target=lambda: ends.append(run_to_end(work, job)), name="job", daemon=True)
    thread.start()
    try:
        _join(thread, job)
    finally:
        progress.close()
    if not ends:
        _say(_still_there(assistant, options))
        return None
    match ends[0]:
        case JobSucceeded(result=result):
            return result
        case JobFailed(error=error):
            raise error
        case JobCancelled():
            return _after_cancel(assistant, options, job)


def _join(thread: threading.Thread, job: Job) -> None:
    """Wait for the job; the main thread stays free for Ctrl-C."""
    while thread.is_alive():
        try:
            thread.join(timeout=0.2)
        except KeyboardInterrupt:
            if job.cancelled.is_set():
                job.cancel_meaning = CancelMeaning.STOP_WATCHING
                return
            _say("\nStopping and cleaning up. Press Ctrl-C again to leave everything as it is.")
            job.cancel(CancelMeaning.CLEAN_UP)


def _after_cancel(assistant: Assistant, options: argparse.Namespace, job: Job) -> None:
    """Carry out what the person meant by stopping."""
    if job.cancel_meaning is CancelMeaning.CLEAN_UP and job.created:
        cleaner = Job(TerminalProgress(sys.stderr), pace=assistant.pace)
        try:
            result = clean_up(
                site=assistant.site,
                backend=assistant.connect(_show_prompt),
                ledger=assistant.ledger,
                keystore=assistant.keystore,
                job=cleaner,
                only=frozenset(job.created),
            )
            _say(report.clean_up_text(result, practice=options.practice))
            return
        except KeyboardInterrupt:
            pass
    _say(_still_there(assistant, options))


def _still_there(assistant: Assistant, options: argparse.Namespace) -> str:
    rows = assistant.ledger.open_rows(assistant.site.workspace)
    if not rows:
        return "Stopped. Nothing was created."
    seen = overview(rows, {}, utc_now())
    return (
        "Stopped watching; Azure goes on.\n"
        + report.overview_text(seen, practice=options.practice, now=utc_now())
        + f"\nDelete it with: gpu-assistant clean-up{' --practice' if options.practice else ''}"
    )


def _image_files(options: argparse.Namespace, assistant: Assistant) -> Iterator[tuple[Path, Path]]:
    """Each image as it was typed, and the file to read: in practice a bare name may be a sample photo's."""
    for path in options.images:
        is_sample_name = options.practice and not path.exists() and path.name == str(path)
        yield path, (assistant.sample_photo(path.name) if is_sample_name else None) or path


def _tell_keyring(assistant: Assistant) -> None:
    if assistant.keystore.problem:
        _say(f"Note: {assistant.keystore.problem}")


def _tell_other_workspaces(assistant: Assistant) -> None:
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
        _say(f"Also on record, in other workspaces: {', '.join(others)}")


def _show_prompt(prompt: SignInPrompt) -> None:
    if prompt.user_code:
        _say(f"To sign in, open {prompt.url} and enter the code {prompt.user_code}")
    else:
        _say(f"To sign in, use the browser window that opens, or open this address:\n  {prompt.url}")


def _fail(error: AssistantError, options: argparse.Namespace) -> int:
    practice = bool(getattr(options, "practice", False))
    log.info("failed: %s", error)
    kept = copy_text_log(error, paths.user_folders(options.data_dir).logs)
    if options.json:
        _out(_dumps(report.error_json(error)))
        _say(f"gpu-assistant: {error.title}. {error.detail}")
    else:
        _say(report.error_text(error, practice=practice))
        if isinstance(error, NotSignedIn):
            _say("  → gpu-assistant sign-in")
    if kept:
        _say(f"  The log is kept in {kept}")
    return 1


def _print(options: argparse.Namespace, value: Any, text: str) -> None:
    _out(_dumps(value) if options.json else text)


def _dumps(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _out(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
