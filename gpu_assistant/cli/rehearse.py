"""`gpu-assistant rehearse`: what would be deployed, run on this computer first."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from gpu_assistant.app import Assistant
from gpu_assistant.choices import Choices
from gpu_assistant.cli import feeding, report
from gpu_assistant.cli.photos import files_or_samples
from gpu_assistant.cli.session import show, watch
from gpu_assistant.cli.words import say
from gpu_assistant.jobs.cancel_meaning import CancelMeaning
from gpu_assistant.jobs.job import Job
from gpu_assistant.workflows.inspect_model import inspect_folder
from gpu_assistant.workflows.plan import DeployRequest
from gpu_assistant.workflows.rehearse import Rehearsal, rehearse
from gpu_assistant.workflows.score_many import Answer


def run(options: argparse.Namespace) -> int:
    """The command. Raises AssistantError: RehearsalFailed with the cause when the script stops."""
    request = _request(options)
    with closing(Assistant(Choices(data_dir=options.data_dir))) as assistant:
        images = files_or_samples(options.images, assistant.sample_photos())
        stage = assistant.rehearsal_stage()
        stage.require_packages()

        def work(job: Job) -> Rehearsal:
            return rehearse(
                request,
                options.folder,
                images,
                shipment=assistant.shipment,
                stage=stage,
                job=job,
                start_within_s=options.start_within,
            )

        held = watch(assistant, options, work, on_stop=CancelMeaning.STOP_WATCHING, changes_azure=False)
    if held is None:
        return 1
    held = replace(held, answers=_as_typed(held.answers, options.images))
    if options.log is not None:
        _save_log(held, options.log)
    show(options, to_json(held), to_text(held))
    return 0 if held.went_well else 1


def _request(options: argparse.Namespace) -> DeployRequest:
    """The settings that `deploy` would be given, as far as they matter without a cluster."""
    folder = options.folder.resolve()
    name = options.model.partition(":")[0] or folder.name or "model"
    request = DeployRequest(model=name, vm_size="", scoring_timeout_ms=round(options.timeout * 1000))
    wish, labels = feeding.wish_of(options), feeding.labels_of(options)
    request, how = feeding.with_feeding(request, wish, labels, inspect_folder(name, folder))
    about = feeding.told(how)
    if about is not None:
        say(about)
    return request


def _as_typed(answers: Sequence[Answer], typed: Sequence[Path]) -> tuple[Answer, ...]:
    """The answers under the names that were typed: a sample lies elsewhere."""
    return tuple(
        replace(answer, path=name, image=replace(answer.image, path=name) if answer.image is not None else None)
        for answer, name in zip(answers, typed or [Path(answer.path.name) for answer in answers], strict=True)
    )


def _save_log(held: Rehearsal, target: Path) -> None:
    try:
        target.write_text(held.log + "\n", encoding="utf-8")
    except OSError as exc:
        say(f"gpu-assistant: the log cannot be written to {target}: {exc.strerror or exc}")


def to_json(held: Rehearsal) -> dict[str, Any]:
    """`rehearse --json`."""
    return {
        "model": held.model,
        "went_well": held.went_well,
        "start_seconds": round(held.start_s, 1),
        "images": [_answer_json(answer) for answer in held.answers],
        "cause": held.cause,
        "tried": list(held.tried),
        "not_tried": list(held.not_tried),
    }


def _answer_json(answer: Answer) -> dict[str, Any]:
    if answer.image is not None:
        return report.scored_json([answer.image])[0]
    assert answer.error is not None
    return {"path": str(answer.path), **report.error_json(answer.error)}


def to_text(held: Rehearsal) -> str:
    """For a person: the answers, what this proves, and what it does not."""
    lines = [f"{held.model} was ready after {held.start_s:.0f} s."]
    for answer in held.answers:
        if answer.image is not None:
            lines.append(report.scored_text(answer.image))
        elif answer.error is not None:
            lines.append(f"{answer.path}\n  × {answer.error}")
    if held.cause:
        lines.append(f"The log says: {held.cause}")
    lines += [f"✓ {sentence}" for sentence in held.tried]
    lines += [f"– Not rehearsed: {sentence}" for sentence in held.not_tried]
    return "\n".join(lines)
