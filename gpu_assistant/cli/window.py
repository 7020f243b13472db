"""`gpu-assistant` without a command: the window, and what its options do instead.

It is to be on screen quickly, so nothing is imported here that only the commands need.
"""

from __future__ import annotations

import argparse
import gc
import sys

from gpu_assistant.cli.choices import choices_of
from gpu_assistant.cli.words import out, say
from gpu_assistant.domain.errors import NoScreen
from gpu_assistant.domain.text import Text


def _self_check(options: argparse.Namespace) -> int:
    from gpu_assistant.cli.session import show
    from gpu_assistant.self_check import all_needed_work, self_check, to_json, to_text

    findings = self_check(options.data_dir)
    show(options, to_json(findings), to_text(findings))
    return 0 if all_needed_work(findings) else 1


def _desktop_entry(options: argparse.Namespace) -> int:
    from gpu_assistant import desktop_entry

    if not desktop_entry.is_supported():
        say("gpu-assistant: only Linux desktops have such entries. Windows and macOS make a shortcut of the program.")
        return 1
    try:
        if options.remove_desktop_entry:
            was_there = desktop_entry.remove()
            out("Removed from your applications menu." if was_there else "It was not in your applications menu.")
        else:
            entry = desktop_entry.install(desktop_entry.find_launch(sys.argv[0]))
            out(f"Added to your applications menu: {entry}")
    except OSError as error:
        say(f"gpu-assistant: the applications menu could not be changed: {error}")
        return 1
    return 0


def open_window(options: argparse.Namespace) -> int:
    if options.self_check:
        return _self_check(options)
    if options.install_desktop_entry or options.remove_desktop_entry:
        return _desktop_entry(options)
    gc.disable()  # what is imported now stays; the window collects by itself when it is there
    try:
        # Tk and its toolkit are loaded by nothing but the window.
        from gpu_assistant.ui.run import WindowOptions
        from gpu_assistant.window import WalkOptions, show_window
        from gpu_assistant.wizard.state import Step
    except ImportError as exc:
        if exc.name not in ("tkinter", "_tkinter"):
            raise
        raise NoScreen(
            reason=Text("this Python has no Tk; on Debian and Ubuntu: {command}", command="apt install python3-tk")
        ) from None
    if options.screenshots and not options.answers:
        say("gpu-assistant: --screenshots needs --answers")
        return 2
    walk = WalkOptions(options.answers, options.screenshots) if options.answers else None
    page = Step[options.page.replace("-", "_").upper()] if options.page else None
    return show_window(
        choices_of(options),
        WindowOptions(
            data_dir=options.data_dir,
            practice=options.practice and walk is None,
            page=page,
            screen_map=options.screen_map,
            strict_threads=options.strict_threads,
            theme=options.theme,
            language=options.language,
        ),
        walk,
    )
