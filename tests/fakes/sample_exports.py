"""The sample network exported in the ways that people export theirs: pixels instead of image files.

The practice workspace's own export takes image files; see `gpu_assistant/practice/sample/network.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

SIZE_PX = 224
MEAN, STD = 127.0, 128.0
DECLARATION = {"mean": MEAN, "std": STD, "fit": "crop", "crop_ratio": 0.875, "resize": "bicubic"}
"""How the network's own export prepares pictures, but for antialiasing."""


def export(folder: Path, *, dtype: str = "float32", is_channels_first: bool = False, logits: bool = False) -> Path:
    """Write a SavedModel of 1000 classes. Bytes are normalised in its graph; floats come normalised."""
    import tensorflow as tf

    from gpu_assistant.practice.sample import network
    from gpu_assistant.practice.sample.convert import weights_file
    from gpu_assistant.practice.sample.weights import read_weights

    net = network.Network(tf, read_weights(weights_file()))
    module = tf.Module()
    module.kernels = net.variables
    shape = [None, 3, SIZE_PX, SIZE_PX] if is_channels_first else [None, SIZE_PX, SIZE_PX, 3]

    @tf.function(input_signature=[tf.TensorSpec(shape, dtype, name="pixels")])
    def serve(pixels: Any) -> dict[str, Any]:
        images = tf.cast(pixels, tf.float32)
        if is_channels_first:
            images = tf.transpose(images, [0, 2, 3, 1])
        if dtype == "uint8":
            images = (images - MEAN) / STD
        scores = net(images)
        return {"logits": scores} if logits else {"probabilities": tf.nn.softmax(scores)}

    tf.saved_model.save(module, str(folder), signatures={"serving_default": serve})
    return folder
