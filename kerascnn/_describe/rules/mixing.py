"""Layers that keep each value in its place, or mix whole axes: dense, norms, global pools."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from kerascnn._describe.axes import axes_of

from .reach import Reach, Shape, moved, same, spread


def in_place(
    operation: keras.Operation, before: Sequence[Shape], after: Shape
) -> list[Reach] | None:
    """Each value of the one in its place."""
    (shape,) = before
    stays = len(shape) == len(after) and all(
        a is None or b is None or a == b for a, b in zip(shape[1:], after[1:], strict=True)
    )
    return [same(range(1, len(after)))] if stays else None


def discretization(
    operation: layers.Layer, before: Sequence[Shape], after: Shape
) -> list[Reach] | None:
    """Bins, in place, or their codes along a new axis; several codes in one mix the first axis."""
    (shape,) = before
    if operation.output_mode == "int":
        return in_place(operation, before, after)
    if operation.output_mode == "one_hot":
        return [same(range(1, len(after) - 1))]
    return [moved({axis: axis - 1 for axis in range(2, len(shape))})]


def merged(operation: keras.Operation, before: Sequence[Shape], after: Shape) -> list[Reach] | None:
    """Each value of those in its place; an axis of size 1 serves all places."""
    reaches = []
    for shape in before:
        more = len(after) - len(shape)
        if more < 0 or (more and not isinstance(operation, layers.Layer)):
            return None  # the batch would meet another axis
        reaches.append(spread({axis: axis + more for axis in range(1, len(shape))}, shape, after))
    return reaches


def dense(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """The last axis is mixed."""
    return [same(range(1, len(after) - 1))]


def einsum_dense(
    operation: layers.Layer, before: Sequence[Shape], after: Shape
) -> list[Reach] | None:
    """The axes stay whose letters are in the output."""
    inputs, made = operation.equation.replace(" ", "").split("->")
    reach = einsum_term(inputs.split(",")[0], made, before[0], after)
    return None if reach is None else [reach]


def einsum_term(term: str, made: str, shape: Shape, after: Shape) -> Reach | None:
    """The axes of one factor of an einsum, by their letters; `None`: the batch does not stay."""
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
    """The letters of an einsum, those of an ellipsis counted from its end."""
    if "..." not in labels:
        return list(labels)
    left, right = labels.split("...")
    more = ndim - len(left) - len(right)
    return [*left, *(f"...{i}" for i in range(more, 0, -1)), *right]


def embedding(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach] | None:
    """Each number becomes a vector."""
    if type(operation) is not layers.Embedding:  # a reversible one: two ways
        return None
    return [same(range(1, len(before[0])))]


def normalization(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """The axes that are normalized are mixed."""
    ndim = len(after)
    axes = operation.axis if isinstance(operation.axis, (list, tuple)) else [operation.axis]
    mixed = {axis % ndim for axis in axes}
    return [same(axis for axis in range(1, ndim) if axis not in mixed)]


def group_normalization(
    operation: layers.Layer, before: Sequence[Shape], after: Shape
) -> list[Reach]:
    """All is mixed: all places and the channels of a group."""
    return [{}]


def softmax(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """The axes over which the layer sums are mixed; a mask is seen from everywhere."""
    masks = [{} for _mask in before[1:]]
    return [*normalization(operation, before[:1], after), *masks]


def global_pool(operation: layers.Layer, before: Sequence[Shape], after: Shape) -> list[Reach]:
    """Each channel sees all of its map."""
    channel = axes_of(operation, len(before[0]))[1]
    return [moved({channel: channel if operation.keepdims else 1})]


def adaptive_pool(
    operation: layers.Layer, before: Sequence[Shape], after: Shape
) -> list[Reach] | None:
    """As many windows as the output has places, of nearly the same size."""
    axes, channel = axes_of(operation, len(after))
    reach = same([channel])
    for axis in axes:
        size, made = before[0][axis], after[axis]
        if size is None or made is None:
            return None
        taps = [range(i * size // made, -(-(i + 1) * size // made)) for i in range(made)]
        reach[axis] = (axis, taps, size)
    return [reach]
