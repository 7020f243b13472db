"""Reads SavedModel folders without TensorFlow: what a model takes, what it answers, what stands in its way."""

from gpu_assistant.saved_model.reader import read_saved_model
from gpu_assistant.saved_model.report import to_json
from gpu_assistant.saved_model.serving import serving_signature

__all__ = ["read_saved_model", "serving_signature", "to_json"]
