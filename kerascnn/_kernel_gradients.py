"""Mend TensorFlow's gradients of the kernels of convolutions, also of transposed ones.

On a CPU, oneDNN (TensorFlow 2.21) has two faults:

- For a 1x1 kernel with strides and few input channels, it writes beyond the end of its memory,
  which changes other numbers or ends the process. A convolution without strides on the pixels that
  this one sees has the same gradient.
- In bfloat16, it leaves parts of the gradient of a 3-D kernel that is larger than its maps as they
  were in memory. In float32, it computes all of it.

TensorFlow also computes the gradient of a kernel where only that of the input is asked for, unless
it compiles the graph. Convolutions of signals are those of images with a single row.

A transposed convolution is the gradient of a convolution for its maps. What is said of the maps of
a convolution here holds for the result of a transposed one.
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
        by_maps = tf.raw_ops.Conv2DBackpropInput(
            input_sizes=tf.shape(maps), filter=kernel, out_backprop=upstream, **_options(operation)
        )
        return by_maps, _of_pixel(operation, maps, kernel, upstream)

    return gradient


def of_transposed(original: Gradient) -> Gradient:
    """Return the gradient of `Conv2DBackpropInput` for its size, kernel and maps."""

    def gradient(operation: Any, upstream: Tensor) -> Any:
        _, kernel, maps = operation.inputs
        if not _skips_pixels(operation, kernel):
            return original(operation, upstream)
        by_maps = tf.raw_ops.Conv2D(input=upstream, filter=kernel, **_options(operation))
        return None, _of_pixel(operation, upstream, kernel, maps), by_maps

    return gradient


def of_convolution_3d(original: Gradient) -> Gradient:
    """Return the gradient of `Conv3D` for maps and kernel."""

    def gradient(operation: Any, upstream: Tensor) -> Any:
        maps, kernel = operation.inputs
        if not _is_small(operation, maps, kernel):
            return original(operation, upstream)
        by_maps = tf.raw_ops.Conv3DBackpropInputV2(
            input_sizes=tf.shape(maps), filter=kernel, out_backprop=upstream, **_options(operation)
        )
        return by_maps, _of_volume(operation, maps, kernel, upstream)

    return gradient


def of_transposed_3d(original: Gradient) -> Gradient:
    """Return the gradient of `Conv3DBackpropInputV2` for its size, kernel and maps."""

    def gradient(operation: Any, upstream: Tensor) -> Any:
        _, kernel, maps = operation.inputs
        if not _is_small(operation, upstream, kernel):
            return original(operation, upstream)
        by_maps = tf.raw_ops.Conv3D(input=upstream, filter=kernel, **_options(operation))
        return None, _of_volume(operation, upstream, kernel, maps), by_maps

    return gradient


def _skips_pixels(operation: Any, kernel: Tensor) -> bool:
    """Return whether it is a strided convolution of few channels with a kernel of one pixel."""
    if max(operation.get_attr("strides")) == 1 or kernel.shape.rank is None:
        return False
    *size, channels, _ = kernel.shape
    return size == [1, 1] and (channels is None or channels < FEW)


def _of_pixel(operation: Any, maps: Tensor, kernel: Tensor, upstream: Tensor) -> Tensor:
    """Compute the gradient of a kernel of one pixel from the pixels that it sees."""
    options, ones = _options(operation), [1, 1, 1, 1]
    pads = options.pop("explicit_paddings")  # of each axis, before and after
    if pads:
        maps = tf.pad(maps, tf.reshape(pads, (4, 2)))
    seen = maps[tuple(slice(None, None, stride) for stride in options["strides"])]
    return tf.raw_ops.Conv2DBackpropFilter(
        input=seen,
        filter_sizes=tf.shape(kernel),
        out_backprop=upstream,
        **options | {"strides": ones, "dilations": ones, "padding": "VALID"},
    )


def _is_small(operation: Any, maps: Tensor, kernel: Tensor) -> bool:
    """Return whether maps in bfloat16 are smaller than a 3-D kernel, or may be."""
    if maps.dtype != tf.bfloat16 or maps.shape.rank is None or kernel.shape.rank is None:
        return maps.dtype == tf.bfloat16
    first = _word(operation, "data_format") == "NCDHW"
    sizes = maps.shape[2:] if first else maps.shape[1:-1]
    return any(None in (n, k) or n < k for n, k in zip(sizes, kernel.shape[:3], strict=True))


def _of_volume(operation: Any, maps: Tensor, kernel: Tensor, upstream: Tensor) -> Tensor:
    """Compute the gradient of a 3-D kernel in single precision."""
    found = tf.raw_ops.Conv3DBackpropFilterV2(
        input=tf.cast(maps, tf.float32),
        filter_sizes=tf.shape(kernel),
        out_backprop=tf.cast(upstream, tf.float32),
        **_options(operation),
    )
    return tf.cast(found, kernel.dtype)


def _options(operation: Any) -> dict[str, Any]:
    """Return how to convolve images or volumes."""
    options = {name: _word(operation, name) for name in ("padding", "data_format")}
    options |= {name: operation.get_attr(name) for name in ("strides", "dilations")}
    if len(options["strides"]) == 4:
        options["explicit_paddings"] = operation.get_attr("explicit_paddings")
    return options


def _word(operation: Any, attribute: str) -> str:
    word = operation.get_attr(attribute)
    return word.decode() if isinstance(word, bytes) else word
