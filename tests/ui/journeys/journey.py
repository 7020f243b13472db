"""What several journeys do the same way."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from gpu_assistant import paths
from gpu_assistant.practice import sample
from tests.conftest import CommandLine
from tests.ui.person import Person
from tests.ui.view import Item, View

FASTEST = ("--speed", "max")
PRACTICE = ("--practice", *FASTEST)
VM_SIZE = "Standard_NC4as_T4_v3"
COMPUTE, SERVICE = "gpu-nc4as-t4-v3", "efficientnet-lite0"
"""The names made up for what is created on that VM size from the sample model."""

OPEN_S = 90.0
READ_S = 60.0
DEPLOY_S = 150.0
ANSWER_S = 60.0
CLEAN_UP_S = 120.0

LABELS = {
    "coffee.jpg": "espresso",
    "chelsea.jpg": "Egyptian cat",
    "rocket.jpg": "missile",
    "camera.jpg": "tripod",
}
"""What the sample model makes of the sample photos; the command line's tests know the same."""


def sample_photos() -> dict[str, Path]:
    """The photos of the practice workspace by file name."""
    return dict(sample.sample_photos(paths.user_folders().cache))


def deploy_by_command(data_dir: Path) -> CommandLine:
    """A web service that answers, made without a window; returns the command line of that data folder."""
    data_dir.mkdir(exist_ok=True)
    line = CommandLine(data_dir)
    line("deploy", *PRACTICE, "--vm-size", VM_SIZE, "--model", "efficientnet-lite0")
    return line


def resources(data_dir: Path) -> list[dict[str, Any]]:
    """What the command line says there is: ledger and practice workspace, compared."""
    resources: list[dict[str, Any]] = CommandLine(data_dir)("status", "--practice", "--json").json["resources"]
    return resources


def ready(name: str) -> Any:
    """For `Person.wait_for`: the control of this name, once it can be used."""

    def find(view: View) -> Item | None:
        item = view.find(name)
        return item if item is not None and item.enabled else None

    return find


def row_of(vm_size: str) -> Any:
    """For `Person.wait_for`: this VM size's row, once the table is read."""

    def find(view: View) -> Item | None:
        return next((row for row in view.rows("machine.table") if row.name.endswith(f"/{vm_size}")), None)

    return find


def see_all_gone(
    person: Person, things: Collection[str] = (f"compute target {COMPUTE}", f"web service {SERVICE}")
) -> None:
    """Wait until the page says that everything is gone and shows a proof of each thing."""

    def has_proofs(view: View) -> bool:
        texts = [item.text for item in view.items]
        return all(
            thing in texts and texts[texts.index(thing) + 1].startswith("Azure does not know it any more (")
            for thing in things
        )

    person.see("cleanup.verdict", CLEAN_UP_S)
    view = person.wait_for(lambda view: view if has_proofs(view) else None, what="proof of each thing")
    verdict = view.find("cleanup.verdict")
    assert verdict is not None
    assert verdict.text == "Nothing that bills is left. Azure was asked again and said so.", view
    assert not [item for item in view.items if item.text == "×"], f"something is left\n{view}"
