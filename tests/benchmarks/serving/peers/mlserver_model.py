"""The same model behind MLServer, with its adaptive batching; image files come as base64 in its own protocol."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from mlserver import MLModel
from mlserver.codecs import Base64Codec, NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Classifier(MLModel):  # type: ignore[misc]  # not installed where types are checked
    """Batches of image files to the best five classes of each: first their indices, then their scores."""

    async def load(self) -> bool:
        self._model = tf.saved_model.load(self.settings.parameters.uri)
        self._call = self._model.signatures["serving_default"]
        (self._input,) = self._call.structured_input_signature[1]
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        images = Base64Codec.decode_input(payload.inputs[0])
        scores = self._call(**{self._input: tf.constant(images)})["probabilities"].numpy()
        best = np.argsort(-scores, axis=1)[:, :5]
        outputs = [
            NumpyCodec.encode_output("index", best),
            NumpyCodec.encode_output("probability", np.take_along_axis(scores, best, axis=1)),
        ]
        return InferenceResponse(model_name=self.name, outputs=outputs)
