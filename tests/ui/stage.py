"""Starts programs with windows for one test, each with a home of its own, and tells what they said when it fails."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from gpu_assistant import paths
from tests.conftest import ROOT, CommandLine, clean_environment
from tests.ui.file_manager import FileManager, open_file_manager
from tests.ui.person import Person, Program
from tests.ui.screen import Screen

_NEW_WINDOW_S = 60.0


class Stage:
    """What one test has started. `close()` ends all of it."""

    def __init__(self, screen: Screen, folder: Path) -> None:
        self._screen = screen
        self._folder = folder
        self._things = contextlib.ExitStack()
        self.people: list[Person] = []

    def start_window(
        self, *options: str, on: Screen | None = None, data_dir: Path | None = None, **environment: str | None
    ) -> Person:
        """Start gpu-assistant as the README says, with `options`; returns once the window is on screen.

        Without `data_dir` it gets a fresh one. The sample model comes from the cache of whoever runs the tests.
        """
        data_dir = data_dir or self._new_folder("data")
        screen_map = self._new_folder("map") / "screen.json"
        command = [sys.executable, "-m", "gpu_assistant", *options, "--data-dir", str(data_dir)]
        line = CommandLine(data_dir)
        self._things.callback(line.stop_practice)
        person = self.start(
            [*command, "--screen-map", str(screen_map), "--strict-threads"],
            screen_map=screen_map,
            data_dir=data_dir,
            on=on,
            **environment,
        )
        person.wait_for(lambda view: view.windows, _NEW_WINDOW_S, "window")
        return person

    def start(
        self,
        command: Sequence[str],
        *,
        screen_map: Path,
        data_dir: Path,
        on: Screen | None = None,
        **environment: str | None,
    ) -> Person:
        """Start any program that writes a screen map. What is None in `environment` is not in the program's."""
        screen = on or self._screen
        home = self._new_folder("home")
        output = home / "output.txt"
        whole = {**self._home_environment(home), "DISPLAY": screen.display, **environment}
        with output.open("wb") as out:
            process = subprocess.Popen(
                command,
                env={name: value for name, value in whole.items() if value is not None},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=home,
            )
        person = Person(screen, Program(process, output, screen_map, data_dir))
        self._things.callback(person.program.end)
        self.people.append(person)
        return person

    def open_file_manager(self, folder: Path, *, on: Screen | None = None) -> FileManager:
        """A file manager on a folder with at most 12 files of any kind, and one folder if need be."""
        home = self._new_folder("files-home")
        return self._things.enter_context(open_file_manager(on or self._screen, folder, home))

    def explain(self) -> str:
        """What every program shows and said, and where the pictures of the screens are."""
        texts = []
        for number, person in enumerate(self.people):
            try:
                picture = str(person.screenshot(self._folder / f"screen{number}.png"))
            except subprocess.SubprocessError as error:
                picture = f"none, {error}"
            seen = "(no window)" if person.program.has_ended else str(person.read())
            texts.append(f"screenshot: {picture}\n{seen}\n{person.program.said()}")
        return "\n\n".join(texts)

    def close(self) -> None:
        """End everything; AssertionError when a program spoke of an exception nobody caught."""
        self._things.close()
        for person in self.people:
            said = person.program.output.read_text(encoding="utf-8", errors="replace")
            assert "Traceback (most recent call last)" not in said, said
            assert "Tk was called" not in said, said

    def _new_folder(self, name: str) -> Path:
        number = sum(1 for folder in self._folder.iterdir() if folder.name.startswith(name))
        folder = self._folder / f"{name}{number}"
        folder.mkdir()
        return folder

    def _home_environment(self, home: Path) -> dict[str, str]:
        inherited = {name: value for name, value in clean_environment().items() if not name.startswith("XDG_")}
        return {
            **inherited,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "XDG_DATA_HOME": str(home / ".local/share"),
            "XDG_RUNTIME_DIR": str(home),
            "GPU_ASSISTANT_CACHE_DIR": str(paths.user_folders().cache),
            "PYTHONPATH": str(ROOT),
            "LANG": "C.UTF-8",
        }
