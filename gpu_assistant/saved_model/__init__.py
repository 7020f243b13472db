"""Reads SavedModel folders without TensorFlow: what a model takes, what it answers, what stands in its way."""

from gpu_assistant.saved_model.reader import read_saved_model
from gpu_assistant.saved_model.report import most_common_operations, serving_lines, to_json
from gpu_assistant.saved_model.serving import serving_signature, usable_signatures

__all__ = [
    "most_common_operations",
    "read_saved_model",
    "serving_lines",
    "serving_signature",
    "to_json",
    "usable_signatures",
]
