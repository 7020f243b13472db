"""Where things lie: the user's folders, and the data this program brings with it.

No other module builds such a path. In a checkout `resources/` and `scoring/` stand beside the package; in an
installed wheel the build has put them inside it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import platformdirs

_PACKAGE = Path(__file__).resolve().parent
_APP = "gpu-assistant"


class Folders(NamedTuple):
    """The folders of one user (or of one `--data-dir`). They need not exist yet."""

    data: Path
    cache: Path

    @property
    def logs(self) -> Path:
        """Log files; seven days are kept."""
        return self.data / "logs"

    @property
    def ledger(self) -> Path:
        """The record of everything that bills."""
        return self.data / "ledger.sqlite"

    @property
    def settings(self) -> Path:
        """What the user chose, without secrets."""
        return self.data / "settings.json"

    @property
    def token_cache(self) -> Path:
        """The sign-in, encrypted under a key in the OS keyring."""
        return self.data / "sign-in.bin"

    @property
    def sdk_home(self) -> Path:
        """A home for the caches the SDK writes, so that they stay out of the user's own."""
        return self.data / "sdk"


def user_folders(data_dir: Path | None = None) -> Folders:
    """The standard places of this platform; `data_dir` moves the data.

    The cache holds only what can be made again (the converted sample model) and is shared by all data folders;
    `GPU_ASSISTANT_CACHE_DIR` moves it.
    """
    data = data_dir.absolute() if data_dir else Path(platformdirs.user_data_dir(_APP, appauthor=False))
    cache = os.environ.get("GPU_ASSISTANT_CACHE_DIR") or platformdirs.user_cache_dir(_APP, appauthor=False)
    return Folders(data, Path(cache))


def resource(*parts: str) -> Path:
    """A file or folder of `resources/`."""
    return _shipped("resources", "_resources").joinpath(*parts)


def scoring_folder() -> Path:
    """The folder that is uploaded with every deployment."""
    return _shipped("scoring", "_scoring")


def _shipped(in_checkout: str, in_wheel: str) -> Path:
    installed = _PACKAGE / in_wheel
    return installed if installed.is_dir() else _PACKAGE.parent / in_checkout
