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
from typing import Any, NamedTuple

import tensorflow as tf

from ._graph import Tensor

FEW = 16  # input channels; with as many, or more, oneDNN stays within its memory

Gradient = Callable[[Any, Tensor], Any]


class Fault(NamedTuple):
    """A kind of convolution for which a gradient is wrong.

    Attributes:
        applies: whether it is one, from the operation, its maps and its kernel.
        of_kernel: the gradient of the kernel, from these and the upstream gradient.
        convolve, transpose: the operation for maps, and the gradient of its maps.
    """

    applies: Callable[[Any, Tensor, Tensor], bool]
    of_kernel: Callable[[Any, Tensor, Tensor, Tensor], Tensor]
    convolve: Callable[..., Any]
    transpose: Callable[..., Any]

    def of_convolution(self, original: Gradient) -> Gradient:
        """Return the gradient of a convolution for its maps and kernel."""

        def gradient(operation: Any, upstream: Tensor) -> Any:
            maps, kernel = operation.inputs
            if not self.applies(operation, maps, kernel):
                return original(operation, upstream)
            by_maps = self.transpose(
                input_sizes=tf.shape(maps),
                filter=kernel,
                out_backprop=upstream,
                **_options(operation),
            )
            return by_maps, self.of_kernel(operation, maps, kernel, upstream)

        return gradient

    def of_transposed(self, original: Gradient) -> Gradient:
        """Return the gradient of a transposed convolution for its size, kernel and maps."""

        def gradient(operation: Any, upstream: Tensor) -> Any:
            _, kernel, maps = operation.inputs
            if not self.applies(operation, upstream, kernel):
                return original(operation, upstream)
            by_maps = self.convolve(input=upstream, filter=kernel, **_options(operation))
            return None, self.of_kernel(operation, upstream, kernel, maps), by_maps

        return gradient


def _skips_pixels(operation: Any, _maps: Tensor, kernel: Tensor) -> bool:
    """Return whether it is a strided convolution of few channels with a kernel of one pixel."""
    if max(operation.get_attr("strides")) == 1 or kernel.shape.rank is None:
        return False
    *size, channels, _ = kernel.shape
    return size == [1, 1] and (channels is None or channels < FEW)


def _skips_pixels_of_one_channel(operation: Any, maps: Tensor, kernel: Tensor) -> bool:
    """Return whether it is such a depthwise convolution, of one channel.

    TensorFlow computes the gradient of that one as of any convolution.
    """
    return _skips_pixels(operation, maps, kernel) and kernel.shape[2] == 1


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
    first = word(operation, "data_format") == "NCDHW"
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
    options = {name: word(operation, name) for name in ("padding", "data_format")}
    options |= {name: operation.get_attr(name) for name in ("strides", "dilations")}
    if len(options["strides"]) == 4:
        options["explicit_paddings"] = operation.get_attr("explicit_paddings")
    return options


def word(operation: Any, attribute: str) -> str:
    """Return an attribute of an operation that is a word."""
    found = operation.get_attr(attribute)
    return found.decode() if isinstance(found, bytes) else found


PIXELS = Fault(_skips_pixels, _of_pixel, tf.raw_ops.Conv2D, tf.raw_ops.Conv2DBackpropInput)
PIXELS_IN_DEPTH = Fault(
    _skips_pixels_of_one_channel,
    _of_pixel,
    tf.raw_ops.DepthwiseConv2dNative,
    tf.raw_ops.DepthwiseConv2dNativeBackpropInput,
)
VOLUMES = Fault(_is_small, _of_volume, tf.raw_ops.Conv3D, tf.raw_ops.Conv3DBackpropInputV2)
