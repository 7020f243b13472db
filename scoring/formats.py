"""Formats that some models decode and others do not, found out by asking the model at hand."""

from __future__ import annotations

import struct

from images import ImageFormat
from saved_model import ImageNotDecoded, Model

# One black pixel each. JPEG, PNG and GIF are left out: all of TensorFlow's decoders of image files take these.
_PIXEL = {
    ImageFormat.BMP: (
        b"BM"
        + struct.pack("<IHHI", 58, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, 1, 1, 1, 24, 0, 4, 0, 0, 0, 0)
        + bytes(4)
    ),
    ImageFormat.WEBP: b"RIFF\x1a\0\0\0WEBPVP8L\x0e\0\0\0\x2f\0\0\0\0\x07\x10\x11\xfd\x0f\x44\x44\xff\x03",
}


def declined_formats(model: Model) -> frozenset[ImageFormat]:
    """Those that the model refuses even of a picture that is whole. To be asked once, after the warm-up."""
    declined = set()
    for format_, pixel in _PIXEL.items():
        try:
            model.predict([model.prepare(pixel)])
        except ImageNotDecoded:
            declined.add(format_)
    return frozenset(declined)
