"""One file of the corpus and the answer it must get."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """A body to send and what must come back.

    `status` and `code` are those of the whole service with the sample model; a 200 has no code. `by_header` tells
    whether a refusal is given from the header, before any decoder sees the bytes. `is_recognised`: the best class
    of the answer must be that of the photo which the file was made from.
    """

    name: str
    body: bytes
    status: int = 200
    code: str = ""
    by_header: bool = False
    is_recognised: bool = False


def seen(name: str, body: bytes) -> Case:
    """A file in which the photo is recognised."""
    return Case(name, body, is_recognised=True)


def answered(name: str, body: bytes) -> Case:
    """A file that is decoded, but shows nothing to recognise."""
    return Case(name, body)


def broken(name: str, body: bytes, *, by_header: bool = False) -> Case:
    """Damage that the header shows, or else the decoder finds."""
    return Case(name, body, 400, "broken_image", by_header)


def not_an_image(name: str, body: bytes) -> Case:
    return Case(name, body, 400, "not_an_image", by_header=True)


def foreign(name: str, body: bytes, *, by_header: bool = True) -> Case:
    """A format that is known and not decoded. Not `by_header`: TensorFlow's decoder was asked and declined."""
    return Case(name, body, 415, "unsupported_format", by_header)


def too_many_pixels(name: str, body: bytes) -> Case:
    return Case(name, body, 422, "too_many_pixels", by_header=True)


def too_large(name: str, body: bytes) -> Case:
    """Beyond the limit of the body, which is not the header's affair."""
    return Case(name, body, 413, "body_too_large")
