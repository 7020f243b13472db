"""A model drawn so that a person understands it: what goes in, what it is, what comes out."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence

from gpu_assistant.domain.errors import AssistantError
from gpu_assistant.domain.model import Signature, TensorSpec
from gpu_assistant.i18n import error_detail, error_title, tr, tr_count
from gpu_assistant.ui import theme
from gpu_assistant.ui.screen_map import named
from gpu_assistant.ui.theme import Button, Frame, Label, px
from gpu_assistant.ui.widgets.prose import Prose
from gpu_assistant.ui.widgets.signature_words import exact_words, input_words, output_words, size_words
from gpu_assistant.workflows.inspect_model import ModelInspection

Found = ModelInspection | AssistantError | None


class SignatureView(Frame):
    """Three boxes with arrows between them, or why the model cannot be used. Tk thread only."""

    def __init__(self, parent: tk.Misc, on_again: Callable[[], None]) -> None:
        """`on_again` reads a model once more that could not be read."""
        super().__init__(parent)
        self._on_again = on_again
        self._drawn: tuple[str, Found, Signature | None] | None = None
        self._inside: Frame | None = None
        self.columnconfigure(0, weight=1)

    def show(self, model_id: str, found: Found, signature: Signature | None = None) -> None:
        """`found` is None while it is being read; no `model_id` asks to choose one. `signature` is the one that will be
        called, where that is not the model's natural one.
        """
        drawn = self._drawn
        if drawn is not None and drawn[0] == model_id and drawn[1] is found and drawn[2] == signature:
            return
        self._drawn = (model_id, found, signature)
        if self._inside is not None:
            self._inside.destroy()
        self._inside = inside = Frame(self)
        inside.columnconfigure(0, weight=1)
        inside.grid(row=0, column=0, sticky="nsew")
        if not model_id:
            self._say(inside, tr("Choose a model to see what goes in and what comes out."))
        elif found is None:
            self._say(inside, tr("Reading what {model} takes and answers…", model=model_id))
        elif isinstance(found, AssistantError):
            self._draw_refusal(inside, found)
        else:
            self._draw_model(inside, found, signature or found.signature)

    def _say(self, inside: Frame, text: str) -> None:
        Prose(inside, text=text, style="Muted.TLabel").grid(row=0, column=0, sticky="ew")

    def _draw_refusal(self, inside: Frame, error: AssistantError) -> None:
        box = theme.card(inside)
        box.grid(row=0, column=0, sticky="ew")
        box.columnconfigure(1, weight=1)
        Label(box, text="×", style="Danger.TLabel", font=theme.HEADING).grid(
            row=0, column=0, sticky="n", padx=(0, px(self, 8))
        )
        Prose(box, text=error_title(error), style="Bold.TLabel").grid(row=0, column=1, sticky="ew")
        named(Prose(box, text=error_detail(error)), "deploy.signature.why").grid(row=1, column=1, sticky="ew")
        again = Button(box, text=tr("Read it again"), bootstyle="secondary-outline", command=self._on_again)
        named(again, "deploy.signature.again").grid(row=2, column=1, sticky="w", pady=(px(self, 8), 0))

    def _draw_model(self, inside: Frame, found: ModelInspection, signature: Signature) -> None:
        self._draw_ends(inside, 0, tr("In"), signature.inputs, input_words)
        self._draw_arrow(inside, 1)
        self._draw_middle(inside, 2, found)
        self._draw_arrow(inside, 3)
        self._draw_ends(inside, 4, tr("Out"), signature.outputs, output_words)
        for line, warning in enumerate(found.warnings, start=5):
            row = Frame(inside)
            row.columnconfigure(1, weight=1)
            row.grid(row=line, column=0, sticky="ew", pady=(px(self, 6), 0))
            Label(row, text="!", style="Warning.TLabel", font=theme.BOLD).grid(
                row=0, column=0, sticky="n", padx=(0, px(self, 8))
            )
            Prose(row, text=tr(warning)).grid(row=0, column=1, sticky="ew")

    def _draw_ends(
        self,
        inside: Frame,
        line: int,
        heading: str,
        specs: Sequence[TensorSpec],
        words: Callable[[TensorSpec], str],
    ) -> None:
        box = self._box(inside, line)
        Label(box, text=heading, style="Bold.TLabel", width=5, anchor="w").grid(row=0, column=0, sticky="nw")
        for number, spec in enumerate(specs):
            Prose(box, text=f"{spec.name}: {words(spec)}").grid(row=2 * number, column=1, sticky="ew")
            Prose(box, text=exact_words(spec), style="Small.TLabel").grid(row=2 * number + 1, column=1, sticky="ew")

    def _draw_middle(self, inside: Frame, line: int, found: ModelInspection) -> None:
        box = self._box(inside, line)
        Label(box, text="◆", style="Accent.TLabel", width=5, anchor="w").grid(row=0, column=0, sticky="nw")
        Prose(box, text=found.model_id, style="Bold.TLabel").grid(row=0, column=1, sticky="ew")
        facts = [f"TensorFlow {found.summary.tensorflow_version}"] if found.summary.tensorflow_version else []
        if found.size_bytes is not None:
            facts.append(size_words(found.size_bytes))
        if found.labels_count is None:
            facts.append(tr("no labels of its own"))
        else:
            facts.append(tr_count("{count} label", "{count} labels", found.labels_count))
        named(Prose(box, text=" · ".join(facts), style="Muted.TLabel"), "deploy.signature.facts").grid(
            row=1, column=1, sticky="ew"
        )

    def _box(self, inside: Frame, line: int) -> Frame:
        box = Frame(inside, style="Card.TFrame", padding=px(self, 8))
        box.columnconfigure(1, weight=1)
        box.grid(row=line, column=0, sticky="ew")
        return box

    def _draw_arrow(self, inside: Frame, line: int) -> None:
        Label(inside, text="↓", style="Muted.TLabel", anchor="center").grid(row=line, column=0)
