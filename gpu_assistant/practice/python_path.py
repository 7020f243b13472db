"""How an interpreter that we start finds this package, installed or in a checkout."""

from __future__ import annotations

import os
import site
from pathlib import Path

PACKAGE_ROOT = Path(__file__).resolve().parents[2]
"""The folder that holds the package `gpu_assistant`: a checkout, or site-packages."""


def child_python_path() -> str:
    """PYTHONPATH for a child: this package's folder first if Python would not find it by itself.

    The inherited entries follow, made absolute, since the child may start in another folder.
    """
    own = [] if _is_installed() else [PACKAGE_ROOT]
    entries = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    inherited = [folder for folder in (Path(entry).resolve() for entry in entries) if folder != PACKAGE_ROOT]
    return os.pathsep.join(map(str, [*own, *inherited]))


def _is_installed() -> bool:
    # Naming site-packages in PYTHONPATH as well would put it before the standard library.
    folders = [*site.getsitepackages(), site.getusersitepackages()]
    return PACKAGE_ROOT in {Path(folder).resolve() for folder in folders}
