"""The converted sample model, made once per computer and kept."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from gpu_assistant.domain.errors import PracticeError
from gpu_assistant.domain.text import Text
from gpu_assistant.practice.file_lock import wait_for_lock
from gpu_assistant.practice.python_path import child_python_path
from gpu_assistant.practice.sample.packages import (
    LABELS_PACKAGE,
    TENSORFLOW_PACKAGES,
    WEIGHTS_PACKAGE,
    version_of,
)

MODEL_NAME = "efficientnet-lite0"

Progress = Callable[[str, float], None]
"""Told the stage in English, in words of the catalogue, and the share that is done, in 0..1."""

_RECIPE = 1
"""Raised when the conversion changes, so that models made by an older one are made anew."""

_NEEDED_FILES = ("saved_model.pb", "variables/variables.index", "labels.txt")
_LOG_CHARACTERS = 4000


def ensure_saved_model(cache_dir: Path, progress: Progress = lambda stage, done: None) -> Path:
    """The folder of the sample SavedModel below `cache_dir`, converted now if it is not there yet.

    Blocks for half a minute the first time; call it off the UI thread. `progress` is called on the caller's
    thread, and raising in it stops the conversion. Safe when several processes ask at once: one converts, the
    others wait for it. Raises PracticeNotInstalled, or PracticeError with the reason and the log.
    """
    folder = cache_dir / f"{MODEL_NAME}-{_version_key()}"
    if _is_complete(folder):
        return folder
    cache_dir.mkdir(parents=True, exist_ok=True)
    waiting = Text("Waiting for another program that is converting the sample model")
    with wait_for_lock(cache_dir / f"{MODEL_NAME}.lock", lambda: progress(waiting, 0.0)):
        if not _is_complete(folder):
            _convert_into(folder, progress)
    return folder


def _version_key() -> str:
    """Changes with everything that the converted files depend on."""
    tensorflow = ".".join(version_of(*TENSORFLOW_PACKAGES).split(".")[:2])
    parts = (_RECIPE, tensorflow, version_of(WEIGHTS_PACKAGE), version_of(LABELS_PACKAGE))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def _is_complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in _NEEDED_FILES)


def _convert_into(folder: Path, progress: Progress) -> None:
    """Convert beside `folder`, then rename: it is there whole or not at all."""
    prefix = f".{MODEL_NAME}-converting-"
    for leftover in folder.parent.glob(f"{prefix}*"):  # of a program that was killed; we hold the lock
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder.parent) as scratch:
        made = Path(scratch) / "model"
        with (Path(scratch) / "log.txt").open("w+", encoding="utf-8", errors="replace") as log:
            with _conversion(made, log) as process:
                _follow(process, progress)
            log.seek(0)
            text = log.read()[-_LOG_CHARACTERS:]
        if process.returncode or not _is_complete(made):
            said = next((line for line in reversed(text.splitlines()) if line.strip()), "")
            why = said or Text("it ended without a word")
            raise PracticeError(reason=Text("The sample model could not be converted: {reason}", reason=why), log=text)
        shutil.rmtree(folder, ignore_errors=True)  # incomplete, or we would not be here
        os.replace(made, folder)


@contextmanager
def _conversion(target: Path, log: IO[str]) -> Iterator[subprocess.Popen[str]]:
    """The converting process, ended in any case on the way out."""
    environment = os.environ | {
        "PYTHONPATH": child_python_path(),
        "KERAS_HOME": str(target.parent),  # or importing TensorFlow makes ~/.keras
        "PYTHONIOENCODING": "utf-8",
        "CUDA_VISIBLE_DEVICES": "-1",  # converting needs no GPU, and must not take the memory of one
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "gpu_assistant.practice.sample", str(target)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        encoding="utf-8",
        errors="replace",
    )
    try:
        yield process
    except BaseException:
        process.kill()
        raise
    finally:
        if process.stdout is not None:
            process.stdout.close()
        process.wait()


def _follow(process: subprocess.Popen[str], progress: Progress) -> None:
    for line in process.stdout or ():
        try:
            message = json.loads(line)
            stage, done = str(message["stage"]), float(message["done"])
        except (ValueError, TypeError, KeyError):
            continue  # something a library printed
        progress(stage, done)
