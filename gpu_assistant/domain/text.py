"""Sentences that can be said again in another language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


class Text(str):
    """An English sentence that remembers how it was made.

    `Text("Delete {what} {name}", what=…, name=…)` is the finished English string, so logs and the command line use it
    as any other; a face that speaks another language translates `template` and fills in `facts` again (a fact may
    be a Text itself). Survives pickling, copying and formatting into an error's facts; what is cut out of it or
    joined to it is plain English. The template is a plain literal, for the catalogue is made by reading the source.
    """

    template: str
    facts: Mapping[str, object]

    __slots__ = ("facts", "template")

    def __new__(cls, template: str, /, **facts: object) -> Text:
        return _text(template.format(**facts) if facts else template, template, facts)

    def inside_a_sentence(self) -> Text:
        """The same where other words come before it: "Reading the quota" becomes "reading the quota"."""
        return _text(self[:1].lower() + self[1:], self.template, self.facts)

    def __reduce__(self) -> tuple[Any, ...]:
        return _text, (str(self), self.template, dict(self.facts))


def known_text(template: str, facts: Mapping[str, object] | None = None) -> Text:
    """A Text whose template is no literal where it is made, but one that the catalogue knows: an error's, say."""
    return Text(template, **(facts or {}))


def joined(parts: Iterable[str], separator: str = ", ") -> Text:
    """Several texts in a row, each of which can still be said in another language."""
    facts = {f"part{number}": part for number, part in enumerate(parts)}
    return known_text(separator.join(f"{{{name}}}" for name in facts), facts)


def _text(english: str, template: str, facts: Mapping[str, object]) -> Text:
    text = str.__new__(Text, english)
    text.template, text.facts = template, facts
    return text
