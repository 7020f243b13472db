"""A model called for several images at once: sizes that were warmed up, one answer for each image."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from saved_model import Answers, Model

logger = logging.getLogger("azmlinfsrv.model")

CPU_BATCH = 8
GPU_BATCH = 32


class BatchedModel:
    """Calls a model that is warmed up already. Safe to use from several threads.

    On a GPU every new shape costs: cuDNN looks for its fastest kernels anew. So batches are filled up to the next
    power of two there, and the answers to what filled them are dropped.
    """

    def __init__(self, model: Model, device: str, wanted_batch: int) -> None:
        self._model = model
        self._is_padding = "GPU" in device and model.max_batch is None
        wanted = wanted_batch or (GPU_BATCH if "GPU" in device else CPU_BATCH)
        self.max_batch = min(wanted, model.max_batch or wanted)
        tf = model.tensorflow
        self.sample = model.prepare(tf.io.encode_jpeg(tf.zeros([64, 64, 3], tf.uint8)).numpy())

    def warm_up(self) -> None:
        """Call the model with every size that it will be called with; `max_batch` falls to what has room."""
        size = 1
        while True:
            try:
                self([self.sample] * size)
            except MemoryError:
                if size == 1:
                    raise
                logger.warning("no memory for %d images at a time", size)
                self.max_batch = size // 2
            if size >= self.max_batch:
                return
            size = min(size * 2, self.max_batch)

    def __call__(self, prepared: Sequence[Any]) -> list[Answers]:
        """One answer for each image, in their order. Raises what Model.predict raises."""
        filled = list(prepared)
        if self._is_padding:
            filled += filled[-1:] * (min(_power_of_two(len(filled)), self.max_batch) - len(filled))
        answers = self._model.predict(filled)
        return [Answers(answers.scores[row : row + 1], answers.device) for row in range(len(prepared))]


def _power_of_two(number: int) -> int:
    """The smallest that is not below `number`."""
    return 1 << (number - 1).bit_length()
