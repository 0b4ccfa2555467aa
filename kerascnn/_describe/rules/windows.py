"""Layers that slide windows: convolution, pooling, transposed convolution, convolutional LSTM."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from kerascnn._describe.axes import axes_of
from kerascnn.arithmetic import padding_sizes, transposed_taps, window_taps

from .reach import Reach, Shape, Taps, same


def window_of(operation: keras.Operation) -> tuple[int, ...]:
    """Return the window size of a layer such as a convolution or pooling; () for others."""
    size = getattr(operation, "kernel_size", getattr(operation, "pool_size", ()))
    return tuple(size) if isinstance(size, (tuple, list)) else ()


def convolution(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """A window along each spatial axis, over all channels."""
    axes, _channel = axes_of(operation, len(after))
    windows = _windows(operation, [before[0][axis] for axis in axes])
    return [{axis: (axis, *window) for axis, window in zip(axes, windows, strict=True)}]


def channelwise(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """A window in each channel; several filters per channel mix the channels."""
    channel = axes_of(operation, len(after))[1]
    (reach,) = convolution(operation, before, after)
    return [reach | same([channel] * (before[0][channel] == after[channel]))]


def like_a_convolution(
    operation: keras.Operation, before: Sequence[Shape], after: Shape
) -> list[Reach] | None:
    """A custom layer with the attributes of a convolution, and an output of that size."""
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
    """Return taps and step of a convolution or pooling layer for each spatial axis."""
    dilations = getattr(operation, "dilation_rate", 1)
    kernels = window_of(operation)
    dilations = dilations if isinstance(dilations, tuple) else (dilations,) * len(kernels)
    windows = []
    for size, k, s, d in zip(sizes, kernels, operation.strides, dilations, strict=True):
        # For an unknown size, assume a multiple of the stride.
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
    """Count the pixels that "same" removes at the start: the padding of the convolution."""
    if size is None or made is None:
        size, made = extent, extent * stride
    return max((size - 1) * stride + extent - made, 0) // 2


def conv_lstm(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach] | None:
    """A window of each frame, extended by the window of the state for each previous frame."""
    shape, cell = before[0], operation.cell
    frames, (axes, _channel) = shape[1], axes_of(operation, len(before[0]))
    if frames is None:
        return None
    shift = len(shape) - len(after)  # 1 if only the last frame is returned
    sizes = [shape[axis] for axis in axes[1:]]
    reach = {}
    for axis, (taps, step), k in zip(
        axes[1:], _windows(cell, sizes), cell.kernel_size, strict=True
    ):
        back = (k - 1) // 2 * (frames - 1)  # stride 1 with "same" padding
        on = (k - 1 - (k - 1) // 2) * (frames - 1)
        first, last = taps[0][0] - back * step, taps[0][-1] + on * step
        reach[axis] = (axis - shift, [range(first, last + 1)] if frames > 1 else taps, step)
    return [reach, *({} for _state in before[1:])]
