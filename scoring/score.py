"""The entry script of the web service: an image in, its best classes out.

`POST` the bytes of one image (JPEG, PNG; GIF, BMP and WebP where the model's TensorFlow decodes them). The answer,
200 with JSON:

    {"predictions": [{"index": 968, "label": "espresso", "probability": 0.94}, ...best first, `?top=N` of them],
     "model_ms": 30.1, "total_ms": 31.0, "device": "/GPU:0", "device_name": "Tesla T4",
     "model": {"name": "resnet50", "signature": "serving_default", "scores": "probabilities"}}

`index` is the model's own output column. `scores` says what `probability` is: the model's probabilities, a softmax
computed here from its logits, or independent scores that need not add up to one.

A refusal is 4xx (the request's fault) or 5xx (ours) with {"error": {"code": ..., "message": ...}}; neither ever
holds the text of an exception, a path or a key. What happened is in the log.

Server: azureml-inference-server-http. It calls init() once per worker before it answers anything, and run() per
request, possibly from several threads.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import ujson

# No dataclass may be defined in this file: the server runs it without listing it in sys.modules, where dataclasses
# look for the annotations of their class.
#
# The server loads this file by its path, so the folder of its siblings need not be importable: it depends on
# AZUREML_SOURCE_DIRECTORY and on how the entry script was named.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from images import ImageFormat, ImageHeader, Refused, check_image, read_body
from labels import fit_labels, read_labels
from saved_model import (
    ImageNotDecoded,
    Model,
    ModelError,
    find_saved_model,
    first_line,
    hardware_name,
    load,
)
from settings import Settings

try:
    from azureml_inference_server_http.api.aml_request import rawhttp
    from azureml_inference_server_http.api.aml_response import AMLResponse
except ImportError:  # images built around an older server
    from azureml.contrib.services.aml_request import rawhttp
    from azureml.contrib.services.aml_response import AMLResponse

# A child of the server's own logger, so that lines reach the container's log.
logger = logging.getLogger("azmlinfsrv.score")

_MAYBE_DECODED = (ImageFormat.BMP, ImageFormat.WEBP)  # whether these work is the model's graph's decision


class Service:
    """A loaded model with its labels and settings: answers one request at a time, from any thread."""

    def __init__(self, model: Model, name: str, labels: list[str] | None, settings: Settings) -> None:
        self._model = model
        self._name = name
        self._labels = labels
        self._settings = settings

    def answer(self, request: Any) -> dict[str, Any]:
        """The reply to a Flask request. Raises Refused when there is no prediction to give."""
        started = time.perf_counter()
        body = read_body(request, int(self._settings.max_body_mb * 1e6))
        top = self._top(request.args.get("top"))
        header = check_image(body, int(self._settings.max_megapixels * 1e6))
        model_started = time.perf_counter()
        try:
            answers = self._model.predict([body])
        except ImageNotDecoded as exc:
            logger.info("image refused by TensorFlow: %s", exc)
            raise _not_decoded(header) from exc
        model_ms = (time.perf_counter() - model_started) * 1e3
        scores = answers.scores[0]
        if not np.isfinite(scores).all():
            raise Refused(500, "not_finite", "The model's answer to this image is not a number.")
        return {
            "predictions": [self._prediction(int(index), scores) for index in np.argsort(-scores)[:top]],
            "model_ms": round(model_ms, 3),
            "total_ms": round((time.perf_counter() - started) * 1e3, 3),
            "device": answers.device,
            "device_name": hardware_name(self._model.tensorflow, answers.device),
            "model": {
                "name": self._name,
                "signature": self._model.signature,
                "scores": self._model.kind.value,
            },
        }

    def _top(self, text: str | None) -> int:
        if text is None:
            return self._settings.top
        if not (text.isascii() and text.isdigit() and len(text) <= 6 and int(text) > 0):
            raise Refused(400, "bad_top", "The parameter top takes a number from 1 on.")
        return int(text)

    def _prediction(self, index: int, scores: Any) -> dict[str, Any]:
        label = self._labels[index] if self._labels else None
        return {"index": index, "label": label, "probability": float(scores[index])}


def _not_decoded(header: ImageHeader) -> Refused:
    name = header.format.value
    if header.format in _MAYBE_DECODED:
        return Refused(415, "unsupported_format", f"This model does not decode {name}. Send a JPEG or PNG image.")
    return Refused(400, "broken_image", f"The {name} image is damaged or cut short, or the model cannot read it.")


def _start(environment: Mapping[str, str]) -> Service:
    """Load, warm up and check everything, or raise ModelError with what to do about it."""
    settings = Settings.read(environment)
    logger.info("settings: %s", settings)
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    logger.info("TensorFlow %s sees %d GPU(s)", tf.__version__, len(gpus))
    if settings.expect_gpu and not gpus:
        raise ModelError(f"A GPU was asked for and TensorFlow {tf.__version__} sees none: {_why_no_gpu(tf)}.")
    root = Path(environment.get("AZUREML_MODEL_DIR") or ".").resolve()
    folder = find_saved_model(root)
    model = load(folder, settings.signature, settings.output)
    device = model.warm_up()
    labels, about_labels = fit_labels(read_labels(folder, root), model.class_count)
    name = _model_name(root)
    logger.info(
        "model %s (%s), signature %s, output %s (%s), %d classes; %s; warmed up on %s (%s)",
        name, folder, model.signature, model.output, model.kind.value, model.class_count, about_labels,
        device, hardware_name(tf, device),
    )  # fmt: skip
    return Service(model, name, labels, settings)


def _why_no_gpu(tf: Any) -> str:
    if not tf.test.is_built_with_cuda():
        return "this build of TensorFlow is for CPUs only; the environment needs tensorflow[and-cuda]"
    if not os.path.exists("/dev/nvidiactl"):
        return "the container was given no NVIDIA device; ask for gpu_cores=1 and deploy on an N-series VM size"
    return (
        "the device is there, so the driver is too old for CUDA 12, a CUDA library is missing (see the lines "
        "above), or the GPU's compute capability is below 6.0"
    )


def _model_name(root: Path) -> str:
    """Azure mounts a model at .../azureml-models/NAME/VERSION."""
    return root.parent.name if root.name.isdigit() else root.name


# The server's contract is two bare functions, so what init() makes for run() has to live in the module.
_service: Service | None = None


def init() -> None:
    """Called once per worker. An exception ends the worker, and its text is what the deployment's log shows."""
    global _service
    _service = _start(os.environ)


@rawhttp  # type: ignore[untyped-decorator]  # the server ships no types
def run(request: Any) -> Any:
    """Called per request with Flask's request. Returns bytes in a response: the server would quote a str again."""
    if _service is None:
        raise RuntimeError("run() was called before init()")
    try:
        return _response(200, _service.answer(request))
    except Refused as refused:
        return _error(refused.status, refused.code, refused.message, refused.headers)
    except MemoryError:
        logger.exception("out of memory")
        return _error(503, "out_of_memory", "The service has no memory left for this image.", {"Retry-After": "5"})
    except Exception as exc:
        logger.exception("a request failed: %s", first_line(exc))
        return _error(500, "internal_error", "The service failed on this request. Its log has the reason.")


def _error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Any:
    return _response(status, {"error": {"code": code, "message": message}}, headers)


def _response(status: int, content: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Any:
    body = ujson.dumps(content, escape_forward_slashes=False).encode()
    return AMLResponse(body, status, {"Content-Type": "application/json", **(headers or {})})
