"""Mend TensorFlow's gradients of the kernels of convolutions, also of transposed ones.

On a CPU, oneDNN (TensorFlow 2.21) has two faults:

- For a 1x1 kernel with strides and few input channels, it writes beyond the end of its memory,
  which changes other numbers or ends the process. A convolution without strides on the pixels that
  this one sees has the same gradient.
- In bfloat16, it leaves parts of the gradient of a 3-D kernel that is larger than its maps as they
  were in memory. In float32, it computes all of it.

TensorFlow also computes the gradient of a kernel where only that of the input is asked for, unless
it compiles the graph. Convolutions of signals are those of images with a single row.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from ._graph import Tensor

FEW = 16  # input channels; with as many, or more, oneDNN stays within its memory

Gradient = Callable[[Any, Tensor], Any]


def of_convolution(original: Gradient) -> Gradient:
    """Return the gradient of `Conv2D` for maps and kernel."""

    def gradient(operation: Any, upstream: Tensor) -> Any:
        maps, kernel = operation.inputs
        if not _skips_pixels(operation, kernel):
            return original(operation, upstream)
        with tf.GradientTape() as tape:
            tape.watch([maps, kernel])
            seen = tf.nn.conv2d(_seen(maps, operation), kernel, 1, "VALID", _format(operation))
        return tape.gradient(seen, [maps, kernel], upstream)

    return gradient


def of_transposed(original: Gradient) -> Gradient:
    """Return the gradient of `Conv2DBackpropInput` for the output size, kernel and maps."""

    def gradient(operation: Any, upstream: Tensor) -> Any:
        _, kernel, maps = operation.inputs
        if not _skips_pixels(operation, kernel):
            return original(operation, upstream)
        upstream = _seen(upstream, operation)  # the other pixels are 0
        with tf.GradientTape() as tape:
            tape.watch([kernel, maps])
            made = tf.nn.conv2d_transpose(
                maps, kernel, tf.shape(upstream), 1, "VALID", _format(operation)
            )
        return None, *tape.gradient(made, [kernel, maps], upstream)

    return gradient


def of_convolution_3d(original: Gradient) -> Gradient:
    """Return the gradient of `Conv3D` for maps and kernel."""

    def gradient(operation: Any, upstream: Tensor) -> Any:
        maps, kernel = operation.inputs
        if not _is_small(operation, maps, kernel):
            return original(operation, upstream)
        with tf.GradientTape() as tape:
            tape.watch([maps, kernel])
            found = tf.raw_ops.Conv3D(
                input=_single(maps), filter=_single(kernel), **_options(operation)
            )
        return tape.gradient(found, [maps, kernel], _single(upstream))

    return gradient


def of_transposed_3d(original: Gradient) -> Gradient:
    """Return the gradient of `Conv3DBackpropInputV2` for the output size, kernel and maps."""

    def gradient(operation: Any, upstream: Tensor) -> Any:
        _, kernel, maps = operation.inputs
        if not _is_small(operation, upstream, kernel):
            return original(operation, upstream)
        with tf.GradientTape() as tape:
            tape.watch([kernel, maps])
            made = tf.raw_ops.Conv3DBackpropInputV2(
                input_sizes=tf.shape(upstream),
                filter=_single(kernel),
                out_backprop=_single(maps),
                **_options(operation),
            )
        return None, *tape.gradient(made, [kernel, maps], _single(upstream))

    return gradient


def _skips_pixels(operation: Any, kernel: Tensor) -> bool:
    """Return whether it is a strided convolution of few channels with a kernel of one pixel."""
    *size, channels, _ = kernel.shape
    strided = max(operation.get_attr("strides")) > 1
    explicit = _word(operation, "padding") == "EXPLICIT"  # which Keras never asks for
    return strided and size == [1, 1] and not explicit and (channels is None or channels < FEW)


def _seen(maps: Tensor, operation: Any) -> Tensor:
    """Return the pixels that a convolution of one pixel with strides sees."""
    return maps[tuple(slice(None, None, stride) for stride in operation.get_attr("strides"))]


def _is_small(operation: Any, maps: Tensor, kernel: Tensor) -> bool:
    """Return whether maps in bfloat16 are smaller than a 3-D kernel, or may be."""
    first = _word(operation, "data_format") == "NCDHW"
    sizes = maps.shape[2:] if first else maps.shape[1:-1]
    return maps.dtype == tf.bfloat16 and any(
        n is None or n < k for n, k in zip(sizes, kernel.shape[:3], strict=True)
    )


def _single(tensor: Tensor) -> Tensor:
    return tf.cast(tensor, tf.float32)


def _options(operation: Any) -> dict[str, Any]:
    """Return how to convolve volumes."""
    words = {name: _word(operation, name) for name in ("padding", "data_format")}
    return words | {name: operation.get_attr(name) for name in ("strides", "dilations")}


def _format(operation: Any) -> str:
    return _word(operation, "data_format")


def _word(operation: Any, attribute: str) -> str:
    word = operation.get_attr(attribute)
    return word.decode() if isinstance(word, bytes) else word
