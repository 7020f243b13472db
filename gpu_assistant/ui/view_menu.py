"""The menu at the foot of the side bar."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from typing import NamedTuple

from gpu_assistant.i18n import LANGUAGES, mark, tr
from gpu_assistant.ui.appearance import SYSTEM_LANGUAGE, Appearance, Theme
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import PlainMenubutton
from gpu_assistant.ui.widgets.mnemonic import underlined
from gpu_assistant.ui.widgets.popup_menu import PopupMenu

_THEMES = {
    Theme.SYSTEM: mark("Follow the desktop"),
    Theme.LIGHT: mark("Light"),
    Theme.DARK: mark("Dark"),
}

_SYSTEM_VALUE = "system"
"""Stands for SYSTEM_LANGUAGE: Tk takes an empty value of an entry for none."""


class MenuActions(NamedTuple):
    """What its entries do."""

    help: Callable[[], object]
    report_problem: Callable[[], object]
    open_logs: Callable[[], object]
    quit: Callable[[], object]


class ViewMenu(PlainMenubutton):
    """Theme and language, switched at once; help, problem report, log folder, quit. Tk thread."""

    def __init__(self, parent: tk.Misc, appearance: Appearance, actions: MenuActions) -> None:
        label, place = underlined(tr("Menu"), "m")
        super().__init__(parent, text=f"{label}  ", underline=place, style="Side.TMenubutton", direction="above")
        named(self, "menu")
        self._theme = tk.StringVar(self, appearance.theme.value)
        self._language = tk.StringVar(self, appearance.language or _SYSTEM_VALUE)
        menu = named(PopupMenu(self), "menu.entries")
        self._head(menu, tr("Theme"))
        for theme, name in _THEMES.items():
            menu.add_radiobutton(
                label=tr(name),
                variable=self._theme,
                value=theme.value,
                command=lambda theme=theme: appearance.choose_theme(theme),  # type: ignore[misc]
            )
        menu.add_separator()
        self._head(menu, tr("Language"))
        own_names = {SYSTEM_LANGUAGE: tr("Follow the desktop"), **LANGUAGES}
        for code, name in own_names.items():
            menu.add_radiobutton(
                label=name,
                variable=self._language,
                value=code or _SYSTEM_VALUE,
                # the menu itself is made anew by this, so Tk must be through with it first
                command=lambda code=code: self.after_idle(appearance.choose_language, code),  # type: ignore[misc]
            )
        menu.add_separator()
        menu.add_command(label=tr("Help"), accelerator="F1", command=actions.help)
        menu.add_command(label=tr("Report a problem…"), command=actions.report_problem)
        menu.add_command(label=tr("Open the log folder"), command=actions.open_logs)
        menu.add_separator()
        menu.add_command(label=tr("Quit"), accelerator="Ctrl+Q", command=actions.quit)
        self["menu"] = menu
        for key in ("<Key-space>", "<Return>", "<KP_Enter>"):
            self.bind(key, self._post_by_key)

    def post(self) -> None:
        """Open it by the keyboard."""
        self.focus_set()
        self.tk.call("ttk::menubutton::Popdown", str(self))

    def _post_by_key(self, event: tk.Event[tk.Misc]) -> str:
        self.post()
        return "break"

    def _head(self, menu: tk.Menu, text: str) -> None:
        menu.add_command(label=text, state="disabled")
