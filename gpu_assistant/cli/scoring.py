"""Which web service a command asks, and what asks it."""

from __future__ import annotations

from gpu_assistant.app import Assistant
from gpu_assistant.backends.base import WorkspaceBackend
from gpu_assistant.cli.session import show_prompt
from gpu_assistant.scoring_client import ScoringClient
from gpu_assistant.workflows.score_image import Endpoint, Scorer, find_endpoint


def find_scorer(assistant: Assistant, service: str, client: ScoringClient) -> tuple[Scorer, Endpoint]:
    """The named web service, or the one there is. Raises AssistantError, as for a workspace that is not known."""

    def backend() -> WorkspaceBackend:
        return assistant.connect(show_prompt)

    if not assistant.has_workspace:
        backend()  # says what is missing
    endpoint = find_endpoint(service, site=assistant.site, ledger=assistant.ledger, backend=backend)
    scorer = Scorer(
        endpoint,
        site=assistant.site,
        ledger=assistant.ledger,
        keystore=assistant.keystore,
        client=client,
        backend=backend,
    )
    return scorer, endpoint
