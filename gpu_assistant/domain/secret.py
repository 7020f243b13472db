"""A value that must not be shown: service keys, tokens, encryption keys."""

from __future__ import annotations

import threading
import weakref
from typing import ClassVar, NoReturn


class Secret:
    """Holds a text that `repr`, `str`, formatting, JSON and pickling never show.

    Only `reveal()` gives the text; call it at the last moment, where it leaves the program on purpose. Every
    living secret is known to `live_values()`, so that the log can black out a text that slipped in elsewhere.
    """

    __slots__ = ("__weakref__", "_text")

    _live: ClassVar[weakref.WeakValueDictionary[int, Secret]] = weakref.WeakValueDictionary()
    _live_lock: ClassVar[threading.RLock] = threading.RLock()
    """While one thread looks through them, another must not add one. (Taken again where a finalizer logs meanwhile.)"""

    def __init__(self, text: str) -> None:
        self._text = text
        with self._live_lock:
            self._live[id(self)] = self

    def reveal(self) -> str:
        """The text itself. Never log, store in clear or put it into an exception."""
        return self._text

    @classmethod
    def live_values(cls) -> frozenset[str]:
        """The texts of all secrets in memory, for redaction alone. Safe from any thread."""
        with cls._live_lock:
            return frozenset(secret._text for secret in list(cls._live.values()))

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
