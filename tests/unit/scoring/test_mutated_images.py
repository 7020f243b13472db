"""Mutated images and the whole corpus through the entry script with models of pixels, where our own code decodes.

`tests/practice/test_hostile_images.py` does the same for a model of image files, through the real server.
"""

from __future__ import annotations

import pytest
from PIL import Image

from tests.fakes import saved_models as kinds
from tests.fakes.pictures import BLUE, GREEN, RED, picture
from tests.image_corpus import corpus
from tests.image_mutations import mutated, seeds

COUNT = 300
REFUSALS = {400, 413, 415, 422}


@pytest.fixture
def photo():
    return Image.merge("RGB", [Image.linear_gradient("L"), Image.radial_gradient("L"), Image.linear_gradient("L")])


def test_mutated_images_are_answered_or_refused(photo, saved_model, script):
    started = script(saved_model(kinds.uint8_pixels))
    bodies = seeds(photo)
    wrong = []
    for number in range(COUNT):
        reply = started.post(mutated(number, 5, bodies))
        if reply.status not in {200, *REFUSALS}:
            wrong.append((number, reply.status, reply.body))
    assert not wrong
    for index, color in enumerate((RED, GREEN, BLUE), start=1):
        assert started.post(picture(color)).body["predictions"][0]["index"] == index


def test_the_corpus_is_answered_or_refused(photo, saved_model, script):
    """What is refused from the header is the same for every model; what the decoder says may be its own."""
    started = script(saved_model(kinds.uint8_pixels))
    wrong = []
    for case in corpus(photo):
        reply = started.post(case.body)
        code = reply.body["error"]["code"] if reply.status != 200 else ""
        if case.by_header:
            is_right = (reply.status, code) == (case.status, case.code)
        else:
            is_right = reply.status in {200, *REFUSALS}
        if not is_right or (case.is_recognised and reply.status != 200):
            wrong.append((case.name, reply.status, code))
    assert not wrong
