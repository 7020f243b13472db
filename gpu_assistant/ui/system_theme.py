"""Whether the desktop is dark. May wait up to two seconds: worker thread only."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence

_DEADLINE_S = 1.0
_PORTAL = (
    *("gdbus", "call", "--session", "--timeout", "1", "--dest", "org.freedesktop.portal.Desktop"),
    *("--object-path", "/org/freedesktop/portal/desktop", "--method", "org.freedesktop.portal.Settings.Read"),
    *("org.freedesktop.appearance", "color-scheme"),
)
_GSETTINGS = ("gsettings", "get", "org.gnome.desktop.interface", "color-scheme")
_WINDOWS_KEY = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"

Ask = Callable[[Sequence[str]], str]
"""Runs a program and gives what it printed; empty when it cannot be asked."""


def ask(command: Sequence[str]) -> str:
    """Run `command`, for a second at most."""
    import subprocess  # late: the window is there before this is asked

    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_DEADLINE_S, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout if done.returncode == 0 else ""


def system_is_dark(
    *, platform: str = sys.platform, environment: Mapping[str, str] = os.environ, ask: Ask = ask
) -> bool:
    """What the desktop prefers; light where it does not say."""
    if platform == "win32":
        return _windows_is_dark()
    if platform == "darwin":
        return "dark" in ask(("defaults", "read", "-g", "AppleInterfaceStyle")).lower()
    if _has_session_bus(environment):
        # "(<<uint32 1>>,)": 1 prefers dark, 2 prefers light, 0 says nothing
        portal = ask(_PORTAL)
        if "uint32 1" in portal:
            return True
        if "uint32 2" in portal:
            return False
        scheme = ask(_GSETTINGS)
        if "prefer-" in scheme:
            return "prefer-dark" in scheme
    return environment.get("GTK_THEME", "").lower().endswith((":dark", "-dark"))


def _has_session_bus(environment: Mapping[str, str]) -> bool:
    """Without one, the programs above would start one, or wait."""
    runtime = environment.get("XDG_RUNTIME_DIR")
    return bool(environment.get("DBUS_SESSION_BUS_ADDRESS")) or bool(
        runtime and os.path.exists(os.path.join(runtime, "bus"))
    )


def _windows_is_dark() -> bool:
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _WINDOWS_KEY) as key:
                return bool(winreg.QueryValueEx(key, "AppsUseLightTheme")[0] == 0)
        except OSError:
            pass  # Windows before there was a choice
    return False
