from __future__ import annotations

import json
from pathlib import Path

import pytest

from gpu_assistant.domain.workspace import WorkspaceRef
from gpu_assistant.settings import (
    Settings,
    find_workspace_config,
    load_settings,
    read_workspace_config,
    remember_workspace,
)

REF = WorkspaceRef("sub", "rg", "ws", region="eastus", tenant_id="tenant")
CONFIG = {"subscription_id": "sub", "resource_group": "rg", "workspace_name": "ws"}


def test_the_last_workspace_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "settings.json"
    assert load_settings(path) == Settings()
    remember_workspace(path, REF)
    assert load_settings(path).workspace == REF


@pytest.mark.parametrize("content", ["", "{", "[]", '{"workspace": null}', '{"workspace": {"name": "x"}}', "\udcff"])
def test_settings_that_cannot_be_read_are_the_defaults(tmp_path: Path, content: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(content, encoding="utf-8", errors="surrogateescape")
    assert load_settings(path) == Settings()


def test_a_disk_that_refuses_loses_only_the_convenience(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    remember_workspace(tmp_path / "file" / "settings.json", REF)


@pytest.mark.parametrize("place", ["config.json", ".azureml/config.json", "aml_config/config.json"])
def test_the_portals_config_is_found_above(tmp_path: Path, place: str) -> None:
    file = tmp_path / place
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(CONFIG))
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_workspace_config(below) == WorkspaceRef("sub", "rg", "ws")


def test_somebody_elses_config_is_not_taken_for_one(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text('{"name": "something else"}')
    assert read_workspace_config(file) is None
