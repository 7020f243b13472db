"""Imports flow one way: a table of who may import whom, and a test that prints the edge that breaks it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "gpu_assistant"
SCORING = PACKAGE.parent / "scoring"

# The parts of the house, and what each may import. Change the table when the design changes.
MAY_IMPORT: dict[str, set[str]] = {
    "domain": set(),
    "paths": set(),
    "logs": {"domain"},
    "ledger": {"domain"},
    "keystore": {"domain"},
    "settings": {"domain"},
    "choices": {"domain"},
    "images": {"domain"},
    "imagenet": {"domain"},
    "scoring_client": {"domain"},
    "saved_model": {"domain"},
    "jobs": {"domain", "logs"},
    "spawn": set(),
    "backends": {"domain", "logs", "paths", "spawn"},
    "practice": {"domain", "imagenet", "paths"},
    "workflows": {
        "backends.base",
        "domain",
        "imagenet",
        "images",
        "jobs",
        "keystore",
        "ledger",
        "logs",
        "saved_model",
        "scoring_client",
        "spawn",
    },
}
MAY_IMPORT["i18n"] = {"domain", "paths"}
MAY_IMPORT["wizard"] = {
    "backends.base",
    "domain",
    "i18n",
    "jobs",
    "keystore",
    "ledger",
    "logs",
    "scoring_client",
    "workflows",
}
MAY_IMPORT["ui"] = {
    "domain",
    "i18n",
    "images",
    "jobs",
    "logs",
    "paths",
    "saved_model",
    "settings",
    "wizard",
    "workflows",
}
MAY_IMPORT["app"] = {*MAY_IMPORT, "backends.base"} - {"wizard", "ui"}
MAY_IMPORT["window"] = {*MAY_IMPORT, "backends.base"}
MAY_IMPORT["desktop_entry"] = {"paths"}
MAY_IMPORT["self_check"] = {"app", "backends.base", "backends.remote", "domain", "keystore", "paths", "ui.theme"}
MAY_IMPORT["cli"] = {
    "app",
    "backends.base",
    "choices",
    "domain",
    "jobs",
    "keystore",
    "logs",
    "paths",
    "practice",
    "window",
} | {
    "desktop_entry",
    "saved_model",
    "scoring_client",
    "self_check",
    "settings",
    "ui.run",
    "wizard.state",
    "workflows",
    "__main__",
}
MAY_IMPORT["__main__"] = {"cli"}


def _edges() -> Iterator[tuple[str, str, str]]:
    """(file, part that imports, part or module imported) for every import of our own package."""
    for file in sorted(PACKAGE.rglob("*.py")):
        relative = file.relative_to(PACKAGE)
        part = relative.parts[0].removesuffix(".py")
        if part == "__init__":
            continue
        for imported in _imports(file):
            if imported.startswith("gpu_assistant."):
                yield str(relative), part, imported.removeprefix("gpu_assistant.")


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            if node.module == "gpu_assistant":
                yield from (f"gpu_assistant.{alias.name}" for alias in node.names)
            elif node.module:
                yield node.module


def _is_allowed(part: str, imported: str) -> bool:
    target = imported.split(".")[0]
    allowed = MAY_IMPORT[part]
    return (
        target in (part, "__version__")
        or target in allowed
        or any(imported == one or imported.startswith(one + ".") for one in allowed)
    )


def test_every_part_is_in_the_table() -> None:
    parts = {path.name.removesuffix(".py") for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert parts - {"__init__", "__pycache__", "py.typed", "_resources", "_scoring"} == set(MAY_IMPORT)


def test_imports_flow_one_way() -> None:
    broken = [f"{file}: {part} → {imported}" for file, part, imported in _edges() if not _is_allowed(part, imported)]
    assert not broken, "\n".join(broken)


def test_the_window_and_the_workflows_never_import_an_sdk() -> None:
    for file in PACKAGE.rglob("*.py"):
        if file.is_relative_to(PACKAGE / "backends" / "sdk_v1"):
            continue
        found = [name for name in _imports(file) if name.split(".")[0] in ("azureml", "msrest", "azure", "msal")]
        assert not found, f"{file}: {found}"


@pytest.mark.parametrize("file", sorted(SCORING.glob("*.py")), ids=lambda path: path.name)
def test_what_is_shipped_imports_nothing_of_ours(file: Path) -> None:
    assert not [name for name in _imports(file) if name.split(".")[0] == "gpu_assistant"]


def test_domain_needs_only_the_standard_library() -> None:
    import sys

    for file in (PACKAGE / "domain").rglob("*.py"):
        roots = {name.split(".")[0] for name in _imports(file)} - {"gpu_assistant", "__future__"}
        assert roots <= set(sys.stdlib_module_names), f"{file}: {roots}"
