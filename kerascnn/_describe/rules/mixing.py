"""Layers that keep each value in place or mix whole axes: dense, normalization, global pooling."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from kerascnn._describe.axes import axes_of

from .reach import Reach, Shape, moved, same, spread


def in_place(
    operation: keras.Operation, before: Sequence[Shape], after: Shape
) -> list[Reach] | None:
    """Each value depends only on the value at its position."""
    shape, *others = before
    stays = len(shape) == len(after) and all(
        a is None or b is None or a == b for a, b in zip(shape[1:], after[1:], strict=True)
    )
    return [same(range(1, len(after)))] if stays and not others else None


def discretization(
    operation: layers.Layer, before: Sequence[Shape], after: Shape
) -> list[Reach] | None:
    """Bins in place, or one-hot along a new axis; multi-hot and counts mix the first axis."""
    (shape,) = before
    if operation.output_mode == "int":
        return in_place(operation, before, after)
    if operation.output_mode == "one_hot":
        return [same(range(1, len(after) - 1))]
    return [moved({axis: axis - 1 for axis in range(2, len(shape))})]


def merged(operation: keras.Operation, before: Sequence[Shape], after: Shape) -> list[Reach] | None:
    """Each value depends on those at its position; axes of size 1 are broadcast."""
    reaches = []
    for shape in before:
        more = len(after) - len(shape)
        if more < 0 or (more and not isinstance(operation, layers.Layer)):
            return None  # the batch axis would be aligned with another axis
        reaches.append(spread({axis: axis + more for axis in range(1, len(shape))}, shape, after))
    return reaches


def dense(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """The last axis is mixed."""
    return [same(range(1, len(after) - 1))]


def einsum_dense(
    operation: layers.Layer, before: Sequence[Shape], after: Shape
) -> list[Reach] | None:
    """Axes whose letters are in the output are kept; the others are mixed."""
    inputs, made = operation.equation.replace(" ", "").split("->")
    reach = einsum_term(inputs.split(",")[0], made, before[0], after)
    return None if reach is None else [reach]


def einsum_term(term: str, made: str, shape: Shape, after: Shape) -> Reach | None:
    """Follow the axes of one factor of an einsum; `None` if the batch axis is not kept."""
    letters, kept = _spelled(term, len(shape)), _spelled(made, len(after))
    if letters[:1] != kept[:1]:
        return None
    axes = {
        axis: kept.index(letter)
        for axis, letter in enumerate(letters)
        if axis and letter in kept
    }  # fmt: skip
    return spread(axes, shape, after)


def _spelled(labels: str, ndim: int) -> list[str]:
    """List the letters of a term, where the axes of an ellipsis are numbered from its end."""
    if "..." not in labels:
        return list(labels)
    left, right = labels.split("...")
    more = ndim - len(left) - len(right)
    return [*left, *(f"...{i}" for i in range(more, 0, -1)), *right]


def embedding(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach] | None:
    """Each number becomes a vector."""
    if type(operation) is not layers.Embedding:  # such as ReversibleEmbedding
        return None
    return [same(range(1, len(before[0])))]


def normalization(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """The normalized axes are mixed."""
    ndim = len(after)
    axes = operation.axis if isinstance(operation.axis, (list, tuple)) else [operation.axis]
    mixed = {axis % ndim for axis in axes}
    return [same(axis for axis in range(1, ndim) if axis not in mixed)]


def group_normalization(
    operation: layers.Layer, before: Sequence[Shape], after: Shape
) -> list[Reach]:
    """Everything is mixed: all positions, and the channels of a group."""
    return [{}]


def softmax(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """The axes over which the layer sums are mixed; a mask is seen from all positions."""
    masks = [{} for _mask in before[1:]]
    return [*normalization(operation, before[:1], after), *masks]


def global_pool(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """Each channel sees its whole map, and a mask of all steps."""
    channel = axes_of(operation, len(before[0]))[1]
    masks = [{} for _mask in before[1:]]
    return [moved({channel: channel if operation.keepdims else 1}), *masks]


def adaptive_pool(
    operation: layers.Layer, before: Sequence[Shape], after: Shape
) -> list[Reach] | None:
    """One window for each output position; sizes differ by at most one."""
    axes, channel = axes_of(operation, len(after))
    reach = same([channel])
    for axis in axes:
        size, made = before[0][axis], after[axis]
        if size is None or made is None:
            return None
        taps = [range(i * size // made, -(-(i + 1) * size // made)) for i in range(made)]
        reach[axis] = (axis, taps, size)
    return [reach]
