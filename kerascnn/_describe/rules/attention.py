"""Layers in which steps depend on each other: recurrent layers, attention, dot products."""

from __future__ import annotations

from collections.abc import Sequence

from keras import layers

from kerascnn._describe.families import CONV_LSTM, is_keras

from .reach import Reach, Shape, moved, same, spread
from .windows import conv_lstm


def recurrent(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach] | None:
    """The last step sees all previous ones, as does one of the steps of a bidirectional layer."""
    ways = _ways(operation)
    if not all(is_keras(way) and is_keras(way.cell) for way in ways):
        return None
    if not isinstance(ways[0], CONV_LSTM):
        return [{} for _shape in before]
    one, *other = (conv_lstm(way, before, after) for way in ways)
    joined = ways[0].cell.data_format == "channels_first" and operation.merge_mode == "concat"
    return one if other == [one] and not joined else None  # columns would be joined


def _ways(operation: layers.Layer) -> list[layers.Layer]:
    if isinstance(operation, layers.Bidirectional):
        return [operation.forward_layer, operation.backward_layer]
    return [operation]


def attention(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """Queries keep their positions; keys, values and masks are seen from all positions.

    Only the axis before the channels is attended; others are kept.
    """
    ndim = len(after)
    apart = {axis: axis for axis in range(1, ndim - 2)}
    return [
        spread(apart | {ndim - 2: ndim - 2}, before[0], after),
        *(spread(apart if len(shape) == ndim else {}, shape, after) for shape in before[1:]),
    ]


def multi_head(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """Queries keep their positions, as do keys and values along axes without attention."""
    ndim = len(before[0])  # the output may have more axes
    attended = getattr(operation, "_attention_axes", None) or range(1, ndim - 1)
    apart = [a for a in range(1, ndim - 1) if a not in {axis % ndim for axis in attended}]
    return [
        same(range(1, ndim - 1)),
        *(same(apart if len(shape) == ndim else ()) for shape in before[1:]),
    ]


def dot(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """The axes over which products are summed are mixed; the others are concatenated."""
    axes = operation.axes if isinstance(operation.axes, (list, tuple)) else [operation.axes] * 2
    reaches, made = [], 1
    for shape, axis in zip(before, axes, strict=True):
        stay = [a for a in range(1, len(shape)) if a != axis % len(shape)]
        reaches.append(moved({a: made + i for i, a in enumerate(stay)}))
        made += len(stay)
    return reaches if len(after) == made else [{}, {}]
