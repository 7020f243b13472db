"""Hostile and odd images, each under a telling name and with the answer that it must get.

Made in a second or two from one photo by Pillow and by surgery on the bytes; the same every time. To look at them:

    python -m tests.image_corpus FOLDER
"""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image

from tests.image_corpus.bombs import bombs
from tests.image_corpus.case import Case
from tests.image_corpus.damage import damaged
from tests.image_corpus.pictures import pictures
from tests.image_corpus.strangers import strangers

__all__ = ["Case", "corpus"]

_SIZE = (288, 192)


def corpus(photo: Image.Image) -> Iterator[Case]:
    """Every case, one at a time: some bodies are large. `photo` is what the files show."""
    small = photo.convert("RGB").resize(_SIZE, Image.Resampling.LANCZOS)
    for part in (pictures, damaged, strangers, bombs):
        yield from part(small)
