"""Keeps the Korean catalogue in step with the source.

    python -m tests.translations update   # take new texts in, drop old ones, compile
    python -m tests.translations check    # say what is missing; exit code 1 if anything is

Translations are written by hand in the `.po` file. The `.mo` file beside it is what the program reads.
"""

from __future__ import annotations

import io
import string
import sys
from collections.abc import Mapping
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from tests.source_texts import Key, texts

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "gpu_assistant"
LANGUAGE = "ko"
PO = ROOT / "resources" / "locale" / LANGUAGE / "LC_MESSAGES" / "gpu_assistant.po"
MO = PO.with_suffix(".mo")

_COMMENT = "# Korean texts of gpu-assistant. After a change: python -m tests.translations update"
_HEADERS = [
    ("Project-Id-Version", "gpu-assistant"),
    ("Language", LANGUAGE),
    ("MIME-Version", "1.0"),
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Transfer-Encoding", "8bit"),
    ("Plural-Forms", "nplurals=1; plural=0;"),
]


class _Catalogue(Catalog):  # type: ignore[misc]
    """A catalogue whose header holds no dates and no versions, so that the same texts give the same bytes."""

    def __init__(self) -> None:
        super().__init__(locale=LANGUAGE, header_comment=_COMMENT, fuzzy=False)

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return _HEADERS


def update() -> None:
    """Write the `.po` file for the texts of today, keeping what is translated, and compile it."""
    known = {key: message.string for key, message in _messages(PO).items()} if PO.exists() else {}
    catalogue = _Catalogue()
    for key, files in texts(PACKAGE).items():
        catalogue.add(key, known.get(key, ""), locations=[(file, None) for file in files])
    PO.parent.mkdir(parents=True, exist_ok=True)
    with PO.open("wb") as file:
        write_po(file, catalogue, width=110, include_lineno=False)
    MO.write_bytes(compiled(PO))


def compiled(po: Path) -> bytes:
    """The bytes of the `.mo` file that belongs to a `.po` file."""
    catalogue = _Catalogue()
    for key, message in _messages(po).items():
        catalogue.add(key, message.string, flags=message.flags)
    file = io.BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def problems(source: Mapping[Key, list[str]], po: Path) -> list[str]:
    """What is wrong with a catalogue for these texts, one line each, naming the text."""
    messages = _messages(po)
    found = [f"missing: {key!r} ({', '.join(files)})" for key, files in source.items() if key not in messages]
    found += [f"obsolete: {key!r}" for key in messages if key not in source]
    found += [f"obsolete: {key!r}" for key in _read(po).obsolete]
    for key, message in messages.items():
        said = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if message.fuzzy:
            found.append(f"fuzzy: {key!r}")
        if not all(said):
            found.append(f"untranslated: {key!r}")
            continue
        english = key if isinstance(key, str) else key[1]
        found += [f"other places to fill in: {key!r} → {one!r}" for one in said if not _same_places(english, one)]
        found += [f"other space at the ends: {key!r} → {one!r}" for one in said if _ends(english) != _ends(one)]
    return found


def _same_places(english: str, translated: str) -> bool:
    try:
        return _places(english) == _places(translated)
    except ValueError:  # a brace that nobody closes
        return False


def _places(template: str) -> set[tuple[str, str | None, str | None]]:
    return {
        (name, spec, conversion) for _, name, spec, conversion in string.Formatter().parse(template) if name is not None
    }


def _ends(text: str) -> tuple[bool, bool]:
    """Fragments are glued together, so a space at an end matters."""
    return text[:1].isspace(), text[-1:].isspace()


def _messages(po: Path) -> dict[Key, Message]:
    return {_key(message): message for message in _read(po) if message.id}


def _read(po: Path) -> Catalog:
    with po.open("rb") as file:
        return read_po(file, locale=LANGUAGE)


def _key(message: Message) -> Key:
    return message.id if isinstance(message.id, str) else (message.id[0], message.id[1])


def main(arguments: list[str]) -> int:
    """Do what the one argument says; returns the exit code."""
    if arguments == ["update"]:
        update()
    elif arguments != ["check"]:
        print(__doc__)
        return 2
    found = problems(texts(PACKAGE), PO)
    for line in found:
        print(line)
    stale = not MO.exists() or MO.read_bytes() != compiled(PO)
    if stale:
        print(f"{MO.name} is not what {PO.name} compiles to")
    return 1 if found or stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
