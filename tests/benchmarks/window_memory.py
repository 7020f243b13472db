"""How much memory the window's process holds after a whole practice run, and while it scores a large folder.

    python -m tests.benchmarks.window_memory [IMAGES]

The program itself walks its wizard from a file of answers (`--answers`), at top speed; the resident memory of its
process alone, without the SDK process and the practice server, is read from outside. First a run with 20 drops, then
one with a folder of IMAGES small images (2000 when nothing is said; links to a few files). The bar of the design is
120 MiB, for both.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from PIL import Image

from gpu_assistant.practice import lifecycle, sample
from tests.benchmarks.window import VM_SIZE, Row, cache_folder, compile_program, conditions, print_table
from tests.conftest import ROOT
from tests.ui.screen import Screen, ScreenSize, open_screen

BAR_MIB = 120.0
DROPS = 20
_PHOTO = "coffee.jpg"
_SMALL_PX = 320
_FILES = 8
_SAMPLE_EVERY_S = 0.05
_STEP = re.compile(r"^\d+/\d+ (\S+)$", re.MULTILINE)
_BEGIN = f"""
[[step]]
do = "open practice"

[[step]]
do = "choose machine"
vm_size = "{VM_SIZE}"

[[step]]
do = "deploy"
"""
_END = """
[[step]]
do = "clean up"

[[step]]
do = "go"
page = "clean-up"
name = "rest"
"""


@dataclass(frozen=True)
class Held:
    """Resident memory in one step of a walk, in MiB."""

    first: float
    half: float
    last: float
    most: float


def measure(images: int) -> dict[str, Mapping[str, Held]]:
    """What each walk held in each of its steps, by the names of walk and step."""
    compile_program()
    sample.ensure_saved_model(cache_folder(), lambda text, fraction: None)
    with open_screen(ScreenSize.PLAIN) as screen, tempfile.TemporaryDirectory(prefix="gpa-") as name:
        folder = Path(name)
        drops = "".join(_score(_PHOTO, "drops") for _ in range(DROPS))
        held = {"drops": walk(screen, folder, drops)}
        if images:
            pictures = make_folder(folder, images)
            held["folder"] = walk(screen, folder, _score(str(pictures), "folder"))
        return held


def walk(screen: Screen, folder: Path, steps: str) -> Mapping[str, Held]:
    """Walk the wizard with these steps between deploying and cleaning up."""
    answers, said, data_dir = folder / "answers.toml", folder / "said.txt", folder / "data"
    answers.write_text(_BEGIN + steps + _END, encoding="utf-8")
    command = [sys.executable, "-m", "gpu_assistant", "--data-dir", str(data_dir), "--speed", "max"]
    try:
        with open(said, "wb") as output:
            process = subprocess.Popen(
                [*command, "--answers", str(answers)],
                env=screen.environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
            samples = list(_watch(process, said))
        if process.returncode:
            raise SystemExit(f"the walk ended with {process.returncode}\n{said.read_text(encoding='utf-8')}")
    finally:
        lifecycle.stop(data_dir)
    return summarize(samples)


def _watch(process: subprocess.Popen[bytes], said: Path) -> Iterator[tuple[str, float]]:
    """(step, MiB) until the process ends."""
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        steps = _STEP.findall(said.read_text(encoding="utf-8", errors="replace"))
        mib = watched.memory_info().rss / 2**20
        if steps and mib:  # a process that has just ended holds nothing
            yield steps[-1], mib
        time.sleep(_SAMPLE_EVERY_S)


def summarize(samples: Sequence[tuple[str, float]]) -> Mapping[str, Held]:
    """What was held in each step."""
    by_step: dict[str, list[float]] = {}
    for step, mib in samples:
        by_step.setdefault(step, []).append(mib)
    return {step: Held(held[0], held[len(held) // 2], held[-1], max(held)) for step, held in by_step.items()}


def make_folder(folder: Path, images: int) -> Path:
    """A folder of so many small images, all links to a few files."""
    pictures = folder / "pictures"
    pictures.mkdir()
    photos = sorted(sample.sample_photos(cache_folder()).values())
    files = []
    for number in range(_FILES):
        with Image.open(photos[number % len(photos)]) as image:
            image.thumbnail((_SMALL_PX, _SMALL_PX))
            files.append(pictures / f"picture-{number:06}.jpg")
            image.convert("RGB").save(files[-1], quality=60 + number)
    for number in range(_FILES, images):
        os.link(files[number % _FILES], pictures / f"picture-{number:06}.jpg")
    return pictures


def _score(image: str, name: str) -> str:
    return f'\n[[step]]\ndo = "score"\nname = "{name}"\nimages = [\'{image}\']\n'


def table(held: Mapping[str, Mapping[str, Held]]) -> tuple[Row, ...]:
    """What was held at the end of the run, and along the folder."""
    run = held["drops"]
    rows = [
        Row("opening practice, first look", run["open-practice"].first, "MiB"),
        Row("after deploying", run["deploy"].last, "MiB"),
        Row(f"after {DROPS} drops", run["drops"].last, "MiB"),
        Row("after the whole run", list(run.values())[-1].last, "MiB", bar=BAR_MIB),
        Row("the most at any time", max(step.most for step in run.values()), "MiB"),
    ]
    if "folder" in held:
        along = held["folder"]["folder"]
        rows += [
            Row("a folder: at its beginning", along.first, "MiB"),
            Row("a folder: half way", along.half, "MiB"),
            Row("a folder: at its end", along.last, "MiB"),
            Row("a folder: the most", along.most, "MiB", bar=BAR_MIB),
        ]
    return tuple(rows)


def main() -> int:
    """Print the table; 1 when a bar is missed."""
    images = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    return print_table(
        conditions(f"resident memory; {DROPS} drops; a folder of {images} images"), table(measure(images))
    )


if __name__ == "__main__":
    sys.exit(main())
