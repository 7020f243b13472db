"""EfficientNet-Lite0 in TensorFlow, built from its published weights.

The architecture is EfficientNet-Lite's (https://github.com/tensorflow/tpu, models/official/efficientnet/lite):
inverted residual blocks without squeeze-and-excitation, ReLU6, "SAME" padding. For serving, each batch
normalisation is folded into the convolution before it, in float64.

The SavedModel has the interface of the ResNet-50 in Microsoft's guide to GPU deployment: encoded images in
(`image_bytes`, string [?]); `classes` (int64 [?]) and `probabilities` (float32 [?, 1001], class 0 is "background")
out. Decoding, cropping and resizing are part of the graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

IMAGE_SIZE = 224
CLASS_COUNT = 1001

_NORM_EPSILON = 1e-3
_CROP_FRACTION = 224 / 256
_MEAN, _SCALE = 127.0, 128.0

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class _Stage:
    repeats: int
    stride: int
    """Of the first block; the others keep the size."""
    expands: bool = True


# Kernel sizes and channels follow from the weights.
_STAGES = (
    _Stage(1, 1, expands=False),
    _Stage(2, 2),
    _Stage(2, 2),
    _Stage(3, 2),
    _Stage(3, 1),
    _Stage(4, 2),
    _Stage(1, 1),
)


def build(tf: Any, weights: Mapping[str, Array]) -> Any:
    """A tf.Module whose `serve` is the signature. KeyError or ValueError: these are not Lite0's weights."""
    network = Network(tf, weights)
    remaining = network.unused()
    if remaining:
        raise ValueError(f"weights that Lite0 does not have: {', '.join(sorted(remaining)[:4])}")

    module = tf.Module(name="efficientnet_lite0")
    module.kernels = network.variables  # tracked, so that saving keeps them

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image_bytes")])  # type: ignore[untyped-decorator]
    def serve(image_bytes: Any) -> dict[str, Any]:
        pixels = tf.map_fn(
            lambda image: _prepare(tf, image),
            image_bytes,
            fn_output_signature=tf.TensorSpec([IMAGE_SIZE, IMAGE_SIZE, 3], tf.float32),
        )
        probabilities = tf.nn.softmax(network(pixels))
        probabilities = tf.pad(probabilities, [[0, 0], [1, 0]])  # class 0, "background", never happens
        return {
            "classes": tf.argmax(probabilities, axis=1, output_type=tf.int64),
            "probabilities": probabilities,
        }

    module.serve = serve
    return module


def _prepare(tf: Any, image: Any) -> Any:
    """Decode, cut the middle out, resize and normalise, as the weights were trained to see images."""
    pixels = tf.io.decode_image(image, channels=3, expand_animations=False)
    pixels.set_shape([None, None, 3])
    height, width = tf.shape(pixels)[0], tf.shape(pixels)[1]
    side = tf.cast(tf.cast(tf.minimum(height, width), tf.float32) * _CROP_FRACTION, tf.int32)
    side = tf.maximum(side, 1)
    pixels = tf.image.crop_to_bounding_box(pixels, (height - side) // 2, (width - side) // 2, side, side)
    pixels = tf.image.resize(pixels, [IMAGE_SIZE, IMAGE_SIZE], method="bicubic")
    return (pixels - _MEAN) / _SCALE


class Network:
    """Normalised pixels in, logits out. Holds the folded kernels as variables."""

    def __init__(self, tf: Any, weights: Mapping[str, Array]) -> None:
        self._tf = tf
        self._weights = weights
        self._used: set[str] = set()
        self.variables: list[Any] = []
        self._stem = self._convolution("_conv_stem", "_bn0", stride=2)
        self._blocks = list(self._all_blocks())
        self._head = self._convolution("_conv_head", "_bn1")
        self._classifier = self._variable("fc", self._take("_fc.weight").T)
        self._classifier_bias = self._variable("fc_bias", self._take("_fc.bias"))

    def __call__(self, pixels: Any) -> Any:
        tf = self._tf
        features = tf.nn.relu6(self._stem(pixels))
        for expand, depthwise, project, is_residual in self._blocks:
            inner = features if expand is None else tf.nn.relu6(expand(features))
            inner = project(tf.nn.relu6(depthwise(inner)))
            features = features + inner if is_residual else inner
        features = tf.reduce_mean(tf.nn.relu6(self._head(features)), axis=[1, 2])
        return tf.matmul(features, self._classifier) + self._classifier_bias

    def unused(self) -> set[str]:
        """Names of weights that found no place; PyTorch's counters of batches need none."""
        return {name for name in self._weights.keys() - self._used if not name.endswith("num_batches_tracked")}

    def _all_blocks(self) -> Any:
        number = 0
        for stage in _STAGES:
            for repeat in range(stage.repeats):
                name = f"_blocks.{number}"
                stride = stage.stride if repeat == 0 else 1
                expand = None
                if stage.expands:
                    expand = self._convolution(f"{name}._expand_conv", f"{name}._bn0")
                depthwise = self._convolution(f"{name}._depthwise_conv", f"{name}._bn1", stride=stride, depthwise=True)
                project = self._convolution(f"{name}._project_conv", f"{name}._bn2")
                yield expand, depthwise, project, repeat > 0
                number += 1

    def _convolution(self, name: str, norm: str, *, stride: int = 1, depthwise: bool = False) -> Any:
        """The convolution `name` with the normalisation `norm` folded in, as a function of tensors."""
        tf = self._tf
        scale, shift = self._norm(norm)
        kernel = self._take(f"{name}.weight").astype(np.float64) * scale[:, None, None, None]
        # PyTorch keeps [out, in, height, width]; TensorFlow wants [height, width, in, out], and for depthwise
        # kernels [height, width, channels, 1].
        kernel = kernel.transpose(2, 3, 0, 1) if depthwise else kernel.transpose(2, 3, 1, 0)
        weights = self._variable(name, kernel)
        bias = self._variable(f"{name}_bias", shift)
        strides = [1, stride, stride, 1]
        convolve = tf.nn.depthwise_conv2d if depthwise else tf.nn.conv2d
        return lambda x: tf.nn.bias_add(convolve(x, weights, strides, "SAME"), bias)

    def _norm(self, name: str) -> tuple[Array, Array]:
        """What the normalisation multiplies by and adds, per channel."""
        gamma, beta, mean, variance = (
            self._take(f"{name}.{part}").astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gamma / np.sqrt(variance + _NORM_EPSILON)
        return scale, beta - mean * scale

    def _take(self, name: str) -> Array:
        self._used.add(name)
        return self._weights[name]

    def _variable(self, name: str, value: Array) -> Any:
        clean = name.strip("_").replace(".", "_")
        variable = self._tf.Variable(value.astype(np.float32), trainable=False, name=clean)
        self.variables.append(variable)
        return variable
