"""The yardstick: the scoring script that guides hand on, mended only so far that it answers.

Kept as it goes around: a TensorFlow 1 session, one image for each call, the whole vector as the reply, one worker of
the default class. Mended: `tf.Session` is `tf.compat.v1.Session` by now; the output is taken by its name, not by its
place in a map whose order changes from start to start; the array becomes a list, which ujson can write; and the reply
is a response, as a text would be quoted once more.
"""

from __future__ import annotations

import os
from typing import Any

import tensorflow as tf
import ujson
from azureml_inference_server_http.api.aml_request import rawhttp
from azureml_inference_server_http.api.aml_response import AMLResponse

session: Any
image: str
probabilities: str


def init() -> None:
    """Open a session and load the model into it."""
    global session, image, probabilities
    session = tf.compat.v1.Session(graph=tf.Graph())
    loaded = tf.compat.v1.saved_model.loader.load(session, ["serve"], os.environ["AZUREML_MODEL_DIR"])
    signature = loaded.signature_def["serving_default"]
    (image,) = (tensor.name for tensor in signature.inputs.values())
    probabilities = signature.outputs["probabilities"].name


@rawhttp  # type: ignore[untyped-decorator]  # the server ships no types
def run(request: Any) -> Any:
    """One request, one image, one call."""
    if request.method != "POST":
        return AMLResponse("bad request, use POST", 500)
    body = request.get_data(False)
    scores = session.run(probabilities, {image: [body]})
    return AMLResponse(ujson.dumps(scores[0].tolist()), 200)
