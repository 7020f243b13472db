"""What goes into a model and what comes out, in words. Pure."""

from __future__ import annotations

from gpu_assistant.domain.model import Shape, TensorSpec
from gpu_assistant.i18n import tr
from gpu_assistant.saved_model.serving import shape_text

_FLOATS = frozenset({"float16", "bfloat16", "float32", "float64"})
_INTEGERS = frozenset({"int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"})
_KB, _MB, _GB = 10**3, 10**6, 10**9


def input_words(spec: TensorSpec) -> str:
    """ "image files (JPEG, PNG), any number at once"; dtype and shape where no image fits."""
    if spec.dtype == "string" and (spec.shape is None or len(spec.shape) <= 1):
        return _counted(tr("image files as they are (JPEG, PNG)"), spec.shape)
    if spec.dtype in ("uint8", *_FLOATS) and spec.shape is not None and len(spec.shape) == 4:
        _, height, width, channels = spec.shape
        if channels in (1, 3):
            if height is None or width is None:
                size = tr("images of any size")
            else:
                size = tr("images of {width} × {height} pixels", width=width, height=height)
            return _counted(size, spec.shape)
    return f"{spec.dtype} {tr(shape_text(spec.shape))}"


def output_words(spec: TensorSpec) -> str:
    """ "1001 numbers for each image": what one image gets."""
    if spec.shape is None:
        return f"{spec.dtype} {tr(shape_text(None))}"
    own = spec.shape[1:]
    if spec.dtype == "string":
        one, many = tr("a text for each image"), tr("texts for each image")
    elif spec.dtype in _FLOATS or spec.dtype in _INTEGERS:
        one, many = tr("a number for each image"), tr("numbers for each image")
    else:
        return f"{spec.dtype} {tr(shape_text(spec.shape))}"
    if not own:
        return one
    if None in own:
        return many
    count = 1
    for size in own:
        count *= size or 1
    if count == 1:
        return one
    grid = " × ".join(str(size) for size in own)
    if spec.dtype == "string":
        return tr("{grid} texts for each image", grid=grid)
    return tr("{grid} numbers for each image", grid=grid)


def exact_words(spec: TensorSpec) -> str:
    """ "string [?]": what a person who knows TensorFlow wants to see."""
    return f"{spec.dtype} {tr(shape_text(spec.shape))}"


def size_words(size_bytes: int) -> str:
    """ "25.6 MB"."""
    for unit, name in ((_GB, "GB"), (_MB, "MB"), (_KB, "kB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:.3g} {name}"
    return tr("{count} bytes", count=size_bytes)


def _counted(what: str, shape: Shape | None) -> str:
    """Whether one or many fit into one request: the first dimension."""
    if shape is None or (shape and shape[0] is None):
        return tr("{what}, any number at once", what=what)
    if not shape or shape[0] == 1:
        return tr("{what}, one at a time", what=what)
    return tr("{what}, {count} at once", what=what, count=shape[0])
