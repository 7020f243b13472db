"""Photos to try the sample model on: free of rights, out of scikit-image's own data files."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from gpu_assistant.practice.sample.packages import PHOTOS_MODULE, PHOTOS_PACKAGE, folder_of

_FOLDER = "photos-1"
_JPEG_QUALITY = 95

# File name here: file name in scikit-image. All are CC0 or public domain; NOTICE names the photographers.
_PHOTOS = {
    "coffee.jpg": "coffee.png",
    "camera.jpg": "camera.png",
    "chelsea.jpg": "chelsea.png",
    "rocket.jpg": "rocket.jpg",
}


def sample_photos(cache_dir: Path) -> Mapping[str, Path]:
    """The sample photos as JPEG files, by file name; the first three are answered best.

    Written into `cache_dir` once. Raises PracticeNotInstalled when scikit-image is not there.
    """
    folder = cache_dir / _FOLDER
    photos = {name: folder / name for name in _PHOTOS}
    missing = {name for name, photo in photos.items() if not photo.is_file()}
    if missing:
        source = folder_of(PHOTOS_MODULE, PHOTOS_PACKAGE) / "data"  # not imported: that would take seconds
        folder.mkdir(parents=True, exist_ok=True)
        for name in missing:
            _export(source / _PHOTOS[name], photos[name])
    return photos


def _export(source: Path, target: Path) -> None:
    """Under another name first, so that nobody sees half a photo."""
    from PIL import Image

    handle, name = tempfile.mkstemp(suffix=".jpg", dir=target.parent)
    os.close(handle)
    try:
        if source.suffix == ".jpg":
            shutil.copyfile(source, name)
        else:
            with Image.open(source) as image:
                image.convert("L" if image.mode == "L" else "RGB").save(name, "JPEG", quality=_JPEG_QUALITY)
        os.replace(name, target)
    finally:
        Path(name).unlink(missing_ok=True)
