"""Where the work is done."""

from __future__ import annotations

from dataclasses import dataclass

from gpu_assistant.domain.workspace import WorkspaceRef
from gpu_assistant.keystore import service_entry


@dataclass(frozen=True, slots=True)
class Site:
    """One workspace, and whether it is a practice one.

    `key_scope` keeps the keys of practice workspaces in different data folders apart in the one OS keyring.
    """

    workspace: WorkspaceRef
    practice: bool = False
    key_scope: str = ""

    def key_entry(self, service_name: str) -> str:
        """The name under which the keystore holds the keys of a web service."""
        return service_entry(self.workspace, service_name, scope=self.key_scope)
