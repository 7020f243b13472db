"""Small real SavedModels that take pixels, in the shapes, types and formats that people export.

As in `saved_models`, the "network" looks at the mean colour only: red is class 1, green 2, blue 3. Each undoes the
scale it was "trained" with, so that it answers right when it is fed right, and wrongly when it is not.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fakes.saved_models import CLASSES

Shape = tuple[int | None, ...]
NHWC: Shape = (None, 32, 48, 3)


def _scores(tf: Any, colors: Any) -> Any:
    """[?, 3] mean colours of 0 to 255 to [?, 10] probabilities; a grey one is class 4."""
    colors = colors / 255.0
    rest = tf.fill([tf.shape(colors)[0], CLASSES - 5], -9.0)
    first = tf.fill([tf.shape(colors)[0], 1], -9.0)
    grey = 0.45 + 0.0 * colors[:, :1]
    return tf.nn.softmax(tf.concat([first, colors * 8.0, grey * 8.0, rest], axis=1))


def pixels(
    folder: Path,
    *,
    dtype: str = "float32",
    shape: Shape = NHWC,
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0),
    std: tuple[float, float, float] = (255.0, 255.0, 255.0),
    order: str = "rgb",
) -> Path:
    """A TF2 export that takes pixels as (pixel - mean) / std, with mean and std in the order red, green, blue."""
    import tensorflow as tf

    module = tf.Module()
    module.gain = tf.Variable(1.0)
    is_first = shape[-3] in (1, 3) and shape[-1] not in (1, 3)

    @tf.function(input_signature=[tf.TensorSpec(shape, dtype, name="pixels")])
    def serve(pixels: Any) -> dict[str, Any]:
        images = tf.cast(pixels, tf.float32)
        images = images if len(shape) == 4 else images[tf.newaxis]
        colors = tf.reduce_mean(images, axis=[2, 3] if is_first else [1, 2])
        colors = tf.tile(colors, [1, 3]) if colors.shape[1] == 1 else colors[:, :3]
        colors = colors[:, ::-1] if order == "bgr" else colors
        return {"probabilities": _scores(tf, (colors * std + mean) * module.gain)}

    tf.saved_model.save(module, str(folder), signatures={"serving_default": serve})
    return folder


def pixels_tf1(folder: Path, *, tags: tuple[str, ...] = ("serve",)) -> Path:
    """A TF1-format export of floats of 0 to 1, with reference variables, in one graph tagged `tags`."""
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        images = v1.placeholder(tf.float32, NHWC, name="input_tensor")
        gain = v1.get_variable("gain", initializer=255.0, use_resource=False)
        scores = _scores(tf, tf.reduce_mean(images, axis=[1, 2]) * gain)
        signature = v1.saved_model.predict_signature_def({"input": images}, {"probabilities": scores})
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(session, list(tags), signature_def_map={"predict": signature})
        builder.save()
    return folder


def keras_export(folder: Path, *, rescaling: bool = True, size: int | None = 32, softmax: bool = True) -> Path:
    """What Keras 3 writes by model.export: signatures `serve` and `serving_default`, ops inside functions."""
    from tests.fakes.tensorflow import import_keras

    keras = import_keras()
    layers: list[Any] = [keras.Input((size, size, 3))]
    if rescaling:
        layers.append(keras.layers.Rescaling(1 / 255))
    layers.append(keras.layers.GlobalAveragePooling2D())
    layers.append(keras.layers.Dense(CLASSES, activation="softmax" if softmax else None, name="scores"))
    model = keras.Sequential(layers)
    gain = 8.0 if rescaling else 8.0 / 255
    kernel = [[gain if column == row + 1 else 0.0 for column in range(CLASSES)] for row in range(3)]
    bias = [0.0 if 1 <= column <= 3 else -9.0 for column in range(CLASSES)]
    model.layers[-1].set_weights([_array(kernel), _array(bias)])
    model.export(str(folder), verbose=False)
    return folder


def two_signatures(folder: Path) -> Path:
    """None of them is called serving_default; one takes bytes, the other floats of 0 to 1."""
    import tensorflow as tf

    module = tf.Module()

    def signature(spec: Any, divide: float) -> Callable[..., Any]:
        @tf.function(input_signature=[spec])
        def serve(pixels: Any) -> dict[str, Any]:
            colors = tf.reduce_mean(tf.cast(pixels, tf.float32), axis=[1, 2]) / divide
            return {"probabilities": _scores(tf, colors), "embedding": tf.tile(colors, [1, 4])}

        return serve

    signatures = {
        "from_bytes": signature(tf.TensorSpec(NHWC, tf.uint8), 1.0),
        "from_floats": signature(tf.TensorSpec(NHWC, tf.float32), 1 / 255),
    }
    tf.saved_model.save(module, str(folder), signatures=signatures)
    return folder


def unnamed_outputs(folder: Path) -> Path:
    """Two tables of floats whose names say nothing: somebody has to say which holds class scores."""
    import tensorflow as tf

    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec(NHWC, tf.uint8, name="pixels")])
    def serve(pixels: Any) -> dict[str, Any]:
        colors = tf.reduce_mean(tf.cast(pixels, tf.float32), axis=[1, 2])
        return {"output_0": tf.tile(colors, [1, 2]), "output_1": _scores(tf, colors)}

    tf.saved_model.save(module, str(folder), signatures={"serving_default": serve})
    return folder


def _array(values: Any) -> Any:
    import numpy as np

    return np.array(values, np.float32)
