"""Every file of the corpus against the header checks alone: no TensorFlow, so this is quick."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.image_corpus import corpus
from tests.image_corpus.damage import damaged
from tests.image_corpus.strangers import strangers

MAX_PIXELS = 50_000_000
LONGEST_S = 0.5


@pytest.fixture
def images(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "scoring"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import images

    return images


def test_the_header_decides_what_it_can_and_soon(images):
    photo = Image.merge("RGB", [Image.linear_gradient("L"), Image.radial_gradient("L"), Image.linear_gradient("L")])
    names = set()
    wrong = []
    for case in corpus(photo):
        names.add(case.name)
        started = time.process_time()
        try:
            images.check_image(case.body, MAX_PIXELS)
            said = (200, "")
        except images.Refused as refused:
            said = (refused.status, refused.code)
        spent_s = time.process_time() - started
        wanted = (case.status, case.code) if case.by_header else (200, "")
        if said != wanted or spent_s > LONGEST_S:
            wrong.append((case.name, said, wanted, round(spent_s, 2)))
    assert not wrong
    assert len(names) > 200


def test_the_corpus_is_the_same_every_time():
    photo = Image.radial_gradient("L").convert("RGB")
    first, second = ([hash(case) for part in (damaged, strangers) for case in part(photo)] for _ in range(2))
    assert first == second
