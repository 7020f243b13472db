"""What is on a screen, asked of the X server: a program that is looked at does nothing for it."""

from __future__ import annotations

import ctypes
import time
from dataclasses import dataclass

_LOOK_EVERY_S = 0.001
_LOOK_SELDOM_S = 0.05
_ALL_PLANES = ctypes.c_ulong(-1)
_Z_PIXMAP = 2

Rect = tuple[int, int, int, int]
"""x, y, width, height in pixels of the screen."""


@dataclass(frozen=True)
class Patch:
    """A part of the screen and what it looks like."""

    rect: Rect
    pixels: bytes


class _Image(ctypes.Structure):
    """The beginning of XImage of X11/Xlib.h, up to the size of a line."""

    _fields_ = (
        *((name, ctypes.c_int) for name in ("width", "height", "xoffset", "format")),
        ("data", ctypes.c_void_p),
        *((name, ctypes.c_int) for name in ("byte_order", "bitmap_unit", "bitmap_bit_order", "bitmap_pad")),
        *((name, ctypes.c_int) for name in ("depth", "bytes_per_line")),
    )


class Eyes:
    """Looks at a display, with all that covers one window or another. One thread."""

    def __init__(self, display: str) -> None:
        xlib = ctypes.CDLL("libX11.so.6")
        xlib.XOpenDisplay.restype = ctypes.c_void_p
        xlib.XDefaultRootWindow.restype = ctypes.c_ulong
        xlib.XGetImage.restype = ctypes.POINTER(_Image)
        self._xlib = xlib
        self._display = ctypes.c_void_p(xlib.XOpenDisplay(display.encode()))
        if not self._display:
            raise OSError(f"no X server answers at {display}")
        self._root = ctypes.c_ulong(xlib.XDefaultRootWindow(self._display))

    def close(self) -> None:
        """Look no more."""
        self._xlib.XCloseDisplay(self._display)

    def read(self, rect: Rect) -> Patch:
        """What this part, which must lie on the screen, looks like now."""
        image = self._xlib.XGetImage(self._display, self._root, *rect, _ALL_PLANES, _Z_PIXMAP)
        if not image:
            raise OSError(f"the X server cannot show {rect}")
        try:
            size = image.contents.bytes_per_line * image.contents.height
            return Patch(rect, ctypes.string_at(image.contents.data, size))
        finally:
            self._xlib.XFree(ctypes.c_void_p(image.contents.data))
            self._xlib.XFree(image)

    def wait_for(self, patch: Patch, timeout_s: float, *, look_every_s: float = _LOOK_EVERY_S) -> float:
        """Wait until its part of the screen looks like that; `time.perf_counter()` just after the look that saw it."""
        deadline_s = time.perf_counter() + timeout_s
        while self.read(patch.rect) != patch:
            if time.perf_counter() > deadline_s:
                raise TimeoutError(f"after {timeout_s:.0f} s the screen still looks different at {patch.rect}")
            time.sleep(look_every_s)
        return time.perf_counter()

    def wait_until_still(self, rect: Rect, still_s: float, timeout_s: float) -> Patch:
        """Wait until this part has looked the same for `still_s`; what it looks like then."""
        deadline_s = time.perf_counter() + timeout_s
        seen, since_s = self.read(rect), time.perf_counter()
        while time.perf_counter() - since_s < still_s:
            if time.perf_counter() > deadline_s:
                raise TimeoutError(f"after {timeout_s:.0f} s the screen still changes at {rect}")
            time.sleep(_LOOK_SELDOM_S)
            now = self.read(rect)
            if now != seen:
                seen, since_s = now, time.perf_counter()
        return seen
