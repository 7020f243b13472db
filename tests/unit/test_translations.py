"""Everything a person reads can be read in Korean, and nothing is shown that could not be translated."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpu_assistant import i18n
from gpu_assistant.domain.errors import AssistantError
from gpu_assistant.practice import lifecycle as _lifecycle  # noqa: F401  # so that its errors are in the family
from gpu_assistant.saved_model import errors as _saved_model_errors  # noqa: F401
from tests import source_texts, translations
from tests.translations import MO, PACKAGE, PO

_ENGLISH = ("gpu_assistant/cli/", "gpu_assistant/practice/azure/")
"""The command line speaks English, and so does the Azure that is played."""

_HINT = "\nRun `python -m tests.translations update`, then translate what is empty in the .po file and run it again."


def test_the_korean_catalogue_is_complete_and_fits_the_source() -> None:
    problems = translations.problems(source_texts.texts(PACKAGE), PO)
    assert not problems, "\n".join(problems) + _HINT


def test_the_compiled_catalogue_is_the_one_of_the_source() -> None:
    assert MO.read_bytes() == translations.compiled(PO), f"{MO.name} is stale.{_HINT}"


def test_every_text_is_a_literal() -> None:
    misuses = source_texts.not_literal(PACKAGE)
    assert not misuses, "\n".join(map(str, misuses))


@pytest.mark.parametrize("part", ["ui", "wizard"])
def test_the_window_shows_nothing_untranslated(part: str) -> None:
    misuses = source_texts.bare(PACKAGE / part)
    assert not misuses, "\n".join(map(str, misuses))


def test_words_below_the_faces_are_texts() -> None:
    misuses = [misuse for misuse in source_texts.bare_facts(PACKAGE) if not misuse.file.startswith(_ENGLISH)]
    assert not misuses, "\n".join(map(str, misuses))


# --- every error, said in Korean ------------------------------------------------------------------------------


def _family(cls: type[AssistantError] = AssistantError) -> Iterator[type[AssistantError]]:
    yield cls
    for child in cls.__subclasses__():
        if child.__module__.startswith("gpu_assistant."):
            yield from _family(child)


@pytest.fixture
def _korean() -> Iterator[None]:
    i18n.use_language("ko")
    yield
    i18n.use_language("en")


@pytest.mark.usefixtures("_korean")
@pytest.mark.parametrize("cls", sorted(set(_family()), key=lambda cls: cls.__name__), ids=lambda cls: cls.__name__)
def test_every_error_speaks_korean(cls: type[AssistantError]) -> None:
    places = [(name, spec) for _, name, spec, _ in string.Formatter().parse(cls.template) if name]
    error = cls(**{name: 7 if spec else f"<{name}>" for name, spec in places})
    assert _is_korean(i18n.error_title(error))
    assert _is_korean(i18n.error_detail(error)) or not re.search("[A-Za-z]", re.sub("{[^}]*}", "", cls.template))
    assert all(f"<{name}>" in i18n.error_detail(error) for name, spec in places if not spec)
    assert all(_is_korean(i18n.tr(remedy.label)) for remedy in error.remedies)


def _is_korean(text: str) -> bool:
    return bool(re.search("[가-힣]", text))


# --- the checks themselves can fail -----------------------------------------------------------------------------


def _package(folder: Path, source: str) -> Path:
    package = folder / "package"
    package.mkdir()
    (package / "page.py").write_text(source, encoding="utf-8")
    return package


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ('tr("Save")', ["Save"]),
        ('tr("A long "\n   "sentence {x}", x=1)', ["A long sentence {x}"]),
        ('x = mark("Workspace")', ["Workspace"]),
        ('Text("{name}: {reason}", name=1, reason=2)', []),
        ('tr_count("{count} line", "{count} lines", 3)', [("{count} line", "{count} lines")]),
        ('Remedy(Action.RETRY, "Try again")', ["Try again"]),
        (
            'class Odd(AssistantError):\n    title: ClassVar[str] = "Odd"\n    template = "{x} is odd"',
            ["Odd", "{x} is odd"],
        ),
        ('class Odd(ModelError): title = "A"\nclass ModelError(AssistantError): title = "B"', ["A", "B"]),
        ('class Odd(errors.AssistantError): title = "Odd"', ["Odd"]),
        ('class Page: title = "Not an error"', []),
        ('tk.Text(self, wrap="word")', []),
        ('log.info("Saved")', []),
    ],
)
def test_texts_are_found(tmp_path: Path, source: str, texts: list[object]) -> None:
    assert list(source_texts.texts(_package(tmp_path, source))) == texts


@pytest.mark.parametrize(
    "source",
    [
        'tr(f"Save {x}")',
        'tr("Save " + x)',
        'tr("Save {}".format(x))',
        'tr("Save" if x else "Drop")',
        "Text(template, x=1)",
        "mark(x)",
        'tr_count("one", many, 3)',
        "i18n.tr(f'{x}')",
    ],
)
def test_a_text_that_is_no_literal_is_found(tmp_path: Path, source: str) -> None:
    (misuse,) = source_texts.not_literal(_package(tmp_path, f"\n{source}\n"))
    assert str(misuse).startswith("package/page.py:2: ")


@pytest.mark.parametrize(
    "source", ['tr("Save {x}", x=f"{y}")', "tr(TITLE)", "tr(error.title)", "tr(TITLES[step])", "tr(a or b.c)"]
)
def test_a_text_that_is_marked_elsewhere_may_be_said(tmp_path: Path, source: str) -> None:
    assert source_texts.not_literal(_package(tmp_path, source)) == []


@pytest.mark.parametrize(
    "source",
    [
        'ttk.Label(self, text="Workspace")',
        'ttk.Label(self, text=f"Workspace {name}")',
        'ttk.Label(self, text="Workspace " + name)',
        'ttk.Label(self, text="Stop" if busy else symbol)',
        'label.configure(text="Workspace")',
        'label["text"] = "Workspace"',
        'menu.add_command(label="Copy")',
        'window.title("The title")',
        'self._say("Two words")',
        'TITLES = {1: "Choose a machine"}',
    ],
)
def test_a_bare_text_is_found(tmp_path: Path, source: str) -> None:
    assert source_texts.bare(_package(tmp_path, source))


@pytest.mark.parametrize(
    "source",
    [
        'ttk.Label(self, text=tr("Workspace"))',
        'ttk.Label(self, text=f"{count} × {size}")',
        'ttk.Label(self, text=f"{memory:.0f} GB")',
        'ttk.Label(self, text="×")',
        'ttk.Label(self, text=tr("Stop") if state == "busy" else "")',
        'ttk.Label(self, text=texts["Not shown"])',
        'log.info("Two words")',
        'raise ValueError("Two words")',
        '"""A docstring."""',
        'widget.bind("<Control-Return>", go)',
        'ttk.Label(self, style="Big.TLabel", text=name)',
    ],
)
def test_what_is_translated_or_not_shown_is_no_bare_text(tmp_path: Path, source: str) -> None:
    assert source_texts.bare(_package(tmp_path, source)) == []


@pytest.mark.parametrize(
    "source",
    [
        'raise BadImage(path=path, reason="it is a folder")',
        'raise BadImage(path=path, reason=f"{size} MB is too much")',
        'raise BadImage(path=path, reason=said or "it is a folder")',
        'with job.step("Find what exists"): pass',
        'job.doing(f"Asking again: {reason}")',
    ],
)
def test_a_fact_that_is_no_text_is_found(tmp_path: Path, source: str) -> None:
    assert len(source_texts.bare_facts(_package(tmp_path, source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        'raise BadImage(path=path, reason=Text("it is a folder"))',
        'raise BadImage(path=path, reason=exc.strerror or Text("it is a folder"))',
        'raise ServiceNotAnswering(name=name, reason=f"HTTP {status}")',
        "with job.step(_CREATE): pass",
    ],
)
def test_a_fact_that_is_a_text_or_from_outside_is_fine(tmp_path: Path, source: str) -> None:
    assert source_texts.bare_facts(_package(tmp_path, source)) == []


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ('msgid "Save {x:.1f}"\nmsgstr ""', "untranslated"),
        ('#, fuzzy\nmsgid "Save {x:.1f}"\nmsgstr "저장 {x:.1f}"', "fuzzy"),
        ('msgid "Save {x:.1f}"\nmsgstr "저장 {x}"', "other places"),
        ('msgid "Save {x:.1f}"\nmsgstr "저장 {y:.1f}"', "other places"),
        ('msgid "Save {x:.1f}"\nmsgstr "저장 {x:.1f"', "other places"),
        ('msgid "Save {x:.1f}"\nmsgstr " 저장 {x:.1f}"', "other space"),
        ('msgid "Save {x:.1f}"\nmsgstr "저장 {x:.1f}"\n\nmsgid "Old"\nmsgstr "옛"', "obsolete"),
        ('msgid "Save {x:.1f}"\nmsgstr "저장 {x:.1f}"\n\n#~ msgid "Old"\n#~ msgstr "옛"', "obsolete"),
        ("", "missing"),
    ],
)
def test_a_fault_of_the_catalogue_is_found(tmp_path: Path, entry: str, problem: str) -> None:
    po = tmp_path / "ko.po"
    po.write_text(f'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n{entry}\n', encoding="utf-8")
    found = translations.problems({"Save {x:.1f}": ["page.py"]}, po)
    assert len(found) == 1
    assert found[0].startswith(problem)
