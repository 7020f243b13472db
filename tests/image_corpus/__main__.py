"""`python -m tests.image_corpus FOLDER [PHOTO]` writes the files, and one line about each on standard output."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from tests.image_corpus import corpus


def main(arguments: list[str]) -> int:
    """Without a photo of one's own, the sample photo of a cup of coffee is used."""
    if not 1 <= len(arguments) <= 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    with Image.open(arguments[1] if len(arguments) > 1 else _coffee()) as photo:
        for case in corpus(photo):
            (folder / case.name).write_bytes(case.body)
            wanted = "the photo recognised" if case.is_recognised else case.code or "any answer"
            print(f"{case.name:<45} {len(case.body):>12,} bytes  {case.status} {wanted}")
    return 0


def _coffee() -> Path:
    from gpu_assistant.paths import user_folders
    from gpu_assistant.practice import sample

    return sample.sample_photos(Path(user_folders().cache))["coffee.jpg"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
