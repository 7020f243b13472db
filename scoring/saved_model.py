"""A SavedModel of any age, ready to answer images: find it, load it, choose how to call it, read its answer.

Works with TensorFlow 2.x. TensorFlow itself is imported by `load`, not with this module.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pixels import NotDecoded, PixelFeed
from preprocessing import Preprocessing, read_preprocessing
from scores import ScoreKind, Scores, kind_of, softmax
from signatures import ModelError, ModelInput, choose_signature, input_of, output_of

_INIT_OP = "__saved_model_init_op"  # TF2 lists its initialiser among the signatures
_TAG_SETS: tuple[list[str] | None, ...] = (None, ["serve"], ["serve", "gpu"])

Prepared = Any  # bytes of an image file, or an array of numpy's: whatever `Model.prepare` made of one image


class ImageNotDecoded(Exception):
    """TensorFlow could not make sense of an image. The text is not for clients."""


def find_saved_model(root: Path) -> Path:
    """The folder with saved_model.pb below `root`, at any depth; of nested ones, the outermost.

    The depth differs: with the way of registering, with the SDK, and with TensorFlow Serving's version folders.
    """
    if not root.is_dir():
        raise ModelError(f"AZUREML_MODEL_DIR is {root}, and there is no such folder.")
    found: list[Path] = []
    seen: set[str] = set()  # models may be mounted as links, and links may go round in circles
    for folder, children, files in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            children.clear()
            continue
        seen.add(real)
        if "saved_model.pb" in files:
            found.append(Path(folder))
            children.clear()
        elif "saved_model.pbtxt" in files:
            raise ModelError(f"{folder} holds a SavedModel in text form. Export it again in binary form.")
        children.sort()
    if not found:
        raise ModelError(f"There is no saved_model.pb below {root}.")
    if len(found) > 1:
        names = ", ".join(str(folder.relative_to(root)) for folder in found[:8])
        raise ModelError(f"There are {len(found)} SavedModels below {root} ({names}). Register one of them.")
    return found[0]


def places_beside(model_folder: Path, root: Path) -> list[Path]:
    """Where files that belong to a model may lie, the nearest first: with it, in its assets, or above, up to `root`."""
    above = itertools.takewhile(lambda folder: folder.is_relative_to(root), model_folder.parents)
    return [model_folder, model_folder / "assets", model_folder / "assets.extra", *above]


@dataclass(frozen=True, slots=True)
class Answers:
    """Class scores, one row per image and one column per class, and the device that computed them.

    `device` is TensorFlow's short name, "/GPU:0" or "/CPU:0": read from the result, not assumed.
    """

    scores: Scores
    device: str


class Model:
    """One loaded SavedModel, called by one signature. Safe to call from several threads.

    An image takes two steps, so that a queue which gathers requests fits between them: `prepare` in the thread of
    the request, where many run side by side, and `predict`, the only way to the model, for several at once.
    `max_batch` is how many images one call takes, None for any number.
    """

    def __init__(self, tf: Any, loaded: Any, signature: str, output: str = "", places: Sequence[Path] = ()) -> None:
        """`places` are the folders where a preprocessing.json may lie; the first one counts.

        Raises ModelError, and PreprocessingError when the declaration makes no sense or does not suit the model.
        """
        self.signature = signature
        self.tensorflow = tf
        self._loaded = loaded  # the variables die with it, though the function would live on
        self._call = loaded.signatures[signature]
        self.input = input_of(self._call, signature)
        self._feed, self.feeding = _pixel_feed(tf, self.input, signature, places)
        self.max_batch = None if self.input.batch is None else max(self.input.batch, 1)
        self.output = output_of(self._call, signature, output)
        self.kind = ScoreKind.PROBABILITIES
        self.class_count = 0

    def warm_up(self) -> str:
        """Answer three plain images: pays the first call's cost, learns classes and kind of scores.

        Returns the device that answered. Raises ModelError when the model cannot answer them: it could answer
        nothing else then.
        """
        tf = self.tensorflow
        shades = (tf.zeros, tf.ones)
        pictures = [tf.cast(shade([64, 64, 3], tf.uint8) * 255, tf.uint8) for shade in shades]
        pictures.append(tf.reshape(tf.range(64 * 64 * 3) * 37 % 251, [64, 64, 3]))
        jpegs = [tf.io.encode_jpeg(tf.cast(picture, tf.uint8)).numpy() for picture in pictures]
        try:
            answers = [self._answer([self.prepare(jpeg)]) for jpeg in jpegs]
        except ImageNotDecoded as exc:
            raise ModelError(f"Signature {self.signature} answers no images: it refused a plain one ({exc}).") from exc
        except ValueError as exc:
            raise ModelError(f"Output {self.output} cannot be class scores: {exc}.") from exc
        rows = np.concatenate([answer.scores for answer in answers])
        self.class_count = rows.shape[1]
        self.kind = kind_of(rows)
        return answers[-1].device

    def prepare(self, image: bytes) -> Prepared:
        """An encoded image as the model takes it: unchanged for image files, decoded and resized for pixels.

        Raises ImageNotDecoded, and MemoryError when there is none left.
        """
        if self._feed is None:
            return image
        try:
            return self._feed.prepare(image)
        except NotDecoded as exc:
            raise ImageNotDecoded(first_line(exc)) from exc
        except self.tensorflow.errors.ResourceExhaustedError as exc:
            raise MemoryError(first_line(exc)) from exc

    def predict(self, prepared: Sequence[Prepared]) -> Answers:
        """Class scores of prepared images, in their order: one call of the model for each `max_batch` of them.

        Raises ImageNotDecoded when TensorFlow refuses one of them, without telling which: call again with each
        alone. MemoryError: the device has none left. Other exceptions mean that the model is at fault.
        """
        step = self.max_batch or len(prepared)
        parts = [self._answer(prepared[at : at + step]) for at in range(0, len(prepared), step)]
        scores = np.concatenate([part.scores for part in parts])
        return Answers(softmax(scores) if self.kind is ScoreKind.LOGITS else scores, parts[-1].device)

    def _answer(self, prepared: Sequence[Prepared]) -> Answers:
        """The chosen output as it comes, flattened to one row per image. ValueError: it does not go that way."""
        tf = self.tensorflow
        try:
            result = self._call(**{self.input.name: self._batch(prepared)})[self.output]
        except tf.errors.InvalidArgumentError as exc:
            raise ImageNotDecoded(first_line(exc)) from exc
        except tf.errors.ResourceExhaustedError as exc:
            raise MemoryError(first_line(exc)) from exc
        # bfloat16 has no numpy type of its own; through float32 every float type becomes float64.
        values = tf.cast(result, tf.float32).numpy().astype(np.float64)
        device = "/" + result.device.rpartition("device:")[2] if result.device else "/CPU:0"
        rows = values.reshape(self.input.batch or len(prepared), -1)
        return Answers(rows[: len(prepared)], device)

    def _batch(self, prepared: Sequence[Prepared]) -> Any:
        """The argument of one call. A batch of a fixed number is filled up with its last image."""
        tf = self.tensorflow
        if self.input.batch == 0:
            return tf.constant(prepared[0])
        images = [*prepared, *[prepared[-1]] * ((self.input.batch or 0) - len(prepared))]
        return tf.constant(images if self._feed is None else np.stack(images))


def load(folder: Path, signature: str = "", output: str = "", places: Sequence[Path] = ()) -> Model:
    """Load and check the SavedModel in `folder`; an empty name means: choose. `places` may hold a preprocessing.json.

    Raises ModelError with the reason, and PreprocessingError when the declaration does not suit the model.
    """
    import tensorflow as tf

    with _quiet(tf):
        loaded = _load_any_tags(tf, folder)
    names = sorted(name for name in loaded.signatures if name != _INIT_OP)
    return Model(tf, loaded, choose_signature(names, signature), output, places)


def _pixel_feed(tf: Any, wanted: ModelInput, signature: str, places: Sequence[Path]) -> tuple[PixelFeed | None, str]:
    """What makes images into pixels, None for a model that takes image files; and what it does, for the log."""
    if wanted.pixels is None:
        return None, "takes image files"
    declared, where = read_preprocessing(places)
    if declared is None and wanted.dtype != "uint8":
        raise ModelError(
            f"Signature {signature} takes pixels as {wanted.dtype}, and nothing in a SavedModel says how they are to "
            "be scaled; a guess would give wrong answers. Deploy it again and say how: gpu-assistant deploy "
            '--preprocess, or a file preprocessing.json beside the model, such as {"scale": "0..1"}.'
        )
    declared = declared or Preprocessing(scale="0..255")
    feed = PixelFeed(tf, wanted.pixels, declared)
    size = f"{feed.size[1]} x {feed.size[0]} {feed.channels.value}"
    return feed, f"takes {size} pixels as {wanted.dtype}: {declared} ({where or 'nothing else was declared'})"


def _load_any_tags(tf: Any, folder: Path) -> Any:
    """Without tags TensorFlow loads the only graph; a file with several wants to be told which."""
    reasons = []
    for tags in _TAG_SETS:
        try:
            return tf.saved_model.load(str(folder), tags=tags)
        except (ValueError, RuntimeError) as exc:  # among others: these tags do not fit
            reasons.append(first_line(exc))
        except (OSError, tf.errors.OpError) as exc:
            raise ModelError(f"TensorFlow {tf.__version__} cannot load {folder}: {first_line(exc)}") from exc
    raise ModelError(f"TensorFlow {tf.__version__} cannot load {folder}: {reasons[0]}")


def first_line(exc: BaseException) -> str:
    """What an exception says, in one line. TensorFlow hides it between a heading and the graph's nodes."""
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    for line, following in itertools.pairwise(lines):
        if following.startswith("[[{{node"):
            return line
    return lines[0] if lines else type(exc).__name__


@contextlib.contextmanager
def _quiet(tf: Any) -> Iterator[None]:
    """TF1 files cause one harmless warning per reference variable: hundreds of lines that hide what matters."""
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel("ERROR")
    try:
        yield
    finally:
        logger.setLevel(level)


@functools.cache
def hardware_name(tf: Any, device: str) -> str:
    """What the hardware behind "/GPU:0" or "/CPU:0" calls itself."""
    if "GPU" in device:
        for gpu in tf.config.list_physical_devices("GPU"):
            if gpu.name.endswith(device.rpartition("/")[2]):
                return str(tf.config.experimental.get_device_details(gpu).get("device_name", "GPU"))
        return "GPU"
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return "CPU"
