"""The folder that PyInstaller makes: started on a bare environment, with a screen, a keyring and "Azure".

Building takes minutes, so this is by request: GPU_ASSISTANT_TEST_BUNDLE=build, or the path of a folder that was built.
Needs binutils and, beside what the tests of the window need, gnome-keyring and x11-utils.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gpu_assistant.practice import lifecycle
from gpu_assistant.practice.front import tokens
from tests.conftest import ROOT, CommandLine, clean_environment
from tests.secret_service import SecretService
from tests.ui.screen import Screen, ScreenSize, end, open_screen, wait_until
from tests.ui.stage import Stage

WANTED = os.environ.get("GPU_ASSISTANT_TEST_BUNDLE", "")
pytestmark = [
    pytest.mark.skipif(not WANTED, reason="by request: GPU_ASSISTANT_TEST_BUNDLE=build"),
    pytest.mark.timeout(1200),
]

_LARGEST_MB = 180
_DEPLOY = ("deploy", "--model", "efficientnet-lite0", "--vm-size", "Standard_NC4as_T4_v3", "--no-gpu-check", "--no-tls")
_AZ = """#!/bin/sh
printf '%s' "$LD_LIBRARY_PATH" > {told}
cat {answer}
"""
_WALK = """
[[step]]
do = "open workspace"
subscription = "{subscription_id}"
resource_group = "{resource_group}"
name = "{workspace}"

[[step]]
do = "choose machine"
existing = "{compute}"

[[step]]
do = "choose model"
model = "efficientnet-lite0:1"
shots = true

[[step]]
do = "score"
images = ['{photo}']

[[step]]
do = "go"
page = "clean-up"
"""


class Bundle(CommandLine):
    """The bundle's program instead of Python's."""

    program: Path

    def command(self, *words: str) -> list[str]:
        return [str(self.program), words[0], "--data-dir", str(self.data_dir), *words[1:]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the program."""
    if WANTED != "build":
        return Path(WANTED)
    place = tmp_path_factory.mktemp("bundle")
    spec = ROOT / "resources" / "desktop" / "gpu-assistant.spec"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"),
            *("--distpath", str(place / "dist"), "--workpath", str(place / "build"), str(spec)),
        ],
        capture_output=True,
        text=True,
        timeout=1000,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return place / "dist" / "gpu-assistant"


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with open_screen(ScreenSize.PLAIN) as opened:
        yield opened


@pytest.fixture
def secret_service(tmp_path: Path) -> Iterator[SecretService]:
    home = tmp_path / "home"
    home.mkdir()
    service = SecretService(home / "keyring")
    service.start()
    yield service
    service.close()


@pytest.fixture
def bundle(folder: Path, secret_service: SecretService, screen: Screen, tmp_path: Path) -> Bundle:
    """The program with a screen and a keyring, and nothing that helps a Python find its packages."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    environment = {**secret_service.environment, "DISPLAY": screen.display, "PATH": "/usr/bin:/bin"}
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH"):
        environment.pop(name, None)
    line = Bundle(data_dir, environment)
    line.program = folder / "gpu-assistant"
    return line


def test_every_part_works_but_practice(bundle: Bundle, secret_service: SecretService) -> None:
    told = bundle("--self-check", "--json").json
    assert told["bundle"]
    assert told["works"]
    parts = {part: one["works"] for part, one in told["parts"].items()}
    assert parts == {"files": True, "window": True, "drop": True, "keyring": True, "sdk": True, "practice": False}
    assert told["parts"]["keyring"]["seen"] == "keyring.backends.SecretService.Keyring"
    assert "not part of the bundle" in told["parts"]["practice"]["seen"]
    assert secret_service.entries() == {}


def test_it_is_small_and_brings_nothing_of_the_tests(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in files) <= _LARGEST_MB * 1_000_000
    unwanted = ("tensorflow", "numpy", "skimage", "pytest", "mypy")
    assert not [path for path in files if path.relative_to(folder).parts[1:2] in [(name,) for name in unwanted]]


def test_the_window_comes_up_with_its_class(bundle: Bundle, screen: Screen, tmp_path: Path) -> None:
    screen_map = tmp_path / "screen.json"
    with (tmp_path / "said.txt").open("wb") as said:
        window = subprocess.Popen(
            bundle.command("--strict-threads", "--screen-map", str(screen_map)),
            env=bundle.environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(screen_map.exists, 60, lambda: (tmp_path / "said.txt").read_text())
        assert screen.xdotool("search", "--onlyvisible", "--class", "^Gpu-assistant$")
    finally:
        end(window)
    assert "Traceback" not in (tmp_path / "said.txt").read_text()


def test_practice_says_why_it_is_not_there(bundle: Bundle) -> None:
    ran = bundle("status", "--practice", check=False)
    assert ran.code == 1
    assert 'pip install "gpu-assistant[practice]"' in ran.err
    assert "Traceback" not in ran.err


def test_the_menu_entry_starts_the_bundle(bundle: Bundle, tmp_path: Path) -> None:
    bundle("--install-desktop-entry", XDG_DATA_HOME=str(tmp_path))
    entry = (tmp_path / "applications" / "gpu-assistant.desktop").read_text(encoding="utf-8")
    assert f"\nExec={bundle.program}\n" in entry


def test_deploy_and_score_and_clean_up(
    bundle: Bundle,
    screen: Screen,
    secret_service: SecretService,
    azure: dict[str, Any],
    gpu_assistant: CommandLine,
    tmp_path: Path,
) -> None:
    """The SDK inside the bundle against Azure's own host names, which a practice server plays for it; in between, a
    file is dragged out of a file manager onto the bundle's window, and every page is opened."""
    _point_at(bundle, azure)
    sign_in = ("--sign-in", "device-code")
    deployed = bundle(*_DEPLOY, *sign_in, "--json").json
    assert deployed["service"]["state"] == "healthy"
    keys = [entry for entry in secret_service.entries() if "/services/" in entry]
    assert len(keys) == 1
    (scored,) = bundle("score", str(_photo(tmp_path)), *sign_in, "--json").json
    assert scored["predictions"][0]["label"] == "espresso"
    _drag_onto_window(bundle, screen, tmp_path)
    _open_every_page(bundle, {**azure, "compute": deployed["compute_target"]["name"]}, tmp_path)
    assert bundle("clean-up", "--yes", *sign_in, "--json").json["left"] == []
    assert [entry for entry in secret_service.entries() if "/services/" in entry] == []
    server = lifecycle.read_status(gpu_assistant.data_dir)
    assert server is not None
    assert server["refused"] == {}


def test_programs_it_starts_find_the_systems_own_libraries(
    bundle: Bundle, azure: dict[str, Any], gpu_assistant: CommandLine, tmp_path: Path
) -> None:
    """The SDK process asks the Azure CLI for a token; what PyInstaller set for itself must not reach it."""
    _point_at(bundle, azure)
    token = tokens.mint(lifecycle.practice_folder(gpu_assistant.data_dir))
    answer, told, az = tmp_path / "answer.json", tmp_path / "told.txt", tmp_path / "bin" / "az"
    answer.write_text(json.dumps({"accessToken": token, "tenant": azure["tenant_id"]}), encoding="utf-8")
    az.parent.mkdir()
    az.write_text(_AZ.format(told=told, answer=answer), encoding="utf-8")
    az.chmod(az.stat().st_mode | stat.S_IXUSR)
    ran = bundle("status", "--sign-in", "azure-cli", "--json", PATH=f"{az.parent}:/usr/bin:/bin")
    assert ran.json["verified"]
    assert told.read_text(encoding="utf-8") == ""


def _photo(folder: Path) -> Path:
    """A cup of coffee, of the photos that come with scikit-image, under a name that has to be quoted."""
    cache = Path(clean_environment().get("GPU_ASSISTANT_CACHE_DIR") or Path.home() / ".cache" / "gpu-assistant")
    (coffee,) = cache.rglob("coffee.jpg")
    place = folder / "photos"
    place.mkdir(exist_ok=True)
    return Path(shutil.copy(coffee, place / "커피 {1}.jpg"))


def _drag_onto_window(bundle: Bundle, screen: Screen, folder: Path) -> None:
    screen_map = folder / "score-screen.json"
    (folder / "stage").mkdir()
    stage = Stage(screen, folder / "stage")
    try:
        command = bundle.command("--strict-threads", "--screen-map", str(screen_map))
        # A stage gives its programs no keyring; this one signs in with what the command before left there.
        environment = {**bundle.environment, "PYTHON_KEYRING_BACKEND": "keyring.backends.SecretService.Keyring"}
        person = stage.start(command, screen_map=screen_map, data_dir=bundle.data_dir, **environment)
        person.click("workspace.recent.1")
        person.click("steps.4", 60)
        zone = person.see("score.drop")
        photo = _photo(folder)
        stage.open_file_manager(photo.parent).drag([photo], to=zone.rect)
        person.see("espresso", 60)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{stage.explain()}") from error
    finally:
        stage.close()


def _open_every_page(bundle: Bundle, azure: dict[str, Any], folder: Path) -> None:
    """A page is imported when it is first shown, and what it needs ahead of that, by name, while page 1 is read. What
    the bundle lacks would be in the log, and a page would end the walk."""
    answers, pictures = folder / "answers.toml", folder / "pictures"
    answers.write_text(_WALK.format(**azure, photo=_photo(folder)), encoding="utf-8")
    walk = ("--strict-threads", "--answers", str(answers), "--screenshots", str(pictures))
    # As the window of the drag, it signs in with what the first command left.
    bundle(*walk, PYTHON_KEYRING_BACKEND="keyring.backends.SecretService.Keyring")
    for log in (bundle.data_dir / "logs").glob("gpu-assistant.log*"):
        assert "Traceback" not in log.read_text(encoding="utf-8")
    assert {picture.name for picture in pictures.iterdir()} == {
        f"01-choose-model-{theme}-{language}.png" for theme in ("light", "dark") for language in ("en", "ko")
    }


def _point_at(bundle: Bundle, azure: dict[str, Any]) -> None:
    config = {"subscription_id": azure["subscription_id"], "resource_group": azure["resource_group"]}
    (bundle.data_dir / "config.json").write_text(json.dumps({**config, "workspace_name": azure["workspace"]}))
    bundle.environment.update(
        HTTPS_PROXY=azure["https_proxy"], REQUESTS_CA_BUNDLE=azure["ca_bundle"], NO_PROXY="127.0.0.1"
    )
