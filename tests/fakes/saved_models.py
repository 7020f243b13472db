"""Small real SavedModels of every kind that matters, written by TensorFlow itself.

Each writes into the folder it is given. The "networks" are a few sums over the mean colour of the image, so that
the right answer is known without a second implementation: a red image is class 1, a green one 2, a blue one 3.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

CLASSES = 10


def _mean_colors(tf: Any, images: Any) -> Any:
    """[?] encoded images to [?, 3] mean colours in 0..1."""

    def one(image: Any) -> Any:
        pixels = tf.io.decode_image(image, channels=3, expand_animations=False)
        pixels.set_shape([None, None, 3])
        return tf.reduce_mean(tf.cast(pixels, tf.float32), axis=[0, 1]) / 255.0

    return tf.map_fn(one, images, fn_output_signature=tf.TensorSpec([3], tf.float32))


def _logits(tf: Any, colors: Any, classes: int, gain: Any) -> Any:
    """Class 1 grows with red, 2 with green, 3 with blue; all others are far below."""
    rest = tf.fill([tf.shape(colors)[0], classes - 4], -9.0)
    return tf.concat([tf.fill([tf.shape(colors)[0], 1], -9.0), colors * gain, rest], axis=1)


def _save(folder: Path, *, outputs: Callable[[Any, Any], dict[str, Any]], spec: Any = None, name: str = "") -> Path:
    """A TF2 export with one variable, and one signature that maps colours to `outputs`."""
    import tensorflow as tf

    module = tf.Module()
    module.gain = tf.Variable(8.0)
    spec = spec or tf.TensorSpec([None], tf.string, name="image_bytes")

    @tf.function(input_signature=[spec])
    def serve(images: Any) -> dict[str, Any]:
        if spec.dtype == tf.string:
            colors = _mean_colors(tf, tf.reshape(images, [-1]))
        else:
            colors = tf.reduce_mean(tf.cast(images, tf.float32), axis=[1, 2]) / 255.0
        return outputs(tf, colors * module.gain)

    tf.saved_model.save(module, str(folder), signatures={name or "serving_default": serve})
    return folder


def probabilities(folder: Path, classes: int = CLASSES) -> Path:
    """The interface of the guide's ResNet-50: `classes` and `probabilities`."""

    def outputs(tf: Any, colors: Any) -> dict[str, Any]:
        scores = tf.nn.softmax(_logits(tf, colors, classes, 1.0))
        return {"classes": tf.argmax(scores, axis=1), "probabilities": scores}

    return _save(folder, outputs=outputs)


def logits(folder: Path) -> Path:
    """Raw logits under a name that says nothing."""
    return _save(folder, outputs=lambda tf, colors: {"output_0": _logits(tf, colors, CLASSES, 1.0)})


def misleading_order(folder: Path) -> Path:
    """Outputs whose alphabetical and positional order both point at the wrong one."""

    def outputs(tf: Any, colors: Any) -> dict[str, Any]:
        scores = _logits(tf, colors, CLASSES, 1.0)
        return {
            "a_features": tf.repeat(colors, 4, axis=1),
            "classes": tf.argmax(scores, axis=1),
            "probabilities": tf.nn.softmax(scores),
            "z_logits": scores,
        }

    return _save(folder, outputs=outputs)


def sigmoids(folder: Path) -> Path:
    """Independent scores in 0..1 that do not add up to one."""
    return _save(folder, outputs=lambda tf, colors: {"scores": tf.sigmoid(_logits(tf, colors, CLASSES, 1.0))})


def half_precision(folder: Path) -> Path:
    """bfloat16, which numpy does not know."""

    def outputs(tf: Any, colors: Any) -> dict[str, Any]:
        return {"probabilities": tf.cast(tf.nn.softmax(_logits(tf, colors, CLASSES, 1.0)), tf.bfloat16)}

    return _save(folder, outputs=outputs)


def single_image(folder: Path) -> Path:
    """A batch that is fixed at one."""
    import tensorflow as tf

    spec = tf.TensorSpec([1], tf.string, name="image")
    return _save(folder, spec=spec, outputs=lambda tf, c: {"p": tf.nn.softmax(_logits(tf, c, CLASSES, 1.0))})


def scalar_image(folder: Path) -> Path:
    """No batch at all: a text in, a vector out."""
    import tensorflow as tf

    spec = tf.TensorSpec([], tf.string, name="image")
    return _save(folder, spec=spec, outputs=lambda tf, c: {"p": tf.nn.softmax(_logits(tf, c, CLASSES, 1.0))[0]})


def uint8_pixels(folder: Path) -> Path:
    """Pixels of a fixed size instead of encoded bytes."""
    import tensorflow as tf

    spec = tf.TensorSpec([None, 32, 48, 3], tf.uint8, name="pixels")
    return _save(folder, spec=spec, outputs=lambda tf, c: {"p": tf.nn.softmax(_logits(tf, c, CLASSES, 1.0))})


def float_pixels(folder: Path) -> Path:
    """float32 pixels: whether 0..1, -1..1 or 0..255 is meant, nothing says."""
    import tensorflow as tf

    spec = tf.TensorSpec([None, 32, 48, 3], tf.float32, name="pixels")
    return _save(folder, spec=spec, outputs=lambda tf, c: {"p": tf.nn.softmax(_logits(tf, c, CLASSES, 1.0))})


def jpeg_only(folder: Path) -> Path:
    """Decodes with decode_jpeg, as old exports do: no BMP, no WebP."""
    import tensorflow as tf

    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image_bytes")])
    def serve(images: Any) -> dict[str, Any]:
        def one(image: Any) -> Any:
            pixels = tf.cast(tf.io.decode_jpeg(image, channels=3), tf.float32)
            return tf.reduce_mean(pixels, axis=[0, 1]) / 32.0

        colors = tf.map_fn(one, images, fn_output_signature=tf.TensorSpec([3], tf.float32))
        return {"probabilities": tf.nn.softmax(_logits(tf, colors, CLASSES, 1.0))}

    tf.saved_model.save(module, str(folder), signatures={"serving_default": serve})
    return folder


def any_channels(folder: Path) -> Path:
    """Decodes with decode_image and leaves the number of channels open, its default."""
    import tensorflow as tf

    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image_bytes")])
    def serve(images: Any) -> dict[str, Any]:
        def one(image: Any) -> Any:
            pixels = tf.io.decode_image(image, expand_animations=False)[..., :3]
            pixels.set_shape([None, None, 3])
            return tf.reduce_mean(tf.cast(pixels, tf.float32), axis=[0, 1]) / 32.0

        colors = tf.map_fn(one, images, fn_output_signature=tf.TensorSpec([3], tf.float32))
        return {"probabilities": tf.nn.softmax(_logits(tf, colors, CLASSES, 1.0))}

    tf.saved_model.save(module, str(folder), signatures={"serving_default": serve})
    return folder


def not_a_number(folder: Path) -> Path:
    """Answers NaN to pure blue, and only to that."""

    def outputs(tf: Any, colors: Any) -> dict[str, Any]:
        blue = tf.logical_and(colors[:, 2] > 7.0, colors[:, 0] < 1.0)
        poison = tf.where(blue, float("nan"), 0.0)[:, tf.newaxis]
        return {"probabilities": tf.nn.softmax(_logits(tf, colors, CLASSES, 1.0)) + poison}

    return _save(folder, outputs=outputs)


def two_inputs(folder: Path) -> Path:
    """One image is all that a client gives."""
    import tensorflow as tf

    module = tf.Module()
    text = tf.TensorSpec([None], tf.string, name="image_bytes")
    size = tf.TensorSpec([None], tf.float32, name="threshold")

    @tf.function(input_signature=[text, size])
    def serve(image_bytes: Any, threshold: Any) -> dict[str, Any]:
        return {"probabilities": _mean_colors(tf, image_bytes) * threshold[:, tf.newaxis]}

    tf.saved_model.save(module, str(folder), signatures={"serving_default": serve})
    return folder


def classes_only(folder: Path) -> Path:
    """No probabilities anywhere."""
    return _save(folder, outputs=lambda tf, colors: {"classes": tf.argmax(colors, axis=1)})


def other_signature(folder: Path) -> Path:
    """Exactly one signature, under a name of its own."""
    return _save(
        folder, name="classify", outputs=lambda tf, c: {"probabilities": tf.nn.softmax(_logits(tf, c, CLASSES, 1.0))}
    )


def no_signature(folder: Path) -> Path:
    """A module saved without any way to call it."""
    import tensorflow as tf

    module = tf.Module()
    module.gain = tf.Variable(1.0)
    tf.saved_model.save(module, str(folder))
    return folder


def tf1(folder: Path, *, tags: tuple[str, ...] = ("serve",), data_format: str = "NHWC") -> Path:
    """A TF1-format export: graph mode, reference variables, signatures `predict` and `serving_default`."""
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        images = v1.placeholder(tf.string, [None], name="input_tensor")
        kernel = v1.get_variable("kernel", initializer=tf.eye(3) * 8.0, use_resource=False)
        colors = tf.matmul(_mean_colors(tf, images), kernel)
        if data_format != "NHWC":  # in the graph, but not on the way to the answer: a CPU cannot run it
            tf.nn.conv2d(tf.zeros([1, 3, 8, 8]), tf.zeros([1, 1, 3, 4]), 1, "SAME", data_format=data_format)
        scores = tf.nn.softmax(_logits(tf, colors, CLASSES, 1.0), name="softmax_tensor")
        signature = v1.saved_model.predict_signature_def(
            {"image_bytes": images}, {"classes": tf.argmax(scores, axis=1), "probabilities": scores}
        )
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(
            session, list(tags), signature_def_map={"serving_default": signature, "predict": signature}
        )
        builder.save()
    return folder


def several_graphs(folder: Path) -> Path:
    """Two meta graphs in one file: {serve, gpu} first, {serve} second."""
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        images = v1.placeholder(tf.string, [None], name="input_tensor")
        kernel = v1.get_variable("kernel", initializer=tf.eye(3) * 8.0)
        scores = tf.nn.softmax(_logits(tf, tf.matmul(_mean_colors(tf, images), kernel), CLASSES, 1.0))
        signature = v1.saved_model.predict_signature_def({"image_bytes": images}, {"probabilities": scores})
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(
            session, ["serve", "gpu"], signature_def_map={"serving_default": signature}
        )
        builder.add_meta_graph(["serve"], signature_def_map={"serving_default": signature})
        builder.save()
    return folder


class SavedModels:
    """Builds each kind once, when it is first asked for."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __call__(self, kind: Callable[..., Path], **options: Any) -> Path:
        """The folder of `kind`, one of the functions above. Do not change it: copy it."""
        name = "-".join([kind.__name__, *(f"{name}_{value}" for name, value in options.items())])
        folder = self._root / re.sub(r"\W", "_", name)
        return folder if folder.exists() else kind(folder, **options)
