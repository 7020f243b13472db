"""The entry in the applications menu: written, started by a desktop's own launcher, removed."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gpu_assistant import desktop_entry, paths
from gpu_assistant.desktop_entry import Launch
from tests.conftest import CommandLine, clean_environment

pytestmark = pytest.mark.skipif(not desktop_entry.is_supported(), reason="Linux desktops only")

SCRIPT = '#!/bin/sh\nfor word in "$@"; do printf "%s\\n" "$word"; done > "$TOLD"; pwd >> "$TOLD"\n'

HARD_NAMES = (
    "plain",
    "with space",
    "100% sure",
    'quote " and \\ backslash',
    "$HOME and `tick`",
    "한국어 (1) & co; ~ #",
    "it's",
)


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _validate(entry: Path) -> None:
    validator = shutil.which("desktop-file-validate")
    if validator is None:
        pytest.skip("desktop-file-validate is not installed: apt-get install desktop-file-utils")
    done = subprocess.run([validator, str(entry)], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_template_is_valid() -> None:
    _validate(paths.resource("desktop", "gpu-assistant.desktop"))


def test_install_writes_entry_and_icons_and_remove_takes_all_of_it(tmp_path: Path) -> None:
    entry = desktop_entry.install(Launch(("/opt/gpu-assistant",)), tmp_path)
    assert entry == tmp_path / "applications" / "gpu-assistant.desktop"
    sizes = [f"{size}x{size}" for size in (128, 16, 256, 32, 48, 64)]
    icons = [f"icons/hicolor/{size}/apps/gpu-assistant.png" for size in sizes]
    icons.append("icons/hicolor/scalable/apps/gpu-assistant.svg")
    assert _files(tmp_path) == ["applications/gpu-assistant.desktop", *icons]
    _validate(entry)

    stranger = tmp_path / "applications" / "another.desktop"
    stranger.write_text("not ours", encoding="utf-8")
    assert desktop_entry.remove(tmp_path)
    assert _files(tmp_path) == ["applications/another.desktop"]
    assert not desktop_entry.remove(tmp_path)


def test_installing_again_replaces_the_command(tmp_path: Path) -> None:
    desktop_entry.install(Launch(("/old/gpu-assistant",)), tmp_path)
    text = desktop_entry.install(Launch(("/new/gpu-assistant",)), tmp_path).read_text(encoding="utf-8")
    assert "/new/gpu-assistant" in text
    assert "/old/" not in text


@pytest.mark.parametrize("name", HARD_NAMES)
def test_a_desktop_starts_the_very_command(tmp_path: Path, name: str) -> None:
    """GLib's launcher, which GNOME and Xfce use, reads the entry back."""
    gio = shutil.which("gio")
    if gio is None:
        pytest.skip("gio is not installed: apt-get install libglib2.0-bin")
    folder = tmp_path / name
    folder.mkdir()
    script, told = folder / "gpu-assistant", tmp_path / "told"
    script.write_text(SCRIPT, encoding="utf-8")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    entry = desktop_entry.install(Launch((str(script), "-m", name), folder), tmp_path / "data")
    _validate(entry)
    subprocess.run([gio, "launch", str(entry)], env=clean_environment(TOLD=str(told)), check=True, timeout=30)
    _wait_for(told, lines=3)
    assert told.read_text(encoding="utf-8").splitlines() == ["-m", name, str(folder)]


def test_a_line_break_cannot_smuggle_another_key_in(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no desktop entry can name"):
        desktop_entry.install(Launch(("/tmp/a\nExec=evil",)), tmp_path)
    assert not (tmp_path / "applications" / "gpu-assistant.desktop").exists()


def test_the_window_class_is_the_one_tk_gives() -> None:
    from gpu_assistant.ui.theme import CLASS_NAME

    text = paths.resource("desktop", "gpu-assistant.desktop").read_text(encoding="utf-8")
    assert f"\nStartupWMClass={CLASS_NAME.capitalize()}\n" in text


def test_it_starts_what_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "gpu-assistant"
    script.write_text(SCRIPT, encoding="utf-8")
    module = (sys.executable, "-m", "gpu_assistant")
    assert desktop_entry.find_launch(str(script)).command == module  # nobody can run it
    script.chmod(0o755)
    assert desktop_entry.find_launch(str(script)) == Launch((str(script),))
    assert desktop_entry.find_launch(str(tmp_path / "python" / "__main__.py")).command == module
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert desktop_entry.find_launch(str(script)) == Launch((sys.executable,))


def test_from_the_command_line(gpu_assistant: CommandLine, tmp_path: Path) -> None:
    gpu_assistant.environment["XDG_DATA_HOME"] = str(tmp_path)
    added = _run(gpu_assistant, "--install-desktop-entry")
    entry = tmp_path / "applications" / "gpu-assistant.desktop"
    assert added == f"Added to your applications menu: {entry}\n"
    _validate(entry)
    assert _run(gpu_assistant, "--remove-desktop-entry") == "Removed from your applications menu.\n"
    assert _run(gpu_assistant, "--remove-desktop-entry") == "It was not in your applications menu.\n"


def test_a_folder_that_cannot_be_written_is_a_sentence(gpu_assistant: CommandLine, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file_instead_of_folder"
    in_the_way.write_text("", encoding="utf-8")
    gpu_assistant.environment["XDG_DATA_HOME"] = str(in_the_way)
    ran = gpu_assistant("--install-desktop-entry", check=False)
    assert ran.code == 1
    assert ran.err.startswith("gpu-assistant: the applications menu could not be changed: ")
    assert len(ran.err.splitlines()) == 1


def _run(gpu_assistant: CommandLine, *words: str) -> str:
    return gpu_assistant(*words).out


def _wait_for(file: Path, *, lines: int) -> None:
    """A launcher does not wait for what it starts."""
    import time

    deadline = time.monotonic() + 20
    while not file.exists() or len(file.read_text(encoding="utf-8").splitlines()) < lines:
        assert time.monotonic() < deadline, "nothing was started"
        time.sleep(0.02)
