"""What the program remembers of the person's choices. Never a secret.

The window, the command line and a second window may save at the same moment; each save changes only what it is about
and replaces the file whole.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from gpu_assistant.domain.workspace import WorkspaceRef

log = logging.getLogger(__name__)

_RECENT_KEPT = 8
_saving = threading.Lock()
"""Saves of this process wait for each other; between processes the later one wins."""


class WindowPlace(NamedTuple):
    """Where the window was, in pixels of the screen it was on, and how many of them made an inch there."""

    width: int
    height: int
    left: int
    top: int
    dots_per_inch: float = 96.0
    maximized: bool = False


class Settings(NamedTuple):
    """The last real workspace, so that it need not be named again, and how the window looks.

    `theme` is "system", "light" or "dark"; `language` a code, or empty for the desktop's own.
    """

    workspace: WorkspaceRef | None = None
    recent: tuple[WorkspaceRef, ...] = ()
    """Real workspaces opened before, the latest first."""
    theme: str = "system"
    language: str = ""
    system_is_dark: bool = False
    """What the desktop said when last asked: the window starts with it, for the answer takes a moment."""
    window: WindowPlace | None = None


def load_settings(path: Path) -> Settings:
    """The saved settings. What is not there, or cannot be read, is as by default; the rest is kept."""
    saved = _read(path)
    defaults = Settings()
    recent = saved.get("recent")
    return Settings(
        workspace=_workspace(saved.get("workspace")),
        recent=tuple(ref for one in (recent if isinstance(recent, list) else ()) if (ref := _workspace(one))),
        theme=_text(saved, "theme", defaults.theme),
        language=_text(saved, "language", defaults.language),
        system_is_dark=saved.get("system_is_dark") is True,
        window=_window(saved.get("window")),
    )


def change_settings(path: Path, change: Callable[[Settings], Settings]) -> Settings:
    """Read, change and save, whole or not at all; returns what holds now. Any thread.

    A disk that refuses only loses the convenience. What a later version of this program wrote there is kept.
    """
    with _saving:
        before = load_settings(path)
        after = change(before)
        if after != before:
            _write(path, {**_read(path), **_to_json(after)})
        return after


def remember_workspace(path: Path, workspace: WorkspaceRef) -> None:
    """Save the workspace as the last one opened."""

    def change(settings: Settings) -> Settings:
        others = [one for one in settings.recent if one.azure_id.lower() != workspace.azure_id.lower()]
        return settings._replace(workspace=workspace, recent=(workspace, *others)[:_RECENT_KEPT])

    change_settings(path, change)


def _read(path: Path) -> dict[str, Any]:
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        log.warning("settings not read: %s", exc)
        return {}
    return saved if isinstance(saved, dict) else {}


def _write(path: Path, content: Mapping[str, Any]) -> None:
    draft = path.with_suffix(f".{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")
        os.replace(draft, path)
    except OSError as exc:
        log.warning("settings not saved: %s", exc)
        with contextlib.suppress(OSError):
            draft.unlink()


def _to_json(settings: Settings) -> dict[str, Any]:
    return settings._asdict() | {
        "workspace": asdict(settings.workspace) if settings.workspace is not None else None,
        "recent": [asdict(workspace) for workspace in settings.recent],
        "window": settings.window._asdict() if settings.window is not None else None,
    }


def _text(saved: Mapping[str, Any], name: str, default: str) -> str:
    value = saved.get(name)
    return value if isinstance(value, str) else default


def _workspace(saved: object) -> WorkspaceRef | None:
    if not isinstance(saved, dict):
        return None
    try:
        return WorkspaceRef(**{str(key): str(value) for key, value in saved.items()})
    except TypeError as exc:
        log.warning("workspace not read from the settings: %s", exc)
        return None


def _window(saved: object) -> WindowPlace | None:
    if not isinstance(saved, dict):
        return None
    try:
        return WindowPlace(
            width=int(saved["width"]),
            height=int(saved["height"]),
            left=int(saved["left"]),
            top=int(saved["top"]),
            dots_per_inch=float(saved["dots_per_inch"]),
            maximized=saved.get("maximized") is True,
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


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
