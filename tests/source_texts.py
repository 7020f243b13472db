"""The texts that the source shows to people, read from its syntax: nothing is imported, nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Key = str | tuple[str, str]
"""A text, or the two forms of one that counts."""

_LITERAL_ONLY = {"Text": 1, "mark": 1, "tr": 1, "tr_count": 2}
"""The functions that name texts, and how many of their first arguments are texts."""

_ERROR_ROOT = "AssistantError"
_ERROR_TEXTS = ("title", "template")

_SHOWN_KEYWORDS = frozenset(
    {"text", "label", "title", "message", "detail", "caption", "heading", "hint", "placeholder", "tooltip", "tip"}
)
_SHOWN_METHODS = frozenset({"title", "wm_title", "iconname"})
_FACT_KEYWORDS = frozenset({"about", "cause", "during", "reason", "setting", "suggestion", "what", "why"})
_JOB_METHODS = frozenset({"doing", "skip", "step"})
_NOT_SHOWN_CALLS = frozenset({"debug", "info", "warning", "error", "exception", "compile", "font"})
_FOR_DEVELOPERS = frozenset({"screen_map.py", "screen_walk.py", "thread_guard.py"})
"""Modules that speak to tests and to us, in logs and tracebacks."""

_WORD = re.compile(r"[^\W\d_]{2,}")
_NO_WORDS = re.compile(r"#[0-9a-fA-F]{3,8}|--[a-z-]+")
"""Colours, and options of the command line."""
_SENTENCE = re.compile(r"[A-Z][a-z]*'?[a-z]* \S")
_NAMES = frozenset(
    {
        "Azure",
        "English",
        "GB",
        "GPU",
        "HTTP",
        "MB",
        "gpu-assistant",
        "ms",
        "px",
        "vCPU",
        "한국어",
        # typefaces
        "DejaVu Sans",
        "DejaVu Sans Mono",
        "Malgun Gothic",
        "Noto Sans",
        "Noto Sans CJK KR",
        "Noto Sans KR",
        "Segoe UI",
    }
)
"""What is the same in every language: units and proper names. Symbols need no entry."""


@dataclass(frozen=True, slots=True)
class Misuse:
    """A place where a text could not be translated."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


def texts(package: Path) -> dict[Key, list[str]]:
    """Every text of a package with the files that say it, in the order of the source."""
    found: dict[Key, list[str]] = {}
    trees = list(_trees(package))
    errors = _error_classes([tree for _, tree in trees])
    for file, tree in trees:
        for node in _in_order(tree):
            for key in _texts_of(node, errors):
                files = found.setdefault(key, [])
                if file not in files:
                    files.append(file)
    return {key: files for key, files in found.items() if _needs_translation(key)}


def not_literal(package: Path) -> list[Misuse]:
    """Calls whose text cannot be read from the source: an f-string, a sum, a variable where a literal must stand."""
    return [Misuse(file, node.lineno, what) for file, tree in _trees(package) for node, what in _not_literal(tree)]


def bare(package: Path) -> list[Misuse]:
    """Strings that a window would show in English whatever its language."""
    return [
        Misuse(file, node.lineno, f"{ast.unparse(node)} is not translated")
        for file, tree in _trees(package)
        if file.rpartition("/")[2] not in _FOR_DEVELOPERS
        for node in _bare(tree)
    ]


def bare_facts(package: Path) -> list[Misuse]:
    """Words of ours below the faces that are no Text: facts of errors, names of steps."""
    found = []
    for file, tree in _trees(package):
        hidden = _hidden(tree, everything=False)
        for node in ast.walk(tree):
            for shown in _shown(node, _FACT_KEYWORDS, _JOB_METHODS):
                parts = [part for part in ast.walk(shown) if id(part) not in hidden and _says_something(part)]
                found += [Misuse(file, node.lineno, f"{ast.unparse(part)} is no Text") for part in parts]
    return found


def _trees(package: Path) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(package.rglob("*.py")):
        yield path.relative_to(package.parent).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def _in_order(tree: ast.AST) -> Iterator[ast.AST]:
    """Depth first, as it is read; `ast.walk` goes level by level."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        yield from _in_order(child)


def _needs_translation(key: Key) -> bool:
    """Whether anything but places to fill in, symbols and numbers is left to say."""
    text = key if isinstance(key, str) else key[1]
    return bool(re.search(r"[^\W\d_]", re.sub(r"\{[^{}]*\}", "", text)))


# --- what names a text ------------------------------------------------------------------------------------------


def _texts_of(node: ast.AST, errors: set[str]) -> Iterator[Key]:
    if isinstance(node, ast.Call):
        name = _naming_function(node)
        if name is not None:
            given = [_literal(argument) for argument in node.args[: _LITERAL_ONLY[name]]]
            if given and None not in given:
                yield given[0] if len(given) == 1 else (given[0], given[1])  # type: ignore[misc]
        elif isinstance(node.func, ast.Name) and node.func.id == "Remedy":
            label = _literal(node.args[1]) if len(node.args) > 1 else None
            if label:
                yield label
    elif isinstance(node, ast.ClassDef) and node.name in errors:
        for statement in node.body:
            name = _assigned_name(statement)
            text = _literal(getattr(statement, "value", None))
            if name in _ERROR_TEXTS and text:
                yield text


def _naming_function(call: ast.Call) -> str | None:
    function = call.func
    if isinstance(function, ast.Name) and function.id in _LITERAL_ONLY:
        return function.id
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "i18n":
        return function.attr if function.attr in _LITERAL_ONLY else None
    return None


def _error_classes(trees: list[ast.Module]) -> set[str]:
    """The names of AssistantError and of everything derived from it, in whatever module."""
    bases: dict[str, set[str]] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                names = {base.attr if isinstance(base, ast.Attribute) else ast.unparse(base) for base in node.bases}
                bases.setdefault(node.name, set()).update(names)
    family = {_ERROR_ROOT}
    while True:
        more = {name for name, parents in bases.items() if parents & family} - family
        if not more:
            return family
        family |= more


def _assigned_name(statement: ast.stmt) -> str:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return ""


def _literal(node: ast.AST | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _not_literal(tree: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    own_definitions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for node in ast.walk(tree):
        name = _naming_function(node) if isinstance(node, ast.Call) else None
        if name is None or not isinstance(node, ast.Call) or name in own_definitions:
            continue
        wanted = _LITERAL_ONLY[name]
        if len(node.args) < wanted or not all(_may_stand(argument, name) for argument in node.args[:wanted]):
            yield node, f"{name}() needs a plain literal: {ast.unparse(node)}"


def _may_stand(argument: ast.expr, name: str) -> bool:
    if _literal(argument) is not None:
        return True
    return name == "tr" and _is_known(argument)


def _is_known(node: ast.expr) -> bool:
    """What `tr` may say: a constant that was marked, an error's title, a Text from below; or a choice of these."""
    if isinstance(node, ast.BoolOp):
        return all(map(_is_known, node.values))
    if isinstance(node, ast.IfExp):
        return _is_known(node.body) and _is_known(node.orelse)
    return isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call) and not _is_made(node)


def _is_made(node: ast.expr) -> bool:
    """Whether it is a string put together on the spot."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "join")


# --- what is shown without having been named ----------------------------------------------------------------------


def _bare(tree: ast.Module) -> Iterator[ast.expr]:
    hidden = _hidden(tree)
    seen: set[int] = set()
    for node in ast.walk(tree):
        for shown in _shown(node, _SHOWN_KEYWORDS, _SHOWN_METHODS):
            for part in ast.walk(shown):
                if id(part) not in hidden and id(part) not in seen and _says_something(part):
                    seen.add(id(part))
                    yield part  # type: ignore[misc]
    for node in ast.walk(tree):
        text = _literal(node)
        if text and id(node) not in hidden | seen and text not in _NAMES and _SENTENCE.match(text):
            yield node  # type: ignore[misc]


def _shown(node: ast.AST, keywords: frozenset[str], methods: frozenset[str]) -> Iterator[ast.expr]:
    """What would be shown: `text=…`, `widget["text"] = …`, `window.title(…)`."""
    if isinstance(node, ast.Call):
        yield from (keyword.value for keyword in node.keywords if keyword.arg in keywords)
        if isinstance(node.func, ast.Attribute) and node.func.attr in methods:
            yield from node.args
    elif isinstance(node, ast.Assign):
        target = node.targets[0]
        if isinstance(target, ast.Subscript) and _literal(target.slice) in keywords:
            yield node.value


def _says_something(node: ast.AST) -> bool:
    text = _literal(node)
    if text is None or text.strip() in _NAMES or _NO_WORDS.fullmatch(text):
        return False
    return any(word not in _NAMES for word in _WORD.findall(text))


def _hidden(tree: ast.Module, *, everything: bool = True) -> set[int]:
    """What is translated, and what nobody reads on a screen: docstrings, logs, names of attributes.

    `everything` counts exceptions among the latter: a window shows those of our own family alone.
    """
    hidden: set[int] = set()

    def hide(node: ast.AST) -> None:
        hidden.update(id(part) for part in ast.walk(node))

    for node in ast.walk(tree):
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_docstring or isinstance(node, ast.Assert | ast.Compare) or (everything and isinstance(node, ast.Raise)):
            hide(node)
        elif isinstance(node, ast.Subscript):
            hide(node.slice)
        elif isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            hide(node.format_spec)
        elif isinstance(node, ast.Call):
            if _naming_function(node) is not None or _called(node) in _NOT_SHOWN_CALLS:
                hide(node)
            elif _called(node) in ("get", "getattr", "grid", "cget", "configure", "pack", "place"):
                for argument in node.args:
                    hide(argument)
    return hidden


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
