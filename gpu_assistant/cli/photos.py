"""The images that a command was given: files, or names of the sample photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from gpu_assistant.domain.errors import BadSetting
from gpu_assistant.domain.text import Text


def image_file(typed: Path, samples: Mapping[str, Path]) -> Path:
    """The file to read: a bare name that is no file here may be a sample photo's."""
    if typed.name == str(typed) and not typed.exists():
        return samples.get(typed.name, typed)
    return typed


def files_or_samples(typed: Sequence[Path], samples: Mapping[str, Path]) -> list[Path]:
    """What was typed, or all samples when nothing was. Raises BadSetting when there is neither."""
    if not typed and not samples:
        raise BadSetting(setting=Text("Images"), reason=Text("name at least one; there are no samples here"))
    return [image_file(path, samples) for path in typed] or list(samples.values())
