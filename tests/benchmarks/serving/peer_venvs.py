"""Virtual environments of the other servers, made once in the user's cache folder, outside the checkout."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from gpu_assistant.paths import user_folders

PACKAGES: Mapping[str, tuple[str, ...]] = {
    "litserve": ("litserve==0.2.19",),
    "mlserver": ("mlserver==1.7.1", "uvloop==0.21.0"),
}
_TENSORFLOW = "tensorflow-cpu==2.21.0"


def python_of(peer: str) -> Path:
    """The interpreter of a peer's environment, which is made (from the package index, 1.5 GB) where it is missing.

    Raises subprocess.CalledProcessError when it cannot be installed.
    """
    folder = Path(user_folders().cache).parent / "gpu-assistant-benchmarks" / peer
    python = folder / "bin" / "python"
    installed = folder / "installed"
    if not installed.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", _TENSORFLOW, *PACKAGES[peer]], check=True)
        installed.touch()
    return python


def versions(peer: str) -> str:
    """The peer and what it stands on, as "litserve 0.2.19, uvicorn 0.54.0"."""
    program = "import sys; from importlib.metadata import version as v; print(*(f'{n} {v(n)}' for n in sys.argv[1:]))"
    names = (peer, "tensorflow-cpu", "uvicorn")
    return subprocess.check_output([str(python_of(peer)), "-c", program, *names], text=True).strip()
