"""How the window looks: theme, language, size and place; remembered between starts."""

from __future__ import annotations

import enum
from collections.abc import Callable
from pathlib import Path

from gpu_assistant.i18n import LANGUAGES, system_language, use_language
from gpu_assistant.settings import Settings, WindowPlace, change_settings, load_settings
from gpu_assistant.ui.errands import Errands
from gpu_assistant.ui.system_theme import system_is_dark
from gpu_assistant.ui.theme import Root, use_dark


class Theme(enum.Enum):
    """What the person chose."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


SYSTEM_LANGUAGE = ""
"""Chosen as `language`: the desktop's."""


class Appearance:
    """The person's choices and what follows from them. Tk thread.

    Made before the window, as the window is created in its theme; `attach` then lets it change the window.
    `theme` and `language` given here (program options) hold for this start only, until the person chooses anew.
    """

    def __init__(
        self,
        settings_file: Path,
        *,
        theme: str | None = None,
        language: str | None = None,
        ask_system: Callable[[], bool] = system_is_dark,
    ) -> None:
        saved = load_settings(settings_file)
        self._file = settings_file
        self._errands: Errands | None = None
        self._ask_system = ask_system
        self._root: Root | None = None
        self._system_is_dark = saved.system_is_dark
        self._on_language: Callable[[], None] = lambda: None
        self.theme = _theme(theme or saved.theme)
        self.language = language if language in LANGUAGES else saved.language
        self.place: WindowPlace | None = saved.window
        use_language(self.language or system_language())

    @property
    def is_dark(self) -> bool:
        """Whether the window is to be dark now."""
        return self._system_is_dark if self.theme is Theme.SYSTEM else self.theme is Theme.DARK

    def attach(self, root: Root, errands: Errands, *, on_language: Callable[[], None]) -> None:
        """From now on choices show in `root`; `on_language` draws the window anew in another language."""
        self._root = root
        self._errands = errands
        self._on_language = on_language

    def ask_desktop(self) -> None:
        """Ask anew whether the desktop is dark, where that matters; the answer is followed when it comes."""
        if self.theme is Theme.SYSTEM and self._errands is not None:
            self._errands.run(self._ask_system, self._heard)

    def choose_theme(self, theme: Theme) -> None:
        """The person wants this theme."""
        self.theme = theme
        self._show()
        self.ask_desktop()
        self._save(lambda settings: settings._replace(theme=theme.value))

    def choose_language(self, language: str) -> None:
        """The person wants this language; SYSTEM_LANGUAGE for the desktop's."""
        self.language = language
        use_language(language or system_language())
        self._on_language()
        self._save(lambda settings: settings._replace(language=language))

    def pose(self, *, dark: bool, language: str) -> None:
        """Look like this until told otherwise, without changing what the person chose: for a picture."""
        if self._root is not None:
            use_dark(self._root, dark)
            self._root.update_idletasks()  # the theme's styles are made now; a widget made before would go without
        use_language(language)
        self._on_language()

    def remember_place(self, place: WindowPlace) -> None:
        """Where the window was when it was closed. Written at once: the program ends."""
        self.place = place
        change_settings(self._file, lambda settings: settings._replace(window=place))

    def _heard(self, dark: bool) -> None:
        if dark != self._system_is_dark:
            self._system_is_dark = dark
            self._save(lambda settings: settings._replace(system_is_dark=dark))
        self._show()

    def _show(self) -> None:
        if self._root is not None:
            use_dark(self._root, self.is_dark)

    def _save(self, change: Callable[[Settings], Settings]) -> None:
        if self._errands is not None:
            self._errands.run(lambda: change_settings(self._file, change))


def _theme(name: str) -> Theme:
    return next((theme for theme in Theme if theme.value == name), Theme.SYSTEM)
