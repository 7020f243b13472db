"""The languages of the program, by the standard library's gettext.

English is what stands in the source; the other catalogues are `resources/locale/LANGUAGE/LC_MESSAGES/`.
The language is one for the whole process, as it is for every gettext program; the window changes it while it runs
and draws itself anew.
"""

from __future__ import annotations

import gettext
import locale
import os
from collections.abc import Mapping

from gpu_assistant.domain.errors import AssistantError
from gpu_assistant.domain.text import Text
from gpu_assistant.paths import resource

DOMAIN = "gpu_assistant"
LANGUAGES: Mapping[str, str] = {"en": "English", "ko": "한국어"}
"""Code and own name of every language there is."""


class _Speech:
    """The catalogue in use."""

    language = "en"
    catalogue: gettext.NullTranslations = gettext.NullTranslations()


def use_language(code: str) -> None:
    """Speak this language from now on; an unknown one is English. Raises nothing when a catalogue is missing."""
    _Speech.language = code if code in LANGUAGES else "en"
    _Speech.catalogue = gettext.translation(
        DOMAIN, localedir=str(resource("locale")), languages=[_Speech.language], fallback=True
    )


def language() -> str:
    """The code of the language in use."""
    return _Speech.language


def system_language() -> str:
    """The language that the desktop asks for, English when it is none of ours."""
    asked = os.environ.get("LANGUAGE") or os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES")
    asked = asked or os.environ.get("LANG") or locale.getlocale()[0] or ""
    code = asked.split(":")[0][:2].lower()
    return code if code in LANGUAGES else "en"


def mark(text: str) -> str:
    """Name a text for the catalogue where it must stay English for now: constants that `tr` says later."""
    return text


def tr(text: str, /, **facts: object) -> str:
    """`text` in the language in use, with `{name}` places filled in. A Text is said again with its own facts.

    What the catalogue does not know stays English: Azure's own words, names, an empty text.
    """
    if isinstance(text, Text):
        return str(text) if _Speech.language == "en" else _say(text.template, text.facts)
    return _say(text, facts)


def tr_count(one: str, many: str, count: int, /, **facts: object) -> str:
    """The form for `count`, which also fills `{count}`."""
    return _fill(_Speech.catalogue.ngettext(one, many, count), {"count": count, **facts})


def error_title(error: AssistantError) -> str:
    """What kind of thing went wrong."""
    return tr(error.title)


def error_detail(error: AssistantError) -> str:
    """What happened this time, in one or two sentences."""
    return tr(error.detail)


def _say(template: str, facts: Mapping[str, object]) -> str:
    said = _Speech.catalogue.gettext(template) if template else ""
    return _fill(said, facts)


def _fill(said: str, facts: Mapping[str, object]) -> str:
    if not facts:
        return said
    return said.format(**{name: tr(fact) if isinstance(fact, Text) else fact for name, fact in facts.items()})
