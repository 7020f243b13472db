"""The sample model and photos of the practice workspace, made from licence-clean packages; nothing is downloaded.

`ensure_saved_model` and `sample_photos` are cheap to import: TensorFlow runs only in a process of its own.
"""

from gpu_assistant.practice.sample.cache import MODEL_NAME, ensure_saved_model
from gpu_assistant.practice.sample.photos import sample_photos

__all__ = ["MODEL_NAME", "ensure_saved_model", "sample_photos"]
