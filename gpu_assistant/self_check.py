"""Does this installation work? Each part of the program is really used once, and what was seen is told.

For support, and for whoever packages the program: `gpu-assistant --self-check`, with `--json` for machines. Nothing
is sent anywhere; the keyring gets one entry that is deleted at once, and may ask for its password.
"""

from __future__ import annotations

import gc
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from gpu_assistant import __version__, paths
from gpu_assistant.app import missing_practice_package
from gpu_assistant.backends.base import BackendConfig
from gpu_assistant.backends.remote import RemoteBackend
from gpu_assistant.domain.errors import AssistantError
from gpu_assistant.domain.secret import Secret
from gpu_assistant.keystore import open_keystore

_FILES = (
    ("vm_sizes.toml",),
    ("locale", "ko", "LC_MESSAGES", "gpu_assistant.mo"),
    ("icons", "gpu-assistant-16.png"),
    ("desktop", "gpu-assistant.desktop"),
)
_PROBE = "self-check"


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of the program: whether it works here, and what was seen or what is wrong."""

    part: str
    works: bool
    seen: str
    is_needed: bool = True
    """Whether the program is of no use without it."""


def self_check(data_dir: Path | None = None) -> tuple[Finding, ...]:
    """Try every part. Main thread, no window open; takes some seconds, longer while a keyring asks for its password."""
    return (_files(), *_window(), _keyring(), _sdk(data_dir), _practice())


def all_needed_work(findings: Sequence[Finding]) -> bool:
    """Whether the program can do its work."""
    return all(finding.works for finding in findings if finding.is_needed)


def to_json(findings: Sequence[Finding]) -> Mapping[str, Any]:
    """What `--json` prints."""
    return {
        "works": all_needed_work(findings),
        "version": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "bundle": _is_bundle(),
        "parts": {
            finding.part: {"works": finding.works, "needed": finding.is_needed, "seen": finding.seen}
            for finding in findings
        },
    }


def to_text(findings: Sequence[Finding]) -> str:
    """The same for people, a line for each part."""
    place = "bundle" if _is_bundle() else f"Python {platform.python_version()}"
    lines = [f"gpu-assistant {__version__} ({place}, {platform.platform()})"]
    width = max(len(finding.part) for finding in findings)
    for finding in findings:
        mark = "ok" if finding.works else "PROBLEM" if finding.is_needed else "missing"
        lines.append(f"  {finding.part:<{width}}  {mark:<7}  {finding.seen}")
    return "\n".join(lines)


# --- parts --------------------------------------------------------------------------------------------------------


def _files() -> Finding:
    wanted = [*(paths.resource(*parts) for parts in _FILES), paths.scoring_folder() / "score.py"]
    missing = [str(file) for file in wanted if not file.is_file()]
    return Finding("files", not missing, f"missing: {', '.join(missing)}" if missing else str(paths.resource()))


def _window() -> tuple[Finding, ...]:
    """A window is made and never shown."""
    findings = _try_window()
    # What is left of it goes here and now: Python tidies up on any thread, and when that is not the interpreter's own
    # (the SDK process is listened to on another), Tcl ends the program.
    gc.collect()
    return findings


def _try_window() -> tuple[Finding, ...]:
    try:
        import tkinter as tk

        from PIL import Image, ImageTk

        from gpu_assistant.ui.theme import create_root
    except ImportError as error:
        return (Finding("window", False, f"{error} (on Debian and Ubuntu: apt install python3-tk)"),)
    try:
        root = create_root()
    except (tk.TclError, RuntimeError) as error:
        return (Finding("window", False, str(error)),)
    try:
        ImageTk.PhotoImage(Image.new("RGB", (1, 1)), master=root)
        found = f"Tk {root.tk.call('info', 'patchlevel')} on {root.tk.call('tk', 'windowingsystem')}"
        dots = f"{root.winfo_screenwidth()}x{root.winfo_screenheight()}, {root.winfo_fpixels('1i'):.0f} dpi"
        if root.can_drop:
            drop = Finding("drop", True, f"tkdnd {root.tk.call('package', 'provide', 'tkdnd')}", is_needed=False)
        else:
            drop = Finding("drop", False, "tkdnd cannot be loaded; files can be opened and pasted", is_needed=False)
        return Finding("window", True, f"{found}, {dots}"), drop
    except (tk.TclError, ImportError) as error:
        return (Finding("window", False, str(error)),)
    finally:
        root.destroy()


def _keyring() -> Finding:
    """Where keys would be kept, found out by keeping one."""
    import keyring

    chosen = type(keyring.get_keyring())
    name = f"{chosen.__module__}.{chosen.__name__}"
    keystore = open_keystore()
    if not keystore.problem:
        keystore.save(_PROBE, Secret("a value to be deleted at once"))
        try:
            keystore.forget(_PROBE)
        except AssistantError as error:
            return Finding("keyring", False, f"{name}: {error}", is_needed=False)
    return Finding(
        "keyring", not keystore.problem, f"{name}: {keystore.problem}" if keystore.problem else name, is_needed=False
    )


def _sdk(data_dir: Path | None) -> Finding:
    """The SDK process is started, loads the SDK and answers. Nobody is signed in, so it asks nothing of Azure."""
    home = paths.user_folders(data_dir).sdk_home
    backend = RemoteBackend(lambda: BackendConfig(home=home))
    try:
        backend.account()
    except (AssistantError, OSError) as error:
        return Finding("sdk", False, str(error))
    finally:
        backend.close()
    return Finding("sdk", True, f"azureml-core {_version('azureml-core')} in a process of its own")


def _practice() -> Finding:
    missing = missing_practice_package()
    if not missing:
        return Finding("practice", True, "all of its packages are here", is_needed=False)
    if _is_bundle():
        return Finding("practice", False, "not part of the bundle, for its size; pip installs it", is_needed=False)
    return Finding("practice", False, f'no {missing}: pip install "gpu-assistant[practice]"', is_needed=False)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "of unknown version"


def _is_bundle() -> bool:
    return bool(getattr(sys, "frozen", False))
