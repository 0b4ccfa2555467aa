"""Mend the gradient of TensorFlow's 3-D max-pooling.

Where several values of a window are its maximum, TensorFlow (2.21, on a CPU) passes the whole
gradient back to each of them, unless oneDNN computes it in a compiled graph. After 2x2x2
up-sampling, the gradient is 8 times too large. In 2-D, TensorFlow passes it to a single one. The
maximum of a box is that of the maxima of its slices, so the gradient in 3-D follows from 2-D.
"""

from typing import Any

import tensorflow as tf
from keras import ops

from ._graph import Tensor
from ._kernel_gradients import word


def gradient(operation: Any, upstream: Tensor) -> Tensor:
    """Compute the gradient of 3-D max-pooling with respect to its input.

    Args:
        operation: the call of `tf.nn.max_pool3d`.
        upstream: gradient with respect to its output.
    """
    size, strides = operation.get_attr("ksize"), operation.get_attr("strides")
    padding, data_format = (word(operation, name) for name in ("padding", "data_format"))
    volumes = tf.identity(operation.inputs[0])  # in a compiled loop, the tape must see this tensor
    with tf.GradientTape() as tape:
        tape.watch(volumes)
        pooled = max_pool(volumes, size, strides, padding, data_format)
    return tape.gradient(pooled, volumes, output_gradients=upstream)


def max_pool(
    volumes: Tensor, size: list[int], strides: list[int], padding: str, data_format: str
) -> Tensor:
    """Pool volumes slice by slice, then along the slices.

    Args:
        volumes: (N, D, H, W, C), or (N, C, D, H, W) for "NCDHW".
        size: size of the window along each of the five axes.
        strides: strides along each of the five axes.
        padding: "SAME" or "VALID".
        data_format: "NDHWC" or "NCDHW".
    """
    first = data_format == "NCDHW"
    space = slice(2, 5) if first else slice(1, 4)
    (deep, *flat), (step, *steps) = size[space], strides[space]
    x = tf.transpose(volumes, (0, 2, 3, 4, 1)) if first else volumes
    _, depth, height, width, channels = ops.shape(x)
    slices = tf.reshape(x, (-1, height, width, channels))
    slices = tf.nn.max_pool2d(slices, flat, steps, padding)
    _, height, width, _ = ops.shape(slices)
    rows = tf.reshape(slices, (-1, depth, height * width, channels))
    rows = tf.nn.max_pool2d(rows, (deep, 1), (step, 1), padding)
    x = tf.reshape(rows, (-1, ops.shape(rows)[1], height, width, channels))
    return tf.transpose(x, (0, 4, 1, 2, 3)) if first else x
