"""How a deployed model is called and fed, from the options of the command line."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from gpu_assistant.backends.base import WorkspaceBackend
from gpu_assistant.domain.errors import ModelNotReadable
from gpu_assistant.domain.preprocessing import parse_preprocessing
from gpu_assistant.domain.text import Text
from gpu_assistant.jobs.job import Job
from gpu_assistant.saved_model.feeding import Certainty
from gpu_assistant.workflows.feeding import (
    Feeding,
    FeedingWish,
    fed,
    feeding_of,
    labels_problem,
    read_declaration,
    read_labels,
)
from gpu_assistant.workflows.inspect_model import ModelInspection, inspect_registered_model
from gpu_assistant.workflows.plan import DeployRequest, find_model
from gpu_assistant.workflows.site import Site


def wish_of(options: argparse.Namespace) -> FeedingWish:
    """What was said. Raises BadSetting when a file cannot be read or words make no sense."""
    wish = FeedingWish(options.signature, options.output, read_declaration(options.preprocess))
    if wish.preprocess:
        parse_preprocessing(wish.preprocess)
    return wish


def with_registered_model(
    request: DeployRequest,
    wish: FeedingWish,
    labels: tuple[str, ...],
    *,
    site: Site,
    backend: WorkspaceBackend,
    cache_folder: Path,
    job: Job,
) -> DeployRequest:
    """The request with all that the scoring script has to be told about the registered model, after a look into it.

    Raises a ModelError when it cannot be served, and BadSetting when it cannot be served like this. A model that
    cannot be looked into is deployed as it was asked for.
    """
    models = backend.models(request.model.partition(":")[0]) or backend.models()
    model = find_model(request.model, models)
    try:
        found = inspect_registered_model(model, site=site, backend=backend, cache_folder=cache_folder, job=job)
    except ModelNotReadable as problem:
        job.log(problem.detail)
        preprocessing = parse_preprocessing(wish.preprocess) if wish.preprocess else None
        return replace(
            request, signature=wish.signature, output=wish.output, preprocessing=preprocessing, labels=labels
        )
    request, feeding = with_feeding(request, wish, labels, found)
    about = told(feeding)
    if about is not None:
        job.log(about)
    return request


def with_feeding(
    request: DeployRequest, wish: FeedingWish, labels: tuple[str, ...], found: ModelInspection
) -> tuple[DeployRequest, Feeding]:
    """The request with what follows from a model. Raises BadSetting where that cannot work."""
    feeding = feeding_of(found, wish)
    request = fed(request, feeding, found, wish)
    problem = labels_problem(labels, feeding.class_count) if labels else None
    if problem is not None:
        raise problem
    return replace(request, labels=labels), feeding


def labels_of(options: argparse.Namespace) -> tuple[str, ...]:
    """The labels that were asked for; none leaves the model's own. Raises BadSetting."""
    return read_labels(options.labels) if options.labels else ()


def told(feeding: Feeding) -> Text | None:
    """A line about how images will be fed, where there is a choice."""
    if feeding.preprocessing is None:
        return None
    how = feeding.preprocessing.to_text()
    if feeding.certainty is Certainty.GUESS:
        return Text(
            "Images are fed as {how}. {reason} Check the answers, and choose with --preprocess.",
            how=how,
            reason=feeding.reason,
        )
    return Text("Images are fed as {how}. {reason}", how=how, reason=feeding.reason)
