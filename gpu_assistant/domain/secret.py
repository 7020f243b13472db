"""A value that must not be shown: service keys, tokens, encryption keys."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """Holds a text that `repr`, `str`, formatting, JSON and pickling never show.

    Only `reveal()` gives the text; call it at the last moment, where it leaves the program on purpose.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself. Never log, store in clear or put it into an exception."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(("Secret", self._text))

    def __repr__(self) -> str:
        return "••••"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled; the pipe to the SDK process carries it by its own means")
