"""Layers that slide windows: convolutions, pools, transposed convolutions, convolutional LSTMs."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from kerascnn._describe.axes import axes_of
from kerascnn.arithmetic import padding_sizes, transposed_taps, window_taps

from .reach import Reach, Shape, Taps, same


def window_of(operation: keras.Operation) -> tuple[int, ...]:
    """The size of the window that a layer slides, as convolutions and pools do; () for others."""
    size = getattr(operation, "kernel_size", getattr(operation, "pool_size", ()))
    return tuple(size) if isinstance(size, (tuple, list)) else ()


def convolution(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """A window along each axis of space; all channels."""
    axes, _channel = axes_of(operation, len(after))
    windows = _windows(operation, [before[0][axis] for axis in axes])
    return [{axis: (axis, *window) for axis, window in zip(axes, windows, strict=True)}]


def channelwise(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """A window of each channel by itself; several filters for a channel mix them."""
    channel = axes_of(operation, len(after))[1]
    (reach,) = convolution(operation, before, after)
    return [reach | same([channel] * (before[0][channel] == after[channel]))]


def like_a_convolution(
    operation: keras.Operation, before: Sequence[Shape], after: Shape
) -> list[Reach] | None:
    """A layer of your own with a convolution's attributes, and an output of that size."""
    kernel, sizes = window_of(operation), before[0][1:-1] if len(before) == 1 else ()
    strides, padding = (getattr(operation, name, None) for name in ("strides", "padding"))
    if not kernel or len(kernel) != len(sizes) or len(after) != len(before[0]):
        return None
    if not isinstance(strides, tuple) or padding not in ("valid", "same"):
        return None
    if getattr(operation, "data_format", "channels_last") != "channels_last":
        return None
    windows = _windows(operation, sizes)
    for size, made, (taps, step) in zip(sizes, after[1:-1], windows, strict=True):
        extent = taps[0][-1] - taps[0][0] + 1
        expected = (
            -(-(size or 0) // step) if padding == "same" else ((size or 0) - extent) // step + 1
        )
        if size is not None and made != expected:
            return None
    return [{axis: (axis, *window) for axis, window in enumerate(windows, 1)}]


def _windows(operation: keras.Operation, sizes: Sequence[int | None]) -> list[tuple[Taps, int]]:
    """Taps and step of a convolution or pooling, for each axis of space."""
    dilations = getattr(operation, "dilation_rate", 1)
    kernels = window_of(operation)
    dilations = dilations if isinstance(dilations, tuple) else (dilations,) * len(kernels)
    windows = []
    for size, k, s, d in zip(sizes, kernels, operation.strides, dilations, strict=True):
        # Of an unknown size "same" pads like a multiple of the stride.
        start = padding_sizes(size or s * k * d, k, s, operation.padding, d)[0]
        windows.append(window_taps(k, s, start, d))
    return windows


def transposed(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """Each pixel is spread over a window, `strides` apart."""
    axes, _channel = axes_of(operation, len(after))
    reach = {}
    for axis, k, s, d, out in zip(
        axes,
        operation.kernel_size,
        operation.strides,
        operation.dilation_rate,
        operation.output_padding or (None,) * len(axes),
        strict=True,
    ):
        extent = d * (k - 1) + 1
        cut = 0
        if operation.padding == "same":
            cut = _cut_before(before[0][axis], after[axis], extent, s, out)
        reach[axis] = (axis, *transposed_taps(k, s, cut, d))
    return [reach]


def _cut_before(
    size: int | None, made: int | None, extent: int, stride: int, output_padding: int | None
) -> int:
    """How many pixels "same" cuts off before: the padding of the convolution that is transposed."""
    if size is None or made is None:
        size, made = extent, extent * stride
    return max((size - 1) * stride + extent - made, 0) // 2


def conv_lstm(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach] | None:
    """A window of each frame, and once more the state's window for each frame before."""
    shape, cell = before[0], operation.cell
    frames, (axes, _channel) = shape[1], axes_of(operation, len(before[0]))
    if frames is None:
        return None
    shift = len(shape) - len(after)  # 1 where only the last frame is returned
    sizes = [shape[axis] for axis in axes[1:]]
    reach = {}
    for axis, (taps, step), k in zip(
        axes[1:], _windows(cell, sizes), cell.kernel_size, strict=True
    ):
        back = (k - 1) // 2 * (frames - 1)  # of a stride of 1, padded as "same"
        on = (k - 1 - (k - 1) // 2) * (frames - 1)
        first, last = taps[0][0] - back * step, taps[0][-1] + on * step
        reach[axis] = (axis - shift, [range(first, last + 1)] if frames > 1 else taps, step)
    return [reach, *({} for _state in before[1:])]
