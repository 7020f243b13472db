"""Letters that press a button together with Alt."""

from __future__ import annotations

from collections.abc import Sequence


def underlined(label: str, letter: str) -> tuple[str, int]:
    """`label` with the place of `letter` in it, for Tk; where the label has none, it is added behind."""
    place = label.lower().find(letter.lower())
    if place >= 0:
        return label, place
    return f"{label} ({letter.upper()})", len(label) + 2


def letters(labels: Sequence[str]) -> tuple[str, ...]:
    """A different letter for each label: its first one that is still free, else the first free of the alphabet."""
    taken: list[str] = []
    for label in labels:
        own = [letter for letter in label.lower() if letter.isascii() and letter.isalpha()]
        taken.append(next(letter for letter in (*own, *"abcdefghijklmnopqrstuvwxyz") if letter not in taken))
    return tuple(taken)
