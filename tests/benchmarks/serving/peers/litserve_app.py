"""The same model behind LitServe, with the batching that its documentation recommends.

    PYTHON_OF_ITS_VENV litserve_app.py MODEL PORT

Image files come as base64 in JSON, its natural batchable request; the best five classes go back.
"""

from __future__ import annotations

import base64
import sys
from typing import Any

import litserve as ls
import numpy as np
import tensorflow as tf

MAX_BATCH = 32
BATCH_WAIT_S = 0.005


class Classifier(ls.LitAPI):  # type: ignore[misc]  # not installed where types are checked
    """Batches of image files to batches of scores."""

    def __init__(self, folder: str) -> None:
        super().__init__(max_batch_size=MAX_BATCH, batch_timeout=BATCH_WAIT_S)
        self._folder = folder

    def setup(self, device: str) -> None:
        self._model = tf.saved_model.load(self._folder)
        self._call = self._model.signatures["serving_default"]
        (self._input,) = self._call.structured_input_signature[1]

    def decode_request(self, request: dict[str, str]) -> bytes:
        return base64.b64decode(request["image"])

    def batch(self, inputs: list[bytes]) -> list[bytes]:
        return inputs

    def predict(self, images: list[bytes]) -> Any:
        return self._call(**{self._input: tf.constant(images)})["probabilities"].numpy()

    def unbatch(self, output: Any) -> list[Any]:
        return list(output)

    def encode_response(self, scores: Any) -> dict[str, Any]:
        best = np.argsort(-scores)[:5]
        return {"predictions": [{"index": int(index), "probability": float(scores[index])} for index in best]}


if __name__ == "__main__":
    server = ls.LitServer(Classifier(sys.argv[1]), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[2]), generate_client_file=False, log_level="warning")
