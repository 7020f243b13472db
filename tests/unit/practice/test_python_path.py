from __future__ import annotations

import os
import site
from pathlib import Path

import pytest

from gpu_assistant.practice.python_path import PACKAGE_ROOT, child_python_path


def test_a_checkout_is_named_first_and_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", "/a", str(PACKAGE_ROOT), "b"]))
    expected = [PACKAGE_ROOT, Path("/a").resolve(), tmp_path.resolve() / "b"]
    assert child_python_path().split(os.pathsep) == [str(folder) for folder in expected]
    monkeypatch.delenv("PYTHONPATH")
    assert child_python_path() == str(PACKAGE_ROOT)


def test_an_installed_package_needs_no_mention(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "getsitepackages", lambda: [str(PACKAGE_ROOT)])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/a", str(PACKAGE_ROOT)]))
    assert child_python_path() == str(Path("/a").resolve())
