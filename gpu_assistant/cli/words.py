"""What is printed: results on standard output, remarks on standard error."""

from __future__ import annotations

import sys


def out(text: str) -> None:
    """A result, on standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """A remark, on standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
