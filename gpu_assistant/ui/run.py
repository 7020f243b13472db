"""Shows the window, fast: first the window, then everything else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from gpu_assistant.paths import user_folders
from gpu_assistant.ui.appearance import Appearance
from gpu_assistant.ui.main_window import MainWindow
from gpu_assistant.ui.theme import create_root
from gpu_assistant.ui.thread_guard import end_program, guard
from gpu_assistant.wizard.controller import Controller
from gpu_assistant.wizard.state import Step

_SWITCH_EVERY_S = 0.0005


class WindowOptions(NamedTuple):
    """What the command line says about the window. None leaves it to the person's own settings."""

    data_dir: Path | None = None
    practice: bool = False
    """Open the practice workspace at once."""
    page: Step | None = None
    screen_map: Path | None = None
    """Keep an outline of the screen in this file."""
    strict_threads: bool = False
    """End the program when another thread touches Tk."""
    theme: str | None = None
    language: str | None = None


MakeController = Callable[[], Controller]
WhenShown = Callable[[MainWindow], None]


def run_window(make_controller: MakeController, options: WindowOptions, *, when_shown: WhenShown | None = None) -> int:
    """Show the window until it is closed; returns the exit code. `make_controller` must not wait for anything.

    `when_shown` is called once, on the Tk thread, after the window is on screen and the controller has started.
    """
    # Workers that compute in Python must not hold the window up for the usual 5 ms at a time.
    sys.setswitchinterval(_SWITCH_EVERY_S)
    folders = user_folders(options.data_dir)
    appearance = Appearance(folders.settings, theme=options.theme, language=options.language)
    root = create_root(dark=appearance.is_dark)
    if options.strict_threads:
        guard(root, end_program)
    controller = make_controller()
    window = MainWindow(root, controller, appearance=appearance, page=options.page, logs=folders.logs)

    def begin() -> None:
        window.start()
        controller.start()
        if options.practice:
            controller.open_practice()
        if options.screen_map is not None:
            from gpu_assistant.ui.screen_map import ScreenMap

            ScreenMap(root, options.screen_map)
        if when_shown is not None:
            when_shown(window)

    window.show()
    root.update()  # places first and drawing last; by idle work alone, all would be drawn once more when it appears
    if not window.is_closed:
        root.after_idle(lambda: root.after(1, begin))
        root.mainloop()
    return 0
