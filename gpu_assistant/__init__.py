"""gpu-assistant: from a registered SavedModel to a scored image on a GPU, and back to nothing that bills."""

__version__ = "0.1.0"
