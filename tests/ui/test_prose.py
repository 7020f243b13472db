"""Text that wraps at its own width."""

from __future__ import annotations

from gpu_assistant.ui.theme import Root
from gpu_assistant.ui.widgets.prose import Prose


def test_a_pixel_more_or_less_breaks_no_line_anew(root: Root) -> None:
    """Two columns of such text could otherwise push the pixel to and fro, and Tk would never come to rest."""
    prose = Prose(root, text="words " * 40)
    prose.place(x=0, y=0, width=300)
    root.update()
    wraps_at = str(prose.cget("wraplength"))
    for width in (301, 299, 298, 302, 300):
        prose.place_configure(width=width)
        root.update()
        assert str(prose.cget("wraplength")) == wraps_at
        assert int(wraps_at) < width, "the lines are not cut off"
    prose.place_configure(width=340)
    root.update()
    assert int(str(prose.cget("wraplength"))) == int(wraps_at) + 40
