"""What each command does: choices in, a workflow run, an answer printed, an exit code out."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

from gpu_assistant.app import Assistant
from gpu_assistant.choices import Choices
from gpu_assistant.cli import feeding, report
from gpu_assistant.cli.photos import image_file
from gpu_assistant.cli.scoring import find_scorer
from gpu_assistant.cli.session import (
    open_assistant,
    show,
    show_prompt,
    tell_keyring,
    tell_other_workspaces,
    to_json,
    watch,
)
from gpu_assistant.cli.words import out, say
from gpu_assistant.domain.clock import utc_now
from gpu_assistant.domain.errors import AssistantError
from gpu_assistant.domain.scoring import ScoredImage
from gpu_assistant.domain.service import Autoscale
from gpu_assistant.domain.workspace import SignInMethod
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.jobs.job import Job
from gpu_assistant.scoring_client import ScoringClient
from gpu_assistant.workflows.clean_up import CleanUpReport, clean_up
from gpu_assistant.workflows.deploy import Deployment, deploy
from gpu_assistant.workflows.plan import DeployRequest
from gpu_assistant.workflows.reconcile import Overview, overview, reconcile
from gpu_assistant.workflows.register_model import register_model

log = logging.getLogger(__name__)

SDK_V1_NOTICE = (
    "Note: deploying goes through azureml-core (SDK v1), whose support ended on 2026-06-30. Existing clusters and "
    "services keep working, but Microsoft fixes nothing in it any more, security included, and may change Azure "
    "under it without notice."
)


# --- commands -----------------------------------------------------------------------------------------------


def _deploy(options: argparse.Namespace) -> int:
    if not options.vm_size and not options.existing_compute:
        say("gpu-assistant deploy: --vm-size or --existing-compute is needed")
        return 2
    if options.autoscale_to is None and (options.autoscale_target, options.autoscale_every) != (None, None):
        say("gpu-assistant deploy: --autoscale-target and --autoscale-every go with --autoscale-to")
        return 2
    request = DeployRequest(
        model=options.model,
        vm_size=options.vm_size or "",
        node_count=options.nodes,
        compute_name=options.compute,
        existing_compute=options.existing_compute,
        service_name=options.service,
        replicas=options.replicas,
        autoscale=autoscale_of(options),
        gpus_per_replica=options.gpus,
        cpu_cores=options.cpu,
        memory_gb=options.memory,
        scoring_timeout_ms=round(options.timeout * 1000),
        expect_gpu=not (options.practice or options.no_gpu_check),
        secure=not (options.practice or options.no_tls),
    )
    wish, labels = feeding.wish_of(options), feeding.labels_of(options)
    with open_assistant(options) as assistant:
        if not options.practice:
            say(SDK_V1_NOTICE)

        def work(job: Job) -> Deployment:
            with job.step("Open the workspace"):
                backend = assistant.connect(show_prompt).bound_to(job.cancelled)
            wanted = request
            if options.folder:
                name = options.model.partition(":")[0]
                model = register_model(name, options.folder, backend=backend, job=job)
                wanted = replace(request, model=f"{model.name}:{model.version}")
            wanted = feeding.with_registered_model(
                wanted,
                wish,
                labels,
                site=assistant.site,
                backend=backend,
                cache_folder=assistant.folders.cache,
                job=job,
            )
            return deploy(
                wanted,
                site=assistant.site,
                backend=backend,
                ledger=assistant.ledger,
                keystore=assistant.keystore,
                job=job,
                shipment=assistant.shipment,
            )

        deployment = watch(assistant, options, work, on_stop=CancelMeaning.CLEAN_UP)
        if deployment is None:
            return 1
        show(
            options,
            report.deployment_json(deployment),
            report.deployment_text(deployment, practice=options.practice),
        )
        tell_keyring(assistant)
        return 0


def autoscale_of(options: argparse.Namespace) -> Autoscale | None:
    """What the options of `deploy` say about it; None leaves the number of replicas fixed."""
    if options.autoscale_to is None:
        return None
    given = {"target_utilization_percent": options.autoscale_target, "refresh_period_s": options.autoscale_every}
    return Autoscale(options.autoscale_to, **{name: value for name, value in given.items() if value is not None})


def _score(options: argparse.Namespace) -> int:
    with open_assistant(options) as assistant, closing(ScoringClient()) as client:
        scorer, _ = find_scorer(assistant, options.service, client)
        if options.new_key:
            scorer.make_new_key()
        scored: list[ScoredImage] = []
        failed: list[AssistantError] = []
        samples = assistant.sample_photos() if options.practice else {}
        for typed in options.images:
            try:
                image = replace(scorer.score(image_file(typed, samples), on_wait=say), path=typed)
            except AssistantError as error:
                failed.append(error)
                if not options.json:
                    say(report.error_text(error, practice=options.practice))
                continue
            scored.append(image)
            if not options.json:
                out(report.scored_text(image))
        if options.json:
            out(to_json(report.error_json(failed[0]) if failed and not scored else report.scored_json(scored)))
        for refused in failed if options.json else ():
            say(f"gpu-assistant: {refused}")
        return 1 if failed else 0


def _status(options: argparse.Namespace) -> int:
    with open_assistant(options) as assistant:
        seen = _look(assistant)
        if seen.problem is not None:
            say(f"gpu-assistant: Azure was not asked, this is from memory. {seen.problem}")
        show(
            options,
            report.overview_json(seen),
            report.overview_text(seen, practice=options.practice, now=utc_now()),
        )
        tell_other_workspaces(assistant)
        return 0


def _look(assistant: Assistant) -> Overview:
    """What exists, from Azure when it can be asked, else from the ledger."""
    try:
        backend = assistant.connect(show_prompt)
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
        say("gpu-assistant clean-up: nobody is there to ask; add --yes to delete without asking")
        return 2
    with open_assistant(options) as assistant:
        if not options.yes:
            seen = _look(assistant)
            out(report.overview_text(seen, practice=options.practice, now=utc_now()))
            if not seen.resources:
                return 0
            if input("Delete all of this? [y/N] ").strip().lower() not in ("y", "yes"):
                say("Nothing was deleted.")
                return 1

        def work(job: Job) -> CleanUpReport:
            backend = assistant.connect(show_prompt).bound_to(job.cancelled)
            return clean_up(
                site=assistant.site,
                backend=backend,
                ledger=assistant.ledger,
                keystore=assistant.keystore,
                job=job,
            )

        result = watch(assistant, options, work, on_stop=CancelMeaning.STOP_WATCHING)
        if result is None:
            return 1
        show(options, report.clean_up_json(result), report.clean_up_text(result, practice=options.practice))
        return 1 if result.left else 0


def _inspect(options: argparse.Namespace) -> int:
    from gpu_assistant.saved_model import read_saved_model, to_json

    summary = read_saved_model(options.folder)
    show(options, to_json(summary), report.summary_text(summary))
    return 0


def _rehearse(options: argparse.Namespace) -> int:
    from gpu_assistant.cli import rehearse

    return rehearse.run(options)


def _bench(options: argparse.Namespace) -> int:
    from gpu_assistant.cli import bench

    return bench.run(options)


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
    with open_assistant(options) as assistant:
        backend = assistant.backend()
        method = options.sign_in or SignInMethod.BROWSER.value
        account = backend.sign_in(SignInMethod(method), tenant_id=options.tenant, on_prompt=show_prompt)
        show(
            options,
            {"username": account.username, "tenant_id": account.tenant_id},
            f"Signed in as {account.username} (directory {account.tenant_id}).",
        )
        if assistant.keystore.problem:
            say(f"The sign-in lasts for this command only: {assistant.keystore.problem}")
        return 0


def _sign_out(options: argparse.Namespace) -> int:
    with closing(Assistant(Choices(data_dir=options.data_dir))) as assistant:
        assistant.backend().sign_out()
        show(options, {}, "Signed out.")
        return 0


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "deploy": _deploy,
    "score": _score,
    "status": _status,
    "clean-up": _clean_up,
    "inspect": _inspect,
    "rehearse": _rehearse,
    "bench": _bench,
    "practice": _practice,
    "sign-in": _sign_in,
    "sign-out": _sign_out,
}
