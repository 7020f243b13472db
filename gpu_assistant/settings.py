"""What the program remembers of the person's choices. Never a secret."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path

from gpu_assistant.domain.workspace import WorkspaceRef

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """The last real workspace, so that it need not be named again."""

    workspace: WorkspaceRef | None = None


def load_settings(path: Path) -> Settings:
    """The saved settings; the defaults when there are none or they cannot be read."""
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))["workspace"]
        return Settings(WorkspaceRef(**{key: str(value) for key, value in saved.items()}))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        log.warning("settings not read: %s", exc)
        return Settings()


def remember_workspace(path: Path, workspace: WorkspaceRef) -> None:
    """Save the workspace, whole or not at all. A disk that refuses only loses the convenience."""
    settings = replace(load_settings(path), workspace=workspace)
    assert settings.workspace is not None
    kept = {name: getattr(settings.workspace, name) for name in WorkspaceRef.__slots__}
    draft = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps({"workspace": kept}, indent=2), encoding="utf-8")
        os.replace(draft, path)
    except OSError as exc:
        log.warning("settings not saved: %s", exc)


def read_workspace_config(path: Path) -> WorkspaceRef | None:
    """The workspace of a `config.json` as the Azure portal gives it for download; None when it is not one."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        return WorkspaceRef(config["subscription_id"], config["resource_group"], config["workspace_name"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def find_workspace_config(folder: Path) -> WorkspaceRef | None:
    """The nearest `config.json` at or above `folder`, where the SDK looks for it too."""
    for place in (folder, *folder.parents):
        for name in ("config.json", ".azureml/config.json", "aml_config/config.json"):
            found = read_workspace_config(place / name)
            if found is not None:
                return found
    return None
