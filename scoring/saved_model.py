"""A SavedModel of any age, ready to answer images: find it, load it, choose how to call it, read its answer.

Works with TensorFlow 2.x. TensorFlow itself is imported by `load`, not with this module.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

PREFERRED_SIGNATURES = ("serving_default", "predict")
_INIT_OP = "__saved_model_init_op"  # TF2 lists its initialiser among the signatures
_SCORE_WORDS = ("prob", "softmax", "score", "predict", "logit")
_TAG_SETS: tuple[list[str] | None, ...] = (None, ["serve"], ["serve", "gpu"])

Scores = npt.NDArray[np.float64]


class ModelError(Exception):
    """The model cannot be served. The text is for the log of `init()`, where the person who deployed reads it."""


class ImageNotDecoded(Exception):
    """TensorFlow could not make sense of an image. The text is not for clients."""


class ScoreKind(enum.Enum):
    """What the numbers of the chosen output are, found out at start, so that it cannot change between answers."""

    PROBABILITIES = "probabilities"
    LOGITS = "softmax of logits"
    INDEPENDENT = "independent scores"  # each in 0..1 and no distribution: sigmoid outputs; left as they are


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


@dataclass(frozen=True, slots=True)
class Answers:
    """Class scores, one row per image and one column per class, and the device that computed them.

    `device` is TensorFlow's short name, "/GPU:0" or "/CPU:0": read from the result, not assumed.
    """

    scores: Scores
    device: str


class Model:
    """One loaded SavedModel, called by one signature. Safe to call from several threads.

    `predict` is the only way to the model: a queue that gathers requests fits between it and its callers.
    `max_batch` is 1 when the signature takes a single image at a time, else None: any number.
    """

    def __init__(self, tf: Any, loaded: Any, signature: str, output: str = "") -> None:
        self.signature = signature
        self.tensorflow = tf
        self._loaded = loaded  # the variables die with it, though the function would live on
        self._call = loaded.signatures[signature]
        self._input, self.max_batch, self._size = _input_of(self._call, signature)
        self._scalar = self._input.shape.rank == 0
        self.output = output or _output_of(self._call, signature)
        if self.output not in self._call.structured_outputs:
            names = ", ".join(sorted(self._call.structured_outputs))
            raise ModelError(f"Signature {signature} has no output {self.output}; it has: {names}.")
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
            answers = [self._answer([jpeg]) for jpeg in jpegs]
        except ImageNotDecoded as exc:
            raise ModelError(
                f"Signature {self.signature} does not take encoded images: it refused a plain JPEG ({exc})."
            ) from exc
        except ValueError as exc:
            raise ModelError(f"Output {self.output} cannot be class scores: {exc}.") from exc
        rows = np.concatenate([answer.scores for answer in answers])
        self.class_count = rows.shape[1]
        self.kind = kind_of(rows)
        return answers[-1].device

    def predict(self, images: Sequence[bytes]) -> Answers:
        """Class scores of encoded images, in the order of `images`.

        Raises ImageNotDecoded when TensorFlow refuses one of them, without telling which: call again with each
        alone. MemoryError: the device has none left. Other exceptions mean that the model is at fault.
        """
        step = self.max_batch or len(images)
        parts = [self._answer(images[at : at + step]) for at in range(0, len(images), step)]
        scores = np.concatenate([part.scores for part in parts])
        return Answers(softmax(scores) if self.kind is ScoreKind.LOGITS else scores, parts[-1].device)

    def _answer(self, images: Sequence[bytes]) -> Answers:
        """The chosen output as it comes, flattened to one row per image. ValueError: it does not go that way."""
        tf = self.tensorflow
        try:
            result = self._call(**{self._input.name: self._feed(images)})[self.output]
        except tf.errors.InvalidArgumentError as exc:
            raise ImageNotDecoded(first_line(exc)) from exc
        except tf.errors.ResourceExhaustedError as exc:
            raise MemoryError(first_line(exc)) from exc
        # bfloat16 has no numpy type of its own; through float32 every float type becomes float64.
        values = tf.cast(result, tf.float32).numpy().astype(np.float64)
        device = "/" + result.device.rpartition("device:")[2] if result.device else "/CPU:0"
        return Answers(values.reshape(len(images), -1), device)

    def _feed(self, images: Sequence[bytes]) -> Any:
        tf = self.tensorflow
        if self._size is not None:
            return tf.stack([self._pixels(image, self._size) for image in images])
        return tf.constant(images[0] if self._scalar else list(images), dtype=tf.string)

    def _pixels(self, image: bytes, size: tuple[int, int]) -> Any:
        """RGB bytes stretched to the model's size: what a uint8 input can only mean."""
        tf = self.tensorflow
        decoded = tf.io.decode_image(image, channels=3, expand_animations=False)
        resized = tf.image.resize(decoded, size, antialias=True)
        return tf.cast(tf.clip_by_value(tf.round(resized), 0, 255), tf.uint8)


def load(folder: Path, signature: str = "", output: str = "") -> Model:
    """Load and check the SavedModel in `folder`; an empty name means: choose.

    Raises ModelError with the reason.
    """
    import tensorflow as tf

    with _quiet(tf):
        loaded = _load_any_tags(tf, folder)
    names = sorted(name for name in loaded.signatures if name != _INIT_OP)
    return Model(tf, loaded, _choose_signature(names, signature), output)


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


def _choose_signature(names: list[str], wanted: str) -> str:
    listed = ", ".join(names) or "none"
    if wanted:
        if wanted not in names:
            raise ModelError(f"The model has no signature {wanted}; it has: {listed}.")
        return wanted
    for name in PREFERRED_SIGNATURES:
        if name in names:
            return name
    if len(names) != 1:
        raise ModelError(f"The model has no signature serving_default; it has: {listed}.")
    return names[0]


def _input_of(call: Any, signature: str) -> tuple[Any, int | None, tuple[int, int] | None]:
    """The one input as TensorFlow's TensorSpec, how many images fit in one call, and the size pixels need."""
    inputs = [spec for _, spec in sorted(call.structured_input_signature[1].items())]
    if len(inputs) != 1:
        names = ", ".join(spec.name for spec in inputs) or "none"
        raise ModelError(f"Signature {signature} takes {len(inputs)} inputs ({names}), and there is one image to give.")
    spec = inputs[0]
    shape = spec.shape.as_list() if spec.shape.rank is not None else None
    if spec.dtype.name == "string" and (shape is None or shape in ([], [1], [None])):
        return spec, None if shape in (None, [None]) else 1, None
    if spec.dtype.name == "uint8" and shape is not None and len(shape) == 4:
        batch, height, width, channels = shape
        if batch in (None, 1) and height and width and channels == 3:
            return spec, batch, (height, width)
    raise ModelError(
        f"Signature {signature} takes {spec.dtype.name} of shape {shape}. Image files (string, one per image) and "
        "uint8 pixels of a fixed size [batch, height, width, 3] can be fed; for other numbers nothing in a "
        "SavedModel says how pixels are to be scaled, and a guess would give wrong answers."
    )


def _output_of(call: Any, signature: str) -> str:
    """The name of the output with class scores: never by position, which is random from start to start."""
    outputs = call.structured_outputs
    floating = [name for name, spec in sorted(outputs.items()) if spec.dtype.is_floating]
    tables = [name for name in floating if outputs[name].shape.rank in (None, 2)]
    candidates = tables or floating
    if len(candidates) == 1:
        return str(candidates[0])
    for word in _SCORE_WORDS:
        named = [name for name in candidates if word in name.lower()]
        if named:
            return str(min(named, key=len))
    listed = ", ".join(f"{name} ({spec.dtype.name})" for name, spec in sorted(outputs.items())) or "none"
    raise ModelError(f"Which output of signature {signature} holds class scores is not clear; it has: {listed}.")


def kind_of(rows: Scores) -> ScoreKind:
    """What scores are, judged from several answers."""
    if not np.isfinite(rows).all():
        raise ModelError("The model answers plain images with numbers that are not finite (NaN).")
    within = rows.min() >= -1e-3 and rows.max() <= 1 + 1e-3
    if not within:
        return ScoreKind.LOGITS
    sums = rows.sum(axis=1)
    if rows.shape[1] > 1 and np.allclose(sums, 1.0, atol=2e-2):  # float16 sums are that far off
        return ScoreKind.PROBABILITIES
    return ScoreKind.INDEPENDENT


def softmax(scores: Scores) -> Scores:
    """Row by row, safe for large numbers."""
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    total: Scores = exponentials / exponentials.sum(axis=1, keepdims=True)
    return total


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
