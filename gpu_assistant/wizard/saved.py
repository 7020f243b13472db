"""The choices that outlive a restart, as a small JSON file. Never a secret."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any, NamedTuple

from gpu_assistant.wizard.state import DeployChoice, MachineChoice, Step

log = logging.getLogger(__name__)


class SavedChoices(NamedTuple):
    """What was chosen in the workspace with the ARM id `workspace_id`, and the page that was open last."""

    workspace_id: str = ""
    practice: bool = False
    machine: MachineChoice | None = None
    deployment: DeployChoice = DeployChoice()
    service_name: str = ""
    step: Step = Step.WORKSPACE


def load_choices(path: Path) -> SavedChoices:
    """What was saved; nothing when there is none or it cannot be understood."""
    try:
        saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        machine = saved.get("machine")
        return SavedChoices(
            workspace_id=str(saved["workspace_id"]),
            practice=bool(saved.get("practice")),
            machine=_typed(MachineChoice, machine) if machine else None,
            deployment=_typed(DeployChoice, saved.get("deployment") or {}),
            service_name=str(saved.get("service_name") or ""),
            step=_step(saved.get("step")),
        )
    except FileNotFoundError:
        return SavedChoices()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        log.warning("saved choices not read: %s", exc)
        return SavedChoices()


def save_choices(path: Path, choices: SavedChoices) -> None:
    """Whole or not at all. A disk that refuses only loses the convenience."""
    draft = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        words = choices._asdict() | {
            "machine": choices.machine._asdict() if choices.machine is not None else None,
            "deployment": choices.deployment._asdict(),
            "step": choices.step.name.lower(),
        }
        draft.write_text(json.dumps(words, indent=2), encoding="utf-8")
        os.replace(draft, path)
    except OSError as exc:
        log.warning("choices not saved: %s", exc)


def _step(name: object) -> Step:
    """The page of that name; the first one when there is none."""
    return next((step for step in Step if step.name.lower() == name), Step.WORKSPACE)


def _typed(cls: type[Any], saved: dict[str, Any]) -> Any:
    """An object of `cls` from what a file says; a value of another type than the default's is left out."""
    good = {}
    for name, default in cls()._asdict().items():
        value = saved.get(name, default)
        if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is type(default):
            good[name] = value
    return cls(**good)
