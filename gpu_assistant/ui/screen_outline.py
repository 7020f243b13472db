"""The marks that pages put on their widgets, and the outline of the screen made with them.

UI thread only.
"""

from __future__ import annotations

import tkinter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar, cast, runtime_checkable

from gpu_assistant.logs import redact

_LONGEST_TEXT = 4000
_MASK = "••••"

_ROLES = {
    "Button": "button",
    "TButton": "button",
    "TMenubutton": "button",
    "Menubutton": "button",
    "Entry": "entry",
    "TEntry": "entry",
    "TSpinbox": "entry",
    "Spinbox": "entry",
    "TCheckbutton": "checkbox",
    "Checkbutton": "checkbox",
    "TRadiobutton": "radio",
    "Radiobutton": "radio",
    "TCombobox": "combobox",
    "Treeview": "table",
    "Listbox": "table",
    "Text": "text",
    "TProgressbar": "progress",
    "TScale": "slider",
    "Scale": "slider",
    "Canvas": "canvas",
}
_KEPT_WITHOUT_TEXT = frozenset(_ROLES.values()) | {"image"}

_Widget = TypeVar("_Widget", bound=tkinter.Misc)
Box = tuple[int, int, int, int]
"""x, y, width, height in pixels."""


@runtime_checkable
class Describes(Protocol):
    """A Canvas that can say what it shows."""

    def describe(self) -> Sequence[Mapping[str, Any]]:
        """What is drawn: entries with `text` and, as they apply, `name`, `role`, `rect` (in the widget's own pixels).

        Called several times a second, so it must be cheap: answer from what was last drawn, do not ask Tk.
        """


def named(widget: _Widget, name: str, *, role: str = "") -> _Widget:
    """Give `widget` a name that outlives every redesign, and a role where its Tk class does not tell ("link", "image").

    Returns the widget. A named widget is described even when it has no text, a drop zone's frame for example.
    """
    marked = cast(Any, widget)
    marked.screen_name = name
    if role:
        marked.screen_role = role
    return widget


def secret(widget: _Widget) -> _Widget:
    """Never describe what `widget` and the widgets inside it show, masked or not. Returns the widget."""
    cast(Any, widget).screen_secret = True
    return widget


class _Marks(NamedTuple):
    """What the program said of one of its widgets."""

    widget: object = None  # None for one that Tk made by itself, such as the list of a combobox
    name: str = ""
    role: str = ""
    is_secret: bool = False


class _Seen(NamedTuple):
    """One widget as the walk told it."""

    path: str
    tk_class: str
    box: Box
    enabled: bool
    text: str
    more: tuple[tuple[str, str], ...]

    @property
    def parent(self) -> str:
        return self.path.rpartition(".")[0] or "."

    def option(self, name: str) -> str:
        """What the walk added under `name`, or nothing."""
        return next((value for key, value in self.more if key == name), "")


class Outline:
    """Turns one answer of the walk (see `screen_walk`) into what the screen map writes."""

    def __init__(self, root: tkinter.Misc, raw: str) -> None:
        self._split = cast(Callable[[str], tuple[str, ...]], root.tk.splitlist)
        self._focus, width, height, self._raw_windows = self._split(raw)
        self._screen = (0, 0, int(width), int(height))
        self._root = root
        self._marks: dict[str, _Marks] = {}
        self.drawings: list[Describes] = []
        """The visible canvases that describe themselves; complete after the last step."""
        self.result: dict[str, Any] = {
            "screen": [int(width), int(height)],
            "focus": None,
            "windows": [],
        }
        """What is written; complete after the last step."""

    def steps(self) -> Iterator[None]:
        """Do the work, one short step each time."""
        self._marks = dict(_marks(self._root))
        if self._focus:
            self.result["focus"] = self._name(self._focus)
        yield
        for window in self._split(self._raw_windows):
            path, _tk_class, title, x, y, width, height, widgets = self._split(window)
            box = (int(x), int(y), int(width), int(height))
            entries: list[dict[str, Any]] = []
            self.result["windows"].append(
                {"name": self._name(path), "title": redact(title), "rect": list(box), "widgets": entries}
            )
            seen = []
            for widget in self._split(widgets):
                seen.append(self._read(widget))
                yield
            for one, visible in _visible(seen, path, _overlap(box, self._screen)):
                entries.extend(self._describe(one, visible))
                yield

    def _read(self, raw: str) -> _Seen:
        path, tk_class, x, y, width, height, enabled, text, more = self._split(raw)
        words = self._split(more)
        pairs = tuple(zip(words[::2], words[1::2], strict=True))
        return _Seen(path, tk_class, (int(x), int(y), int(width), int(height)), enabled == "1", text, pairs)

    def _describe(self, seen: _Seen, visible: Box) -> Iterator[dict[str, Any]]:
        marks = self._marks_of(seen.path)
        name, role = marks.name or seen.path, marks.role or _role(seen)
        text = _MASK if marks.is_secret and seen.text and not seen.option("mask") else seen.text
        if text.strip() or marks.name or role in _KEPT_WITHOUT_TEXT:
            checked = seen.option("checked")
            yield {
                "name": name,
                "role": role,
                "text": redact(text[:_LONGEST_TEXT]),
                "enabled": seen.enabled,
                "focused": seen.path == self._focus,
                "rect": list(visible),
                **({"checked": checked == "1"} if checked else {}),
            }
        for key, value in seen.more:
            if key == "part":
                yield from self._part(value, seen, name, visible, is_secret=marks.is_secret)
        if isinstance(marks.widget, Describes) and not marks.is_secret:
            self.drawings.append(marks.widget)
            for number, drawn in enumerate(marks.widget.describe()):
                yield from self._drawing(drawn, f"{name}/{number}", seen, name, visible)

    def _part(self, raw: str, seen: _Seen, within: str, clip: Box, *, is_secret: bool) -> Iterator[dict[str, Any]]:
        role, identity, text, x, y, width, height, enabled, selected, values = self._split(raw)
        visible = _overlap((seen.box[0] + int(x), seen.box[1] + int(y), int(width), int(height)), clip)
        if visible is None:
            return
        shown = (lambda words: _MASK) if is_secret else redact
        yield {
            "name": f"{within}/{identity}",
            "role": role,
            "text": shown(text),
            "enabled": seen.enabled and enabled == "1",
            "focused": False,
            "rect": list(visible),
            "within": within,
            "selected": selected == "1",
            **({"values": [shown(value) for value in self._split(values)]} if role == "row" else {}),
        }

    def _drawing(
        self, drawn: Mapping[str, Any], name: str, seen: _Seen, within: str, clip: Box
    ) -> Iterator[dict[str, Any]]:
        x, y, width, height = (round(edge) for edge in drawn.get("rect", (0, 0, *seen.box[2:])))
        visible = _overlap((seen.box[0] + x, seen.box[1] + y, width, height), clip)
        if visible is not None:
            yield {
                "name": name,
                "role": "label",
                "enabled": seen.enabled,
                "focused": False,
                **drawn,
                "text": redact(str(drawn.get("text", ""))),
                "rect": list(visible),
                "within": within,
            }

    def _name(self, path: str) -> str:
        return self._marks_of(path).name or path

    def _marks_of(self, path: str) -> _Marks:
        found = self._marks.get(path)
        if found is None:  # made by Tk itself: as secret as the widget it belongs to
            found = _Marks(is_secret=self._marks_of(path.rpartition(".")[0]).is_secret) if path else _Marks()
            self._marks[path] = found
        return found


def _marks(widget: tkinter.Misc, *, is_secret: bool = False) -> Iterator[tuple[str, _Marks]]:
    is_secret = is_secret or getattr(widget, "screen_secret", False)
    name, role = getattr(widget, "screen_name", ""), getattr(widget, "screen_role", "")
    yield str(widget), _Marks(widget, name, role, is_secret)
    for child in widget.children.values():
        yield from _marks(child, is_secret=is_secret)


def _role(seen: _Seen) -> str:
    role = _ROLES.get(seen.tk_class, "")
    if role == "button" and seen.option("style").lower().endswith("link.tbutton"):
        return "link"
    return role or ("image" if seen.option("image") else "label" if seen.text else "area")


def _visible(seen: Sequence[_Seen], top: str, window: Box | None) -> Iterator[tuple[_Seen, Box]]:
    """The widgets that can be seen, each with the part that shows; a page below another page cannot."""
    shown: dict[str, Box] = {top: window} if window else {}
    above: dict[str, list[Box]] = {}
    for widget in reversed(seen):  # a later sibling lies above an earlier one
        if widget.path != top:
            above.setdefault(widget.parent, []).append(widget.box)
    for widget in seen:
        covering: Sequence[Box] = ()
        clip = window
        if widget.path != top:
            covering = above[widget.parent]
            del covering[-1:]  # itself
            clip = shown.get(widget.parent)
        visible = _overlap(widget.box, clip) if clip else None
        if visible is None or any(_contains(other, visible) for other in covering):
            continue
        shown[widget.path] = visible
        yield widget, visible


def _overlap(one: Box, other: Box) -> Box | None:
    left, top = max(one[0], other[0]), max(one[1], other[1])
    right, bottom = min(one[0] + one[2], other[0] + other[2]), min(one[1] + one[3], other[1] + other[3])
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None


def _contains(outer: Box, inner: Box) -> bool:
    return (
        outer[0] <= inner[0]
        and outer[1] <= inner[1]
        and outer[0] + outer[2] >= inner[0] + inner[2]
        and outer[1] + outer[3] >= inner[1] + inner[3]
    )
