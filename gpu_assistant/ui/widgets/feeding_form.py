"""How the chosen model is called, fed with images, and its answers named."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

from gpu_assistant.domain.preprocessing import Fit, Preprocessing
from gpu_assistant.i18n import error_detail, tr, tr_count
from gpu_assistant.saved_model.feeding import PixelInput, possible_outputs, suited_scales
from gpu_assistant.ui.desk import Desk
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Combobox, Entry, Frame, Label, px
from gpu_assistant.ui.widgets.feeding_words import OWN_SCALE, fit_words, scale_words, what_happens
from gpu_assistant.ui.widgets.fold import Fold
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.wizard.state import DeployChoice
from gpu_assistant.workflows.feeding import IMAGENET, Feeding
from gpu_assistant.workflows.inspect_model import ModelInspection

Value = TypeVar("Value")
_LABELS_PX = 130
"""So that the fields stand below each other, in the fold and outside of it."""


class FeedingForm(Frame):
    """Drawn only when there is something to say: a choice of signature or output, pixels to scale, labels to name.

    Every change is told at once. Tk thread only.
    """

    def __init__(
        self,
        parent: tk.Misc,
        desk: Desk,
        *,
        on_change: Callable[[DeployChoice], None],
        on_labels: Callable[[str], None],
    ) -> None:
        """`on_labels` gets a file, "imagenet", or "" for the model's own."""
        super().__init__(parent)
        self._desk = desk
        self._on_change = on_change
        self._on_labels = on_labels
        self._choice = DeployChoice()
        self._how = Preprocessing()
        gap = px(self, 4)
        self.columnconfigure(0, minsize=px(self, _LABELS_PX))
        self.columnconfigure(1, weight=1)
        self._heading = Label(self, text=tr("How images are fed"), style="Heading.TLabel")
        self._heading.grid(row=0, column=0, columnspan=2, sticky="w", pady=(0, gap))
        self._signature: _Choices[str] = self._row(1, "signature", tr("Signature"), self._choose_signature)
        self._output: _Choices[str] = self._row(2, "output", tr("Class scores in"), self._choose_output)
        self._story = named(Prose(self), "deploy.feeding.story")
        self._story.grid(row=3, column=0, columnspan=2, sticky="ew", pady=gap)
        self._reason = named(Prose(self, style="Small.TLabel"), "deploy.feeding.reason")
        self._reason.grid(row=4, column=0, columnspan=2, sticky="ew")
        self.details = Fold(self, tr("Change"), name="deploy.feeding.change")
        self.details.grid(row=5, column=0, columnspan=2, sticky="ew", pady=gap)
        self._build_details(self.details.inside)
        self._labels = self._row(6, "labels", tr("Names of classes"), self._choose_labels)
        self._trouble = named(Prose(self, style="Danger.TLabel"), "deploy.feeding.trouble")
        self._trouble.grid(row=7, column=0, columnspan=2, sticky="ew", pady=gap)

    def show(self, choice: DeployChoice, found: ModelInspection, how: Feeding) -> None:
        """Draw what follows from a choice. A field that is typed in is left alone."""
        self._choice = choice
        self._signature.show([(one.name, one.name) for one in found.signatures], how.signature.name)
        outputs = [(spec.name, spec.name) for spec in possible_outputs(how.signature)]
        self._output.show(outputs, how.output.name if how.output is not None else "")
        _shown(self._heading, how.pixels is not None or len(found.signatures) > 1 or len(outputs) > 1)
        self._show_pixels(how.pixels, how.preprocessing)
        self._reason.say(tr(how.reason))
        self._show_labels(choice.labels, found, how)
        self._trouble.say(error_detail(how.problem) if how.problem is not None else "")
        _shown(self._trouble, how.problem is not None)

    def focus_first(self) -> None:
        """Unfold what can be changed, and put the keyboard there."""
        self.details.unfold()
        (self._scale if self._story.winfo_ismapped() else self._labels).focus()

    # --- pixels -----------------------------------------------------------------------------------------------------

    def _build_details(self, inside: Frame) -> None:
        inside.columnconfigure(0, minsize=px(self, _LABELS_PX))
        inside.columnconfigure(1, weight=1)
        self._scale = self._row(0, "scale", tr("Pixels become"), self._scaled, parent=inside)
        self._fit = self._row(1, "fit", tr("A photo is"), self._fitted, parent=inside)
        self._size_label = Label(inside, text=tr("Height × width"))
        self._size_label.grid(row=2, column=0, sticky="w", padx=(0, px(self, 12)), pady=px(self, 2))
        self._typed_size = tk.StringVar(self)
        self._size = named(Entry(inside, textvariable=self._typed_size, width=12), "deploy.feeding.size")
        self._size.grid(row=2, column=1, sticky="w", pady=px(self, 2))
        self._typed_size.trace_add("write", lambda *about: self._sized())
        self._again = named(
            Button(inside, text=tr("As proposed"), bootstyle="secondary-outline", command=self._as_proposed),
            "deploy.feeding.reset",
        )
        self._again.grid(row=3, column=1, sticky="w", pady=px(self, 4))

    def _show_pixels(self, pixels: PixelInput | None, how: Preprocessing | None) -> None:
        has_pixels = pixels is not None and how is not None
        parts: tuple[tk.Misc, ...] = (self._story, self._reason, self.details)
        for widget in parts:
            _shown(widget, has_pixels)
        if pixels is None or how is None:
            return
        self._how = how
        self._story.say(what_happens(how, pixels))
        scales = [(scale, scale_words(scale)) for scale in suited_scales(pixels)]
        if how.scale not in suited_scales(pixels):
            scales.append((how.scale, tr(OWN_SCALE) if not how.scale else scale_words(how.scale)))
        self._scale.show(scales, how.scale, always=True)
        self._fit.show([(fit, fit_words(fit)) for fit in Fit], how.fit, always=True)
        for part in (self._size, self._size_label):
            _shown(part, pixels.has_open_size)
        typed = " × ".join(map(str, how.size_px or ()))
        if _size_of(self._typed_size.get()) != how.size_px and self._size.instate(["!focus"]):
            self._typed_size.set(typed)
        _shown(self._again, bool(self._choice.preprocess))

    def _scaled(self, scale: str) -> None:
        # blue first comes and goes with the scale that wants it
        self._tell(replace(self._how, scale=scale, mean=(), std=(), channels=None))

    def _fitted(self, fit: Fit) -> None:
        self._tell(replace(self._how, fit=fit))

    def _sized(self) -> None:
        size_px = _size_of(self._typed_size.get())
        if size_px is not None and size_px != self._how.size_px:
            self._tell(replace(self._how, size_px=size_px))

    def _tell(self, how: Preprocessing) -> None:
        self._how = how
        self._on_change(self._choice._replace(preprocess=how.to_text()))

    def _as_proposed(self) -> None:
        self._on_change(self._choice._replace(preprocess=""))
        self._scale.focus()

    def _choose_signature(self, name: str) -> None:
        self._on_change(self._choice._replace(signature=name, output="", preprocess=""))

    def _choose_output(self, name: str) -> None:
        self._on_change(self._choice._replace(output=name))

    # --- labels -----------------------------------------------------------------------------------------------------

    def _show_labels(self, source: str, found: ModelInspection, how: Feeding) -> None:
        if found.labels_count is None:
            own = tr("None: answers carry class numbers")
        else:
            count = tr_count("{count} label", "{count} labels", found.labels_count)
            own = tr("The model's own ({count})", count=count)
        choices = [("", own)]
        if source not in ("", IMAGENET):
            choices.append((source, Path(source).name))
        if how.fits_imagenet or source == IMAGENET:
            choices.append((IMAGENET, tr("ImageNet's 1000 classes")))
        choices.append((_ASK, tr("A file, one name on each line…")))
        self._labels.show(choices, source)

    def _choose_labels(self, source: str) -> None:
        if source == _ASK:
            patterns = [(tr("Text"), "*.txt"), (tr("All files"), "*")]
            files = self._desk.open_files(title=tr("Names of classes"), patterns=patterns)
            self._labels.choose(self._choice.labels)  # until the file is read
            if not files:
                return
            source = str(files[0])
        self._on_labels(source)

    def _row(
        self, line: int, name: str, label: str, on_choose: Callable[[Value], None], *, parent: Frame | None = None
    ) -> _Choices[Value]:
        return _Choices(parent or self, line, label, f"deploy.feeding.{name}", on_choose)


_ASK = "?"
"""The choice that opens a dialog; no file is called so here, for a path is absolute."""


class _Choices(Generic[Value]):
    """A label and a list to choose one value from; hidden while there is nothing to choose."""

    def __init__(self, parent: Frame, line: int, label: str, name: str, on_choose: Callable[[Value], None]) -> None:
        self._on_choose = on_choose
        self._values: list[Value] = []
        self._label = Label(parent, text=label)
        self._label.grid(row=line, column=0, sticky="w", padx=(0, px(parent, 12)), pady=px(parent, 2))
        self._box = named(Combobox(parent, state="readonly", width=24), name)
        self._box.grid(row=line, column=1, sticky="ew", pady=px(parent, 2))
        self._box.bind("<<ComboboxSelected>>", lambda event: self._chosen())

    def show(self, choices: Sequence[tuple[Value, str]], chosen: Value, *, always: bool = False) -> None:
        self._values = [value for value, _ in choices]
        words = [text for _, text in choices]
        if list(self._box.cget("values")) != words:
            self._box.configure(values=words)
        self.choose(chosen)
        for widget in (self._label, self._box):
            _shown(widget, always or len(choices) > 1)

    def choose(self, value: Value) -> None:
        """Show this one; nothing when it is not among them."""
        at = self._values.index(value) if value in self._values else -1
        if at < 0:
            self._box.set("")
        elif self._box.current() != at:
            self._box.current(at)

    def focus(self) -> None:
        self._box.focus_set()

    def _chosen(self) -> None:
        self._box.selection_clear()
        self._on_choose(self._values[self._box.current()])


def _shown(widget: tk.Misc, is_shown: bool) -> None:
    """Show or hide a widget of a grid, which keeps its place."""
    if bool(widget.grid_info()) is not is_shown:  # type: ignore[attr-defined]
        widget.grid() if is_shown else widget.grid_remove()  # type: ignore[attr-defined]


def _size_of(typed: str) -> tuple[int, int] | None:
    """ "224 × 192" or "224"; None while it makes no sense."""
    sides = typed.lower().replace("×", "x").split("x")
    if len(sides) > 2 or not all(side.strip().isascii() and side.strip().isdigit() for side in sides):
        return None
    numbers = [int(side) for side in sides if len(side.strip()) < 6]
    if len(numbers) != len(sides) or not all(1 <= number <= 4096 for number in numbers):
        return None
    return numbers[0], numbers[-1]
