"""What is loaded while the person reads page 1, in pieces too small to be felt."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

PIECES = (
    "gpu_assistant.domain.compute",
    "gpu_assistant.domain.service",
    "gpu_assistant.jobs.runner",
    "gpu_assistant.ledger",
    "gpu_assistant.workflows.plan",
    "gpu_assistant.wizard.opening",
    "gpu_assistant.saved_model.serving",
    "gpu_assistant.workflows.inspect_model",
    "gpu_assistant.wizard.preflight",
    "gpu_assistant.workflows.clean_up",
    "gpu_assistant.wizard.deploying",
    "gpu_assistant.workflows.score_image",
    "gpu_assistant.wizard.scoring_desk",
    "gpu_assistant.app",
    "gpu_assistant.ui.widgets.data_table",
    "gpu_assistant.ui.pages.machine",
    "gpu_assistant.ui.widgets.model_list",
    "gpu_assistant.workflows.rehearse",
    "gpu_assistant.ui.widgets.rehearsal_panel",
    "gpu_assistant.ui.pages.deploy_form",
    "gpu_assistant.ui.pages.deploy",
    "gpu_assistant.ui.pages.score_answer",
    "gpu_assistant.ui.pages.score_images",
    "gpu_assistant.ui.pages.score_keys",
    "gpu_assistant.workflows.load.results",
    "gpu_assistant.ui.widgets.load_result",
    "gpu_assistant.ui.pages.score_load",
    "gpu_assistant.ui.pages.score",
    "gpu_assistant.ui.pages.clean_up",
)
"""Each with what it needs and the pieces before it did not bring."""


def load_ahead() -> Iterator[None]:
    """Load one piece a step. Tk thread: on another one they would hold up whatever else is computed in Python."""
    for name in PIECES:
        import_module(name)
        yield
