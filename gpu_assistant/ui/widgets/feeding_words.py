"""How images are fed to a model, in words. Pure."""

from __future__ import annotations

from gpu_assistant.domain.preprocessing import Channels, Fit, Preprocessing
from gpu_assistant.i18n import mark, tr
from gpu_assistant.saved_model.feeding import PixelInput

_SCALES = {
    "0..255": mark("0 to 255, as they are"),
    "0..1": mark("0 to 1"),
    "-1..1": mark("-1 to 1"),
    "torch": mark("ImageNet mean and deviation (PyTorch)"),
    "caffe": mark("Blue first, less ImageNet mean (Caffe)"),
}
_FITS = {
    Fit.STRETCH: mark("Stretched"),
    Fit.CROP: mark("Middle cut out"),
    Fit.PAD: mark("Whole, with black bars"),
}
OWN_SCALE = mark("Own numbers")
"""For a mean and a deviation that were given by hand."""


def scale_words(scale: str) -> str:
    """A scale as a choice."""
    return tr(_SCALES[scale]) if scale in _SCALES else tr(OWN_SCALE)


def fit_words(fit: Fit) -> str:
    """A fit as a choice."""
    return tr(_FITS[fit])


def what_happens(how: Preprocessing, pixels: PixelInput) -> str:
    """What becomes of a photo, in one or two sentences."""
    height, width = pixels.height, pixels.width
    if how.size_px is not None:
        height, width = height or how.size_px[0], width or how.size_px[1]
    facts = {"width": width or "?", "height": height or "?"}
    if how.fit is Fit.CROP:
        first = tr(
            "The middle {percent} % of a photo is cut out and made {width} × {height} pixels.",
            percent=round(how.crop_ratio * 100),
            **facts,
        )
    elif how.fit is Fit.PAD:
        first = tr("A photo is made to fit into {width} × {height} pixels, with black bars.", **facts)
    else:
        first = tr("A photo is stretched to {width} × {height} pixels.", **facts)
    return f"{first} {_numbers(how, pixels)}"


def _numbers(how: Preprocessing, pixels: PixelInput) -> str:
    channels = how.channels or (Channels.GREY if pixels.channels == 1 else Channels.RGB)
    if how.scale == "caffe" and how.channels is None:
        channels = Channels.BGR
    order = {
        Channels.RGB: tr("red, green, blue"),
        Channels.BGR: tr("blue, green, red"),
        Channels.GREY: tr("grey"),
    }[channels]
    match how.scale:
        case "0..1":
            return tr("Its pixels ({order}) become 0 to 1.", order=order)
        case "-1..1":
            return tr("Its pixels ({order}) become -1 to 1.", order=order)
        case "torch":
            return tr("Its pixels ({order}) become 0 to 1, less ImageNet's mean, over its deviation.", order=order)
        case "caffe":
            return tr("Its pixels ({order}) stay 0 to 255, less ImageNet's mean.", order=order)
        case "" if how.mean or how.std:
            mean, deviation = (", ".join(f"{number:g}" for number in numbers) for numbers in (how.mean, how.std))
            return tr(
                "Its pixels ({order}) lose {mean} and are divided by {deviation}.",
                order=order,
                mean=mean or "0",
                deviation=deviation or "1",
            )
        case _:
            return tr("Its pixels ({order}) stay 0 to 255.", order=order)
