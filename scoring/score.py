"""The entry script of the web service: an image in, its best classes out.

`POST` the bytes of one image (JPEG, PNG; GIF, BMP and WebP where the model's TensorFlow decodes them). The answer,
200 with JSON:

    {"predictions": [{"index": 968, "label": "espresso", "probability": 0.94}, ...best first, `?top=N` of them],
     "model_ms": 30.1, "queue_ms": 0.2, "batch": 4, "total_ms": 31.0, "device": "/GPU:0", "device_name": "Tesla T4",
     "model": {"name": "resnet50", "signature": "serving_default", "output": "probabilities",
               "scores": "probabilities", "classes": 1001}}

`model_ms` is the call of the model that answered this image together with the others of its `batch`, `queue_ms` the
wait for it. `index` is the model's own output column. `scores` says what `probability` is: the model's probabilities,
a softmax computed here from its logits, or independent scores that need not add up to one.

A refusal is 4xx (the request's fault) or 5xx (ours) with {"error": {"code": ..., "message": ...}}; neither ever
holds the text of an exception, a path or a key. What happened is in the log.

Server: azureml-inference-server-http. It calls init() once per worker before it answers anything, and run() per
request, possibly from several threads.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import time
from collections.abc import Collection, Mapping
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

from arrivals import Arrivals, detached, is_connected
from batched_model import BatchedModel
from batching import Batcher, Closed, DeadlinePassed, Done, NotWanted, QueueFull, RunnerDied
from formats import declined_formats
from images import ImageFormat, ImageHeader, Refused, check_image
from labels import fit_labels, read_labels
from other_methods import refuse_other_methods
from room import NoRoom, Room
from saved_model import (
    Answers,
    ImageNotDecoded,
    Model,
    find_saved_model,
    first_line,
    hardware_name,
    load,
    places_beside,
)
from settings import Settings
from signatures import ModelError

try:
    from azureml_inference_server_http.api.aml_request import rawhttp
    from azureml_inference_server_http.api.aml_response import AMLResponse
except ImportError:  # images built around an older server
    from azureml.contrib.services.aml_request import rawhttp
    from azureml.contrib.services.aml_response import AMLResponse

# A child of the server's own logger, so that lines reach the container's log.
logger = logging.getLogger("azmlinfsrv.score")

_SLOW_S = 2.0  # a request that takes longer to arrive is slow
_SUSPICIOUS_FAILURES = 5
_SAMPLE_S = 10.0


class Service:
    """A loaded model with its labels, settings and queue: answers requests from any number of threads."""

    def __init__(
        self,
        model: Model,
        name: str,
        labels: list[str] | None,
        settings: Settings,
        batched: BatchedModel,
        declined: Collection[ImageFormat],
    ) -> None:
        """`declined` are the formats that this model's graph does not decode."""
        self._model = model
        self._name = name
        self._labels = labels
        self._settings = settings
        self._declined = declined
        self._sample = batched.sample
        self._failures = 0  # internal ones, since the last answer
        self._max_pixels = int(settings.max_megapixels * 1e6)
        self._pixel_room = Room(2 * self._max_pixels)
        self.arrivals = Arrivals(
            int(settings.max_body_mb * 1e6),
            Room(settings.max_bodies_mb * 1e6),
            grace_s=_SLOW_S,
            limit_s=settings.arrival_s,
            slow_allowed=settings.slow_requests,
        )
        self._batcher = Batcher(
            batched,
            runners=settings.runners,
            max_batch=batched.max_batch,
            queue_length=settings.queue_length,
            max_weight=self._max_pixels,
            stuck_s=settings.stuck_s,
            on_stuck=_end_worker,
        )

    def answer(self, request: Any) -> dict[str, Any]:
        """The reply to a Flask request. Raises Refused when there is no prediction to give."""
        started = time.monotonic()
        if request.method != "POST":
            raise _only_post()
        with self.arrivals.body(request) as body:
            top = self._top(request.args.get("top"))
            header = check_image(body, self._max_pixels)
            done = self._scores(body, header, request, started + self._settings.deadline_s)
        self._failures = 0
        answers = done.value
        scores = answers.scores[0]
        if not np.isfinite(scores).all():
            raise Refused(500, "not_finite", "The model's answer to this image is not a number.")
        return {
            "predictions": [self._prediction(int(index), scores) for index in np.argsort(-scores)[:top]],
            "model_ms": round(done.call_s * 1e3, 3),
            "queue_ms": round(done.queue_s * 1e3, 3),
            "batch": done.batch_size,
            "total_ms": round((time.monotonic() - started) * 1e3, 3),
            "device": answers.device,
            "device_name": hardware_name(self._model.tensorflow, answers.device),
            "model": {
                "name": self._name,
                "signature": self._model.signature,
                "output": self._model.output,
                "scores": self._model.kind.value,
                "classes": self._model.class_count,
            },
        }

    def _scores(self, body: bytes, header: ImageHeader, request: Any, deadline: float) -> Done[Answers]:
        try:
            with self._pixel_room.hold(header.pixels, deadline):
                prepared = self._model.prepare(body)
            # Pixels that the model's graph decodes take memory there; those that were decoded here are small by now.
            weight = header.pixels if isinstance(prepared, bytes) else 0
            return self._batcher.submit(
                prepared, deadline=deadline, weight=weight, is_wanted=lambda: is_connected(request)
            )
        except ImageNotDecoded as exc:
            logger.info("image refused by TensorFlow: %s", exc)
            raise _not_decoded(header, self._declined) from exc
        except _NOT_ANSWERED as exc:
            raise _not_answered(exc) from exc

    def note_failure(self) -> None:
        """Called when the model failed for a reason of its own. Ends the worker when it fails at everything.

        A GPU that has had a fault answers no call of this process any more, but the next process often can use it.
        """
        self._failures += 1
        if self._failures >= _SUSPICIOUS_FAILURES and not self._answers_sample():
            logger.critical("the model fails at everything, even at the image that it was warmed up with")
            _end_worker()

    def _answers_sample(self) -> bool:
        try:
            self._batcher.submit(self._sample, deadline=time.monotonic() + _SAMPLE_S)
        except _NOT_ANSWERED:
            return True  # it is busy; the next failure asks again
        except Exception:
            return False
        return True

    def close(self) -> None:
        """Let no thread be inside TensorFlow when the process ends."""
        self._batcher.close()
        self.arrivals.close()

    def _top(self, text: str | None) -> int:
        if text is None:
            return self._settings.top
        if not (text.isascii() and text.isdigit() and len(text) <= 6 and int(text) > 0):
            raise Refused(400, "bad_top", "The parameter top takes a number from 1 on.")
        return int(text)

    def _prediction(self, index: int, scores: Any) -> dict[str, Any]:
        label = self._labels[index] if self._labels else None
        return {"index": index, "label": label, "probability": float(scores[index])}


def _only_post() -> Refused:
    return Refused(405, "method_not_allowed", "Send the image with POST.", {"Allow": "POST"})


_NOT_ANSWERED = (QueueFull, DeadlinePassed, NoRoom, NotWanted, RunnerDied, Closed)


def _not_answered(exc: Exception) -> Refused:
    if isinstance(exc, QueueFull):
        again = {"Retry-After": str(exc.retry_after_s)}
        return Refused(503, "too_busy", "The service has more requests than it can answer. Try again.", again)
    if isinstance(exc, DeadlinePassed | NoRoom):
        return Refused(504, "too_late", "The service did not come to an answer in time.")
    if isinstance(exc, NotWanted):
        return Refused(499, "hung_up", "The client hung up before the answer.")
    return Refused(503, "interrupted", "The service was interrupted at this request. Try again.", {"Retry-After": "1"})


def _not_decoded(header: ImageHeader, declined: Collection[ImageFormat]) -> Refused:
    name = header.format.value
    if header.format in declined:
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
    # What was deployed with this script wins over what came with the model, which cannot be changed any more.
    places = [Path(__file__).resolve().parent, *places_beside(folder, root)]
    model = load(folder, settings.signature, settings.output, places)
    began = time.monotonic()
    device = model.warm_up()
    batched = BatchedModel(model, device, settings.max_batch)
    batched.warm_up()
    declined = declined_formats(model)
    warm_up_s = time.monotonic() - began
    labels, about_labels = fit_labels(read_labels(places), model.class_count)
    name = _model_name(root)
    logger.info(
        "model %s (%s), signature %s, which %s, output %s (%s), %d classes; %s; on %s (%s), up to %d images at a time, "
        "warmed up in %.1f s",
        name, folder, model.signature, model.feeding, model.output, model.kind.value, model.class_count, about_labels,
        device, hardware_name(tf, device), batched.max_batch, warm_up_s,
    )  # fmt: skip
    return Service(model, name, labels, settings, batched, declined)


def _end_worker() -> None:
    """A call that hangs cannot be ended, and it holds the device; the server starts a new worker in our place."""
    logger.critical("this worker ends itself")
    logging.shutdown()
    os._exit(1)


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
    arrivals = _service.arrivals
    if not arrivals.limit_heads():
        logger.warning("this server is not gunicorn: requests may take as long as they like to arrive")
    refuse_other_methods(lambda request: _turn_away(_only_post(), request, arrivals))
    atexit.register(_service.close)


@rawhttp  # type: ignore[untyped-decorator]  # the server ships no types
def run(request: Any) -> Any:
    """Called per request with Flask's request. Returns bytes in a response: the server would quote a str again."""
    service = _service
    if service is None:
        raise RuntimeError("run() was called before init()")
    try:
        return _response(200, service.answer(detached(request)))
    except Refused as refused:
        return _turn_away(refused, request, service.arrivals)
    except MemoryError:
        logger.exception("out of memory")
        service.note_failure()
        again = {"Retry-After": "5"}
        return _refusal(Refused(503, "out_of_memory", "The service has no memory left for this image.", again))
    except Exception as exc:
        logger.exception("a request failed: %s", first_line(exc))
        service.note_failure()
        return _refusal(Refused(500, "internal_error", "The service failed on this request. Its log has the reason."))


def _turn_away(refused: Refused, request: Any, arrivals: Arrivals) -> Any:
    """A refusal that also reaches a client which is still sending."""
    response = _refusal(refused)
    arrivals.turn_away(request, response)
    return response


def _refusal(refused: Refused) -> Any:
    return _response(refused.status, {"error": {"code": refused.code, "message": refused.message}}, refused.headers)


def _response(status: int, content: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Any:
    body = ujson.dumps(content, escape_forward_slashes=False).encode()
    return AMLResponse(body, status, {"Content-Type": "application/json", **(headers or {})})
