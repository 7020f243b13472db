"""TensorFlow for tests: imported once, quietly, and only when a test asks for it."""

from __future__ import annotations

import os
import warnings
from typing import Any


def import_tensorflow() -> Any:
    """Warnings are errors in our tests; those that TensorFlow's own imports cause say nothing about our code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow
    return tensorflow


def import_keras() -> Any:
    """Keras, which TensorFlow brings; its own import warns as well."""
    import_tensorflow()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras
    return keras
